"""What a clinical text mentions, as value sets with an assertion each."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from cds_service.text.assertion import Assertion, Cue, End, Listed
from cds_service.text.lexicon import Found, Lexicon
from cds_service.text.scope import Sentence
from cds_service.text.tokens import SENTENCE_ENDS, tokens


class Mention(NamedTuple):
    """That a text mentions something of a value set: in which role, and what it says of it."""

    value_set: str
    role: str
    assertion: Assertion


class Phrase(NamedTuple):
    """What a phrase counts as: a value set, and in which role.

    ``include``, ``weak`` (only suggests it), ``exclude`` (means something else), ``deny`` (says
    that it is not so), ``narrower`` (whose denial does not deny the set) or ``broader`` (of which
    only the denial counts).
    """

    value_set: str
    role: str


Meaning = Phrase | Cue | End
_REMEMBERED = 32768
_REMEMBERED_LENGTH = 200
"""Short texts recur (displays of codes); longer ones are read anew."""


class TextIndex:
    """The phrases of all value sets and the cues of one language."""

    def __init__(
        self,
        phrases: Iterable[tuple[str, Meaning]],
        lasting: frozenset[str] = frozenset(),
        known_words: Iterable[str] = (),
        listed: Mapping[str, Listed] = MappingProxyType({}),
    ) -> None:
        """Compile `phrases`; in the value sets of `lasting` what is past still holds.

        `listed` says of a value set how it goes with what stands before it in a list.
        """
        self._lasting = lasting
        self._listed = listed
        self._lexicon: Lexicon[Meaning] = Lexicon(phrases, known_words, _layer)
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
        for words in _sentences(self._lexicon.spelt(tokens(text))):
            for mention in self._in_sentence(words):
                found[mention] = None
        return tuple(found)

    def _in_sentence(self, words: list[str]) -> Iterable[Mention]:
        marks: list[Found[Cue | End]] = []
        phrases: list[Found[Phrase]] = []
        for start, end, meaning in self._lexicon.find(words):
            if isinstance(meaning, Phrase):
                phrases.append(Found(start, end, meaning))
            else:
                marks.append(Found(start, end, meaning))
        if not phrases:
            return
        sentence = Sentence(words, marks, [(start, end) for start, end, _ in phrases])
        for start, end, (value_set, role) in phrases:
            if role == "exclude":
                continue
            cue = sentence.cue(start, end, self._listed.get(value_set, Listed.WITH_OTHERS))
            says = cue.says if cue else Assertion.PRESENT
            if cue and says is Assertion.HISTORICAL and value_set in self._lasting:
                says = says if cue.ended else Assertion.PRESENT
            if role == "deny":
                if says in (Assertion.PRESENT, Assertion.ABSENT):
                    yield Mention(value_set, "include", Assertion.ABSENT)
            elif role == "broader":
                if says is Assertion.ABSENT:
                    yield Mention(value_set, "include", says)
            elif role != "narrower":
                yield Mention(value_set, role, says)
            elif says is not Assertion.ABSENT:
                yield Mention(value_set, "include", says)


def _layer(meaning: Meaning) -> str | bool:
    return meaning.value_set if isinstance(meaning, Phrase) else meaning.backwards


_LONGEST_SENTENCE = 100
"""Words after which a sentence ends in any case: what cues reach grows with its square."""


def _sentences(words: list[str]) -> Iterable[list[str]]:
    """Yield each sentence with the sign that ends it; a full stop where there is none."""
    sentence: list[str] = []
    for word in words:
        if word not in SENTENCE_ENDS:
            sentence.append(word)
        if sentence and (word in SENTENCE_ENDS or len(sentence) >= _LONGEST_SENTENCE):
            yield [*sentence, "."]
            sentence = []
    if sentence:
        yield [*sentence, "."]
