"""How clinical text is read: the cues that say how far something is asserted."""

from typing import Literal

from cds_service.content.model.base import Head, Part


class CueGroup(Part, kw_only=True, frozen=True):
    """The cue words of one assertion, strongest group first in the document.

    `reach` is how many words that are themselves no mention may lie between a cue and what it is
    about; `reach_back` the same for cues that stand after it. `over_commas` says how a cue reaches
    over the commas of a list: always, over items that are nothing but mentions, or never, save for
    a list that ends with *or*. `ended`: what is past has ended, even in a lasting value set.
    """

    says: Literal["absent", "possible", "historical", "family", "hypothetical"]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    reach: int
    reach_back: int = 2
    over_commas: Literal["always", "items", "never"] = "never"
    ended: bool = False


class AssertionCues(Head, kw_only=True, frozen=True):
    """The cues of one language.

    `complaints` are value sets that come new in a list and are not denied or past with it;
    `sought` are those that are possible with the items before them: *?fracture, abscess*.
    """

    language: str
    assertions: tuple[CueGroup, ...]
    ends: tuple[str, ...]
    look_alikes: tuple[str, ...]
    known_words: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    sought: tuple[str, ...] = ()


class OrderWord(Part, kw_only=True, frozen=True):
    """Words that name one thing in the text of an order, and what else they settle."""

    words: tuple[str, ...]
    means: str = ""
    contrast: str = ""
    body_region: str = ""


class Joined(Part, kw_only=True, frozen=True):
    """What an order means that names several modalities or several regions."""

    parts: tuple[str, ...]
    means: str


class OrderWords(Head, kw_only=True, frozen=True):
    """The words in which imaging is ordered in one language.

    A word of `contrast` that means nothing only looks like contrast (*with sedation*). Texts with
    a phrase of `not_imaging` name no imaging study. `other_modalities` are those that no procedure
    here has.
    """

    language: str
    modalities: tuple[OrderWord, ...]
    body_regions: tuple[OrderWord, ...]
    contrast: tuple[OrderWord, ...]
    joined_modalities: tuple[Joined, ...]
    joined_regions: tuple[Joined, ...]
    not_imaging: tuple[str, ...] = ()
    other_modalities: tuple[str, ...] = ()
