"""Memory over many requests: what each worker holds at the beginning, in the middle, at the end."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.bench import documentation
from tests.bench.aims import MEMORY, Aim
from tests.bench.cells import OURS, Cell
from tests.bench.paced import failures, run, times
from tests.bench.record import figures_json, output_options
from tests.bench.run import write_charts
from tests.bench.serving import Memory, Model, serving

MIXED = ((10, 60), (100, 35), (1000, 5))
"""Sizes of the charts, and how many of 100 requests are of each."""

_BLOCKS = 20
_DRIFT = 1.05
"""Most that the end may hold of what the middle held: allocators are never quite still."""


@dataclass(slots=True)
class Soaked:
    """Requests made, those that failed, and the memory of the workers after each block.

    The first memory is that after the first block, when every code path has been used.
    """

    requests: int = 0
    failed: int = 0
    memory: list[tuple[int, Memory]] = field(default_factory=list)

    @property
    def drift(self) -> float:
        """Return the resident memory of the largest worker at the end, as part of the middle's."""
        return self._largest(-1) / self._largest(len(self.memory) // 2)

    @property
    def largest(self) -> float:
        """Return MiB of resident memory of the largest worker at the end."""
        return self._largest(-1)

    def _largest(self, number: int) -> float:
        return max(self.memory[number][1].rss)


def soak(model: Model, requests: int, tell: Callable[[str], None]) -> Soaked:
    """Return what `requests` of mixed sizes did to the memory of the workers.

    Raises:
        NotReady: the service did not start.
    """
    found = Soaked()
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        cells = {size: Cell(size, True, 8) for size, _ in MIXED}
        bodies = write_charts(set(cells.values()), directory)
        with serving(OURS, model, directory) as server:
            for block in split(requests, _BLOCKS):
                clients = [
                    client
                    for size, count in portions(block)
                    if count
                    for client in times(
                        server.url(cells[size]), bodies[cells[size].chart], count, 3
                    )
                ]
                for answers in run(clients):
                    found.requests += len(answers)
                    found.failed += failures(answers)
                found.memory.append((found.requests, server.memory()))
                tell(f"{found.requests:,} requests: {_said(found.memory[-1][1])}")
    return found


def split(whole: int, blocks: int) -> list[int]:
    """Return `whole` in up to `blocks` parts of nearly the same size, none of them empty."""
    ends = [whole * number // blocks for number in range(blocks + 1)]
    return [end - start for start, end in pairwise(ends) if end > start]


def portions(requests: int) -> list[tuple[int, int]]:
    """Return how many of `requests` are of which size, in the proportions of `MIXED`."""
    others = [(size, requests * share // 100) for size, share in MIXED[1:]]
    return [(MIXED[0][0], requests - sum(count for _, count in others)), *others]


def aims(found: Soaked) -> list[Aim]:
    """Return whether the memory stayed small and still, and every call was answered."""
    after = f"after {found.requests:,} requests"
    drift = found.drift
    return [
        Aim(
            f"resident memory of the largest worker {after}, less than {MEMORY:.0f} MiB",
            found.largest,
            found.largest < MEMORY,
            "MiB",
        ),
        Aim(f"memory at the end, at most {_DRIFT} x that in the middle", drift, drift <= _DRIFT),
        Aim("calls that failed, none", found.failed, not found.failed, "calls"),
    ]


def markdown(found: Soaked) -> str:
    """Return the memory at the beginning, in the middle and at the end, and the aims."""
    chosen = [found.memory[number] for number in (0, len(found.memory) // 2, -1)]
    lines = ["| requests | RSS of each worker, MiB | PSS of each worker, MiB |", "|---|---|---|"]
    lines += [f"| {done:,} | {_each(each.rss)} | {_each(each.pss)} |" for done, each in chosen]
    return "\n".join([*lines, "", *(f"- {aim}" for aim in aims(found))]) + "\n"


def add_to(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", model: Callable[..., None]
) -> None:
    """Add the command ``soak``."""
    command = commands.add_parser("soak", help="memory of each worker over many requests")
    model(command)
    command.add_argument("--requests", type=int, default=100_000, metavar="N")
    output_options(command)
    command.set_defaults(run=_command)


def _command(chosen: argparse.Namespace) -> int:
    found = soak(
        chosen.model(chosen),
        chosen.requests,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(markdown(found))
    if chosen.write_docs:
        documentation.write("soak", markdown(found))
    if chosen.json:
        chosen.json.write_text(figures_json(found, aims(found)), encoding="utf-8")
    return 0


def _said(memory: Memory) -> str:
    return f"RSS {_each(memory.rss)} MiB, PSS {_each(memory.pss)} MiB"


def _each(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)
