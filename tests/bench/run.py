"""A whole run: servers are started once, and measured in turn, round by round."""

import contextlib
import json
import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from itertools import groupby
from pathlib import Path

from tests.bench import charts
from tests.bench.cells import OURS, TITLES, Cell, Task
from tests.bench.figures import Measured, Run
from tests.bench.load import ask, percentile
from tests.bench.serving import Model, Server, post, serving

_WARM_UP = 1.0
_TURNS = 3
"""How often each client should be answered at least in a cell, so that there is a rate at all."""
_LONGEST = 30.0
Tell = Callable[[str], None]


class WrongAnswer(RuntimeError):  # noqa: N818 - it reads as what happened
    """Raised when a server does not answer a request of the run as it should."""


def measure(
    tasks: Sequence[Task],
    model: Model,
    rounds: int,
    seconds: float,
    tell: Tell = lambda _: None,
) -> Run:
    """Return what was measured in `tasks`: `rounds` times, each cell `seconds` long.

    All servers run from the beginning to the end. In each round and cell they are asked one after
    the other, in another order each time, so that what else the machine does hits all alike.
    Large charts come last, because what memory they take is not given back.

    Raises:
        NotReady: a server did not start.
        WrongAnswer: a server refused a request, or this one gave other cards than expected.
        LoadFailed: the load could not be made.
    """
    run = Run()
    by_size = sorted(tasks, key=lambda task: task.cell.resources)
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as stack:
        directory = Path(made)
        bodies = write_charts({task.cell for task in tasks}, directory)
        with serving(OURS, model, directory) as first:
            run.startup[OURS] = round(first.startup, 3)
            keep_answers(first, {task.cell for task in tasks}, bodies, directory)
        servers: dict[str, Server] = {}
        for name in TITLES:
            if any(name in task.servers for task in tasks):
                servers[name] = stack.enter_context(serving(name, model, directory))
                run.startup.setdefault(name, round(servers[name].startup, 3))
                smallest = by_size[0].cell
                ask(servers[name].url(smallest), bodies[smallest.chart], 8, _WARM_UP, directory)
                servers[name].rest()
                tell(f"{name} is ready after {run.startup[name]:.2f} s")
        for size, group in groupby(by_size, key=lambda task: task.cell.resources):
            bench = _Bench(servers, bodies, directory, model.workers, seconds)
            of_size = list(group)
            for number in range(rounds):
                for task in of_size:
                    for name in turned(task.servers, number):
                        run.add(task.cell, name, bench.one(name, task.cell))
                tell(f"{size:,} resources, round {number + 1} of {rounds} done")
    return run


def write_charts(cells: Iterable[Cell], directory: Path) -> dict[str, Path]:
    """Write the request of each of `cells` into `directory`; return the files by chart."""
    files = {}
    for cell in cells:
        files[cell.chart] = directory / f"{cell.chart}.request"
        files[cell.chart].write_bytes(charts.request(cell.resources, hit=cell.hit))
    return files


def turned(servers: Sequence[str], number: int) -> Iterator[str]:
    """Yield `servers`, beginning with another one in each round."""
    start = number % len(servers)
    yield from (*servers[start:], *servers[:start])


def length(cell: Cell, base: float, one_call: float, workers: int) -> float:
    """Return how many seconds to measure a server that takes `one_call` seconds for one call.

    A slow one is measured longer, so that each client is answered a few times.
    """
    needed = _TURNS * one_call * cell.clients / workers
    return max(cell.seconds(base), math.ceil(min(needed, _LONGEST)))


def keep_answers(
    server: Server, cells: Iterable[Cell], bodies: dict[str, Path], directory: Path
) -> None:
    """Write this service's answers to where the baselines find them.

    Raises:
        WrongAnswer: it refused a request, or gave other cards than expected.
    """
    for cell in cells:
        answer = _answer(server, cell, bodies[cell.chart])
        found = len(json.loads(answer)["cards"])
        if found != cell.hit:
            raise WrongAnswer(f"{cell.chart} came back with {found} cards")
        (directory / f"{cell.chart}.json").write_bytes(answer)


def _answer(server: Server, cell: Cell, body: Path) -> bytes:
    status, answer = post(server, server.path(cell), body.read_bytes())
    if status != HTTPStatus.OK:
        raise WrongAnswer(f"{server.name} answered {status} to {cell.chart}: {answer[:300]!r}")
    return answer


class _Bench:
    """What is measured on: the servers, and how long each has to be asked in a cell."""

    def __init__(
        self,
        servers: dict[str, Server],
        bodies: dict[str, Path],
        directory: Path,
        workers: int,
        seconds: float,
    ) -> None:
        self._servers = servers
        self._bodies = bodies
        self._directory = directory
        self._workers = workers
        self._seconds = seconds
        self._calls: dict[tuple[str, str], float] = {}

    def one(self, name: str, cell: Cell) -> Measured:
        """Return what was measured of the server `name` in `cell`, this once."""
        server, body = self._servers[name], self._bodies[cell.chart]
        seconds = length(cell, self._seconds, self._call(server, cell), self._workers)
        server.forget_peak()
        before = server.cpu()
        load = ask(server.url(cell), body, cell.clients, seconds, self._directory)
        used = server.cpu() - before
        memory = server.memory()
        server.rest()
        return Measured(
            rate=load.requests / load.seconds,
            p50=percentile(load.latencies, 0.5),
            p99=percentile(load.latencies, 0.99),
            cpu_ms=used / max(load.requests, 1) * 1000,
            peak_mib=max(memory.peak_rss),
            generator=load.own_cpu / load.seconds,
            faults=dict(load.faults) if load.requests else {**load.faults, "no answer": 1},
        )

    def _call(self, server: Server, cell: Cell) -> float:
        """Return seconds of one call: the faster of two, since the first one warms up."""
        key = (server.name, cell.chart)
        if key not in self._calls:
            took = []
            for _ in range(2):
                began = time.perf_counter()
                _answer(server, cell, self._bodies[cell.chart])
                took.append(time.perf_counter() - began)
            self._calls[key] = min(took)
        return self._calls[key]
