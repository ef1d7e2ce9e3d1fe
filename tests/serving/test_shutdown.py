"""On SIGTERM the service says that it ends, answers the calls it has, and then ends."""

import contextlib
import http.client
import signal
import threading
import time

import pytest

from cds_service.web.drain import Drain
from tests.fhir_server import wait_until
from tests.serving.slow import HELD, SELECT, WAIT, Service, call_that_takes


class Caller(threading.Thread):
    def __init__(self, service, body):
        super().__init__()
        self.service, self.body, self.answer = service, body, None
        self.start()

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.answer = self.service.ask("POST", SELECT, self.body)


def test_calls_in_flight_are_answered_after_sigterm_and_then_it_ends():
    with Service(notice=0.5, grace=60, workers=1) as service:
        assert service.ask("GET", "/readyz")[0] == 200
        # more calls than can be computed: some wait in the queue
        callers = [Caller(service, call_that_takes(1.0)) for _ in range(6)]
        assert wait_until(lambda: service.lines.count("asked") >= 2)
        service.terminate()
        for caller in callers:
            caller.join(WAIT)
        assert [caller.answer for caller in callers] == [(200, {"cards": []})] * 6
        assert service.end() == 0
        assert service.lines.count("answered") == 6
        assert service.lines[-1] == "journal closed"


def test_every_worker_says_that_it_ends():
    with Service(notice=600) as service:
        service.terminate()
        # each of several connections finds one of the workers
        assert wait_until(lambda: service.ask("GET", "/readyz")[0] == 503)
        assert wait_until(lambda: {service.ask("GET", "/readyz")[0] for _ in range(12)} == {503})
        states = {row["state"] for row in service.ask("GET", "/readyz")[1]["workers"]}
        assert states == {"draining"}
        assert service.ask("POST", SELECT, call_that_takes(0.0)) == (200, {"cards": []})
        service.terminate()  # without the rest of the notice
        assert service.end() == 0
        assert service.lines.count("journal closed") == 2


def test_while_it_ends_connections_are_closed_after_their_answer():
    with Service(notice=600, workers=1) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=WAIT)
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        answer.read()
        assert not answer.will_close
        service.terminate()
        assert wait_until(lambda: service.ask("GET", "/readyz")[0] == 503)
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        assert answer.will_close
        connection.close()
        service.terminate()  # without the rest of the notice
        assert service.end() == 0


def test_while_it_drains_it_is_not_ready_and_still_answers():
    with Service(grace=600) as service:
        slow = Caller(service, call_that_takes(HELD))
        assert wait_until(lambda: "asked" in service.lines)
        service.terminate()
        assert wait_until(lambda: service.ask("GET", "/readyz")[0] == 503)
        assert service.ask("GET", "/livez")[0] == 200
        assert service.ask("POST", SELECT, call_that_takes(0.0)) == (200, {"cards": []})
        assert slow.answer is None
        service.release()
        slow.join(WAIT)
        assert slow.answer == (200, {"cards": []})
        assert service.end() == 0


def test_without_calls_it_ends_at_once():
    with Service(grace=90) as service:
        start = time.monotonic()
        service.terminate()
        assert service.end() == 0
        assert time.monotonic() - start < 60


def test_a_call_that_never_ends_does_not_keep_it_longer_than_the_grace():
    with Service(grace=0.3) as service:
        caller = Caller(service, call_that_takes(HELD))
        assert wait_until(lambda: "asked" in service.lines)
        start = time.monotonic()
        service.terminate()
        assert service.end() == 0
        assert time.monotonic() - start < 60
        caller.join(WAIT)
        assert caller.answer is None


def test_a_call_is_in_flight_until_its_body_is_closed():
    drain = Drain()
    closed = []

    class Body(list):
        def close(self):
            closed.append(drain.in_flight)

    body = drain.counting(lambda _environ, _start: Body([b"x"]))({}, None)
    assert list(body) == [b"x"]
    assert drain.in_flight == 1
    body.close()
    body.close()
    assert (drain.in_flight, closed) == (0, [1])


def test_a_call_that_fails_is_not_in_flight():
    drain = Drain()

    def fail(_environ, _start):
        raise ValueError("of the app")

    with pytest.raises(ValueError, match="of the app"):
        drain.counting(fail)({}, None)
    assert drain.in_flight == 0


def test_the_second_signal_ends_it_at_once():
    with Service(notice=600) as service:
        service.terminate()
        assert wait_until(lambda: service.ask("GET", "/readyz")[0] == 503)
        service.terminate()
        assert service.end() == 0


def test_an_interrupt_from_the_keyboard_ends_it_without_notice():
    with Service(notice=600) as service:
        service.process.send_signal(signal.SIGINT)
        assert service.end() == 0


def test_workers_do_not_outlive_a_parent_that_was_killed():
    with Service() as service:
        service.process.kill()
        assert service.process.wait(WAIT) == -signal.SIGKILL
        assert wait_until(lambda: service.lines.count("journal closed") == 2)
        with pytest.raises(OSError):
            service.ask("GET", "/livez")


def test_what_is_still_in_flight_after_the_grace_is_told():
    drain = Drain(grace=0.1)
    drain.counting(lambda _environ, _start: [b""])({}, None)
    assert drain.wait() == 1
