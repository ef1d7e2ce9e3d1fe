"""How phrases are written: with alternatives, gaps and ranges, so that one line says a list.

- ``{low,lower} back {pain,ache}``: one of each; ``{,severe }`` may be left out
- ``[38-42.9]``: any number from 38 to 42.9
- ``failed * physiotherapy``: up to four words may stand at the star
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from cds_service.text.tokens import tokens

_SIGN = re.compile("[{*]")
_BRACE_OR_COMMA = re.compile("[{},]")


def up_to_sign(text: str) -> tuple[str, str, str]:
    """Return the plain text before the first brace or star, that sign, and what follows it."""
    found = _SIGN.search(text)
    if found is None:
        return text, "", ""
    return text[: found.start()], found[0], text[found.end() :]


def alternatives(text: str) -> tuple[list[str], str]:
    """Return the alternatives up to the closing brace, and what follows it.

    Raises:
        ValueError: the brace is not closed.
    """
    found: list[str] = []
    depth = start = 0
    for match in _BRACE_OR_COMMA.finditer(text):
        sign, place = match[0], match.start()
        if depth == 0 and sign != "{":
            found.append(text[start:place])
            start = place + 1
            if sign == "}":
                return found, text[start:]
        depth += (sign == "{") - (sign == "}")
    raise ValueError(f"a brace is not closed before {text!r}")


def forms(text: str, most: int) -> Iterator[tuple[str, ...]]:
    """Yield what the phrase `text` stands for, as words, a gap as ``*``; `most` of them at most.

    Raises:
        ValueError: a brace is not closed.
    """
    return iter(_forms(text, most))


def number_of_forms(text: str) -> int:
    """Return how many forms the phrase `text` stands for, without making them.

    Raises:
        ValueError: a brace is not closed.
    """
    _, sign, rest = up_to_sign(text)
    if sign != "{":
        return number_of_forms(rest) if sign else 1
    choices, rest = alternatives(rest)
    return sum(map(number_of_forms, choices)) * number_of_forms(rest)


def may_be_nothing(text: str) -> bool:
    """Say whether one of the forms that the phrase `text` stands for has no words and no gap.

    Raises:
        ValueError: a brace is not closed.
    """
    plain, sign, rest = up_to_sign(text)
    parts = [not words_of(plain)]
    if sign == "{":
        choices, rest = alternatives(rest)
        # each is looked at, whatever the others are: an open brace can be in any of them
        parts.append(True in [may_be_nothing(each) for each in choices])
    if sign:
        parts.append(may_be_nothing(rest) and sign != "*")
    return all(parts)


@lru_cache(maxsize=16384)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a part of a phrase; the same parts recur in many phrases."""
    return tuple(tokens(text))


def _forms(text: str, most: int) -> list[tuple[str, ...]]:
    """Return the first `most` forms; no more of any part are ever needed for them."""
    plain, sign, rest = up_to_sign(text)
    words = words_of(plain)
    if not sign:
        return [words]
    if sign == "*":
        return [(*words, "*", *end) for end in _forms(rest, most)]
    choices, rest = alternatives(rest)
    ends = _forms(rest, most)
    middles = list(islice((middle for each in choices for middle in _forms(each, most)), most))
    made = ((*words, *middle, *end) for end in ends for middle in middles)
    return list(islice(made, most))
