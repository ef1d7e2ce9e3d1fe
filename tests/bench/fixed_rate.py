"""Clients that ask at a fixed rate, or a given number of times: h2load, one process for each.

h2load writes one line for each request, so percentiles are exact. At a fixed rate a latency counts
from when the request should have been sent, not from when it was: a server that stalls is charged
for all the calls that had to wait (no coordinated omission).
"""

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load import LoadFailed

H2LOAD_MISSING = (
    "h2load was not found: it makes the load. On Debian: apt-get install nghttp2-client"
)
_SLACK = 120.0
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: seconds since the epoch when it began, its status, and its milliseconds.

    The status is -1 if no answer came.
    """

    began: float
    status: int
    took: float


@dataclass(frozen=True, slots=True)
class Ask:
    """What one h2load does: post `body` to `url`, with `options` for how often and how long."""

    url: str
    body: Path
    options: tuple[str, ...]


def at_rate(url: str, body: Path, rate: float, clients: int, seconds: float) -> list[Ask]:
    """Return what `clients` have to do so that together they ask `rate` times per second."""
    each = ("--clients=1", f"--rps={rate / clients:.4f}", f"--duration={max(1, round(seconds))}")
    return [Ask(url, body, each)] * clients


def as_fast_as_answered(url: str, body: Path, clients: int, seconds: float) -> list[Ask]:
    """Return what `clients` have to do to ask again as soon as they are answered."""
    return [Ask(url, body, ("--clients=1", f"--duration={max(1, round(seconds))}"))] * clients


def times(url: str, body: Path, requests: int, clients: int) -> Ask:
    """Return what to do so that `clients` together ask `requests` times, as fast as they can."""
    clients = min(clients, requests)
    return Ask(url, body, (f"--clients={clients}", f"--requests={requests}"))


def run(
    asks: Sequence[Ask], directory: Path, patience: float, gap: float = 0.0
) -> list[list[Answered]]:
    """Do all of `asks` at the same time, begun `gap` seconds apart; return their requests.

    Raises:
        LoadFailed: h2load is not there, failed, or was not done `patience` seconds after it should.
    """
    program = shutil.which("h2load")
    if program is None:
        raise LoadFailed(H2LOAD_MISSING)
    logs = [directory / f"h2load-{number}.tsv" for number in range(len(asks))]
    processes: list[subprocess.Popen[str]] = []
    try:
        for ask, log in zip(asks, logs, strict=True):
            log.unlink(missing_ok=True)
            processes.append(_start(program, ask, log))
            time.sleep(gap)
        end = time.monotonic() + patience + _SLACK
        for process in processes:
            said, _ = process.communicate(timeout=max(1.0, end - time.monotonic()))
            if process.returncode:
                raise LoadFailed(f"h2load failed: {said.strip()[-500:]}")
    except subprocess.TimeoutExpired:
        raise LoadFailed("h2load did not end in time: the server does not answer") from None
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
    return [read_log(log.read_text(encoding="ascii")) for log in logs]


def read_log(text: str) -> list[Answered]:
    """Return the requests in a log of h2load (its manual, ``--log-file``), by their beginning."""
    rows = [line.split("\t") for line in text.splitlines()]
    found = [Answered(int(row[0]) / 1e6, int(row[1]), int(row[2]) / 1000) for row in rows]
    return sorted(found, key=lambda each: each.began)


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


def _start(program: str, ask: Ask, log: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *(program, "--h1", "--threads=1", *ask.options, f"--data={ask.body}"),
            *("--header=content-type: application/json", f"--log-file={log}", ask.url),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
