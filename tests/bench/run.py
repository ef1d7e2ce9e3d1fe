"""A whole run: servers are started once, and measured in turn, round by round."""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from tests.bench import charts
from tests.bench.cells import OURS, TITLES, Cell, Task
from tests.bench.figures import Measured, Run
from tests.bench.load import ask, percentile
from tests.bench.serving import Model, Server, post, serving

_WARM_UP = 1.0


class WrongAnswer(RuntimeError):  # noqa: N818 - it reads as what happened
    """Raised when a server does not answer a request of the run as it should."""


def measure(
    tasks: Sequence[Task],
    model: Model,
    rounds: int,
    seconds: float,
    tell: Callable[[str], None] = lambda _: None,
) -> Run:
    """Return what was measured in `tasks`: `rounds` times, each cell `seconds` long.

    All servers run from the beginning to the end. In each round and cell they are asked one after
    the other, in another order each time, so that what else the machine does hits all alike.

    Raises:
        NotReady: a server did not start.
        WrongAnswer: a server refused a request, or this one gave other cards than expected.
        LoadFailed: the load could not be made.
    """
    run = Run()
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as stack:
        directory = Path(made)
        bodies = write_charts({task.cell for task in tasks}, directory)
        wanted = [name for name in TITLES if any(name in task.servers for task in tasks)]
        servers: dict[str, Server] = {}
        # ours comes first: the baselines send its answers
        for name in sorted(wanted, key=lambda name: name != OURS):
            servers[name] = stack.enter_context(serving(name, model, directory))
            run.startup[name] = round(servers[name].startup, 3)
            for task in tasks:
                _try(servers[name], task.cell, bodies[task.cell.chart], directory)
            tell(f"{name} is ready after {run.startup[name]:.2f} s")
        _warm_up(servers.values(), tasks, bodies, directory)
        for number in range(rounds):
            for task in tasks:
                for name in turned(task.servers, number):
                    measured = _one(servers[name], task.cell, bodies, seconds, directory)
                    run.add(task.cell, name, measured)
            tell(f"round {number + 1} of {rounds} done")
    return run


def write_charts(cells: set[Cell], directory: Path) -> dict[str, Path]:
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


def _try(server: Server, cell: Cell, body: Path, directory: Path) -> None:
    """Ask once; keep this service's answer for the baselines."""
    status, answer = post(server, server.path(cell), body.read_bytes())
    if status != 200:
        raise WrongAnswer(f"{server.name} answered {status} to {cell.chart}: {answer[:300]!r}")
    if server.name == OURS:
        found = len(json.loads(answer)["cards"])
        if found != cell.hit:
            raise WrongAnswer(f"{cell.chart} came back with {found} cards")
        (directory / f"{cell.chart}.json").write_bytes(answer)


def _warm_up(
    servers: Iterable[Server],
    tasks: Sequence[Task],
    bodies: dict[str, Path],
    directory: Path,
) -> None:
    smallest = min((task.cell for task in tasks), key=lambda cell: cell.resources)
    for server in servers:
        ask(server.url(smallest), bodies[smallest.chart], 8, _WARM_UP, directory)
        server.rest()


def _one(
    server: Server, cell: Cell, bodies: dict[str, Path], seconds: float, directory: Path
) -> Measured:
    server.forget_peak()
    before = server.cpu()
    load = ask(server.url(cell), bodies[cell.chart], cell.clients, cell.seconds(seconds), directory)
    used = server.cpu() - before
    memory = server.memory()
    server.rest()
    answered = max(load.requests, 1)
    return Measured(
        rate=load.requests / load.seconds,
        p50=percentile(load.latencies, 0.5),
        p99=percentile(load.latencies, 0.99),
        cpu_ms=used / answered * 1000,
        peak_mib=max(memory.peak_rss),
        generator=load.own_cpu / load.seconds,
        faults=dict(load.faults) if load.requests else {**load.faults, "no answer": 1},
    )
