"""The cells of the coverage page: sources, codes, phrases, numbers and cases in a few words."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TypeVar

from cds_service.cli.markdown import code, escaped, link
from cds_service.content.coverage.model import CaseCount, Cited, CodeCount, Number, TextCount

CASES = ("Must fire", "Near miss")

_Item = TypeVar("_Item")


def source_cell(source: Cited) -> str:
    """Return the source as a link, and the place in it."""
    return f"{link(source.title, source.url)}: {escaped(source.locator)}"


def case_cells(cases: CaseCount) -> tuple[int, int]:
    """Return how many cases must fire, and how many are near misses."""
    return cases.fires, cases.near_misses


def codes_cell(counts: Iterable[CodeCount]) -> str:
    """Return the number of codes of each system, and how many stand for all below them."""
    return "<br>".join(
        f"{count.system} {count.codes}"
        + (f" ({count.with_all_below} with all below)" if count.with_all_below else "")
        for count in counts
    )


def text_cell(count: TextCount) -> str:
    """Return the number of phrases and wordings, or nothing."""
    return f"{count.phrases} phrases, {count.wordings:,} wordings" if count.phrases else ""


def numbers_cell(numbers: Iterable[Number]) -> str:
    """Return parameters with use, value, unit and basis, one to a line."""
    return "<br>".join(
        f"{number.use} {code(number.parameter)} {number.value} {number.unit} ({number.basis})"
        for number in numbers
    )


def codes_of(counts: Iterable[CodeCount], system: str) -> int:
    """Return the number of codes of `system` in `counts`."""
    return sum(count.codes for count in counts if count.system == system)


def together(rows: Iterable[_Item], key: Callable[[_Item], str]) -> list[tuple[str, list[_Item]]]:
    """Return neighbouring rows that have one key together."""
    return [(name, list(group)) for name, group in groupby(rows, key)]
