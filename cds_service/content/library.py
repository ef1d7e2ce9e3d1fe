"""The content of ``cards/`` compiled for the engine: what a request needs, each in one look-up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Protocol, TypeVar

import msgspec

from cds_service.content.codeindex import CodeIndex
from cds_service.content.model import (
    CardText,
    Citation,
    CodeMap,
    Document,
    Estimate,
    Estimates,
    Finding,
    Findings,
    ImagingCategories,
    OverrideReason,
    OverrideReasons,
    Parameter,
    Parameters,
    Procedure,
    Procedures,
    RadiationLevel,
    RadiationLevels,
    RatedProcedure,
    Ratings,
    Recommendation,
    Recommendations,
    SafetyRule,
    Texts,
    Topic,
    ValueSet,
    Variant,
    Variants,
)
from cds_service.fhir.codes import Code, normal_code
from cds_service.fhir.dates import Duration, before, parse_duration

SOURCE_TYPES = (
    "Patient",
    "Condition",
    "Observation",
    "MedicationRequest",
    "Procedure",
    "Device",
    "DeviceUseStatement",
    "AllergyIntolerance",
)
"""Resource types we ask a client for, in the order in which they are published."""


AFFIRMATIVE_ANSWER = "affirmative-answer"
NEGATIVE_ANSWER = "negative-answer"
PRESCRIPTION_LONGEST = "prescription-longest"
ORDER_NOT_ASSESSED = "order-not-assessed"
"""Ids of content the program itself relies on: what says yes and no, how long prescriptions run,
and the card for an order that could not be assessed."""


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


@dataclass(frozen=True, slots=True)
class Content:
    """Everything the engine and the renderer need, immutable after start."""

    version: str
    index: CodeIndex
    value_sets: dict[str, ValueSet]
    findings: dict[str, Finding]
    procedures: dict[str, Procedure]
    topics: tuple[TopicContent, ...]
    safety_rules: tuple[SafetyRule, ...]
    parameters: dict[str, Parameter]
    estimates: dict[str, Estimate]
    texts: dict[str, CardText]
    override_reasons: dict[str, OverrideReason]
    radiation_levels: dict[str, RadiationLevel]
    imaging_categories: frozenset[Code]
    resource_types: tuple[str, ...]
    """The resource types that any finding reads, in publishing order."""
    observation_codes: tuple[str, ...]
    """The LOINC codes of all observations that any finding reads, sorted."""
    procedure_by_code: dict[Code, str] = field(repr=False)
    procedure_by_name: dict[str, str] = field(repr=False)
    codes_of_procedure: dict[str, tuple[Code, ...]] = field(repr=False)

    def duration(self, parameter: str) -> Duration:
        """Return the calendar duration of a parameter."""
        return parse_duration(self.parameters[parameter].value)

    def quantity(self, parameter: str) -> tuple[Decimal, str]:
        """Return value and unit of a parameter."""
        found = self.parameters[parameter]
        return Decimal(found.value), found.unit

    def cutoff(self, parameter: str, as_of: date) -> date:
        """Return the first day that is still inside the window of a parameter on `as_of`."""
        return before(as_of, self.duration(parameter))


def origins(finding: Finding) -> set[str]:
    """Return the resource types a finding may come from."""
    return {kind for clause in finding.evidence for kind in clause.origin}


def compile_content(
    documents: Iterable[Document],
    version: str,
    *,
    language: str = "en",
    overrides: Mapping[str, str] | None = None,
) -> Content:
    """Return the active `documents` compiled for use.

    `overrides` are a site's own parameter values by parameter id.

    Raises:
        KeyError: an override names no parameter.
        ValueError: an override's value is not of its parameter's kind.
    """
    active = [document for document in documents if document.status == "active"]
    procedures = _by_id(
        part for doc in active if isinstance(doc, Procedures) for part in doc.procedures
    )
    codes = _procedure_codes(active, procedures)
    value_sets = _by_id(doc for doc in active if isinstance(doc, ValueSet))
    findings = _by_id(part for doc in active if isinstance(doc, Findings) for part in doc.findings)
    return Content(
        version=version,
        index=CodeIndex(value_sets.values()),
        value_sets=value_sets,
        findings=findings,
        resource_types=_resource_types(findings),
        observation_codes=_observation_codes(findings, value_sets),
        procedures=procedures,
        topics=tuple(_topic(doc, active) for doc in active if isinstance(doc, Topic)),
        safety_rules=tuple(doc for doc in active if isinstance(doc, SafetyRule)),
        parameters=_overridden(
            _by_id(
                part for doc in active if isinstance(doc, Parameters) for part in doc.parameters
            ),
            overrides or {},
        ),
        estimates=_by_id(
            part for doc in active if isinstance(doc, Estimates) for part in doc.estimates
        ),
        texts=_by_id(
            card
            for doc in active
            if isinstance(doc, Texts) and doc.language == language
            for card in doc.cards
        ),
        override_reasons={
            reason.code: reason
            for doc in active
            if isinstance(doc, OverrideReasons)
            for reason in doc.reasons
        },
        radiation_levels={
            level.level: level
            for doc in active
            if isinstance(doc, RadiationLevels)
            for level in doc.levels
        },
        imaging_categories=frozenset(
            normal_code(category.system, category.code)
            for doc in active
            if isinstance(doc, ImagingCategories)
            for category in doc.codes
        ),
        procedure_by_code={code: name for name, known in codes.items() for code in known},
        procedure_by_name={
            written.casefold(): procedure.id
            for procedure in procedures.values()
            for written in (procedure.title, *procedure.names)
        },
        codes_of_procedure=codes,
    )


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_Part = TypeVar("_Part", bound=_Named)


def _by_id(parts: Iterable[_Part]) -> dict[str, _Part]:
    return {part.id: part for part in parts}


def _resource_types(findings: dict[str, Finding]) -> tuple[str, ...]:
    read = {kind for finding in findings.values() for kind in origins(finding)} | {"Patient"}
    return tuple(kind for kind in SOURCE_TYPES if kind in read)


def _observation_codes(
    findings: dict[str, Finding], value_sets: dict[str, ValueSet]
) -> tuple[str, ...]:
    wanted = {
        name
        for finding in findings.values()
        for clause in finding.evidence
        if "Observation" in clause.origin
        for name in (*clause.value_sets, *clause.asked_as)
    }
    return tuple(
        sorted(
            concept.code
            for name in wanted
            for group in value_sets[name].concepts
            if group.system == "loinc"
            for concept in group.codes
            if concept.role != "exclude"
        )
    )


def _procedure_codes(
    active: list[Document], procedures: dict[str, Procedure]
) -> dict[str, tuple[Code, ...]]:
    """Return the codes of each procedure: its own, then those of the optional maps."""
    codes = {
        procedure.id: [normal_code(code.system, code.code) for code in procedure.codes]
        for procedure in procedures.values()
    }
    for doc in active:
        if isinstance(doc, CodeMap):
            current_first = sorted(doc.codes, key=lambda mapped: mapped.status != "active")
            for mapped in current_first:
                codes[mapped.procedure].append(normal_code(doc.system, mapped.code))
    return {name: tuple(known) for name, known in codes.items()}


def _topic(topic: Topic, active: list[Document]) -> TopicContent:
    """Return `topic` with its own variants, tables and rules."""
    return TopicContent(
        topic=topic,
        variants=tuple(
            variant
            for doc in active
            if isinstance(doc, Variants) and doc.topic == topic.id
            for variant in doc.variants
        ),
        tables={
            table.variant: {name: row for row in table.rows for name in row.procedures}
            for doc in active
            if isinstance(doc, Ratings) and doc.topic == topic.id
            for table in doc.tables
        },
        recommendations=tuple(
            rule
            for doc in active
            if isinstance(doc, Recommendations) and doc.topic == topic.id
            for rule in doc.recommendations
        ),
        sources={
            rule.id: source
            for doc in active
            if isinstance(doc, Recommendations) and doc.topic == topic.id
            for rule in doc.recommendations
            for source in doc.sources
            if source.id == rule.source
        },
    )


def _overridden(
    parameters: dict[str, Parameter], overrides: Mapping[str, str]
) -> dict[str, Parameter]:
    """Return the parameters with a site's values in place of the shipped ones."""
    for name, value in overrides.items():
        if parameters[name].unit:
            try:
                Decimal(value)
            except InvalidOperation:
                raise ValueError(f"parameter {name} needs a number, not {value!r}") from None
        else:
            parse_duration(value)
        parameters[name] = msgspec.structs.replace(
            parameters[name], value=value, basis="local-default", note="set by this site"
        )
    return parameters
