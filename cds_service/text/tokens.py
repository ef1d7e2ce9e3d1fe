"""Text as words in one spelling each, so that phrases and notes meet.

Clinicians write ``L-spine``, ``w/o``, ``anaesthesia`` and ``Crohn's``; here everything is lower
case, hyphens part words, a few abbreviations with a slash stay whole, plurals lose their s, and
British and American spellings are one.
"""

import re
import unicodedata
from functools import lru_cache

LONGEST_TEXT = 10_000
"""Characters of one text that are read; a reason on an order is seldom longer than a line."""

ASKED = "(?)"
"""A question mark after what it is about; one before it stays ``?``."""

DASH = "--"
"""A dash between words; a hyphen inside a word is left out."""

_SLASHED = (
    "w/wo", "wo/w", "w/w/o", "i/s/o", "w/o", "r/o", "s/p", "h/o", "c/o", "c/f", "c/w", "w/u",
    "f/u", "b/l", "d/t", "p/w", "y/o", "n/a", "a/p", "s/s", "f/h", "o/e", "b/b", "w/",
)  # fmt: skip
_SPELT_OUT = (
    (re.compile(r"\(\+\)|(?<=[a-z])\+(?!\w|/)|(?:(?<=\s)|^)\+(?:ve\b|(?=[a-z]))"), " positive "),
    (re.compile(r"(?<=\w)\s\+(?=\s*(?:[,.;)]|$))"), " positive "),
    (re.compile(r"(?<=[a-z])-(?=\s*(?:[,.;)]|$))"), " negative "),
    (re.compile(r"\bw/out\b"), "without"),
    (re.compile(r"\(-\)(?=\s*[a-z])"), " no "),
    (re.compile(r"([:?]\s*(?:no|yes|n|y))(?:\s{2,}|\s+(?=[a-z][a-z /-]{2,30}[:?]))"), r"\1 ; "),
    (re.compile(r"\(-\)|(?:(?<=\s)|^)-ve\b"), " negative "),
    (re.compile(r"\(\?\)|(?<=[\w)])\?|(?<=[\w)] )\?(?=\s*(?:[.,;)\n]|$))"), f" {ASKED} "),
    (re.compile(r"\s[-\u2013]+\s|\u2014"), f" {DASH} "),
    (re.compile(r"(?<![-=])[-=]+>"), " ; "),
    (re.compile(r"(\d),(?=\d{3}\b)"), r"\1"),
)
"""Signs whose place decides what they say, as words."""

_SIGN = re.compile(r"[^\w\s]")
"""What each of those has at least one of."""

_WORDS_ONLY = re.compile(r"[A-Za-z ]*")
"""Most phrases and many texts: there is nothing in them to spell out or to part."""

_TOKEN = re.compile(
    "|".join(
        [
            r"\(\?\)",
            DASH,
            r"\+/-",
            r"\[\d+(?:\.\d+)?-\d+(?:\.\d+)?\]",
            "|".join(rf"(?<![a-z0-9]){re.escape(each)}(?![a-z])" for each in _SLASHED[:-1]),
            r"(?<![a-z0-9])w/",
            r"\d+(?:\.\d+)?",
            r"[^\W\d_]+",
            r"[?+.;:,()&/\n!#]",
        ]
    )
)
_STOP_WORDS = frozenset(
    (
        "a", "an", "the", "of", "in", "at", "to", "her", "his", "their", "its", "my",
        "your", "this", "that", "these", "patient", "very", "some", "any",
    )
)  # fmt: skip
_SHORTENED = frozenset(("hx", "pt", "dr", "vs", "incont", "approx", "dx", "tx", "sx", "rt", "lt"))
"""Abbreviations that are written with a full stop; so are single letters."""

_SEXES = frozenset("mf")
_SPELT = {"&": "and", "+": "and", "/": "and", "w/": "with", "w/o": "without"}
_SHORTEST_PLURAL = 4
_SHORTEST_RESPELT = 6
_NO_PLURALS = frozenset(("mets",))
SENTENCE_ENDS = frozenset(".;\n!")


def tokens(text: str) -> list[str]:
    """Return the words and signs of `text` in their normal spelling, stop words left out."""
    text = text[:LONGEST_TEXT]
    if _WORDS_ONLY.fullmatch(text):
        plain_words = map(normal, text.lower().split(" "))
        return [word for word in plain_words if word and word not in _STOP_WORDS]
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = plain.replace("\u2019", "'").replace("'s ", " ").replace("'", "")
    if _SIGN.search(plain):
        for sign, words in _SPELT_OUT:
            plain = sign.sub(words, plain)
    found: list[str] = []
    for match in _TOKEN.finditer(plain):
        word = normal(match.group())
        if word == "." and _only_shortens(found, plain, match.end()):
            continue
        if word not in _STOP_WORDS:
            found.append(word)
    return found


def _only_shortens(before: list[str], text: str, place: int) -> bool:
    """Say whether the full stop before `place` belongs to a word and ends no sentence."""
    if place < len(text) and not text[place].isspace():
        return True
    last = before[-1] if before else ""
    return last in _SHORTENED or (len(last) == 1 and last.isalpha() and last not in _SEXES)


@lru_cache(maxsize=16384)
def normal(token: str) -> str:
    """Return one word without its plural ending, in American spelling; signs that join as words."""
    if token in _SPELT:
        return _SPELT[token]
    if not token.isalpha():
        return token
    if len(token) >= _SHORTEST_RESPELT:
        token = token.replace("ae", "e").replace("oe", "e")
        token = f"{token[:-3]}or" if token.endswith("our") else token
        token = f"{token[:-4]}ors" if token.endswith("ours") else token
    if len(token) >= _SHORTEST_PLURAL and token not in _NO_PLURALS:
        if token.endswith("sses"):
            return token[:-2]
        if token.endswith("s") and not token.endswith(("ss", "us", "is")):
            return token[:-1]
    return token
