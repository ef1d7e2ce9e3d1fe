"""Phrases found in a list of words, the longest first, one misspelt letter forgiven.

A phrase may hold alternatives and gaps, so that one line says what a list would:

- ``{low,lower} back {pain,ache}``: one of each; ``{,severe }`` may be left out
- ``[38-42.9]``: any number from 38 to 42.9
- ``failed * physiotherapy``: up to four words may stand at the star
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from cds_service.text.tokens import SENTENCE_ENDS, tokens

_Meaning = TypeVar("_Meaning")

_SHORTEST_FORGIVEN = 6
"""Listed words shorter than this must be spelt right: too many others are one letter away."""
_LONGEST_GAP = 4
_NO_GAP_OVER = SENTENCE_ENDS | {",", "(", ")"}


class Found(NamedTuple, Generic[_Meaning]):
    """A phrase at ``words[start:end]`` and what it means."""

    start: int
    end: int
    meaning: _Meaning


class _Node(Generic[_Meaning]):
    """What phrases that begin alike go on with, and what those mean that end here."""

    __slots__ = ("gap", "joins", "meanings", "ranges", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node[_Meaning]] = {}
        self.ranges: list[tuple[float, float, _Node[_Meaning]]] = []
        self.gap: _Node[_Meaning] | None = None
        self.joins: list[_Node[_Meaning]] = []
        """Where alternatives meet again: reached without a word."""
        self.meanings: list[_Meaning] = []

    def then(self, word: str) -> "_Node[_Meaning]":
        """Return the node after `word`, made if there is none."""
        if word.startswith("["):
            low, high = (float(each) for each in word[1:-1].split("-"))
            node: _Node[_Meaning] = _Node()
            self.ranges.append((low, high, node))
            return node
        return self.words.setdefault(word, _Node())

    def after(self, word: str) -> "Iterator[_Node[_Meaning]]":
        """Yield the nodes that `word` of a text leads to."""
        if (node := self.words.get(word)) is not None:
            yield node
        if self.ranges and word[0].isdecimal():
            value = float(word)
            yield from (node for low, high, node in self.ranges if low <= value <= high)


def _one_layer(_: object) -> Hashable:
    return None


class PhraseBook(Generic[_Meaning]):
    """Phrases and what each means, found in one walk over a text."""

    def __init__(
        self,
        phrases: Iterable[tuple[str, _Meaning]],
        known: Iterable[str] = (),
        layer: Callable[[_Meaning], Hashable] = _one_layer,
        ignored: frozenset[str] = frozenset(),
    ) -> None:
        """Compile `phrases`; the words of `known` are never taken for misspellings.

        Words that are `ignored` are left out of the phrases, and must be of the texts.

        Of the phrases whose meanings are of one `layer` the first and longest hides those that
        overlap it; layers do not hide one another.
        """
        self._layer = layer
        self._ignored = ignored
        self._root: _Node[_Meaning] = _Node()
        self._own: set[str] = set()
        for text, meaning in phrases:
            end = self._add(self._root, text)
            if end is not self._root:
                end.meanings.append(meaning)
        self._known = self._own | {word for text in known for word in tokens(text)}
        self._nearby = _nearby(self._own)

    def spelt(self, words: list[str]) -> list[str]:
        """Return `words` with each misspelling of a listed word mended."""
        return [word if word in self._known else self._mended(word) for word in words]

    def find(self, words: list[str]) -> Iterator[Found[_Meaning]]:
        """Yield the phrases in `words` from left to right, in each layer the longest."""
        taken: dict[Hashable, int] = {}
        for place in range(len(words)):
            longest: dict[Hashable, tuple[int, list[_Meaning]]] = {}
            for end, meaning in self._from(words, place):
                layer = self._layer(meaning)
                if end <= place or taken.get(layer, 0) > place:
                    continue
                best, meanings = longest.get(layer, (0, []))
                if end > best:
                    longest[layer] = (end, [meaning])
                elif end == best and meaning not in meanings:
                    meanings.append(meaning)
            for layer, (end, meanings) in longest.items():
                taken[layer] = end
                for meaning in meanings:
                    yield Found(place, end, meaning)

    def _from(self, words: list[str], start: int) -> Iterator[tuple[int, _Meaning]]:
        """Yield the end and the meaning of every phrase that starts at `start`."""
        reached = [(node, start + 1) for node in self._root.after(words[start])]
        reached += [(each, start) for each in self._root.joins]
        while reached:
            node, place = reached.pop()
            for meaning in node.meanings:
                yield place, meaning
            reached += [(each, place) for each in node.joins]
            if place < len(words):
                reached += [(each, place + 1) for each in node.after(words[place])]
                if node.gap is not None:
                    reached += self._over_gap(node.gap, words, place)

    @staticmethod
    def _over_gap(
        node: _Node[_Meaning], words: list[str], place: int
    ) -> Iterator[tuple[_Node[_Meaning], int]]:
        for end in range(place, min(place + _LONGEST_GAP, len(words) - 1) + 1):
            yield node, end
            if words[end] in _NO_GAP_OVER:
                return

    def _add(self, node: _Node[_Meaning], text: str) -> _Node[_Meaning]:
        """Lay the path of the phrase `text` from `node` on and return where it ends."""
        plain, sign, rest = _up_to_sign(text)
        for word in tokens(plain):
            if word not in self._ignored:
                self._own.add(word)
                node = node.then(word)
        if sign == "*":
            node.gap = node.gap or _Node()
            return self._add(node.gap, rest)
        if sign == "{":
            alternatives, rest = _alternatives(rest)
            join: _Node[_Meaning] = _Node()
            for each in alternatives:
                self._add(node, each).joins.append(join)
            return self._add(join, rest)
        return node

    def _mended(self, word: str) -> str:
        if len(word) < _SHORTEST_FORGIVEN - 1 or not word.isalpha():
            return word
        for form in (word, *_shortened(word)):
            if (meant := self._nearby.get(form)) and meant[0] == word[0]:
                return meant
        return word


def _nearby(words: set[str]) -> dict[str, str]:
    """Return each listed word by its spellings with a letter missing.

    Two words that share such a spelling differ by one letter or by two that changed places.
    A spelling that stands for two listed words mends nothing.
    """
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    for word in words:
        if len(word) >= _SHORTEST_FORGIVEN and word.isalpha():
            for form in (word, *_shortened(word)):
                if found.setdefault(form, word) != word:
                    doubtful.add(form)
    return {form: word for form, word in found.items() if form not in doubtful}


def _shortened(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(1, len(word))}


def _up_to_sign(text: str) -> tuple[str, str, str]:
    for place, sign in enumerate(text):
        if sign in "{*":
            return text[:place], sign, text[place + 1 :]
    return text, "", ""


def _alternatives(text: str) -> tuple[list[str], str]:
    """Return the alternatives up to the closing brace, and what follows it.

    Raises:
        ValueError: the brace is not closed.
    """
    found = [""]
    depth = 0
    for place, sign in enumerate(text):
        if sign == "}" and depth == 0:
            return found, text[place + 1 :]
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    raise ValueError(f"a brace is not closed before {text!r}")
