"""More calls than can be answered: some are told to try again, and nobody waits for others."""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fhir_server import FhirServer, wait_until
from tests.hook_request import BACK_PAIN, BREAST_CANCER, SELECT, order, request, resources
from tests.serving.running import Running, answer_of

CHART = resources(BREAST_CANCER, BACK_PAIN)
NOT_READ = "**Could not be read:** problem list"


def needs_fhir(server: FhirServer, without: tuple[str, ...] = ("conditions",)) -> dict[str, Any]:
    """Return a request that leaves the keys in `without` to be read."""
    body = request(order(), CHART)
    for key in without:
        del body["prefetch"][key]
    body["fhirServer"] = server.base_url
    body["fhirAuthorization"] = {
        "access_token": "t",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "advisor",
    }
    return body


def post_all(service: Running, bodies: list[Any], server: FhirServer, hang_on: int) -> list[Any]:
    """Return the answers to calls made at the same time; `server` ends when so many wait for it."""
    with ThreadPoolExecutor(len(bodies)) as pool:
        calls = [pool.submit(service.post, SELECT, body) for body in bodies]
        assert hang(calls, hang_on)
        server.end()
        return [call.result() for call in calls]


def seconds_of(call: Any) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


PATIENT = "60"
"""Deadline of FHIR reads that end because their server goes, and never by time."""


@pytest.fixture
def hanging():
    """A server that hangs until it is ended; whoever waits for it has then read nothing."""
    with FhirServer(CHART, misbehave="slow", delay=600.0) as server:
        yield server


def hang(calls: list[Any], number: int) -> bool:
    """Say whether all `calls` but so many come to be answered."""
    return wait_until(lambda: sum(not call.done() for call in calls) == number)


def test_a_fhir_server_that_hangs_does_not_slow_calls_that_need_none(hanging, body):
    settings = {"CDS_WORKERS": "1", "CDS_FHIR_DEADLINE": PATIENT}
    with Running(**settings) as service:
        alone = sorted(seconds_of(lambda: service.post(SELECT, body)) for _ in range(30))
        with ThreadPoolExecutor(30) as pool:
            waiting = [pool.submit(service.post, SELECT, needs_fhir(hanging)) for _ in range(30)]
            assert hang(waiting, 8), "as many as may wait for FHIR"
            beside = sorted(seconds_of(lambda: service.post(SELECT, body)) for _ in range(30))
            assert hang(waiting, 8), "they hang meanwhile"
            hanging.end()
            answers = [call.result() for call in waiting]
        # far below the time that the others wait
        assert beside[15] < max(20 * alone[15], 5)
        assert {answer.status_code for answer in answers} == {200}
        assert all(NOT_READ in answer.text for answer in answers), "each card says what"
        figures = service.figures()
        assert figures["cds_calls_in_flight",] == 0


def test_calls_beyond_those_that_may_wait_for_fhir_say_what_was_not_read(hanging, body):
    settings = {"CDS_WORKERS": "1", "CDS_FHIR_CALLS": "2", "CDS_FHIR_DEADLINE": PATIENT}
    with Running(**settings) as service:
        answers = post_all(service, [needs_fhir(hanging)] * 6, hanging, hang_on=2)
        assert {answer.status_code for answer in answers} == {200}
        assert len(hanging.requests) == 2, "the others did not ask"
        assert all(NOT_READ in answer.text for answer in answers)
        assert service.figures()["cds_calls_turned_away_total", "reads"] == 4


def test_without_the_patient_such_a_call_may_be_tried_again(hanging):
    settings = {"CDS_WORKERS": "1", "CDS_FHIR_CALLS": "1", "CDS_FHIR_DEADLINE": PATIENT}
    with Running(**settings) as service:
        bodies = [needs_fhir(hanging, without=("patient",))] * 4
        answers = post_all(service, bodies, hanging, hang_on=1)
        found = Counter(answer.status_code for answer in answers)
        assert found == {503: 3, 412: 1}
        for answer in answers:
            if answer.status_code == 503:
                assert int(answer.headers["Retry-After"]) >= 1
                assert answer.json()["issue"][0]["code"] == "throttled"


