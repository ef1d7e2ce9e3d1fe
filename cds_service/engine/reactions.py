"""What the record of an allergy says happened, in its own words."""

from collections.abc import Callable, Iterator

import msgspec

from cds_service.fhir.dates import parse_date
from cds_service.fhir.read import Json, objects, status_code, string

_WORST_FIRST = ("severe", "moderate", "mild", "")


class Reaction(msgspec.Struct, frozen=True):
    """One reaction: what was seen, how severe it was, and when; empty where it is not recorded."""

    manifestations: tuple[str, ...]
    severity: str = ""
    onset: str = ""
    """The day, month or year."""


def reactions(allergy: Json, named: Callable[[Json], list[str]]) -> tuple[Reaction, ...]:
    """Return the reactions that an AllergyIntolerance names, the worst first, then the latest.

    FHIR R4 ``AllergyIntolerance.reaction``. `named` gives what to call a concept, the best first. A
    reaction without a name says no more than its severity, and one with a modifier that we do not
    know cannot be relied on: they are left out.
    """
    found = {
        Reaction(seen, _severity(reaction), _day(string(reaction.get("onset"))))
        for reaction in objects(allergy.get("reaction"))
        if not objects(reaction.get("modifierExtension"))
        and (seen := tuple(dict.fromkeys(_manifestations(reaction, named))))
    }
    # the order in which a client sends them never matters
    ordered = sorted(found, key=lambda each: each.manifestations)
    ordered.sort(key=lambda each: each.onset, reverse=True)
    return tuple(sorted(ordered, key=lambda each: _WORST_FIRST.index(each.severity)))


def _manifestations(reaction: Json, named: Callable[[Json], list[str]]) -> Iterator[str]:
    for concept in objects(reaction.get("manifestation")):
        yield from named(concept)[:1]


def _severity(reaction: Json) -> str:
    stated = status_code(reaction.get("severity"))
    return stated if stated in _WORST_FIRST else ""


def _day(onset: str) -> str:
    return onset.partition("T")[0].partition(" ")[0] if parse_date(onset) else ""
