"""What a reader asks for: the period, steps and filters in the address of the page."""

import re
from collections.abc import Mapping
from datetime import UTC, date, timedelta, tzinfo
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cds_service.journal.insights.view import View

PRESETS = (7, 30, 90, 365)
"""Periods to choose with one click, in days up to today."""
_USUAL = 30
_MOST_DAYS = 60
"""Longer periods are shown by week unless the reader wants days."""
_STEPS = ("day", "week")
HOOKS = ("order-select", "order-sign")
_LONGEST_NAME = 200
_DAYS = re.compile("[1-9][0-9]{0,2}|1000")


class AskedWrongly(ValueError):  # noqa: N818 - it reads as what happened
    """Raised when an address asks for no period; the text is for the reader, and quotes nothing."""


def view_of(asked: Mapping[str, str], today: date, zone: tzinfo) -> View:
    """Return the view that the parameters `asked` name; without any, the last thirty days.

    Raises:
        AskedWrongly: a parameter has no meaning.
    """
    last = _day(asked.get("to", ""), "The last day") or today
    first = _day(asked.get("from", ""), "The first day")
    if first is None:
        first = last - timedelta(days=_days(asked.get("days", "")) - 1)
    step = asked.get("step") or ("day" if (last - first).days < _MOST_DAYS else "week")
    if step not in _STEPS:
        raise AskedWrongly("The steps must be day or week.")
    hook = asked.get("hook", "")
    if hook and hook not in HOOKS:
        raise AskedWrongly("The occasion must be order-select or order-sign.")
    client = asked.get("client", "")
    if len(client) > _LONGEST_NAME or not client.isprintable():
        raise AskedWrongly("That is no client.")
    try:
        return View(
            first=first,
            last=last,
            step="week" if step == "week" else "day",
            client=client,
            hook=hook,
            zone=zone,
        )
    except ValueError as problem:
        raise AskedWrongly(str(problem)) from None


def query_of(view: View, **changes: str) -> str:
    """Return the parameters that name `view`, with `changes`; one that is empty is left out."""
    facts = {
        "from": view.first.isoformat(),
        "to": view.last.isoformat(),
        "step": view.step,
        "client": view.client,
        "hook": view.hook,
        **changes,
    }
    return urlencode({name: value for name, value in facts.items() if value})


def file_name(table: str, view: View) -> str:
    """Return the name of a CSV file, which tells table, period and filters."""
    parts = ["insights", table, view.first.isoformat(), "to", view.last.isoformat()]
    if view.client:
        parts.append("".join(char if char.isalnum() else "-" for char in view.client.lower())[:40])
    if view.hook:
        parts.append(view.hook)
    return "-".join(part.encode("ascii", "ignore").decode() for part in parts) + ".csv"


def zone_of(name: str) -> tzinfo:
    """Return the time zone `name`; UTC is known on machines without a zone database too."""
    return UTC if name == "UTC" else ZoneInfo(name)


def _day(text: str, what: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise AskedWrongly(f"{what} must be a day such as 2026-11-23.") from None
    if not 1990 <= day.year <= 2200:  # noqa: PLR2004 - beyond, counting days and zones breaks down
        raise AskedWrongly(f"{what} lies in no year of this journal.")
    return day


def _days(text: str) -> int:
    if not text:
        return _USUAL
    if not _DAYS.fullmatch(text):
        raise AskedWrongly("The number of days must be from 1 to 1000.")
    return int(text)