def test_a_burst_far_over_capacity_gets_answers_or_is_told_to_try_again(body):
    settings = {"CDS_WORKERS": "2", "CDS_QUEUE_LENGTH": "4", "CDS_COMPUTE_SLOTS": "1"}
    with Running(**settings) as service:
        data = json.dumps(body).encode()
        head = (
            f"POST {SELECT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        ).encode()
        connections = [service.connect() for _ in range(200)]
        # all of them at once, again and again
        statuses: Counter[int] = Counter()
        for _ in range(3):
            for connection in connections:
                connection.sendall(head + data)
            for place, connection in enumerate(connections):
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                statuses[answer.status] += 1
                said = answer.read()
                if answer.status == 503:
                    assert json.loads(said)["issue"][0]["code"] == "throttled"
                if answer.getheader("Connection") == "close":  # one worker has more to do
                    connection.close()
                    connections[place] = service.connect()
        for connection in connections:
            connection.close()
        assert set(statuses) == {200, 503}
        assert statuses.total() == 600
        shed = sum(
            value
            for name, value in service.figures().items()
            if name[0] == "cds_calls_turned_away_total"
        )
        assert shed == statuses[503]
        # and afterwards all is well
        assert [service.post(SELECT, body).status_code for _ in range(20)] == [200] * 20
        assert wait_until(lambda: service.figures()["cds_calls_waiting",] == 0)


def test_who_is_told_to_try_again_is_told_when_and_may_read_it_in_a_browser(body):
    settings = {"CDS_WORKERS": "1", "CDS_QUEUE_LENGTH": "0", "CDS_COMPUTE_SLOTS": "1"}
    with Running(**settings) as service:
        origin = {"Origin": "https://sandbox.cds-hooks.org"}
        with ThreadPoolExecutor(40) as pool:
            calls = [pool.submit(service.post, SELECT, body, headers=origin) for _ in range(300)]
            refused = [call.result() for call in calls if call.result().status_code != 200]
        assert refused
        for answer in refused:
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.headers["Access-Control-Allow-Origin"] == origin["Origin"]
            assert answer.json()["resourceType"] == "OperationOutcome"


class SlowBodies:
    """Clients that send the head of a call and a part of its body, and then nothing."""

    def __init__(self, service: Running, number: int) -> None:
        self.connections: list[socket.socket] = [service.connect() for _ in range(number)]
        for connection in self.connections:
            connection.sendall(
                f"POST {SELECT} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{".encode()
            )

    def __enter__(self) -> list[socket.socket]:
        return self.connections

    def __exit__(self, *_: object) -> None:
        for connection in self.connections:
            connection.close()


def test_slow_clients_hold_nothing_that_others_need(body):
    with Running(CDS_WORKERS="1") as service, SlowBodies(service, 25):
        assert [service.post(SELECT, body).status_code for _ in range(10)] == [200] * 10
        assert service.ready()["status"] == "ready"


def test_more_slow_clients_than_there_are_places_keep_nobody_from_health_and_discovery(body):
    with Running(CDS_WORKERS="1") as service, SlowBodies(service, 300) as slow:
        for path in ("/livez", "/readyz", "/metrics", "/cds-services"):
            assert service.get(path).status_code == 200
        # those for which there was no place are told so without sending the rest
        answered = [answer_of(connection)[0] for connection in slow[-100:]]
        assert set(answered) == {503}


def test_a_body_that_does_not_arrive_is_given_up(body):
    settings = {"CDS_WORKERS": "1", "CDS_BODY_TIMEOUT": "1", "CDS_FHIR_DEADLINE": "0.5"}
    settings["CDS_QUEUE_WAIT"] = "1"  # a body may take as long as all else that a call may take
    with Running(**settings) as service, SlowBodies(service, 3) as slow:
        # one of them sends a byte now and then, which helps it nothing
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.3):
                try:
                    slow[0].sendall(b" ")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        quick = [service.post(SELECT, body).status_code for _ in range(5)]
        answers = [answer_of(connection)[0] for connection in slow]
        stop.set()
        dripping.join()
        assert quick == [200] * 5
        assert answers == [400] * 3
        assert service.complains("did not arrive in time")
        assert service.post(SELECT, body).status_code == 200
