"""A long load at a fixed part of capacity: are there errors, and how far is p99 from p50."""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import documentation
from tests.bench.aims import Aim
from tests.bench.cells import OURS, Cell
from tests.bench.paced import (
    Answered,
    as_fast_as_answered,
    at_rate,
    failures,
    from_intended,
    run,
)
from tests.bench.record import figures_json, output_options
from tests.bench.run import write_charts
from tests.bench.serving import Model, serving

_CLIENTS = 16
_TAIL = 3.0


@dataclass(frozen=True, slots=True)
class Steady:
    """What a load at a fixed rate came to; latencies in ms count from the intended beginning."""

    capacity: float
    rate: float
    seconds: float
    requests: int
    failed: int
    p50: float
    p99: float

    @property
    def short(self) -> float:
        """Return the part of the intended requests that was not sent in time to be counted."""
        intended = self.rate * self.seconds
        return max(0.0, 1 - self.requests / intended) if intended else 0.0


def steady(
    model: Model,
    resources: int,
    part: float,
    seconds: float,
    probe: float,
    settle: float,
    tell: Callable[[str], None],
) -> Steady:
    """Return how the service does at `part` of what it can do, for `seconds`.

    Its capacity is measured first, as the median of three loads of `probe` seconds by the same
    clients as later: what they take of the machine themselves is taken then too. Requests of the
    first `settle` seconds are not counted: connections find their workers then.

    Raises:
        NotReady: the service did not start.
    """
    cell = Cell(resources, True, 8)
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        body = write_charts({cell}, directory)[cell.chart]
        with serving(OURS, model, directory) as server:
            url = server.url(cell)
            eager = as_fast_as_answered(url, body, _CLIENTS, probe)
            loads = [run(eager) for _ in range(3)]
            capacity = statistics.median(sum(map(len, load)) for load in loads) / probe
            server.rest()
            rate = capacity * part
            tell(f"capacity {capacity:.0f} requests/s; {rate:.0f}/s for {seconds:.0f} s")
            # clients that begin spread over one interval ask evenly, not in bursts
            clients = at_rate(url, body, rate, _CLIENTS, settle + seconds)
            answered = [settled(each, settle) for each in run(clients, gap=1 / rate)]
    return summary(answered, capacity, rate, seconds)


def settled(requests: Sequence[Answered], settle: float) -> list[Answered]:
    """Return what one client asked later than `settle` seconds after its first request."""
    return [each for each in requests if each.began >= requests[0].began + settle]


def summary(
    clients: Sequence[Sequence[Answered]], capacity: float, rate: float, seconds: float
) -> Steady:
    """Return the figures of what all `clients` saw, each of which asked at its part of `rate`."""
    each = rate / len(clients)
    latencies = sorted(took for client in clients for took in from_intended(client, each))
    return Steady(
        capacity,
        rate,
        seconds,
        len(latencies),
        sum(failures(client) for client in clients),
        _part(latencies, 0.5),
        _part(latencies, 0.99),
    )


def aims(found: Steady) -> list[Aim]:
    """Return whether every call was answered, in time, and the slow ones not much later."""
    tail = found.p99 / found.p50 if found.p50 else 0.0
    return [
        Aim("calls that failed, none", found.failed, not found.failed, "calls"),
        Aim(f"p99 at a fixed rate, at most {_TAIL:.0f} x p50", tail, tail <= _TAIL),
        Aim(
            "calls not sent at the rate, less than 1 %", found.short * 100, found.short < 0.01, "%"
        ),
    ]


def markdown(found: Steady) -> str:
    """Return the figures and the aims."""
    lines = [
        "| capacity, requests/s | rate, requests/s | seconds | requests | p50 ms | p99 ms |",
        "|---|---|---|---|---|---|",
        f"| {found.capacity:,.0f} | {found.rate:,.0f} | {found.seconds:,.0f} |"
        f" {found.requests:,} | {found.p50:.2f} | {found.p99:.2f} |",
        "",
        *(f"- {aim}" for aim in aims(found)),
    ]
    return "\n".join(lines) + "\n"


def add_to(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", model: Callable[..., None]
) -> None:
    """Add the command ``steady``."""
    command = commands.add_parser("steady", help="minutes of load at a fixed rate")
    model(command)
    command.add_argument("--seconds", type=float, default=600, metavar="S", help="default: 600")
    command.add_argument("--part", type=float, default=0.8, metavar="P", help="of capacity")
    command.add_argument("--probe", type=float, default=5, metavar="S")
    command.add_argument("--settle", type=float, default=30, metavar="S")
    command.add_argument("--resources", type=int, default=100, metavar="N")
    output_options(command)
    command.set_defaults(run=_command)


def _command(chosen: argparse.Namespace) -> int:
    found = steady(
        chosen.model(chosen),
        chosen.resources,
        chosen.part,
        chosen.seconds,
        chosen.probe,
        chosen.settle,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(markdown(found))
    if chosen.write_docs:
        documentation.write("steady", markdown(found))
    if chosen.json:
        chosen.json.write_text(figures_json(found, aims(found)), encoding="utf-8")
    return 0


def _part(ordered: Sequence[float], part: float) -> float:
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
