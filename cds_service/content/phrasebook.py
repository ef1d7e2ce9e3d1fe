"""What the program says, as ids with values, and how it is said in one language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from cds_service.content.phrases import PHRASES
from cds_service.content.template import template


class Phrase(msgspec.Struct, frozen=True):
    """One of the program's phrases with what fills its places, not yet in any language."""

    id: str
    values: tuple[tuple[str, "Words"], ...] = ()


Words = str | Phrase
"""Words as they stand (of a chart, a title, a number), or a phrase of the program."""

_BARE = {name: Phrase(name) for name in PHRASES}


def phrase(name: str, **values: Words) -> Phrase:
    """Return the phrase `name` with `values` for its places; ``from_`` stands for ``from``.

    Raises:
        KeyError: there is no such phrase.
    """
    if not values:
        return _BARE[name]
    if name not in PHRASES:
        raise KeyError(name)
    return Phrase(name, tuple((place.rstrip("_"), value) for place, value in values.items()))


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """The program's phrases in one language; what it lacks is said in English.

    `keeps_capitals` says that a title keeps its first letter inside a sentence.
    """

    phrases: Mapping[str, str]
    keeps_capitals: bool = False

    def say(self, words: Words) -> str:
        """Return `words` in this language; a text stays as it is."""
        if isinstance(words, str):
            return words
        values = {place: self.say(value) for place, value in words.values}
        return template(self.phrases.get(words.id) or PHRASES[words.id]).fill(values)

    def join(self, words: Iterable[Words], separator: str) -> str:
        """Return all of `words` that say something, in this language, with `separator` between."""
        return separator.join(filter(None, map(self.say, words)))

    def in_sentence(self, title: str) -> str:
        """Return a title as it stands inside a sentence: abbreviations keep their capitals."""
        lowered = title[1:2].islower() and not self.keeps_capitals
        return title[:1].lower() + title[1:] if lowered else title


ENGLISH = Phrasebook(PHRASES)
"""The program's own words."""


def english(words: Iterable[Words], separator: str = "; ") -> str:
    """Return `words` in English, for those who look after the service and the content."""
    return ENGLISH.join(words, separator)
