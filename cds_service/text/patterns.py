"""How phrases are written: with alternatives, gaps and ranges, so that one line says a list.

- ``{low,lower} back {pain,ache}``: one of each; ``{,severe }`` may be left out
- ``[38-42.9]``: any number from 38 to 42.9
- ``failed * physiotherapy``: up to four words may stand at the star
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from cds_service.text.tokens import tokens

_SIGN = re.compile("[{},*]")


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
        middles = list(islice(self._middles(most), most))
        made = (words + middle + end for end in ends for middle in middles)
        return list(islice(made, most))

    def _middles(self, most: int) -> Iterator[tuple[str, ...]]:
        for each in self.choices:
            yield from each.forms(most)


def parse(text: str) -> Phrase:
    """Return the phrase that is written as `text`.

    Raises:
        ValueError: a brace is not closed.
    """
    return _parse(text, 0, inside=False)[0]


def _parse(text: str, start: int, *, inside: bool) -> tuple[Phrase, int]:
    """Return the phrase from `start` on, and where it ends: `inside` braces at a comma or brace."""
    found = _SIGN.search(text, start)
    while found and not inside and found[0] in "},":  # these are signs of braces only
        found = _SIGN.search(text, found.end())
    if found is None:
        if inside:
            raise ValueError(f"a brace is not closed before {text[start:]!r}")
        return Phrase(words_of(text[start:])), len(text)
    place = found.start()
    words = words_of(text[start:place])
    if found[0] in "},":
        return Phrase(words), place
    choices: list[Phrase] = []
    if found[0] == "{":
        while text[place] != "}":
            choice, place = _parse(text, place + 1, inside=True)
            choices.append(choice)
    rest, end = _parse(text, place + 1, inside=inside)
    return Phrase(words, tuple(choices), rest), end


@lru_cache(maxsize=16384)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a part of a phrase; the same parts recur in many phrases."""
    return tuple(tokens(text))
