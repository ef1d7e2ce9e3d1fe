"""How far a text asserts what it mentions: denied, suspected, past, of the family, or if ever.

The method is that of NegEx (Chapman 2001, J Biomed Inform 34:301) and ConText (Harkema 2009,
J Biomed Inform 42:839): cue words reach forwards or backwards over what is mentioned until
something ends their reach. The cues and their reach are content (``cards/language/``).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cds_service.text.phrasebook import Found


class Assertion(StrEnum):
    """What a text says about something it mentions."""

    PRESENT = "present"
    ABSENT = "absent"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"


class Cue(NamedTuple):
    """A cue word: what it asserts, which way it reaches, and how far."""

    says: Assertion
    backwards: bool
    reach: int
    over_commas: bool
    rank: int


class End(NamedTuple):
    """A word that ends the reach of cues; `look_alike` is one that only looks like a cue."""

    look_alike: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its words, and the cues and ends found in it by their place."""

    words: list[str]
    marks: list[Found[Cue | End]]

    def assertion(self, start: int, end: int, mentioned: list[bool]) -> Assertion:
        """Return what the sentence asserts of ``words[start:end]``.

        `mentioned` says for each word whether it belongs to something mentioned; only such words
        and joining ones may stand in a list that a cue reaches over.
        """
        reaching = [
            mark.meaning
            for mark in self.marks
            if isinstance(mark.meaning, Cue) and self._reaches(mark, start, end, mentioned)
        ]
        first = min(reaching, key=lambda cue: cue.rank, default=None)
        return first.says if first else Assertion.PRESENT

    def _reaches(self, mark: Found[Cue | End], start: int, end: int, mentioned: list[bool]) -> bool:
        cue = mark.meaning
        if not isinstance(cue, Cue):
            return False
        first, last = (end, mark.start) if cue.backwards else (mark.end, start)
        if last < first:
            return False
        between = range(first, last)
        if sum(1 for place in between if not mentioned[place]) > cue.reach:
            return False
        if any(
            isinstance(other.meaning, End) and not other.meaning.look_alike
            for other in self.marks
            if first <= other.start < last
        ):
            return False
        if cue.backwards:
            return not any(self.words[place] in (",", "(") for place in between)
        return not self._list_ends(between, cue, mentioned)

    def _list_ends(self, between: range, cue: Cue, mentioned: list[bool]) -> bool:
        """Say whether a comma or a further cue after one ends the reach of `cue`."""
        starts = {
            mark.start
            for mark in self.marks
            if isinstance(mark.meaning, Cue) and not mark.meaning.backwards
        }
        for place in between:
            if self.words[place] not in _JOINING:
                continue
            following = self._next_word(place)
            if self.words[place] == ",":
                if not cue.over_commas or following in starts:
                    return True
                if following < len(mentioned) and not mentioned[following]:
                    return True
            elif following in starts:
                return True
        return False

    def _next_word(self, place: int) -> int:
        place += 1
        while place < len(self.words) and self.words[place] in _JOINING:
            place += 1
        return place


_JOINING = frozenset({",", "and", "or", "nor", "&", "/", "+", ":"})
