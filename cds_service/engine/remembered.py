"""What elements and concepts say that are the same in many records: read once, for all charts.

Only what says nothing of one patient is remembered: an element with a code, which recurs over
patients, or one of few values. A text alone was written for one patient and is read each time.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from cds_service.content.library import Content
from cds_service.engine.prose import Prose
from cds_service.fhir.glance import Decode
from cds_service.fhir.head import NOTHING

Key = tuple[str, bytes]
"""A resource type, and the bytes of what all that a resource may say depends on."""

_OF_FEW_VALUES = frozenset({"range", "flags", "status"})
_CODED = b'"coding"'
_LONGEST = 1024
"""Bytes of what is remembered."""


class Remembered:
    """The memory of `content` for what is written in charts."""

    __slots__ = ("_elements", "_prose", "_silent")

    def __init__(self, content: Content, prose: Prose) -> None:
        """Use the memory of `content`; nothing is kept of what `prose` had to leave unread."""
        self._prose = prose
        self._elements = content.elements
        self._silent = content.silent_concepts

    def said(
        self, what: str, raw: Raw, decode: Decode, read: Callable[[Any], Any], otherwise: Any
    ) -> Any:
        """Return what `read` makes of the element in `raw`, `otherwise` if it is not there.

        `what` names the reading.
        """
        if raw is NOTHING:
            return otherwise
        written = bytes(raw)
        known = self._elements.get((what, written))
        if known is None:
            known = read(decode(raw))
            lasts = what in _OF_FEW_VALUES or _CODED in written
            if lasts and len(written) <= _LONGEST and not self._prose.cut:
                self._elements.keep((what, written), known)
        return known

    def silent(self, key: Key | None) -> None:
        """Remember that a resource with that `key` says nothing to any rule."""
        if key is None or self._prose.cut:
            return
        if len(key[1]) <= _LONGEST and _CODED in key[1]:
            self._silent.keep(key, True)

    def states_nothing(self, key: Key) -> bool:
        """Say whether a Condition with that `key` was found to state nothing to any rule."""
        known = self._elements.get(("stated", key[1]))
        return known is not None and not known[0]
