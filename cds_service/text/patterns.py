"""How phrases are written: with alternatives, gaps and ranges, so that one line says a list.

- ``{low,lower} back {pain,ache}``: one of each; ``{,severe }`` may be left out
- ``[38-42.9]``: any number from 38 to 42.9
- ``failed * physiotherapy``: up to four words may stand at the star
"""

import re
from functools import lru_cache
from typing import NamedTuple

from cds_service.text.tokens import tokens

_SIGN = re.compile("([{},*])")


class Phrase(NamedTuple):
    """A phrase as it is written: `words`, and then nothing, a gap, or one of the `choices`.

    After either of these comes the `rest`, which nothing has.
    """

    words: tuple[str, ...]
    choices: "tuple[Phrase, ...]" = ()
    rest: "Phrase | None" = None

    @property
    def number_of_forms(self) -> int:
        """How many forms it stands for, told without making them."""
        if self.rest is None:
            return 1
        here = sum(each.number_of_forms for each in self.choices) if self.choices else 1
        return here * self.rest.number_of_forms

    @property
    def may_be_nothing(self) -> bool:
        """Whether one of its forms has no words and no gap."""
        if self.words:
            return False
        if self.rest is None:
            return True
        return any(each.may_be_nothing for each in self.choices) and self.rest.may_be_nothing

    def forms(self, most: int) -> list[tuple[str, ...]]:
        """Return what it stands for, as words, a gap as ``*``; only the first `most` forms.

        No more of any part are ever needed for them.
        """
        words = self.words
        if self.rest is None:
            return [words]
        ends = self.rest.forms(most)
        if not self.choices:
            return [(*words, "*", *end) for end in ends]
        middles: list[tuple[str, ...]] = []
        for each in self.choices:
            middles += each.forms(most)
            if len(middles) >= most:
                break
        ends = ends[: most // len(middles) + 1]
        return [words + middle + end for end in ends for middle in middles[:most]][:most]


def parse(text: str) -> Phrase:
    """Return the phrase that is written as `text`.

    Raises:
        ValueError: a brace is not closed.
    """
    pieces = _SIGN.split(text)
    pieces.reverse()  # they are taken from the end
    return _parsed(pieces, inside=False)


def _parsed(pieces: list[str], *, inside: bool) -> Phrase:
    """Take a phrase from `pieces`: texts and the signs between them, the first one last.

    One `inside` braces ends before the sign that ends it.
    """
    text = pieces.pop()
    while pieces and not inside and pieces[-1] in "},":  # outside they are as any other sign
        text += pieces.pop() + pieces.pop()
    words = words_of(text)
    if not pieces:
        if inside:
            raise ValueError(f"a brace is not closed before {text!r}")
        return Phrase(words)
    if pieces[-1] in "},":
        return Phrase(words)
    choices: list[Phrase] = []
    if pieces.pop() == "{":
        sign = ","
        while sign == ",":
            choices.append(_parsed(pieces, inside=True))
            sign = pieces.pop()
    return Phrase(words, tuple(choices), _parsed(pieces, inside=inside))


@lru_cache(maxsize=16384)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a part of a phrase; the same parts recur in many phrases."""
    return tuple(tokens(text))
