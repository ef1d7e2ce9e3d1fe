"""Tables of figures: the one source of what the page shows, its charts draw and CSV files hold."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from cds_service.journal.export import guarded
from cds_service.journal.insights.rates import Rate

Kind = Literal["text", "named", "day", "number", "rate", "per-hundred", "ms"]


class Named(NamedTuple):
    """An id out of the journal, and what people call it."""

    id: str
    title: str


Cell = str | int | float | date | Rate | Named | None


NOTHING = "\u2013"
"""Stands where there is nothing to tell."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in CSV files, its heading on the page, and what its cells are."""

    key: str
    heading: str
    kind: Kind = "number"

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the names of the columns that it becomes in a CSV file."""
        if self.kind == "rate":
            return (self.key, *(f"{self.key}_percent{end}" for end in ("", "_low", "_high")))
        if self.kind == "named":
            return (self.key, f"{self.key}_title")
        return (self.key,)

    @property
    def numeric(self) -> bool:
        """Whether its cells are numbers, which stand at the right."""
        return self.kind not in ("text", "named", "day")


@dataclass(frozen=True, slots=True)
class Chart:
    """How a table is drawn: its first column along one axis, the columns `series` along the other.

    ``lines`` and ``columns`` go over time, ``bars`` lie on their side; columns and bars are
    stacked. `unit` is what the numbers count; `count` is the column that says out of how many.
    """

    kind: Literal["lines", "columns", "bars"]
    series: tuple[str, ...]
    unit: str
    logarithmic: bool = False
    count: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: `note` says what is counted, `says` the gist of it in words."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    says: str = ""
    chart: Chart | None = None
    marks: tuple[int, ...] = ()
    """Rows at which another version of the content began."""

    @property
    def long(self) -> bool:
        """Whether it has a row for each step of time, which the chart shows better."""
        return self.columns[0].kind == "day"

    def csv(self) -> str:
        """Return the table as CSV (RFC 4180), its header first; cells hold no formulas."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([key for column in self.columns for key in column.keys])
        for row in self.rows:
            writer.writerow([guarded(value) for cell in row for value in values(cell)])
        return text.getvalue()


def values(cell: Cell) -> Iterator[str | int | float]:
    """Yield what `cell` is in a CSV file; one empty text where there is nothing to tell."""
    if isinstance(cell, Rate):
        low, high = cell.interval or (None, None)
        yield cell.number
        yield from (
            "" if part is None else round(100 * part, 1) for part in (cell.share, low, high)
        )
    elif isinstance(cell, Named):
        yield from cell
    elif isinstance(cell, date):
        yield cell.isoformat()
    elif isinstance(cell, float):
        yield round(cell, 1)
    else:
        yield "" if cell is None else cell


def plain(cell: Cell) -> str:
    """Return what `cell` is to a chart: its number, or its label."""
    if isinstance(cell, Named):
        return cell.title
    return str(next(values(cell)))


def percent(part: float | None) -> str:
    """Return a share in words, such as ``58 %``; a dash where there is none."""
    return NOTHING if part is None else f"{100 * part:.0f} %"


def interval(rate: Rate) -> str:
    """Return the 95 % interval of `rate` in words, such as ``51 to 65 %``; empty without one."""
    if rate.interval is None:
        return ""
    low, high = (f"{100 * bound:.0f}" for bound in rate.interval)
    return f"{low} to {high} %"


def figure(cell: Cell) -> str:
    """Return `cell` as a number or text for people."""
    if cell is None or cell == "":
        return NOTHING
    if isinstance(cell, Rate):
        return f"{cell.number:,}" if cell.total else NOTHING
    if isinstance(cell, float):
        return f"{cell:,.1f}"
    return f"{cell:,}" if isinstance(cell, int) else plain(cell)
