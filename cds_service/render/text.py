"""Filling card texts, and keeping chart text from being more than text.

Clients render ``detail`` as GitHub-Flavored Markdown, and some render the HTML inside it. What
came from a chart is therefore escaped for both before it stands in a card.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from cds_service.content.phrasebook import Phrasebook, phrase
from cds_service.content.template import Template, template

SUMMARY_LIMIT = 139
"""Longest summary: fewer than 140 characters (CDS Hooks 2.0.1, Card Attributes)."""

_QUOTED_LIMIT = 120
_JOINING = re.compile(r"[^\W\d_A-Z]{1,3}")  # "and", "of", "und": nothing to end a line on
_INERT = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in r"\`*_[]|~#!@"},
        **{"&": "&amp;", "<": "&lt;", ">": "&gt;"},
    }
)
"""What Markdown or HTML would act upon → how it is written to be only read."""


def quote(chart_text: str) -> str:
    """Return text from a chart, cut to one short line and inert in Markdown and HTML."""
    visible = chart_text
    if not chart_text.isprintable():  # printable text holds nothing of the category "C"
        visible = "".join(
            character if unicodedata.category(character)[0] != "C" else " "
            for character in chart_text
        )
    line = " ".join(visible.split())
    if len(line) > _QUOTED_LIMIT:
        line = line[: _QUOTED_LIMIT - 1].rstrip() + "…"
    line = line.translate(_INERT)
    # GFM turns bare addresses into links
    return line.replace("://", r"\://").replace("www.", r"www\.")


def fill_line(text: str, values: Mapping[str, str]) -> str:
    """Return the template `text` as one plain line; a place without a value says nothing."""
    known = template(text)
    said = {name: values.get(name, "") for name in known.places}
    return " ".join(known.fill(said).split())


def fill_summary(text: str, values: Mapping[str, str]) -> str:
    """Return the summary of the template `text`, shortened at a word where it would be too long.

    The length is counted in UTF-16 units, the strictest way a client may count.
    """
    line = fill_line(text, values)
    line = line[:1].upper() + line[1:]
    if _length(line) <= SUMMARY_LIMIT:
        return line
    words = line.split()
    while len(words) > 1 and _length(" ".join(words)) > SUMMARY_LIMIT - 1:
        words.pop()
    while len(words) > 1 and _JOINING.fullmatch(words[-1]):
        words.pop()
    return " ".join(words).rstrip(",:;") + "…"


def fill_detail(text: str, values: Mapping[str, str]) -> str:
    """Return the detail; a paragraph with a placeholder that has no value is left out."""
    paragraphs = [
        paragraph.fill(values).strip()
        for paragraph in _paragraphs(text)
        if all(map(values.get, paragraph.places))
    ]
    return "\n\n".join(paragraphs)


@lru_cache(1024)
def _paragraphs(text: str) -> tuple[Template, ...]:
    return tuple(map(Template, text.strip().split("\n\n")))


def listed(words: list[str], book: Phrasebook, most: int = 3) -> str:
    """Return words as ``a, b and c``, or ``a, b and 3 more``, in the language of `book`."""
    if len(words) > most:
        shown = words[: most - 1]
        words = [*shown, book.say(phrase("more", count=str(len(words) - len(shown))))]
    if len(words) <= 1:
        return "".join(words)
    return book.say(phrase("listed", words=", ".join(words[:-1]), last=words[-1]))


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def plain_unit(text: str) -> str:
    """Return `text` with the UCUM units in it as a reader writes them.

    A code that no reader writes is given as UCUM prints it (``Cel``: °C). An annotation
    that stands for a unit loses its braces (``mL/min/{1.73_m2}``), one that only explains the unit
    before it goes (``mg{creat}/dL``). Source: UCUM, print symbols and curly braces.
    """
    text = _CODES.sub(lambda found: _PRINTED[found[0]], text)
    if "{" not in text:
        return text
    without_notes = _EXPLAINING.sub("", text)
    return _STANDING_ALONE.sub(lambda found: found[1].replace("_", " "), without_notes)


_PRINTED = {
    "Cel": "°C", "[degF]": "°F", "mm[Hg]": "mmHg", "[lb_av]": "lb", "umol/L": "µmol/L",
    "10*9/L": "×10⁹/L", "10*3/uL": "×10³/µL",
}  # fmt: skip
_CODES = re.compile(rf"(?<=\d )(?:{'|'.join(map(re.escape, _PRINTED))})(?![\w/])")
_EXPLAINING = re.compile(r"(?<=\w)\{[^{}]*\}")
_STANDING_ALONE = re.compile(r"\{([^{}]*)\}")
