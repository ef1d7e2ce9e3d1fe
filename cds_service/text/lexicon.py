"""Phrases found in a list of words, the longest first, one misspelt letter forgiven."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar, cast

from cds_service.text.patterns import Phrase, parse
from cds_service.text.tokens import DASH, SENTENCE_ENDS, tokens

_Meaning = TypeVar("_Meaning")

_SHORTEST_FORGIVEN = 6
"""Listed words shorter than this must be spelt right: too many others are one letter away."""
_LONGEST_GAP = 4
_NO_WORDS: Mapping[str, Any] = MappingProxyType({})
_NO_GAP_OVER = SENTENCE_ENDS | {",", "(", ")", DASH}


class Found(NamedTuple, Generic[_Meaning]):
    """A phrase at ``words[start:end]`` and what it means."""

    start: int
    end: int
    meaning: _Meaning


class _Node(Generic[_Meaning]):
    """What phrases that begin alike go on with, and what those mean that end here."""

    __slots__ = ("gap", "joins", "meanings", "ranges", "words")

    def __init__(self) -> None:
        # There are tens of thousands, most with one of these: what is empty takes no memory.
        self.words: Mapping[str, _Node[_Meaning]] = _NO_WORDS
        self.ranges: tuple[tuple[float, float, _Node[_Meaning]], ...] = ()
        self.gap: _Node[_Meaning] | None = None
        self.joins: tuple[_Node[_Meaning], ...] = ()
        """Where alternatives meet again: reached without a word."""
        self.meanings: tuple[_Meaning, ...] = ()

    def then(self, word: str) -> "_Node[_Meaning]":
        """Return the node after `word`, made if there is none."""
        if word.startswith("["):
            low, high = (float(each) for each in word[1:-1].split("-"))
            node: _Node[_Meaning] = _Node()
            self.ranges = (*self.ranges, (low, high, node))
            return node
        known = self.words.get(word)
        if known is None:
            known = _Node()
            if self.words is _NO_WORDS:
                self.words = {word: known}
            else:
                cast("dict[str, _Node[_Meaning]]", self.words)[word] = known
        return known

    def in_range(self, word: str) -> "Iterator[_Node[_Meaning]]":
        """Yield the nodes that a number in a text leads to."""
        if word[0].isdecimal():
            value = float(word)
            yield from (node for low, high, node in self.ranges if low <= value <= high)


def _one_layer(_: object) -> Hashable:
    return None


class Lexicon(Generic[_Meaning]):
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

        Raises:
            ValueError: a brace in a phrase is not closed.
        """
        self._layer = layer
        self._ignored = ignored
        self._root: _Node[_Meaning] = _Node()
        self._own: set[str] = set()
        for text, meaning in phrases:
            end = self._add(self._root, parse(text))
            if end is not self._root:
                end.meanings = (*end.meanings, meaning)
        self._first, self._open = _starts(self._root)
        self._known = self._own | {word for text in known for word in tokens(text)}
        self._nearby = _nearby(self._own)
        self._longest = max(map(len, self._nearby), default=0)

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
        word = words[start]
        reached = [(node, start + 1) for node in self._first.get(word, ())]
        reached += [(each, start + 1) for node in self._open for each in node.in_range(word)]
        while reached:
            node, place = reached.pop()
            for meaning in node.meanings:
                yield place, meaning
            if node.joins:
                reached += [(each, place) for each in node.joins]
            if place < len(words):
                if (after := node.words.get(words[place])) is not None:
                    reached.append((after, place + 1))
                if node.ranges:
                    reached += [(each, place + 1) for each in node.in_range(words[place])]
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

    def _add(self, node: _Node[_Meaning], phrase: Phrase) -> _Node[_Meaning]:
        """Lay the path of `phrase` from `node` on and return where it ends."""
        words, choices, rest = phrase
        for word in words:
            if word not in self._ignored:
                self._own.add(word)
                node = node.then(word)
        if rest is None:
            return node
        if not choices:
            node.gap = node.gap or _Node()
            return self._add(node.gap, rest)
        join: _Node[_Meaning] = _Node()
        for each in choices:
            end = self._add(node, each)
            end.joins = (*end.joins, join)
        return self._add(join, rest)

    def _mended(self, word: str) -> str:
        if not _SHORTEST_FORGIVEN - 1 <= len(word) <= self._longest + 1 or not word.isalpha():
            return word
        for form in (word, *_shortened(word)):
            if (meant := self._nearby.get(form)) and meant[0] == word[0]:
                return meant
        return word


def _starts(
    root: _Node[_Meaning],
) -> tuple[dict[str, list[_Node[_Meaning]]], list[_Node[_Meaning]]]:
    """Return where each first word leads, and the nodes at which a phrase starts with a number.

    Phrases may start with what can be left out; then they start at each node after it, too.
    """
    first: dict[str, list[_Node[_Meaning]]] = {}
    with_numbers: list[_Node[_Meaning]] = []
    beginnings = [root]
    while beginnings:
        beginning = beginnings.pop()
        beginnings += beginning.joins
        for word, node in beginning.words.items():
            first.setdefault(word, []).append(node)
        if beginning.ranges:
            with_numbers.append(beginning)
    return first, with_numbers


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
