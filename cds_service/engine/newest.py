"""Which plain measurements can still matter, by their days alone.

A chart may hold a value a day for years, and making one out costs more than reading its day. A
clause asks for the newest values, or for those inside a look-back: the others are left at a glance.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from cds_service.engine.facts import Standing, of_event
from cds_service.engine.matches import Match
from cds_service.fhir.dates import Span, parse_date
from cds_service.fhir.glance import Glanced

_SETTLED_BEFORE = frozenset({Standing.VOID, Standing.DENIES})
"""Standings by which a record is judged whatever its day."""


def newest_before(measured: Iterable[Glanced], since: date) -> list[Glanced]:
    """Return `measured` where, of those surely from before `since`, only the newest day is left."""
    kept: list[Glanced] = []
    newest: list[Glanced] = []
    day = date.min
    for each in measured:
        when = _day_of(each)
        if when is None or when.last >= since or _standing_of(each) in _SETTLED_BEFORE:
            kept.append(each)
        elif when.last >= day:
            if when.last > day:
                newest, day = [], when.last
            newest.append(each)
    return kept + newest


def by_day(measured: Sequence[Glanced]) -> Iterator[list[Glanced]]:
    """Yield `measured` day by day, the newest first; all at once if one of them is of no one day.

    A date that is not exact may be that of any day in it.
    """
    days: dict[date, list[Glanced]] = {}
    for each in measured:
        when = _day_of(each)
        if when is None or when.first != when.last:
            yield list(measured)
            return
        days.setdefault(when.first, []).append(each)
    for day in sorted(days, reverse=True):
        yield days[day]


def is_usable(match: Match) -> bool:
    """Say whether `match` is of a value that can be compared with others by its day."""
    measured, standing = match.fact.measurement, match.fact.standing
    return measured is not None and measured.value is not None and standing != Standing.UNCERTAIN


def _day_of(resource: Glanced) -> Span | None:
    return parse_date(resource.head.effectiveDateTime)


def _standing_of(resource: Glanced) -> Standing:
    return of_event(resource.head.status.strip().lower())
