"""The aims for speed, and whether a run met them."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.cells import OURS, Cell
from tests.bench.figures import Run

_USUAL = 8
_AGAINST_BARE = {10: 1.3, 100: 2.5, 1000: 4.0}
_AGAINST_FLOOR = 0.6
_AGAINST_STRICT = 15.0
_TAIL = 5.0
_FLAT = 1.2
STARTUP = 1.0
MEMORY = 120.0


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim, what was found, and whether that is enough; `least` and `most` are the spread."""

    text: str
    found: float
    met: bool
    unit: str = "x"
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        """Return the aim as a line to read."""
        spread = ""
        if self.least is not None and self.most is not None:
            spread = f" ({self.least:.2f}-{self.most:.2f})"
        met = "met    " if self.met else "NOT MET"
        return f"{met}  {self.text}: {self.found:.2f} {self.unit}{spread}"


def aims(run: Run) -> list[Aim]:
    """Return the aims that `run` measured, without those whose cells are missing or invalid."""
    return [*_rates(run), *_tails(run), *_flat(run), *_start(run)]


def _rates(run: Run) -> Iterator[Aim]:
    wanted = [
        *((size, "a", least) for size, least in _AGAINST_BARE.items()),
        *((size, "d", _AGAINST_FLOOR) for size in (10, 100, 1000, 10_000)),
        (100, "c", _AGAINST_STRICT),
    ]
    for size, other, least in wanted:
        ratio = run.ratio(Cell(size, True, _USUAL), OURS, other)
        if ratio is not None:
            text = f"requests/s at {size:,} resources, against ({other}), at least {least} x"
            met = ratio.median >= least
            yield Aim(text, ratio.median, met, least=ratio.least, most=ratio.most)


def _tails(run: Run) -> Iterator[Aim]:
    for size in (100, 1000):
        cell = Cell(size, True, 1)
        if run.valid(cell, OURS):
            tail = run.spread(cell, OURS, lambda each: each.p99 / each.p50 if each.p50 else 0.0)
            text = f"p99 with one client at {size:,} resources, at most {_TAIL:.0f} x p50"
            yield Aim(text, tail.median, tail.median <= _TAIL, least=tail.least, most=tail.most)


def _flat(run: Run) -> Iterator[Aim]:
    small, large = Cell(100, True, _USUAL), Cell(10_000, True, _USUAL)
    if run.valid(small, OURS) and run.valid(large, OURS):
        growth = large.resources / small.resources
        pairs = zip(run.rounds[large, OURS], run.rounds[small, OURS], strict=False)
        ratios = sorted(big.cpu_ms / little.cpu_ms / growth for big, little in pairs)
        middle = ratios[len(ratios) // 2]
        text = f"CPU per resource at 10,000, at most {_FLAT} x that at 100"
        yield Aim(text, middle, middle <= _FLAT, least=ratios[0], most=ratios[-1])


def _start(run: Run) -> Iterator[Aim]:
    if OURS in run.startup:
        seconds = run.startup[OURS]
        yield Aim(f"ready in less than {STARTUP} s", seconds, seconds < STARTUP, "s")
