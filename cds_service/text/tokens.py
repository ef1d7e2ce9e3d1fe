"""Text as words in one spelling each, so that phrases and notes meet.

Clinicians write ``L-spine``, ``w/o``, ``metastases`` and ``Crohn's``; here everything is lower
case, hyphens part words, a few abbreviations with a slash stay whole, and plurals lose their s.
"""

import re
import unicodedata
from functools import lru_cache

LONGEST_TEXT = 4000
"""Characters of one text that are read; a reason on an order is seldom longer than a line."""

_SLASHED = (
    "w/wo", "w/w/o", "i/s/o", "w/o", "r/o", "s/p", "h/o", "c/o", "c/f", "c/w", "w/u", "f/u",
    "b/l", "d/t", "p/w", "y/o", "n/a", "w/",
)  # fmt: skip
_TOKEN = re.compile(
    "|".join(
        [
            r"\([+-]\)",
            r"\+/-",
            "|".join(rf"(?<![a-z0-9]){re.escape(each)}(?![a-z])" for each in _SLASHED[:-1]),
            r"(?<![a-z0-9])w/",
            r"\d+(?:\.\d+)?",
            r"[^\W\d_]+",
            r"[?+.;:,()&/\n!]",
        ]
    )
)
_STOP_WORDS = frozenset(
    (
        "a", "an", "the", "of", "in", "on", "at", "to", "for", "her", "his", "their", "its", "my",
        "this", "that", "pt", "patient", "very", "some", "any",
    )
)  # fmt: skip
_SHORTEST_PLURAL = 4
_SIGNS = {"(+)": "positive", "(-)": "negative"}
SENTENCE_ENDS = frozenset(".;\n!")
PUNCTUATION = frozenset("?+.;:,()&/\n!")


def tokens(text: str) -> list[str]:
    """Return the words and signs of `text` in their normal spelling, stop words left out."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).casefold()
    plain = plain.replace("\u2019", "'").replace("'s ", " ").replace("'", "")
    found = _TOKEN.findall(plain)
    return [word for each in found if (word := normal(each)) not in _STOP_WORDS]


@lru_cache(maxsize=16384)
def normal(token: str) -> str:
    """Return one word without its plural ending; signs for yes and no as words."""
    if token in _SIGNS:
        return _SIGNS[token]
    if len(token) >= _SHORTEST_PLURAL and token.isalpha():
        if token.endswith("sses"):
            return token[:-2]
        if token.endswith("s") and not token.endswith(("ss", "us", "is")):
            return token[:-1]
    return token
