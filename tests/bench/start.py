"""A cold start: seconds and CPU time until the service is ready, and the memory of its processes.

Beside it stand an interpreter that does nothing and one that imports Flask, started in turn with
the service: what a busy machine adds, it adds to all of them.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import documentation
from tests.bench.aims import Aim
from tests.bench.cells import OURS
from tests.bench.figures import Spread, spread
from tests.bench.record import figures_json, output_options
from tests.bench.serving import Model, Server, serving

_MOST = 1.0
_BESIDE = {"python -c pass": "pass", "import flask": "import flask"}
_KIB = 1024
_SERVICE = "the service, ready"


@dataclass(frozen=True, slots=True)
class Started:
    """Seconds and CPU seconds of all processes until one kind of program was ready."""

    name: str
    seconds: Spread
    cpu: Spread


@dataclass(frozen=True, slots=True)
class Held:
    """Memory in MiB of one process: resident, its share of what is shared, and its own alone."""

    process: str
    rss: float
    pss: float
    private: float


@dataclass(frozen=True, slots=True)
class Starts:
    """What was measured; the memory is that of the last start."""

    times: list[Started]
    memory: list[Held]


def starts(model: Model, rounds: int, tell: Callable[[str], None]) -> Starts:
    """Return what `rounds` starts of each took.

    Raises:
        NotReady: the service did not start.
    """
    taken: dict[str, list[tuple[float, float]]] = {}
    memory: list[Held] = []
    for number in range(rounds):
        for name, code in _BESIDE.items():
            taken.setdefault(name, []).append(_run([sys.executable, "-c", code]))
        with tempfile.TemporaryDirectory() as made, serving(OURS, model, Path(made)) as server:
            taken.setdefault(_SERVICE, []).append((server.startup, server.cpu()))
            memory = _memory(server)
        tell(f"start {number + 1} of {rounds}: {taken[_SERVICE][-1][0]:.2f} s")
    times = [
        Started(name, spread([each[0] for each in all_]), spread([each[1] for each in all_]))
        for name, all_ in taken.items()
    ]
    return Starts(times, memory)


def aims(found: Starts) -> list[Aim]:
    """Return whether the service was ready soon enough."""
    seconds = found.times[-1].seconds
    return [
        Aim(
            f"seconds from the start to the first 200 of /readyz, less than {_MOST:.1f}",
            seconds.median,
            seconds.median < _MOST,
            "s",
            seconds.least,
            seconds.most,
        )
    ]


def markdown(found: Starts) -> str:
    """Return the times, the memory and the aims."""
    lines = ["| started | s, median | s, least | CPU s, median | CPU s, least |"]
    lines.append("|---|---|---|---|---|")
    lines += [
        f"| {each.name} | {each.seconds.median:.2f} | {each.seconds.least:.2f} |"
        f" {each.cpu.median:.2f} | {each.cpu.least:.2f} |"
        for each in found.times
    ]
    lines += [
        "",
        "| process, when ready | RSS, MiB | PSS, MiB | private, MiB |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {each.process} | {each.rss:.0f} | {each.pss:.0f} | {each.private:.0f} |"
        for each in found.memory
    ]
    return "\n".join([*lines, "", *(f"- {aim}" for aim in aims(found))]) + "\n"


def add_to(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", model: Callable[..., None]
) -> None:
    """Add the command ``start``."""
    command = commands.add_parser("start", help="time to ready, and memory then")
    model(command)
    command.add_argument("--rounds", type=int, default=9, metavar="N")
    output_options(command)
    command.set_defaults(run=_command)


def _command(chosen: argparse.Namespace) -> int:
    found = starts(
        chosen.model(chosen),
        chosen.rounds,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(markdown(found))
    if chosen.write_docs:
        documentation.write("start", markdown(found))
    if chosen.json:
        chosen.json.write_text(figures_json(found, aims(found)), encoding="utf-8")
    return 0


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Return seconds and CPU seconds of a program from its start to its end."""
    began = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime


def _memory(server: Server) -> list[Held]:
    workers = [each.pid for each in server.workers()]
    named = {"supervisor": server.process.pid}
    named |= {f"worker {number}": pid for number, pid in enumerate(workers, start=1)}
    return [held(name, pid) for name, pid in named.items()]


def held(name: str, pid: int) -> Held:
    """Return what the process `pid` holds now (proc(5), smaps_rollup)."""
    sizes: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        key, size, *_ = line.split()
        sizes[key.rstrip(":")] = int(size) / _KIB
    own = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return Held(name, sizes["Rss"], sizes["Pss"], own)
