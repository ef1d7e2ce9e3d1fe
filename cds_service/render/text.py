"""Filling card texts, and keeping chart text from being more than text.

Clients render ``detail`` as GitHub-Flavored Markdown, and some render the HTML inside it. What
came from a chart is therefore escaped for both before it stands in a card.
"""

import re
import unicodedata
from collections.abc import Mapping

from cds_service.content.phrasebook import PLACES, Phrasebook, phrase

SUMMARY_LIMIT = 139
"""Longest summary: fewer than 140 characters (CDS Hooks 2.0.1, Card Attributes)."""

_QUOTED_LIMIT = 120
_JOINING = re.compile(r"[^\W\d_A-Z]{1,3}")  # "and", "of", "und": nothing to end a line on
_MARKDOWN = re.compile(r"([\\`*_\[\]|~#!@])")


def quote(chart_text: str) -> str:
    """Return text from a chart, cut to one short line and inert in Markdown and HTML."""
    visible = "".join(
        character if unicodedata.category(character)[0] != "C" else " " for character in chart_text
    )
    line = " ".join(visible.split())
    if len(line) > _QUOTED_LIMIT:
        line = line[: _QUOTED_LIMIT - 1].rstrip() + "…"
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _MARKDOWN.sub(r"\\\1", line)
    # GFM turns bare addresses into links
    return line.replace("://", r"\://").replace("www.", r"www\.")


def fill_line(template: str, values: Mapping[str, str]) -> str:
    """Return `template` as one plain line with its placeholders filled."""
    return " ".join(PLACES.sub(lambda found: values.get(found[1], ""), template).split())


def fill_summary(template: str, values: Mapping[str, str]) -> str:
    """Return the summary, shortened at a word where it would be too long.

    The length is counted in UTF-16 units, the strictest way a client may count.
    """
    line = fill_line(template, values)
    line = line[:1].upper() + line[1:]
    if _length(line) <= SUMMARY_LIMIT:
        return line
    words = line.split()
    while len(words) > 1 and _length(" ".join(words)) > SUMMARY_LIMIT - 1:
        words.pop()
    while len(words) > 1 and _JOINING.fullmatch(words[-1]):
        words.pop()
    return " ".join(words).rstrip(",:;") + "…"


def fill_detail(template: str, values: Mapping[str, str]) -> str:
    """Return the detail; a paragraph with a placeholder that has no value is left out."""
    paragraphs = [
        PLACES.sub(lambda found: values[found[1]], paragraph)
        for paragraph in template.strip().split("\n\n")
        if all(values.get(name) for name in PLACES.findall(paragraph))
    ]
    return "\n\n".join(paragraph.strip() for paragraph in paragraphs)


def listed(words: list[str], book: Phrasebook, most: int = 3) -> str:
    """Return words as ``a, b and c``, or ``a, b and 3 more``, in the language of `book`."""
    if len(words) > most:
        shown = words[: most - 1]
        words = [*shown, book.say(phrase("more", count=str(len(words) - len(shown))))]
    if len(words) <= 1:
        return "".join(words)
    return book.say(phrase("listed", words=", ".join(words[:-1]), last=words[-1]))


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def plain_unit(text: str) -> str:
    """Return `text` with its UCUM annotations as a reader writes them.

    An annotation that stands for a unit loses its braces (``mL/min/{1.73_m2}``), one that only
    explains the unit before it goes (``mg{creat}/dL``). Source: UCUM, curly braces.
    """
    without_notes = _EXPLAINING.sub("", text)
    return _STANDING_ALONE.sub(lambda found: found[1].replace("_", " "), without_notes)


_EXPLAINING = re.compile(r"(?<=\w)\{[^{}]*\}")
_STANDING_ALONE = re.compile(r"\{([^{}]*)\}")
