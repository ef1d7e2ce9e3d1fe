"""Two service processes behind one database: they share what must be shared, and lose nothing.

``REPLICA_OUTAGE_SECONDS=20`` lets the database stay away for that long; 3 by default.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import requests

from cds_service.journal.store import JournalStore
from tests.clients.tokens import BASE, ISSUER, Pair, ec_pair, token
from tests.fhir_server import wait_until
from tests.hook_request import BACK_PAIN, BREAST_CANCER, SELECT, order, request, resources
from tests.journal.servers import Postgres, postgres_server
from tests.serving.running import port_of

ROOT = Path(__file__).parents[2]
FEEDBACK = f"{SELECT}/feedback"
OUTAGE = float(os.environ.get("REPLICA_OUTAGE_SECONDS", "3"))
WAIT = 120


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Return a PostgreSQL server."""
    with postgres_server() as server:
        yield server


@dataclass
class Replica:
    """One service process."""

    process: subprocess.Popen[str]
    url: str
    pair: Pair

    def headers(self, path: str) -> dict[str, str]:
        now = int(time.time())
        signed = token(self.pair, audience=BASE + path, iat=now, exp=now + 300)
        return {"Authorization": f"Bearer {signed}"}

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        return requests.post(
            self.url + path, json=body, headers=headers or self.headers(path), timeout=WAIT
        )


@dataclass
class Site:
    """Two replicas and the database they share."""

    replicas: list[Replica]
    store: JournalStore
    database: str
    acknowledged: set[str] = field(default_factory=set)

    def stored(self) -> set[str]:
        with psycopg.connect(self.database) as connection:
            return {card for (card,) in connection.execute("SELECT card FROM feedback")}


@pytest.fixture
def site(postgres: Postgres, tmp_path: Path) -> Iterator[Site]:
    """Start two service processes on a new database."""
    name = f"replicas-{uuid4()}"
    url = postgres.new_database(name)
    pair = ec_pair("ehr-1")
    clients = {
        "clients": [{"id": "ehr", "title": "EHR", "issuer": ISSUER, "jwks": {"keys": [pair.jwk]}}]
    }
    (tmp_path / "clients.yaml").write_text(json.dumps(clients), encoding="utf-8")
    replicas = [_start(tmp_path, number, url, pair) for number in (1, 2)]
    store = JournalStore(url)
    yield Site(replicas, store, url.replace("+psycopg", ""))
    for replica in replicas:
        replica.process.kill()
        replica.process.communicate(timeout=WAIT)
    store.close()
    postgres.drop_database(name)


def _start(directory: Path, number: int, url: str, pair: Pair) -> Replica:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cds_service.cli", "serve", "--port", "0"],
        env={
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "CDS_CLIENTS_FILE": str(directory / "clients.yaml"),
            "CDS_BASE_URL": BASE,
            "CDS_JOURNAL_DIR": str(directory / f"journal-{number}"),
            "CDS_JOURNAL_URL": url,
            "CDS_JOURNAL_KEY": "k" * 40,
            "CDS_LOG_LEVEL": "ERROR",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(4)]
    port = said[3].split("/cds-services")[0].rpartition(":")[2] if said[3] else ""
    if not port.isdigit():  # the public address is printed, not the port listened on
        port = str(port_of(process.pid))
    return Replica(process, f"http://127.0.0.1:{port}", pair)


def overridden() -> dict[str, Any]:
    return {
        "card": str(uuid4()),
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-22T10:00:00Z",
    }


def test_a_token_used_at_one_replica_is_refused_at_the_other(site: Site) -> None:
    first, second = site.replicas
    body = request(order(), resources(BREAST_CANCER, BACK_PAIN))
    headers = first.headers(SELECT)
    assert first.post(SELECT, body, headers).status_code == 200
    assert second.post(SELECT, body, headers).status_code == 401
    assert second.post(SELECT, body).status_code == 200


def test_feedback_to_the_other_replica_finds_its_card(site: Site) -> None:
    first, second = site.replicas
    body = request(order(), resources(BREAST_CANCER, BACK_PAIN))
    (card,) = first.post(SELECT, body).json()["cards"]
    done = {**overridden(), "card": card["uuid"]}
    assert second.post(FEEDBACK, {"feedback": [done]}).status_code == 200
    assert wait_until(lambda: site.store.counts()["consultations"] == 1)
    assert card["uuid"] in site.stored()


def test_a_killed_replica_loses_no_acknowledged_feedback(site: Site) -> None:
    victim, survivor = site.replicas
    stop = threading.Event()

    def report(replica: Replica) -> None:
        while not stop.is_set():
            item = overridden()
            try:
                answer = replica.post(FEEDBACK, {"feedback": [item]})
            except requests.RequestException:
                return  # killed while it answered: not acknowledged
            if answer.status_code == 200:
                site.acknowledged.add(item["card"])

    threads = [
        threading.Thread(target=report, args=(replica,))
        for replica in (victim, victim, victim, survivor)
    ]
    for thread in threads:
        thread.start()
    assert wait_until(lambda: len(site.acknowledged) > 40)
    victim.process.kill()
    killed_after = len(site.acknowledged)
    assert wait_until(lambda: len(site.acknowledged) > killed_after + 10)
    stop.set()
    for thread in threads:
        thread.join(WAIT)
    missing = site.acknowledged - site.stored()
    print(f"\n{len(site.acknowledged)} acknowledged, {len(missing)} missing after SIGKILL")
    assert not missing


def test_a_database_that_is_away_costs_neither_advice_nor_acknowledged_feedback(
    site: Site, postgres: Postgres
) -> None:
    first, second = site.replicas
    body = request(order(), resources(BREAST_CANCER, BACK_PAIN))
    stop = threading.Event()
    asked: list[int] = []
    refused: list[int] = []

    def report() -> None:
        while not stop.is_set():
            item = overridden()
            answer = second.post(FEEDBACK, {"feedback": [item]})
            if answer.status_code == 200:
                site.acknowledged.add(item["card"])
            else:
                refused.append(answer.status_code)
            time.sleep(0.02)

    def ask() -> None:
        while not stop.is_set():
            asked.append(first.post(SELECT, body).status_code)
            time.sleep(0.05)

    threads = [threading.Thread(target=work) for work in (report, ask)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    postgres.stop(abruptly=True)
    time.sleep(OUTAGE)

    def told() -> set[str]:
        answers = [requests.get(f"{r.url}/readyz", timeout=WAIT) for r in site.replicas]
        return {answer.json()["status"] for answer in answers}

    # a worker knows of it from its first call on
    away = wait_until(lambda: told() == {"degraded"})
    postgres.start()
    time.sleep(2)
    stop.set()
    for thread in threads:
        thread.join(WAIT)

    assert set(asked) == {200}, "advice flows without the database"
    assert set(refused) <= {503}
    assert away
    answered = asked.count(200)
    wait_until(lambda: site.store.counts()["consultations"] >= answered)
    missing = site.acknowledged - site.stored()
    print(
        f"\noutage of {OUTAGE} s: {answered} calls answered,"
        f" {site.store.counts()['consultations']} recorded; {len(site.acknowledged)} feedback"
        f" acknowledged, {len(refused)} told to try again, {len(missing)} missing"
    )
    assert site.store.counts()["consultations"] == answered
    assert not missing
