"""What a site adds to the clinical content, ready to be compiled into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cds_service.content.model import ConceptGroup
from cds_service.fhir.codes import Code


@dataclass(frozen=True, slots=True)
class LocalCoding:
    """A code of a site's own catalogue as it is written into orders.

    `system` is an address or name, or empty where the site's codes have none.
    """

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class PresetReason:
    """A reason for not following a card; `system` is empty for the project's own codes."""

    code: str
    display: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class LocalLink:
    """A link of the site on a card; `instead` leaves out the links to our sources."""

    label: str
    url: str
    instead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A site's part of the content; without a site every member has its default.

    `digest` tells one version of the site's files from another. `switched_on` holds ids of rules
    that are off by default, a state of a safety rule as ``rule.state``. `order_codes` and
    `order_texts` map what the site's orders carry to procedure ids; texts are in lower case with
    single blanks, and a code without a system has the system "". `links` are by rule id.
    `expansions` are files of frozen terminology expansions.
    """

    digest: str = ""
    language: str = "en"
    parameters: Mapping[str, str] = field(default_factory=dict)
    switched_on: frozenset[str] = frozenset()
    order_codes: Mapping[Code, str] = field(default_factory=dict)
    order_texts: Mapping[str, str] = field(default_factory=dict)
    suggested: Mapping[str, tuple[LocalCoding, ...]] = field(default_factory=dict)
    override_reasons: Mapping[str, PresetReason] = field(default_factory=dict)
    card_override_reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: Mapping[str, tuple[LocalLink, ...]] = field(default_factory=dict)
    value_sets: Mapping[str, tuple[ConceptGroup, ...]] = field(default_factory=dict)
    expansions: tuple[Path, ...] = ()
