"""What is measured: cells of size, card or none, and clients at once, and which servers in each."""

from collections.abc import Iterable
from dataclasses import dataclass

OURS = "ours"
TITLES = {
    OURS: "this service",
    "a": "(a) Flask, json.loads, constant card",
    "b": "(b) Flask, orjson, constant card",
    "c": "(c) Flask, every resource through fhir.resources",
    "d": "(d) Flask, typed partial read (msgspec), frozen collector, constant card",
}
"""The servers, ours first; (d) is the floor of what Python can do."""

SIZES = (10, 100, 1000, 10_000)
CLIENTS = (1, 8, 32)
_LONG = 10_000
_LONGER = 4
"""At the largest size a request takes so long that a cell has to last this many times longer."""
_OVERHEAD = 0.6
"""Seconds around a cell: the generator starts, the server comes to rest."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One way of asking: prefetched resources, whether a card comes, clients at once."""

    resources: int
    hit: bool
    clients: int

    @property
    def chart(self) -> str:
        """Return the name of the request; cells with the same one send the same bytes."""
        return f"{'hit' if self.hit else 'no-hit'}-{self.resources}"

    @property
    def name(self) -> str:
        """Return a name by which two runs are compared."""
        return f"{self.chart}-c{self.clients}"

    def seconds(self, base: float) -> float:
        """Return how long to ask, where a cell of usual size takes `base` seconds."""
        return base * (_LONGER if self.resources >= _LONG else 1)


@dataclass(frozen=True, slots=True)
class Task:
    """One cell, and the servers measured in it."""

    cell: Cell
    servers: tuple[str, ...]


def plan(sizes: Iterable[int] = SIZES, *, full: bool = False) -> tuple[Task, ...]:
    """Return what to measure: every cell with `full`, else those that the aims and users need.

    Charts with a card at eight clients are measured on every server, only the largest not on (c),
    which takes seconds for one of them. One and 32 clients, and charts without a card, are
    measured up to 1,000 resources, beside the bare application and the floor.
    """
    tasks = []
    for size in sizes:
        for hit in (True, False):
            for clients in CLIENTS:
                usual = hit and clients == 8
                if full or usual:
                    skipped = {"c"} if size >= _LONG and not full else set()
                    servers = tuple(name for name in TITLES if name not in skipped)
                elif size < _LONG and (hit or clients == 8):
                    servers = (OURS, "a", "d")
                else:
                    continue
                tasks.append(Task(Cell(size, hit, clients), servers))
    return tuple(tasks)


def expected_seconds(tasks: Iterable[Task], rounds: int, base: float) -> float:
    """Return about how many seconds a run takes, if no server is so slow that it needs longer."""
    once = sum((task.cell.seconds(base) + _OVERHEAD) * len(task.servers) for task in tasks)
    return 20 + rounds * once
