"""Three replicas behind the proxy that is shipped: any of them will do, and none is missed.

They share a PostgreSQL database and nothing else: each has a directory of its own.
"""

import json
import shutil
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import requests

from tests.clients.tokens import Pair, ec_pair
from tests.hook_request import (
    BACK_PAIN,
    BREAST_CANCER,
    PACEMAKER,
    SELECT,
    SIGN,
    order,
    request,
    resources,
)
from tests.journal.servers import postgres_server, redis_server
from tests.replicas.processes import WAIT, Proxy, Replica, headers, proxy, write_clients

FEEDBACK = f"{SELECT}/feedback"
CHARTS = {
    "red flag": resources(BREAST_CANCER, BACK_PAIN),
    "pacemaker": resources(BREAST_CANCER, BACK_PAIN, PACEMAKER),
    "back pain alone": resources(BACK_PAIN),
}


class SilentServer:
    """A FHIR server that takes connections and never answers; `peers` are their far ports."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/fhir"
        self.peers: list[int] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.peers.append(peer[1])

    def hang_up(self) -> None:
        """End the connections that there are: whoever reads on one has then read nothing."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(WAIT)
        for connection in self._open:
            connection.close()


@dataclass
class Site:
    """The replicas, what is before them and behind them, and what its clients saw."""

    pair: Pair
    replicas: list[Replica]
    front: Proxy
    database: str
    fhir: SilentServer

    def headers(self, path: str) -> dict[str, str]:
        return headers(self.pair, path)

    def post(self, base: str, path: str, body: Any, **given: Any) -> requests.Response:
        sent = given.pop("headers", None) or self.headers(path)
        return requests.post(
            base + path, json=body, headers=sent, timeout=WAIT, verify=self.front.authority, **given
        )

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[call-overload]

    def stored(self) -> set[str]:
        return {card for (card,) in self.rows("SELECT card FROM feedback")}

    def said(self) -> str:
        """Return what the replicas have logged, for a test that fails."""
        return "\n".join((each.home / "log").read_text(encoding="utf-8") for each in self.replicas)

    def eventually(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of `query` as soon as there are some: consultations trail behind."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            if found := self.rows(query, *values):
                return found
            time.sleep(0.05)
        return []


@contextmanager
def running(directory: Path, settings: dict[str, str], database: str) -> Iterator[Site]:
    """Run a site on the empty `database`; its replicas start together."""
    home = Path(tempfile.mkdtemp(prefix="nginx-"))  # where another user can get to
    pair, fhir = ec_pair("ehr-1"), SilentServer()
    write_clients(directory, pair, fhir_servers=[fhir.url])
    given = {
        "CDS_CALL_ID_HEADER": "X-Request-ID",
        # a database that is slow to accept is not away
        "CDS_JOURNAL_URL": f"{database}?connect_timeout={WAIT}",
        "CDS_DRAIN_GRACE": "2",
        "CDS_QUEUE_WAIT": "60",  # a machine that starts a replica beside is slow, not overloaded
        "CDS_OPEN_FHIR": "true",
        "CDS_FHIR_DEADLINE": "60",  # who reads is killed before, or its server hangs up
        **settings,
    }
    replicas = [Replica(number, directory, given) for number in (1, 2, 3)]
    try:
        for replica in replicas:
            replica.start()
        for replica in replicas:
            replica.wait_until_ready()
            replica.settle()
        with proxy(home, replicas) as front:
            yield Site(pair, replicas, front, database, fhir)
    finally:
        for replica in replicas:
            replica.kill()
        fhir.close()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Any]:
    """Return a PostgreSQL server."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def site(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run three replicas behind the proxy."""
    database = postgres.new_database("replicas")
    with running(tmp_path_factory.mktemp("site"), {}, database) as made:
        yield made


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> None:
    """Start each test with all replicas up, and with all workers of each."""
    if "site" in request.fixturenames:
        for replica in request.getfixturevalue("site").replicas:
            if replica.process.poll() is not None:
                replica.start()
                replica.wait_until_ready()
            replica.settle()


def asked(chart: str = "red flag", hook: str = "order-select") -> dict[str, Any]:
    return request(order(), CHARTS[chart], hook=hook)


