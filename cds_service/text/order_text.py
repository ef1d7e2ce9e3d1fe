"""Which study the text of an order names: modality, body region and contrast.

Orders come as ``MRI L-spine w/wo``, ``NM bone scan WB`` or ``XR LS spine 2-3 v``. The words are
content (``cards/language/order-words.en.yaml``). What the text leaves open stays open.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from cds_service.text.lexicon import Lexicon
from cds_service.text.tokens import ASKED, DASH, SENTENCE_ENDS, tokens

_REMEMBERED = 4096
_REMEMBERED_LENGTH = 80
"""Names of the order catalogue recur; what is longer was written for one patient."""


class OrderTerm(NamedTuple):
    """What a phrase of an order says: an axis of the study, and what else it settles."""

    axis: str
    """``modality``, ``body-region``, ``contrast``, or ``not-imaging``."""
    means: str = ""
    contrast: str = ""
    body_region: str = ""


class NamedStudy(msgspec.Struct, frozen=True):
    """A study as the text of an order names it; empty strings for what it leaves open.

    Without a modality the text names several that do not belong together.
    """

    modality: str
    body_region: str = ""
    contrast: str = ""


Joined = Mapping[frozenset[str], str]
"""What several things named in one order mean together."""


class OrderTextReader:
    """Reads the text of orders in one language."""

    def __init__(
        self,
        phrases: Iterable[tuple[str, OrderTerm]],
        joined_modalities: Joined,
        joined_regions: Joined,
    ) -> None:
        """Compile `phrases`."""
        self._lexicon: Lexicon[OrderTerm] = Lexicon(phrases, (), _axis, _IGNORED)
        self._modalities = joined_modalities
        self._regions = joined_regions
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._read)

    def read(self, text: str) -> NamedStudy | None:
        """Return the imaging study that `text` names, or None if it names none."""
        if len(text) <= _REMEMBERED_LENGTH:
            return self._remembered(text)
        return self._read(text)

    def _read(self, text: str) -> NamedStudy | None:
        words = [word for word in tokens(text) if word not in _IGNORED]
        found = [each.meaning for each in self._lexicon.find(self._lexicon.spelt(words))]
        if any(word.axis == "not-imaging" for word in found):
            return None
        modalities = _said(found, "modality")
        if not modalities:
            return None
        modality = _only(modalities, self._modalities)
        regions = _said(found, "body-region")
        implied = dict.fromkeys(word.body_region for word in found if word.body_region)
        implied_contrast = list(dict.fromkeys(word.contrast for word in found if word.contrast))
        contrasts = _said(found, "contrast") or implied_contrast
        if set(implied_contrast) & _WITHOUT_CHOICE:
            contrasts = implied_contrast
        return NamedStudy(
            modality=modality,
            body_region=_only(regions, self._regions) if regions else next(iter(implied), ""),
            contrast=_contrast(contrasts),
        )


def _axis(term: OrderTerm) -> str:
    return term.axis


def _said(found: Iterable[OrderTerm], axis: str) -> list[str]:
    """Return the different things said on one axis, in the order of the text."""
    return list(dict.fromkeys(word.means for word in found if word.axis == axis and word.means))


def _only(names: list[str], joined: Joined) -> str:
    """Return the one thing `names` mean together, or the empty string if they mean several."""
    if len(names) == 1:
        return names[0]
    return joined.get(frozenset(names), "")


def _contrast(said: list[str]) -> str:
    if len(said) == 1:
        return said[0]
    return "without-and-with" if set(said) == {"none", "with"} else ""


_WITHOUT_CHOICE = frozenset({"not-applicable"})
_IGNORED = SENTENCE_ENDS | {",", "(", ")", ":", "and", "?", ASKED, DASH, "for", "on"}
