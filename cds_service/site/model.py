"""What a site file says. The meaning of each key is described in ``site.schema.json``."""

from typing import Any

import msgspec

from cds_service.content.model import Indicator


class Part(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True, kw_only=True):
    """Base of everything read from a site file: immutable, closed, kebab-case in YAML."""


class Cards(Part, frozen=True, kw_only=True):
    """Which cards are shown, how many, how loudly, and with which reasons to pick."""

    most_per_order: int = 2
    switched_off: tuple[str, ...] = ()
    indicator_caps: dict[str, Indicator] = {}
    override_reasons: dict[str, tuple[str, ...]] = {}


class Rules(Part, frozen=True, kw_only=True):
    """Which rules are silent, and which that are off by default speak."""

    switched_off: tuple[str, ...] = ()
    switched_on: tuple[str, ...] = ()


class OrderRow(Part, frozen=True, kw_only=True):
    """A code, or with the system ``text`` a whole text, of the site's orders."""

    system: str = ""
    code: str
    procedure: str


class SuggestedCode(Part, frozen=True, kw_only=True):
    """A code of the site's catalogue as it is written into orders."""

    system: str = ""
    code: str
    display: str = ""


class Suggestion(Part, frozen=True, kw_only=True):
    """By which code the site orders a procedure."""

    procedure: str
    code: SuggestedCode


class Reason(Part, frozen=True, kw_only=True):
    """A reason for not following a card, in the site's words."""

    code: str
    display: str
    system: str = ""


class Link(Part, frozen=True, kw_only=True):
    """A link of the site on a card, or on all cards of a topic's own rules."""

    card: str = ""
    topic: str = ""
    label: str
    url: str
    instead: bool = False


class AddedCode(Part, frozen=True, kw_only=True):
    """A local code that a value set gets."""

    system: str
    code: str
    label: str
    role: str = "include"


class Site(Part, frozen=True, kw_only=True):
    """A whole site file."""

    language: str = "en"
    cards: Cards = Cards()
    rules: Rules = Rules()
    parameters: dict[str, Any] = {}
    orders: tuple[OrderRow, ...] = ()
    orders_file: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    override_reasons: tuple[Reason, ...] = ()
    links: tuple[Link, ...] = ()
    value_sets: dict[str, tuple[AddedCode, ...]] = {}
    expansions: tuple[str, ...] = ()
