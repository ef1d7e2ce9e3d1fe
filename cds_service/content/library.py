"""The content of ``cards/`` compiled for the engine: what a request needs, each in one look-up."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from cds_service.content.codeindex import CodeIndex
from cds_service.content.dependence import Dependence, dependence
from cds_service.content.local import Local, PresetReason
from cds_service.content.model import (
    CardText,
    Citation,
    Estimate,
    Finding,
    Parameter,
    Procedure,
    RadiationLevel,
    RatedProcedure,
    Recommendation,
    SafetyRule,
    Topic,
    ValueSet,
    Variant,
)
from cds_service.content.phrasebook import Phrasebook
from cds_service.fhir.codes import Code
from cds_service.fhir.dates import Duration, before, parse_duration
from cds_service.text.mentions import TextIndex
from cds_service.text.order_text import OrderTextReader

SOURCE_TYPES = (
    "Patient",
    "Condition",
    "Observation",
    "MedicationRequest",
    "Procedure",
    "Device",
    "DeviceUseStatement",
    "AllergyIntolerance",
    "DiagnosticReport",
    "ImagingStudy",
    "ServiceRequest",
)
"""Resource types we ask a client for, in the order in which they are published."""

SUPPLEMENTARY_TYPES = frozenset({"DiagnosticReport", "ImagingStudy", "ServiceRequest"})
"""Types that only remind of studies done or ordered: no card rests on their being complete."""


AFFIRMATIVE_ANSWER = "affirmative-answer"
NEGATIVE_ANSWER = "negative-answer"
PRESCRIPTION_LONGEST = "prescription-longest"
ORDER_NOT_ASSESSED = "order-not-assessed"
"""Ids of content the program itself relies on: what says yes and no, how long prescriptions run,
and the card for an order that could not be assessed."""


_Kept = TypeVar("_Kept")

SITE_SOURCE = "site"
"""Where codes come from that a site added to a value set."""


@dataclass(frozen=True, slots=True)
class TopicContent:
    """One topic with its variants, tables and rules."""

    topic: Topic
    variants: tuple[Variant, ...]
    tables: dict[str, dict[str, RatedProcedure]]
    """Variant id → procedure id → row."""
    recommendations: tuple[Recommendation, ...]
    sources: dict[str, Citation]
    """Source of each recommendation, by its id."""


class Memory(dict[Any, Any]):
    """A bounded memory between requests: when it is full, it begins anew."""

    def __init__(self, most: int = 4096) -> None:
        """Begin empty; `most` is how much is remembered."""
        super().__init__()
        self._most = most

    def keep(self, key: Hashable, value: _Kept) -> _Kept:
        """Return `value`, and remember it under `key`."""
        if len(self) >= self._most:
            self.clear()
        self[key] = value
        return value


@dataclass(frozen=True, slots=True)
class Content:
    """Everything the engine and the renderer need, immutable after start."""

    version: str
    """The version of the documents and, after a plus sign, that of the site's files, if any."""
    local: Local
    """What the site adds."""
    phrasebook: Phrasebook = field(repr=False)
    """What the program itself says, in the language of the cards."""
    index: CodeIndex
    text: TextIndex
    """What clinical text mentions, in the language of the content."""
    order_text: OrderTextReader
    value_sets: dict[str, ValueSet]
    findings: dict[str, Finding]
    procedures: dict[str, Procedure]
    topics: tuple[TopicContent, ...]
    """The topics with the recommendations that are in force."""
    safety_rules: tuple[SafetyRule, ...]
    """The safety rules, with their states, that are in force."""
    topics_as_written: tuple[TopicContent, ...] = field(repr=False)
    safety_rules_as_written: tuple[SafetyRule, ...] = field(repr=False)
    parameters: dict[str, Parameter]
    estimates: dict[str, Estimate]
    texts: dict[str, CardText]
    override_reasons: dict[str, tuple[PresetReason, ...]]
    """The preset reasons that each card offers, by card id."""
    radiation_levels: dict[str, RadiationLevel]
    """The levels of the radiation scale, the lowest first."""
    child_below: str
    """The parameter with the age below which the doses for children hold."""
    imaging_categories: frozenset[Code]
    resource_types: tuple[str, ...]
    """The resource types that any finding reads, in publishing order."""
    observation_codes: tuple[str, ...]
    """The LOINC codes of all observations that any finding reads, sorted; a site's own codes as
    ``address|code``."""
    procedure_by_code: dict[Code, str] = field(repr=False)
    procedure_by_name: dict[str, str] = field(repr=False)
    procedure_by_axes: dict[tuple[str, str, str], str] = field(repr=False)
    """(modality, body region, contrast) → the first procedure of the content that has them."""
    codes_of_procedure: dict[str, tuple[Code, ...]] = field(repr=False)
    dependence: Dependence = field(init=False, repr=False)
    """What a chart that says something of a value set may change."""
    memory: Memory = field(init=False, repr=False, compare=False, default_factory=Memory)
    """What follows from the content and a few closed facts; nothing of a patient is in it."""
    silent_concepts: Memory = field(
        init=False, repr=False, compare=False, default_factory=lambda: Memory(16_384)
    )
    """Concepts with a code, as bytes of a chart, that say nothing to any rule."""
    elements: Memory = field(
        init=False, repr=False, compare=False, default_factory=lambda: Memory(16_384)
    )
    """What elements of a chart mean that recur over patients, by their bytes."""

    def __post_init__(self) -> None:
        """Derive what depends on what."""
        known = dependence(
            self.findings.values(),
            self.estimates,
            self.safety_rules,
            ((each.topic.id, each.variants, each.recommendations) for each in self.topics),
            self.procedures.values(),
        )
        object.__setattr__(self, "dependence", known)

    def duration(self, parameter: str) -> Duration:
        """Return the calendar duration of a parameter."""
        key = ("duration", parameter)
        known: Duration | None = self.memory.get(key)
        if known is None:
            known = self.memory.keep(key, parse_duration(self.parameters[parameter].value))
        return known

    def quantity(self, parameter: str) -> tuple[Decimal, str]:
        """Return value and unit of a parameter."""
        key = ("quantity", parameter)
        known: tuple[Decimal, str] | None = self.memory.get(key)
        if known is None:
            found = self.parameters[parameter]
            known = self.memory.keep(key, (Decimal(found.value), found.unit))
        return known

    def cutoff(self, parameter: str, as_of: date) -> date:
        """Return the first day that is still inside the window of a parameter on `as_of`."""
        key = ("cutoff", parameter, as_of)
        known: date | None = self.memory.get(key)
        if known is None:
            known = self.memory.keep(key, before(as_of, self.duration(parameter)))
        return known


def origins(finding: Finding) -> set[str]:
    """Return the resource types a finding may come from."""
    return {kind for clause in finding.evidence for kind in clause.origin}
