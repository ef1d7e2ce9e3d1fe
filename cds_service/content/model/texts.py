"""The words of cards, the preset reasons for not following them, and translations."""

import msgspec

from cds_service.content.model.base import Head, Part
from cds_service.content.model.rules import Selector


class OverrideReason(Part, kw_only=True, frozen=True):
    """A preset reason a clinician may pick for not following a card."""

    code: str
    display: str


class OverrideReasons(Head, kw_only=True, frozen=True):
    """All preset override reasons."""

    reasons: tuple[OverrideReason, ...]


class StudyLimits(Part, kw_only=True, frozen=True):
    """What some studies do not show."""

    orders: Selector
    words: str


class CardText(Part, kw_only=True, frozen=True):
    """The words of one card. Placeholders: see cards/README.md, *Texts*.

    Of `limits_of_ordered` the first that fits the study ordered speaks.
    """

    id: str
    title: str
    summary: str
    detail: str
    limits_of_ordered: tuple[StudyLimits, ...] = ()
    suggestion: str = ""
    action: str = ""
    override_reasons: tuple[str, ...] = ()


class Texts(Head, kw_only=True, frozen=True):
    """Card texts in one language."""

    language: str
    cards: tuple[CardText, ...]


class FindingWords(Part, kw_only=True, frozen=True):
    """A finding in another language: its title, and its name within a sentence."""

    title: str
    phrase: str


class Translations(Head, kw_only=True, frozen=True):
    """Words of one language for what the documents and the program say in English.

    By id: `states` as ``rule.state``, `program` by the ids of `cds_service.content.phrases`. With
    `keep_capitals` a title keeps its first letter within a sentence, as in German. The documents
    of a language make up one whole.
    """

    language: str
    keep_capitals: bool = False
    program: dict[str, str] = msgspec.field(default_factory=dict)
    procedures: dict[str, str] = msgspec.field(default_factory=dict)
    findings: dict[str, FindingWords] = msgspec.field(default_factory=dict)
    variants: dict[str, str] = msgspec.field(default_factory=dict)
    states: dict[str, str] = msgspec.field(default_factory=dict)
    override_reasons: dict[str, str] = msgspec.field(default_factory=dict)
    estimates: dict[str, str] = msgspec.field(default_factory=dict)
