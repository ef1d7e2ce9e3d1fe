"""How far a text asserts what it mentions: denied, suspected, past, of the family, or if ever.

The method is that of NegEx (Chapman 2001, J Biomed Inform 34:301) and ConText (Harkema 2009,
J Biomed Inform 42:839): cue words reach forwards or backwards over what is mentioned until
something ends their reach (see `scope`). The cues and their reach are content
(``cards/language/``).
"""

from enum import StrEnum
from typing import NamedTuple


class Assertion(StrEnum):
    """What a text says about something it mentions."""

    PRESENT = "present"
    ABSENT = "absent"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"


class Listed(StrEnum):
    """How something goes with what stands before it in a list.

    What is said of the others is said of it too (`WITH_OTHERS`), or not, since it comes new, as a
    complaint does (`NEW`). What is `SOUGHT` goes with others that are sought: *?fracture, abscess*.
    """

    WITH_OTHERS = "with others"
    NEW = "new"
    SOUGHT = "sought"


class Cue(NamedTuple):
    """A cue word: what it asserts, which way it reaches, and how far.

    `over_commas` is ``always``, ``items`` (over items that are nothing but mentions) or ``never``.
    """

    says: Assertion
    backwards: bool
    reach: int
    over_commas: str
    rank: int
    ended: bool = False
    """What is past has ended: removed, stopped; so it no longer holds even if it lasts."""


class End(NamedTuple):
    """A word that ends the reach of cues; `look_alike` is one that only looks like a cue."""

    look_alike: bool
    backwards: bool = False
    """Which cues a look-alike hides: those that reach backwards or those that reach forwards."""
