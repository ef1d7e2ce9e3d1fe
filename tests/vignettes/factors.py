"""The factors of the vignettes, and the combinations of their levels."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, count, product
from pathlib import Path
from typing import Any

import yaml

from cds_service.fhir.read import Json

FACTORS = Path(__file__).parent / "factors.yaml"
COMBINED_BY_THREE = ("hazard", "order", "flag")
"""The factors of which every three groups of levels meet."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a factor: its sentence, and what it puts into the chart and the order.

    `atoms` are the ids of the levels it is made of: its own, or those it combines and its own.
    """

    id: str
    group: str
    says: str
    atoms: tuple[str, ...]
    records: tuple[Json, ...] = ()
    patient: Json = field(default_factory=dict)
    order: Json = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


Factors = dict[str, tuple[Level, ...]]
Row = dict[str, Level]
Pair = tuple[str, str, str, str]


@cache
def factors() -> Factors:
    """Return the levels of each factor, in the order of the file."""
    written: dict[str, list[dict[str, Any]]] = yaml.safe_load(FACTORS.read_text("utf-8"))
    return {name: tuple(_levels(levels)) for name, levels in written.items()}


def _levels(written: list[dict[str, Any]]) -> Iterator[Level]:
    by_id = {level["id"]: level for level in written}
    for level in written:
        parts = [by_id[name] for name in level.get("combines", [])]
        own = [] if parts and "records" not in level else [level]
        whole = [*parts, *own]
        yield Level(
            id=level["id"],
            group=level["group"],
            says=level["says"],
            atoms=tuple(part["id"] for part in whole),
            records=tuple(record for part in whole for record in part.get("records", [])),
            patient={k: v for part in whole for k, v in part.get("patient", {}).items()},
            order=level.get("order", {}),
            missing=level.get("missing", {}),
        )


def possible(row: Row) -> bool:
    """Say whether one patient can have the levels of `row`: two ages never meet."""
    hazard, setting = row.get("hazard"), row.get("setting")
    return not (hazard and setting and hazard.patient and setting.patient)


def pairs() -> Iterator[Row]:
    """Yield rows in which every two levels of two factors meet that can, in a fixed order.

    Every two levels of the two largest factors need a row anyway; the other factors are filled in
    so that as many new pairs as possible meet, and what has not met then gets rows of its own.
    """
    pending = _pairs_wanted()
    largest = sorted(factors(), key=lambda name: -len(factors()[name]))[:2]
    turn = count()
    for chosen in product(*(factors()[name] for name in largest)):
        yield _filled(dict(zip(largest, chosen, strict=True)), pending, next(turn))
    while pending:
        left, one, right, other = min(pending)
        yield _filled({left: _level(left, one), right: _level(right, other)}, pending, next(turn))


def _filled(row: Row, pending: set[Pair], turn: int) -> Row:
    """Return `row` with a level of every factor; what meets in it is taken from `pending`.

    Among levels that gain as much, `turn` decides, so that rows differ where nothing is to gain.
    """
    for name, levels in factors().items():
        if name not in row:
            fitting = [level for level in levels if possible({**row, name: level})]
            gains = [_gain(row, name, level, pending) for level in fitting]
            best = [level for level, gain in zip(fitting, gains, strict=True) if gain == max(gains)]
            row[name] = best[(turn * 7 + len(row)) % len(best)]
    pending -= _met(row)
    return {name: row[name] for name in factors()}


def _gain(row: Row, name: str, level: Level, pending: set[Pair]) -> int:
    """Return how many pending pairs `level` would make with the levels of `row`."""
    return sum(
        ((name, level.id, other, met.id) if name < other else (other, met.id, name, level.id))
        in pending
        for other, met in row.items()
    )


def _met(row: Row) -> set[Pair]:
    """Return the pairs of levels that meet in `row`."""
    return {
        (left, row[left].id, right, row[right].id) for left, right in combinations(sorted(row), 2)
    }


def _pairs_wanted() -> set[Pair]:
    return {
        (left, one.id, right, other.id)
        for left, right in combinations(sorted(factors()), 2)
        for one, other in product(factors()[left], factors()[right])
        if possible({left: one, right: other})
    }


def _level(factor: str, name: str) -> Level:
    return next(level for level in factors()[factor] if level.id == name)


def threes() -> Iterator[Row]:
    """Yield rows in which every three groups of hazards, orders and flags meet.

    The levels of a group take turns, and so do those of the other factors.
    """
    groups: dict[str, dict[str, list[Level]]] = {}
    for name in COMBINED_BY_THREE:
        for level in factors()[name]:
            groups.setdefault(name, {}).setdefault(level.group, []).append(level)
    turn = count()
    for chosen in product(*(groups[name].items() for name in COMBINED_BY_THREE)):
        number = next(turn)
        row = {
            name: members[(number * 7 + place) % len(members)]
            for place, (name, (_, members)) in enumerate(
                zip(COMBINED_BY_THREE, chosen, strict=True)
            )
        }
        for place, name in enumerate(name for name in factors() if name not in row):
            levels = factors()[name]
            row[name] = levels[(number // (place + 1)) % len(levels)]
        if number % 2:
            row["completeness"] = factors()["completeness"][0]  # most advice needs a whole chart
        if not possible(row):
            row["setting"] = factors()["setting"][0]
        yield {name: row[name] for name in factors()}


def covered(rows: Iterable[Row]) -> tuple[int, int]:
    """Return how many possible pairs of levels meet in `rows`, and how many there are."""
    wanted = _pairs_wanted()
    met = set().union(*(_met(row) for row in rows))
    return len(wanted & met), len(wanted)
