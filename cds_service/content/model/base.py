"""What every part of a document shares, and the words all documents use."""

from enum import StrEnum
from typing import Any, Literal

import msgspec

Expression = str | dict[str, Any]
"""A finding id, or one of ``all``, ``any``, ``not``, ``unless``, ``recorded``, ``possible`` over
expressions."""


class Rating(StrEnum):
    """ACR appropriateness category of a procedure for a variant (ACR AC methodology)."""

    USUALLY_APPROPRIATE = "usually-appropriate"
    MAY_BE_APPROPRIATE = "may-be-appropriate"
    MAY_BE_APPROPRIATE_DISAGREEMENT = "may-be-appropriate-disagreement"
    USUALLY_NOT_APPROPRIATE = "usually-not-appropriate"

    @property
    def rank(self) -> int:
        """Return 0 for the best category, higher for worse."""
        return _RATING_RANKS[self]


class Indicator(StrEnum):
    """How urgently a card asks for attention (CDS Hooks 2.0.1, Card Attributes)."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Return 0 for the most urgent indicator."""
        return _INDICATOR_RANKS[self]


_RATING_RANKS = {each: rank for rank, each in enumerate(Rating)}
_INDICATOR_RANKS = {each: rank for rank, each in enumerate(Indicator)}


class Part(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True, kw_only=True):
    """Base of everything read from a document: immutable, closed, kebab-case in YAML."""


class Citation(Part, kw_only=True, frozen=True):
    """Where a statement comes from, and where in it to look."""

    id: str = ""
    title: str
    url: str
    locator: str


class Head(Part, kw_only=True, frozen=True):
    """The head every document has."""

    kind: str
    id: str
    title: str
    status: Literal["draft", "active", "retired"]
    version: str
    effective: str
    sources: tuple[Citation, ...]
    limits: str
