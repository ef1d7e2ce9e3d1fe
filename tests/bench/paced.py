"""Clients that ask at a fixed rate, or a given number of times, each in a thread of its own.

At a fixed rate a latency counts from when the request should have been sent, not from when it was:
a server that stalls is charged for all the calls that had to wait (no coordinated omission). The
clients are Python's own, which connect again when a server asks them to; h2load does not survive
that at a fixed rate.
"""

import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_OK = range(200, 300)
_LONGEST = 60.0
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: monotonic seconds when it began, its status, and its milliseconds.

    The status is -1 if no answer came.
    """

    began: float
    status: int
    took: float


@dataclass(frozen=True, slots=True)
class Client:
    """What one client does: post `body` to `url` for `seconds`, or until it did `most` requests.

    Without a `rate` per second it asks again as soon as it is answered.
    """

    url: str
    body: Path
    rate: float = 0.0
    seconds: float = float("inf")
    most: float = float("inf")

    def ask(self, first: float) -> list[Answered]:
        """Return the requests that were sent, beginning at `first` (monotonic seconds)."""
        address = urlsplit(self.url)
        body = self.body.read_bytes()
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=_LONGEST
        )
        found: list[Answered] = []
        while len(found) < self.most:
            due = first + len(found) / self.rate if self.rate else first
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            if (began := time.monotonic()) >= first + self.seconds:
                break
            status = _post(connection, address.path, body)
            found.append(Answered(began, status, (time.monotonic() - began) * 1000))
        connection.close()
        return found


def at_rate(url: str, body: Path, rate: float, clients: int, seconds: float) -> list[Client]:
    """Return `clients` that together ask `rate` times per second."""
    return [Client(url, body, rate / clients, seconds)] * clients


def as_fast_as_answered(url: str, body: Path, clients: int, seconds: float) -> list[Client]:
    """Return `clients` that ask again as soon as they are answered."""
    return [Client(url, body, seconds=seconds)] * clients


def times(url: str, body: Path, requests: int, clients: int) -> list[Client]:
    """Return up to `clients` that together ask `requests` times, as fast as they are answered."""
    clients = min(clients, requests)
    shares = [requests // clients + (number < requests % clients) for number in range(clients)]
    return [Client(url, body, most=share) for share in shares]


def run(clients: Sequence[Client], gap: float = 0.0) -> list[list[Answered]]:
    """Let all `clients` ask at the same time, begun `gap` seconds apart; return their requests."""
    start = time.monotonic()
    found: list[list[Answered]] = [[] for _ in clients]

    def ask(number: int) -> None:
        found[number] = clients[number].ask(start + number * gap)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def from_intended(requests: Sequence[Answered], rate: float) -> list[float]:
    """Return the latencies in ms of one client's `requests`, from when each should have begun.

    The client should send the n-th request n / `rate` seconds after its first; the first is taken
    to be as early as its most punctual one allows.
    """
    if not requests:
        return []
    offsets = [each.began - number / rate for number, each in enumerate(requests)]
    first = min(offsets)
    return [
        each.took + (offset - first) * 1000 for each, offset in zip(requests, offsets, strict=True)
    ]


def failures(requests: Sequence[Answered]) -> int:
    """Return how many of `requests` got no answer, or one that was not 2xx."""
    return sum(each.status not in _OK for each in requests)


def _post(connection: http.client.HTTPConnection, path: str, body: bytes) -> int:
    try:
        connection.request("POST", path, body, _JSON)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()  # the next request connects again
        return -1
    return answer.status
