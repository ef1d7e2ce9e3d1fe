"""What a clinical text mentions, as value sets with an assertion each."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from cds_service.text.assertion import Assertion, Cue, End, Sentence
from cds_service.text.phrasebook import Found, PhraseBook
from cds_service.text.tokens import SENTENCE_ENDS, tokens


class Mention(NamedTuple):
    """That a text mentions something of a value set: in which role, and what it says of it."""

    value_set: str
    role: str
    assertion: Assertion


class Phrase(NamedTuple):
    """What a phrase counts as: a value set, in the role include, weak or exclude."""

    value_set: str
    role: str


Meaning = Phrase | Cue | End
_REMEMBERED = 32768
_REMEMBERED_LENGTH = 80
"""Short texts recur (displays of codes); longer ones are read anew."""


class TextIndex:
    """The phrases of all value sets and the cues of one language."""

    def __init__(
        self,
        phrases: Iterable[tuple[str, Meaning]],
        lasting: frozenset[str] = frozenset(),
        known_words: Iterable[str] = (),
    ) -> None:
        """Compile `phrases`; in the value sets of `lasting` what is past still holds."""
        self._lasting = lasting
        self._book: PhraseBook[Meaning] = PhraseBook(phrases, known_words)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._read)

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Return what `text` mentions, each value set once per assertion, in reading order.

        What is past in a lasting value set (an implant, an operation) is present. A phrase that a
        value set excludes hides the shorter phrases inside it and is itself no mention.
        """
        if len(text) <= _REMEMBERED_LENGTH:
            return self._remembered(text)
        return self._read(text)

    def _read(self, text: str) -> tuple[Mention, ...]:
        found: dict[Mention, None] = {}
        for words in _sentences(self._book.spelt(tokens(text))):
            for mention in self._in_sentence(words):
                found[mention] = None
        return tuple(found)

    def _in_sentence(self, words: list[str]) -> Iterable[Mention]:
        marks: list[Found[Cue | End]] = []
        phrases: list[Found[Phrase]] = []
        mentioned = [False] * len(words)
        for start, end, meaning in self._book.find(words):
            if isinstance(meaning, Phrase):
                phrases.append(Found(start, end, meaning))
                mentioned[start:end] = [True] * (end - start)
            else:
                marks.append(Found(start, end, meaning))
        sentence = Sentence(words, marks)
        excluded = {(at, each.value_set) for at, _, each in phrases if each.role == "exclude"}
        for start, end, (value_set, role) in phrases:
            if (start, value_set) in excluded:
                continue
            says = sentence.assertion(start, end, mentioned)
            if says is Assertion.HISTORICAL and value_set in self._lasting:
                says = Assertion.PRESENT
            yield Mention(value_set, role, says)


def _sentences(words: list[str]) -> Iterable[list[str]]:
    sentence: list[str] = []
    for word in words:
        if word in SENTENCE_ENDS:
            if sentence:
                yield sentence
            sentence = []
        else:
            sentence.append(word)
    if sentence:
        yield sentence
