"""Clients that ask at a fixed rate or a given number of times: when, and what they saw."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.bench.paced import (
    Answered,
    as_fast_as_answered,
    at_rate,
    failures,
    from_intended,
    run,
    times,
)
from tests.bench.soak import portions, split
from tests.bench.steady import markdown, settled, summary

MOVED_EVERY = 4
"""Of the requests of the server, each of this number closes its connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[bytes]

    def do_POST(self) -> None:
        self.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Length", "2")
        if len(self.asked) % MOVED_EVERY == 0:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, list[bytes]]]:
    asked: list[bytes] = []
    handler = type("Handler", (_Handler,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}", asked
        made.shutdown()
        thread.join()


@pytest.fixture
def body(tmp_path: Path) -> Path:
    file = tmp_path / "body.json"
    file.write_bytes(b'{"hook": "order-select"}')
    return file


def test_as_many_requests_are_sent_as_were_asked_for(server, body: Path) -> None:
    url, asked = server
    found = run(times(f"{url}/call", body, 10, 3))
    assert [len(each) for each in found] == [4, 3, 3]
    assert asked == [body.read_bytes()] * 10
    assert sum(map(failures, found)) == 0, "a connection that is closed is opened again"


def test_fewer_requests_than_clients_are_sent_by_fewer(server, body: Path) -> None:
    assert [len(each) for each in run(times(f"{server[0]}/call", body, 2, 3))] == [1, 1]


def test_requests_are_sent_when_they_are_due_and_not_before(server, body: Path) -> None:
    started = time.monotonic()
    found = run(at_rate(f"{server[0]}/call", body, rate=40, clients=2, seconds=2), gap=0.01)
    for client in found:
        assert 0 < len(client) <= 40
        assert all(each.began - started >= number / 20 for number, each in enumerate(client))


def test_without_a_rate_a_client_asks_again_at_once(server, body: Path) -> None:
    (client,) = run(as_fast_as_answered(f"{server[0]}/call", body, clients=1, seconds=2))
    assert len(client) > 3


def test_an_answer_that_is_no_success_and_none_at_all_are_failures(server, body: Path) -> None:
    (busy,) = run(times(f"{server[0]}/busy", body, 2, 1))
    (nobody,) = run(times("http://127.0.0.1:1/call", body, 2, 1))
    assert [each.status for each in (*busy, *nobody)] == [503, 503, -1, -1]
    assert failures(busy) == failures(nobody) == 2


def test_a_stalled_server_is_charged_for_the_calls_that_had_to_wait() -> None:
    # ten a second; the second call takes 300 ms, so the next two begin late
    calls = [
        Answered(0.0, 200, 5.0),
        Answered(0.1, 200, 300.0),
        Answered(0.4, 200, 5.0),
        Answered(0.405, 200, 5.0),
        Answered(0.41, 200, 5.0),
    ]
    assert [round(each) for each in from_intended(calls, 10)] == [5, 300, 205, 110, 15]


def test_what_was_asked_before_it_settled_is_not_counted() -> None:
    calls = [Answered(10.0 + number, 200, 1.0) for number in range(5)]
    assert settled(calls, 2.0) == calls[2:]
    assert settled([], 2.0) == []


def test_a_late_first_call_does_not_make_the_others_early() -> None:
    calls = [Answered(0.05, 200, 1.0), Answered(0.1, 200, 1.0), Answered(0.2, 200, 1.0)]
    assert [round(each) for each in from_intended(calls, 10)] == [51, 1, 1]


def test_a_client_that_sent_nothing_has_no_latencies() -> None:
    assert from_intended([], 10) == []


def test_a_steady_load_is_summed_up_over_its_clients() -> None:
    each = [Answered(number / 10, 200, 4.0) for number in range(100)]
    other = [Answered(number / 10, 200 if number else 503, 8.0) for number in range(90)]
    found = summary("a", [each, other], capacity=25, rate=20, seconds=10)
    assert (found.requests, found.failed) == (190, 1)
    assert round(found.p50) == 4
    assert round(found.p99) == 8
    assert round(found.short, 2) == 0.05
    assert found.tail == pytest.approx(2)


def test_a_steady_load_is_told_minute_by_minute() -> None:
    calls = [Answered(float(second), 200, 4.0 if second < 60 else 9.0) for second in range(121)]
    found = summary("a", [calls], capacity=2, rate=1, seconds=120)
    (first, second, _) = found.minutes
    assert [round(each) for each in (*first, *second)] == [4, 4, 9, 9]
    assert [round(each) for each in found.tails] == [1, 1, 1]


def test_seconds_at_the_end_are_no_minute() -> None:
    calls = [Answered(number / 10, 200, 4.0) for number in range(605)]
    assert len(summary("a", [calls], capacity=20, rate=10, seconds=60).minutes) == 1


def test_a_steady_load_is_shown_beside_that_of_another_server() -> None:
    calls = [Answered(number / 10, 200, 4.0) for number in range(600)]
    measured = [summary(name, [calls], capacity=20, rate=10, seconds=60) for name in ("ours", "a")]
    said = markdown(measured)
    assert "| this service | 20 | 10 | 60 | 600 | 0 | 4.00 | 4.00 | 1.0 | 1.0, 1.0, 1.0 |" in said
    assert "| (a) Flask" in said
    assert said.count("calls that failed") == 1


@pytest.mark.parametrize(("whole", "blocks"), [(100_000, 20), (7, 20), (20, 20)])
def test_a_long_load_is_split_without_loss(whole: int, blocks: int) -> None:
    parts = split(whole, blocks)
    assert sum(parts) == whole
    assert len(parts) == min(whole, blocks)
    assert sum(count for part in parts for _, count in portions(part)) == whole
