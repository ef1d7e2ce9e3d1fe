"""The scope of the cues in a sentence: which of the things it mentions each of them reaches."""

from dataclasses import dataclass, field
from itertools import accumulate

from cds_service.text.assertion import Assertion, Cue, End, Listed
from cds_service.text.lexicon import Found
from cds_service.text.tokens import ASKED, DASH, SENTENCE_ENDS

_ALWAYS = "always"
_ITEMS = "items"
_NEVER = "never"
_ANYWHERE = (-1, -1)
_AUXILIARY = frozenset({"is", "was", "are", "were", "has", "have", "does", "did"})
"""Words that start a cue (*is not*) and may belong to the one after: *is not ruled out*."""
_EITHER = frozenset({"or", "nor"})
_JOINING = frozenset({",", "and", "or", "nor"})
_LISTING = _JOINING | {":", "(", ")"}
_ITEM_ENDS = SENTENCE_ENDS | {",", "(", ")", DASH}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its words, the cues and ends found in it, and the phrases mentioned in it."""

    words: list[str]
    marks: list[Found[Cue | End]]
    mentions: list[tuple[int, int]]
    _cues: list[tuple[Found[Cue], int, int]] = field(init=False)
    """Each cue with the part of the sentence it may reach: inside a phrase only that phrase."""
    _mentioned: list[bool] = field(init=False)
    _others: list[int] = field(init=False)
    """How many words before each are no mention and join nothing."""
    _ends: list[int] = field(init=False)
    _starts: set[int] = field(init=False)
    """Where cues start that reach forwards."""
    _past: set[int] = field(init=False)
    """Where those of them start that only say that something is past."""

    def __post_init__(self) -> None:
        """Note which words are mentioned, where reaches end, and where cues start."""
        mentioned = [False] * len(self.words)
        marked = {(mark.start, mark.end) for mark in self.marks}
        for start, end in self.mentions:
            if (start, end) not in marked:
                mentioned[start:end] = [True] * (end - start)
        cues: list[tuple[Found[Cue], int, int]] = []
        ends = [place for place, word in enumerate(self.words) if word == ASKED]
        for start, end, meaning in self.marks:
            around = [
                at for at in self.mentions if at[0] <= start and end <= at[1] and at != (start, end)
            ]
            if isinstance(meaning, Cue):
                low, high = min(around, key=_length) if around else _ANYWHERE
                cues.append((Found(start, end, meaning), low, high))
            elif not meaning.look_alike and not around:
                ends.append(start)
        others = (
            not known and word not in _LISTING
            for word, known in zip(self.words, mentioned, strict=True)
        )
        object.__setattr__(self, "_mentioned", mentioned)
        object.__setattr__(self, "_others", list(accumulate(others, initial=0)))
        object.__setattr__(self, "_cues", cues)
        object.__setattr__(self, "_ends", ends)
        forwards = [cue for cue, low, _ in cues if not cue.meaning.backwards and low < 0]
        object.__setattr__(self, "_starts", {cue.start for cue in forwards})
        past = {cue.start for cue in forwards if cue.meaning.says is Assertion.HISTORICAL}
        object.__setattr__(self, "_past", past)

    def cue(self, start: int, end: int, listed: Listed = Listed.WITH_OTHERS) -> Cue | None:
        """Return the cue that says how far ``words[start:end]`` is asserted; None: it is so.

        `listed` says whether it goes with the items before it in a list.
        """
        reaching = [
            cue.meaning
            for cue, low, high in self._cues
            if (low, high) == _ANYWHERE or (low <= start and end <= high)
            if self._reaches(cue, start, end, listed)
        ]
        return min(reaching, key=lambda cue: cue.rank, default=None)

    def _reaches(self, cue: Found[Cue], start: int, end: int, listed: Listed) -> bool:
        backwards = cue.meaning.backwards
        if cue.end <= end if backwards else cue.start >= start:
            return False
        between = range(end, cue.start) if backwards else range(cue.end, start)
        first, last = between.start, between.stop
        if any(first <= place < last for place in self._ends):
            return False
        if last > first and self._others[last] - self._others[first] > cue.meaning.reach:
            return False
        if backwards and listed is Listed.NEW and cue.meaning.over_commas == _ALWAYS:
            return False
        if backwards:
            return not self._parted(between, cue.meaning) and not self._looks_ahead(cue)
        meaning = cue.meaning
        if (
            listed is Listed.NEW
            and meaning.says is not Assertion.FAMILY
            and meaning.over_commas != _ALWAYS
            and self._comes_new(between)
        ):
            return False
        if listed is Listed.SOUGHT and meaning.says is Assertion.POSSIBLE:
            meaning = meaning._replace(over_commas=_ITEMS)
        return not self._list_ends(between, meaning)

    def _looks_ahead(self, cue: Found[Cue]) -> bool:
        """Say whether a cue that can reach both ways is about what follows it."""
        both = cue.start in self._starts and cue.meaning.over_commas != _ALWAYS
        return both and cue.end < len(self.words) and self._mentioned[cue.end]

    def _comes_new(self, between: range) -> bool:
        """Say whether a comma stands between, or *and* after an item that is mentioned."""
        words = {self.words[place] for place in between}
        return "," in words or ("and" in words and any(self._mentioned[place] for place in between))

    def _parted(self, between: range, cue: Cue) -> bool:
        """Say whether what lies `between` parts a mention from a cue after it."""
        inside = {self.words[place] for place in between}
        if inside & {",", DASH} or any(place in self._starts for place in between[:-1]):
            return True
        if between and between[-1] in self._starts and self.words[between[-1]] not in _AUXILIARY:
            return True
        if not between:
            return False
        if "(" in inside and self.words[between[-1]] != "(":
            return True
        if not any(self._mentioned[place] for place in between):
            return False
        return not inside & (_EITHER if cue.over_commas == _NEVER else _JOINING)

    def _list_ends(self, between: range, cue: Cue) -> bool:
        """Say whether a comma or a further cue after one ends the reach of `cue`."""
        said = False
        for place in between:
            word = self.words[place]
            said = said or self._mentioned[place] or word in (",", "and")
            if said and self.words[place - 1] not in _EITHER and self._breaks(place, cue):
                return True
            if word == ")" and "(" not in self.words[between[0] : place]:
                return True
            if word == "," and not self._goes_on(place, cue):
                return True
        return cue.over_commas == _NEVER and self._runs_on(between)

    def _runs_on(self, between: range) -> bool:
        """Say whether nothing joins what follows to the last thing mentioned `between`."""
        places = [place for place in between if self._mentioned[place]]
        if not places:
            return False
        return not any(
            self.words[place] in _JOINING | {"for"} for place in range(places[-1], between.stop)
        )

    def _breaks(self, place: int, cue: Cue) -> bool:
        """Say whether a further cue at `place` ends the list that `cue` is about.

        *denies fever, history of cancer, drug use* is one list; *denies fever, history of cancer*
        may be two statements.
        """
        if place not in self._starts:
            return False
        if cue.over_commas != _ALWAYS or place not in self._past:
            return True
        return not any(
            self.words[later] in _EITHER
            or (self.words[later] == "," and self._next_item(later) not in self._starts)
            for later in range(place, len(self.words) - 1)
        )

    def _next_item(self, comma: int) -> int:
        return next(
            place
            for place in range(comma + 1, len(self.words))
            if self.words[place] not in _JOINING
        )

    def _goes_on(self, comma: int, cue: Cue) -> bool:
        """Say whether the list that `cue` is about goes on after a comma.

        It does up to an *or*. Else the next item must be nothing but what is mentioned: *no fever,
        chills, rigors*, not *no fever, back pain for three weeks*.
        """
        place = comma + 1
        while place < len(self.words) and self.words[place] in _JOINING:
            if self.words[place] in _EITHER:
                return True
            place += 1
        if cue.over_commas == _ALWAYS:
            return not self._breaks(place, cue)
        if cue.over_commas == _NEVER:
            return self._ends_with_or(comma)
        while place < len(self.words) and self.words[place] not in _ITEM_ENDS:
            if not self._mentioned[place] and self.words[place] not in _JOINING:
                return self._ends_with_or(comma)
            place += 1
        return True

    def _ends_with_or(self, comma: int) -> bool:
        for place in range(comma + 1, len(self.words)):
            if self.words[place] in _EITHER:
                return True
            if place in self._starts or place in self._ends:
                return False
        return False


def _length(at: tuple[int, int]) -> int:
    return at[1] - at[0]
