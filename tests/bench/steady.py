"""A long load at a fixed part of capacity: are there errors, and how far is p99 from p50.

Other servers get the same load, so that what the machine and the queue do is told from what this
service does.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tests.bench import documentation
from tests.bench.aims import Aim
from tests.bench.cells import OURS, TITLES, Cell
from tests.bench.paced import (
    Answered,
    as_fast_as_answered,
    at_rate,
    failures,
    from_intended,
    run,
)
from tests.bench.record import figures_json, output_options
from tests.bench.run import keep_answers, write_charts
from tests.bench.serving import Model, Server, serving

_CLIENTS = 16
_TAIL = 3.0
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """A load of `seconds` at `part` of capacity, after `settle` seconds that are not counted.

    Capacity is found in loads of `probe` seconds.
    """

    part: float
    seconds: float
    probe: float
    settle: float


@dataclass(frozen=True, slots=True)
class Steady:
    """What a load at a fixed rate came to; latencies in ms count from the intended beginning.

    `minutes` are the same load minute by minute: the p50 and p99 of each.
    """

    server: str
    capacity: float
    rate: float
    seconds: float
    requests: int
    failed: int
    p50: float
    p99: float
    minutes: tuple[tuple[float, float], ...]

    @property
    def short(self) -> float:
        """Return the part of the intended requests that was not sent in time to be counted."""
        intended = self.rate * self.seconds
        return max(0.0, 1 - self.requests / intended) if intended else 0.0

    @property
    def tail(self) -> float:
        """Return how many times p50 p99 is."""
        return self.p99 / self.p50 if self.p50 else 0.0

    @property
    def tails(self) -> list[float]:
        """Return the same of each minute, the least first."""
        return sorted(p99 / p50 for p50, p99 in self.minutes)


def steady(
    model: Model,
    resources: int,
    load: Load,
    servers: Sequence[str],
    tell: Callable[[str], None],
) -> list[Steady]:
    """Return how each of `servers` does at the same part of what it can do, one after the other.

    A capacity is measured first, as the median of three loads by the same clients as later: what
    they take of the machine themselves is taken then too. Requests while it settles are not
    counted: connections find their workers then.

    Raises:
        NotReady: a server did not start.
        WrongAnswer: this service did not answer with the card that the others repeat.
    """
    cell = Cell(resources, True, 8)
    found = []
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        bodies = write_charts({cell}, directory)
        with serving(OURS, model, directory) as first:
            keep_answers(first, {cell}, bodies, directory)
        for name in servers:
            with serving(name, model, directory) as server:
                found.append(_one(server, cell, bodies[cell.chart], load, tell))
    return found


def _one(server: Server, cell: Cell, body: Path, load: Load, tell: Callable[[str], None]) -> Steady:
    url = server.url(cell)
    eager = as_fast_as_answered(url, body, _CLIENTS, load.probe)
    probes = [run(eager) for _ in range(3)]
    capacity = statistics.median(sum(map(len, probe)) for probe in probes) / load.probe
    server.rest()
    rate = capacity * load.part
    tell(f"{server.name}: capacity {capacity:.0f} requests/s; {rate:.0f}/s, {load.seconds:.0f} s")
    # clients that begin spread over one interval ask evenly, not in bursts
    clients = at_rate(url, body, rate, _CLIENTS, load.settle + load.seconds)
    answered = [settled(each, load.settle) for each in run(clients, gap=1 / rate)]
    return summary(server.name, answered, capacity, rate, load.seconds)


def settled(requests: Sequence[Answered], settle: float) -> list[Answered]:
    """Return what one client asked later than `settle` seconds after its first request."""
    return [each for each in requests if each.began >= requests[0].began + settle]


def summary(
    server: str,
    clients: Sequence[Sequence[Answered]],
    capacity: float,
    rate: float,
    seconds: float,
) -> Steady:
    """Return the figures of what all `clients` saw, each of which asked at its part of `rate`."""
    each = rate / len(clients)
    began = min((client[0].began for client in clients if client), default=0.0)
    by_minute: dict[int, list[float]] = {}
    for client in clients:
        for request, took in zip(client, from_intended(client, each), strict=True):
            by_minute.setdefault(int((request.began - began) // _MINUTE), []).append(took)
    latencies = sorted(chain.from_iterable(by_minute.values()))
    return Steady(
        server,
        capacity,
        rate,
        seconds,
        len(latencies),
        sum(failures(client) for client in clients),
        _part(latencies, 0.5),
        _part(latencies, 0.99),
        tuple(
            (_part(minute, 0.5), _part(minute, 0.99))
            for minute in (sorted(by_minute[number]) for number in sorted(by_minute))
            if len(minute) >= rate  # the last one may be a second of stragglers
        ),
    )


def aims(found: Steady) -> list[Aim]:
    """Return whether every call was answered, in time, and the slow ones not much later."""
    return [
        Aim("calls that failed, none", found.failed, not found.failed, "calls"),
        Aim(f"p99 at a fixed rate, at most {_TAIL:.0f} x p50", found.tail, found.tail <= _TAIL),
        Aim(
            "calls not sent at the rate, less than 1 %", found.short * 100, found.short < 0.01, "%"
        ),
    ]


def markdown(measured: Sequence[Steady]) -> str:
    """Return the figures of all servers, and the aims of the first."""
    lines = [
        "| server | capacity, requests/s | rate, requests/s | seconds | requests | failed | p50 ms"
        " | p99 ms | p99 / p50 | the same, minute by minute: least, median, most |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in measured:
        tails = each.tails or [0.0]
        minutes = ", ".join(f"{n:.1f}" for n in (tails[0], statistics.median(tails), tails[-1]))
        lines.append(
            f"| {TITLES[each.server]} | {each.capacity:,.0f} | {each.rate:,.0f}"
            f" | {each.seconds:,.0f} | {each.requests:,} | {each.failed:,} | {each.p50:.2f}"
            f" | {each.p99:.2f} | {each.tail:.1f} | {minutes} |"
        )
    return "\n".join([*lines, "", *(f"- {aim}" for aim in aims(measured[0]))]) + "\n"


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
    command.add_argument(
        "--beside",
        nargs="*",
        default=["a"],
        choices=[name for name in TITLES if name != OURS],
        metavar="SERVER",
        help="other servers, loaded alike after this one (default: a)",
    )
    output_options(command)
    command.set_defaults(run=_command)


def _command(chosen: argparse.Namespace) -> int:
    found = steady(
        chosen.model(chosen),
        chosen.resources,
        Load(chosen.part, chosen.seconds, chosen.probe, chosen.settle),
        [OURS, *chosen.beside],
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(markdown(found))
    if chosen.write_docs:
        documentation.write("steady", markdown(found))
    if chosen.json:
        chosen.json.write_text(figures_json(found, aims(found[0])), encoding="utf-8")
    return 0


def _part(ordered: Sequence[float], part: float) -> float:
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
