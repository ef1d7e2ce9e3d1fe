"""Figures of a run: what was measured in each round, and medians and ratios of them."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.bench.cells import Cell

PER_REQUEST = "cpu_ms"


@dataclass(frozen=True, slots=True)
class Measured:
    """One server in one cell and one round.

    `rate` is requests answered per second; `p50` and `p99` are ms; `cpu_ms` is CPU time of all
    processes of the server per request; `peak_mib` is the peak of the resident set of its largest
    worker; `generator` is the part of one core that the load generator took. `faults` counts
    answers that were not 2xx, and failed connections: with any, the figures mean nothing.
    """

    rate: float
    p50: float
    p99: float
    cpu_ms: float
    peak_mib: float
    generator: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the least and the greatest of the rounds."""

    median: float
    least: float
    most: float


@dataclass(slots=True)
class Run:
    """All that a run measured: rounds by cell and server, and seconds to start by server."""

    rounds: dict[tuple[Cell, str], list[Measured]] = field(default_factory=dict)
    startup: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)

    def add(self, cell: Cell, server: str, measured: Measured) -> None:
        """Keep what was measured in one more round."""
        self.rounds.setdefault((cell, server), []).append(measured)

    @property
    def cells(self) -> list[Cell]:
        """Return the cells that were measured, by kind and size."""
        found = {cell for cell, _ in self.rounds}
        return sorted(found, key=lambda cell: (not cell.hit, cell.clients, cell.resources))

    def servers(self, cell: Cell) -> list[str]:
        """Return which servers were measured in `cell`, in the order of the first round."""
        return [server for measured, server in self.rounds if measured == cell]

    def faults(self, cell: Cell, server: str) -> dict[str, int]:
        """Return how often what went wrong; figures of a cell with faults are not valid."""
        counted: dict[str, int] = {}
        for each in self.rounds.get((cell, server), ()):
            for kind, count in each.faults.items():
                counted[kind] = counted.get(kind, 0) + count
        return counted

    def valid(self, cell: Cell, server: str) -> bool:
        """Return whether the server was measured in the cell, and answered every call."""
        return (cell, server) in self.rounds and not self.faults(cell, server)

    def spread(self, cell: Cell, server: str, of: Callable[[Measured], float]) -> Spread:
        """Return median, least and most of a figure over the rounds."""
        return spread(of(each) for each in self.rounds[cell, server])

    def ratio(
        self,
        cell: Cell,
        server: str,
        other: str,
        of: Callable[[Measured], float] = lambda each: each.rate,
    ) -> Spread | None:
        """Return how a figure of `server` stands to that of `other`, round by round.

        None if one of them was not measured, or had faults.
        """
        if not (self.valid(cell, server) and self.valid(cell, other)):
            return None
        pairs = zip(self.rounds[cell, server], self.rounds[cell, other], strict=False)
        ratios = [of(one) / of(two) for one, two in pairs if of(two)]
        return spread(ratios) if ratios else None


def spread(values: Iterable[float]) -> Spread:
    """Return median, least and most of `values`, of which there is at least one."""
    found = sorted(values)
    return Spread(statistics.median(found), found[0], found[-1])
