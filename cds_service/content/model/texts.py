"""The words of cards and the preset reasons for not following them."""

from cds_service.content.model.base import Head, Part


class OverrideReason(Part, kw_only=True, frozen=True):
    """A preset reason a clinician may pick for not following a card."""

    code: str
    display: str


class OverrideReasons(Head, kw_only=True, frozen=True):
    """All preset override reasons."""

    reasons: tuple[OverrideReason, ...]


class CardText(Part, kw_only=True, frozen=True):
    """The words of one card. Placeholders: see cards/README.md, *Texts*."""

    id: str
    title: str
    summary: str
    detail: str
    suggestion: str = ""
    action: str = ""
    override_reasons: tuple[str, ...] = ()


class Texts(Head, kw_only=True, frozen=True):
    """Card texts in one language."""

    language: str
    cards: tuple[CardText, ...]