def without_ids(answer: Any) -> str:
    """Return cards as text without what is new in each answer."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: strip(each) for name, each in value.items() if name != "uuid"}
        return [strip(each) for each in value] if isinstance(value, list) else value

    return json.dumps(strip(answer), sort_keys=True)


def overridden(card: str) -> dict[str, Any]:
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"}
    return {"feedback": [item]}


# --- any replica will do


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize(("path", "hook"), [(SELECT, "order-select"), (SIGN, "order-sign")])
def test_every_replica_gives_the_same_cards(site: Site, chart: str, path: str, hook: str) -> None:
    body = asked(chart, hook)
    places = [*(replica.url for replica in site.replicas), site.front.url]
    answers = [site.post(place, path, body) for place in places]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert answers[0].json()["cards"]
    assert len({without_ids(answer.json()) for answer in answers}) == 1


def test_calls_through_the_proxy_come_to_every_replica(site: Site) -> None:
    before = len(site.front.log())
    for _ in range(12):
        assert site.post(site.front.url, SELECT, asked()).status_code == 200
    addresses = {f"127.0.0.1:{replica.port}" for replica in site.replicas}
    assert site.front.logs(lambda lines: {line["replicas"] for line in lines} == addresses, before)


def test_feedback_to_any_replica_finds_the_card_of_any_other(site: Site) -> None:
    for giver in site.replicas:
        for taker in site.replicas:
            (card,) = site.post(giver.url, SELECT, asked()).json()["cards"]
            told = site.post(taker.url, FEEDBACK, overridden(card["uuid"]))
            assert told.status_code == 200
            assert site.eventually(
                "SELECT f.outcome FROM feedback f JOIN cards c ON c.uuid = f.card"
                " JOIN consultations o ON o.id = c.consultation_id WHERE c.uuid = %s",
                card["uuid"],
            ) == [("overridden",)]


def test_a_patient_has_one_pseudonym_at_all_replicas(site: Site) -> None:
    for replica in site.replicas:
        assert site.post(replica.url, SELECT, asked()).status_code == 200
    assert site.eventually(
        "SELECT count(DISTINCT patient_key) FROM consultations HAVING count(*) >= 3"
    ) == [(1,)]
    journals = {replica.home / "journal" for replica in site.replicas}
    assert len(journals) == 3
    assert not [key for each in journals for key in each.glob("site.key")]


def test_a_token_is_used_once_wherever(site: Site) -> None:
    for first in site.replicas:
        sent = site.headers(SELECT)
        assert site.post(first.url, SELECT, asked(), headers=sent).status_code == 200
        others = [*(each.url for each in site.replicas), site.front.url]
        codes = [site.post(each, SELECT, asked(), headers=sent).status_code for each in others]
        assert codes == [401] * 4


def test_a_client_cannot_pass_a_replay_off_as_a_repeated_call(site: Site) -> None:
    sent = {**site.headers(SELECT), "X-Request-ID": uuid4().hex}
    assert site.post(site.front.url, SELECT, asked(), headers=sent).status_code == 200
    assert site.post(site.front.url, SELECT, asked(), headers=sent).status_code == 401


def test_replicas_that_share_used_tokens_in_redis_refuse_each_others(
    postgres: Any, tmp_path: Path
) -> None:
    with redis_server() as redis_url:
        database = postgres.new_database("with-redis")
        with running(tmp_path, {"CDS_REPLAYS_URL": redis_url}, database) as site:
            sent = site.headers(SELECT)
            codes = [
                site.post(each.url, SELECT, asked(), headers=sent).status_code
                for each in site.replicas
            ]
            assert codes == [200, 401, 401]
            assert site.rows("SELECT * FROM used_tokens") == []


# --- what the proxy lets through, and what it writes down


def test_health_is_seen_through_the_proxy_and_figures_are_not(site: Site) -> None:
    session = site.front.session()
    assert session.get(f"{site.front.url}/livez", timeout=WAIT).json() == {"status": "alive"}
    assert session.get(f"{site.front.url}/readyz", timeout=WAIT).json()["status"] == "ready"
    services = session.get(f"{site.front.url}/cds-services", timeout=WAIT).json()["services"]
    assert len(services) == 2
    hidden = session.get(f"{site.front.url}/metrics", timeout=WAIT)
    assert hidden.status_code == 404
    assert hidden.json()["resourceType"] == "OperationOutcome"
    for replica in site.replicas:
        figures = requests.get(f"{replica.url}/metrics", timeout=WAIT)
        assert figures.status_code == 200
        assert "cds_calls_total" in figures.text


def test_a_body_above_the_limit_is_refused_by_the_service_and_one_far_above_by_the_proxy(
    site: Site,
) -> None:
    for size in (10_500_000, 12_000_000):
        sent = {**site.headers(SELECT), "Content-Type": "application/json"}
        answer = requests.post(
            site.front.url + SELECT,
            data=b" " * size,
            headers=sent,
            timeout=WAIT,
            verify=site.front.authority,
        )
        assert answer.status_code == 413
        assert answer.json()["issue"][0]["code"] == "too-long"


def test_a_large_chart_is_never_on_disk(site: Site) -> None:
    big = asked()
    big["prefetch"]["ignored"] = "x" * 9_000_000
    assert site.post(site.front.url, SELECT, big).status_code == 200
    written = [path for path in site.front.home.rglob("*") if path.parent.name == "body"]
    assert written == []
    assert "temporary file" not in (site.front.home / "error.log").read_text(encoding="utf-8")


def test_the_log_of_the_proxy_names_no_patient(site: Site) -> None:
    before = len(site.front.log())
    session = site.front.session()
    session.get(
        f"{site.front.url}/cds-services?patient=Jane+Roe", timeout=WAIT, headers={"Referer": "Roe"}
    )
    session.get(f"{site.front.url}/cds-services/Patient/Roe", timeout=WAIT)
    session.get(f"{site.front.url}/Roe", timeout=WAIT)
    session.post(f"{site.front.url}{FEEDBACK}?patient=Roe", timeout=WAIT, data=b"Roe")
    routes = ["/cds-services", "other", "other", FEEDBACK]
    assert site.front.logs(lambda lines: [line["route"] for line in lines][-4:] == routes, before)
    files = [site.front.home / name for name in ("access.log", "error.log")]
    assert "Roe" not in "".join(path.read_text(encoding="utf-8") for path in files)
    assert {len(line["call"]) for line in site.front.log()} == {32}


def test_a_refusal_of_a_replica_is_passed_on_as_it_is_and_not_repeated(
    site: Site, postgres: Any
) -> None:
    before = len(site.front.log())
    postgres.stop(abruptly=True)
    try:
        answer = site.post(site.front.url, FEEDBACK, overridden(str(uuid4())))
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "feedback was not stored" in answer.json()["issue"][0]["details"]["text"]
        assert site.front.logs(came_back("503"), before)
        assert site.post(site.front.url, SELECT, asked()).status_code == 200
    finally:
        postgres.start()
    for replica in site.replicas:
        replica.wait_until_nothing_is_degraded()


# --- no replica is missed


@dataclass
class Load:
    """Clients that call through the proxy until told to stop, and what they saw."""

    site: Site
    codes: Counter[int] = field(default_factory=Counter)
    answers: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._work) for _ in range(6)]
        for thread in self._threads:
            thread.start()
        try:
            self.goes_on_for(20)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(WAIT)

    def goes_on_for(self, calls: int) -> None:
        """Wait until so many more calls were answered."""
        until, deadline = self.codes.total() + calls, time.monotonic() + WAIT
        while self.codes.total() < until:
            assert time.monotonic() < deadline, (self.codes, self.broken)
            time.sleep(0.02)

    def _work(self) -> None:
        session, body = self.site.front.session(), asked()
        while not self._stop.is_set():
            try:
                answer = self._call(session, SELECT, body)
                if answer.status_code != 200:
                    continue
                self.answers.add(without_ids(answer.json()))
                (card,) = answer.json()["cards"]
                told = self._call(session, FEEDBACK, overridden(card["uuid"]))
                if told.status_code == 200:
                    self.acknowledged.add(card["uuid"])
                time.sleep(0.02)  # leaves the processor to a replica that starts
            except requests.RequestException as problem:
                self.broken.append(repr(problem))

    def _call(self, session: requests.Session, path: str, body: Any) -> requests.Response:
        answer = session.post(
            self.site.front.url + path, json=body, headers=self.site.headers(path), timeout=WAIT
        )
        self.codes[answer.status_code] += 1
        if answer.status_code != 200:
            self.refused.add(f"{path} {answer.headers.get('Retry-After')} {answer.text}")
        return answer


def test_a_rolling_restart_under_load_fails_no_call_and_loses_no_feedback(site: Site) -> None:
    before = len(site.front.log())
    with Load(site) as load:
        for replica in site.replicas:
            assert replica.stop() == 0
            load.goes_on_for(20)
            replica.start()
            replica.wait_until_ready()
            load.goes_on_for(20)
    repeated = [line for line in site.front.log()[before:] if "," in line["replicas"]]
    print(f"\nrolling restart: {dict(load.codes)}, {len(repeated)} calls repeated")
    assert load.broken == []
    assert load.refused == set(), site.said()
    assert len(load.answers) == 1
    assert repeated, "the proxy was never needed: the load did not meet a replica that ended"
    assert load.acknowledged <= site.stored()


def test_a_replica_killed_under_load_fails_no_call_and_loses_no_feedback(site: Site) -> None:
    before = len(site.front.log())
    with Load(site) as load:
        site.replicas[1].kill()
        load.goes_on_for(60)
        site.replicas[1].start()
        site.replicas[1].wait_until_ready()
        load.goes_on_for(20)
    repeated = [line for line in site.front.log()[before:] if "," in line["replicas"]]
    print(f"\nkilled: {dict(load.codes)}, {len(repeated)} calls repeated")
    assert load.broken == []
    assert load.refused == set(), site.said()
    assert repeated
    assert load.acknowledged <= site.stored()


def came_back(statuses: str) -> Callable[[list[dict[str, str]]], bool]:
    """Return what says whether a call had the answers `statuses` from the replicas it came to."""
    return lambda lines: statuses in {line["replica_status"] for line in lines}


def killed_over_a_call(site: Site) -> requests.Response:
    """Return what a client sees whose replica is killed while it reads from a FHIR server."""
    body = {**asked(), "fhirServer": site.fhir.url}
    del body["prefetch"]["conditions"]
    seen: list[requests.Response] = []
    connections = len(site.fhir.peers)
    caller = threading.Thread(
        target=lambda: seen.append(site.post(site.front.url, SELECT, body)), daemon=True
    )
    caller.start()
    deadline = time.monotonic() + WAIT
    while len(site.fhir.peers) == connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    line = site.fhir.peers[connections], site.fhir.port
    (victim,) = [each for each in site.replicas if each.holds(*line)]
    victim.kill()
    connections = len(site.fhir.peers)
    while caller.is_alive():
        assert time.monotonic() < deadline
        if len(site.fhir.peers) > connections:  # the next replica reads too
            site.fhir.hang_up()
        caller.join(0.05)
    (answer,) = seen
    return answer


def test_a_call_in_the_middle_of_which_its_replica_is_killed_is_answered_by_another(
    site: Site,
) -> None:
    before = len(site.front.log())
    answer = killed_over_a_call(site)
    assert answer.status_code == 200, (answer.text, site.front.log()[before:], site.said())
    assert answer.json()["cards"]
    assert site.front.logs(came_back("502, 200"), before), site.front.log()[before:]


def test_without_a_name_for_the_call_its_token_counts_as_used_and_the_client_has_to_call_again(
    postgres: Any, tmp_path: Path
) -> None:
    database = postgres.new_database("unnamed")
    with running(tmp_path, {"CDS_CALL_ID_HEADER": ""}, database) as site:
        answer = killed_over_a_call(site)
        assert answer.status_code == 401, (answer.text, site.front.log(), site.said())
        assert site.front.logs(came_back("502, 401"))
        assert site.post(site.front.url, SELECT, asked()).status_code == 200


def test_when_every_replica_is_gone_the_client_is_told_to_come_again(site: Site) -> None:
    for replica in site.replicas:
        replica.kill()
    answer = site.post(site.front.url, SELECT, asked())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["issue"][0]["code"] == "transient"
