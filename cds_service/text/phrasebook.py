"""Phrases found in a list of words, the longest first, one misspelt letter forgiven."""

from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from cds_service.text.tokens import tokens

_Meaning = TypeVar("_Meaning")

_SHORTEST_FORGIVEN = 7
"""Words shorter than this must be spelt right: too many others are one letter away."""


class Found(NamedTuple, Generic[_Meaning]):
    """A phrase at ``words[start:end]`` and what it means."""

    start: int
    end: int
    meaning: _Meaning


class PhraseBook(Generic[_Meaning]):
    """Phrases and what each means, found in one walk over a text."""

    def __init__(self, phrases: Iterable[tuple[str, _Meaning]], known: Iterable[str] = ()) -> None:
        """Compile `phrases`; the words of `known` are never taken for misspellings."""
        meanings: dict[tuple[str, ...], list[_Meaning]] = {}
        for text, meaning in phrases:
            if words := tuple(tokens(text)):
                meanings.setdefault(words, []).append(meaning)
        self._by_first: dict[str, list[tuple[tuple[str, ...], list[_Meaning]]]] = {}
        for words in sorted(meanings, key=len, reverse=True):
            self._by_first.setdefault(words[0], []).append((words, meanings[words]))
        own = {word for words in meanings for word in words}
        self._words = own | {word for text in known for word in tokens(text)}
        self._nearby = _nearby(own)

    def spelt(self, words: list[str]) -> list[str]:
        """Return `words` with each misspelling of a listed word mended."""
        return [word if word in self._words else self._mended(word) for word in words]

    def find(self, words: list[str]) -> Iterator[Found[_Meaning]]:
        """Yield the phrases in `words` from left to right, the longest at each place."""
        place = 0
        while place < len(words):
            taken = 1
            for phrase, meanings in self._by_first.get(words[place], ()):
                if tuple(words[place : place + len(phrase)]) == phrase:
                    taken = len(phrase)
                    for meaning in meanings:
                        yield Found(place, place + taken, meaning)
                    break
            place += taken

    def _mended(self, word: str) -> str:
        if len(word) < _SHORTEST_FORGIVEN or not word.isalpha():
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
        if len(word) >= _SHORTEST_FORGIVEN:
            for form in (word, *_shortened(word)):
                if found.setdefault(form, word) != word:
                    doubtful.add(form)
    return {form: word for form, word in found.items() if form not in doubtful}


def _shortened(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(1, len(word))}
