"""The factors of the vignettes, and the combinations of their levels."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count, product
from pathlib import Path
from typing import Any

import yaml
from allpairspy import AllPairs

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
    """Yield rows in which every two levels of two factors meet that can, in a fixed order."""
    names = tuple(factors())

    def allowed(values: list[Level]) -> bool:
        return possible(dict(zip(names, values, strict=False)))

    for values in AllPairs(list(factors().values()), filter_func=allowed):
        yield dict(zip(names, values, strict=True))


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
        if not possible(row):
            row["setting"] = factors()["setting"][0]
        yield {name: row[name] for name in factors()}


def covered(rows: list[Row]) -> tuple[int, int]:
    """Return how many possible pairs of levels meet in `rows`, and how many there are."""
    names = tuple(factors())
    wanted = {
        (left, one.id, right, other.id)
        for place, left in enumerate(names)
        for right in names[place + 1 :]
        for one, other in product(factors()[left], factors()[right])
        if possible({left: one, right: other})
    }
    met = {
        (left, row[left].id, right, row[right].id)
        for row in rows
        for place, left in enumerate(names)
        for right in names[place + 1 :]
    }
    return len(wanted & met), len(wanted)
