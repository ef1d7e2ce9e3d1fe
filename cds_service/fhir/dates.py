"""FHIR dates as spans of days.

A FHIR date may be a year, a month, a day or an instant with or without a zone. Guideline windows
are weeks and months, so everything is read as the span of calendar days it may mean, as written
by the record's own clock. A question about a span has three answers: yes, no, or cannot tell.
"""

import calendar
import re
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

_DATE = re.compile(r"^\s*(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ].*)?\s*$")
_DAY_LENGTH = len("2026-01-31")
_DURATION = re.compile(r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$")


class Span(NamedTuple):
    """The days, first and last included, that a FHIR date may stand for."""

    first: date
    last: date


class Duration(NamedTuple):
    """A calendar duration (ISO 8601 ``PnYnMnWnD``)."""

    months: int
    days: int


def parse_date(value: object) -> Span | None:
    """Return the span of days `value` stands for, or None if it is not a FHIR date."""
    if not isinstance(value, str):
        return None
    # the time of day does not matter, and the days of charts recur
    plain = value[_DAY_LENGTH : _DAY_LENGTH + 1] == "T" and value.isprintable()
    return _parsed(value[:_DAY_LENGTH] if plain else value)


@lru_cache(maxsize=4096)
def _parsed(value: str) -> Span | None:
    match = _DATE.match(value)
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        if day:
            only = date(int(year), int(month), int(day))
            return Span(only, only)
        if month:
            last = calendar.monthrange(int(year), int(month))[1]
            return Span(date(int(year), int(month), 1), date(int(year), int(month), last))
        return Span(date(int(year), 1, 1), date(int(year), 12, 31))
    except ValueError:  # 2026-02-30, month 13, year 0
        return None


def parse_duration(value: str) -> Duration:
    """Return the duration written as ISO 8601 ``PnYnMnWnD``.

    Raises:
        ValueError: it is not such a duration, or it is empty.
    """
    match = _DURATION.match(value)
    if match is None or not any(match.groups()):
        raise ValueError(f"not an ISO 8601 duration in years, months, weeks or days: {value!r}")
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return Duration(years * 12 + months, weeks * 7 + days)


def before(day: date, duration: Duration) -> date:
    """Return the day that lies `duration` before `day` (end of month clamped)."""
    months = day.year * 12 + day.month - 1 - duration.months
    year, month = max(months // 12, date.min.year), months % 12 + 1
    clamped = min(day.day, calendar.monthrange(year, month)[1])
    return date(year, month, clamped) - timedelta(days=duration.days)


def after(day: date, duration: Duration) -> date:
    """Return the day that lies `duration` after `day` (end of month clamped)."""
    return before(day, Duration(-duration.months, -duration.days))


def on_or_after(span: Span | None, cutoff: date) -> bool | None:
    """Say whether the date meant by `span` is `cutoff` or later; None if it cannot be told."""
    if span is None:
        return None
    if span.first >= cutoff:
        return True
    return False if span.last < cutoff else None


def age_in_years(born: Span, day: date) -> tuple[int, int]:
    """Return the lowest and highest completed age on `day` that the birth date allows."""

    def age(birth: date) -> int:
        return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))

    return age(born.last), age(born.first)
