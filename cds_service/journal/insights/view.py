"""What of the journal is looked at: from when to when, in which steps, by which client."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Literal

from msgspec import Struct

Step = Literal["day", "week"]

LONGEST = timedelta(days=1100)
"""The longest period: three years. It bounds the steps of a view by days."""


class View(Struct, frozen=True, kw_only=True):
    """The days from `first` to `last`, both included, in the zone of the site.

    An empty `client` or `hook` stands for all. A week begins on Monday.

    Raises:
        ValueError: `last` is before `first`, or the period is longer than `LONGEST`.
    """

    first: date
    last: date
    step: Step = "day"
    client: str = ""
    hook: str = ""
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        """Refuse a period that is none, or too long to be shown."""
        if self.last < self.first:
            raise ValueError("The last day lies before the first.")
        if self.last - self.first > LONGEST:
            raise ValueError("The period is longer than three years.")

    @property
    def days(self) -> int:
        """Return the number of days."""
        return (self.last - self.first).days + 1

    @property
    def since(self) -> datetime:
        """Return the instant at which the first day begins."""
        return self._midnight(self.first)

    @property
    def until(self) -> datetime:
        """Return the instant at which the last day has ended."""
        return self._midnight(self.last + timedelta(days=1))

    @property
    def starts(self) -> tuple[date, ...]:
        """Return the first day of each step; the first and last may be less than a week."""
        if self.step == "day":
            return tuple(self.first + timedelta(days=number) for number in range(self.days))
        monday = self.first + timedelta(days=7 - self.first.weekday())
        rest = range(max(0, (self.last - monday).days // 7 + 1)) if monday <= self.last else ()
        return (self.first, *(monday + timedelta(weeks=number) for number in rest))

    @property
    def spans(self) -> tuple[tuple[datetime, datetime], ...]:
        """Return from which instant until before which each step lasts, without a gap."""
        bounds = [*(self._midnight(day) for day in self.starts), self.until]
        return tuple(pairwise(bounds))

    def _midnight(self, day: date) -> datetime:
        """Return the begin of `day` at the site; days of 23 and 25 hours come out right."""
        return datetime.combine(day, time(), self.zone)
