"""From the documents of ``cards/`` and what a site adds to look-ups for the engine."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from cds_service.content.additions import extended, overridden, override_reasons
from cds_service.content.codeindex import CodeIndex
from cds_service.content.language import order_text_reader, text_index
from cds_service.content.library import (
    SITE_SOURCE,
    SOURCE_TYPES,
    SUPPLEMENTARY_TYPES,
    Content,
    TopicContent,
    origins,
)
from cds_service.content.local import Local
from cds_service.content.model import (
    AssertionCues,
    CodeMap,
    Document,
    Estimates,
    Finding,
    Findings,
    ImagingCategories,
    OrderWords,
    Parameters,
    Procedure,
    Procedures,
    RadiationLevels,
    Ratings,
    Recommendations,
    SafetyRule,
    Texts,
    Topic,
    ValueSet,
    ValueSetExpansions,
    Variants,
)
from cds_service.content.switches import safety_rules_in_force, topics_in_force
from cds_service.content.translation import (
    SOURCE_LANGUAGE,
    merged,
    phrasebook,
    translated,
)
from cds_service.fhir.codes import SYSTEM_URIS, Code, normal_code


def compile_content(
    documents: Iterable[Document],
    version: str,
    local: Local | None = None,
    expansions: Iterable[ValueSetExpansions] = (),
) -> Content:
    """Return the active `documents` compiled for use, with what a site adds in `local`.

    `expansions` are the site's files of descendants of codes that value sets list; expansions
    among the `documents` count too.

    Raises:
        KeyError: `local` names a parameter, value set or procedure that does not exist.
        ValueError: a site's value is not of its parameter's kind.
    """
    local = local or Local()
    english = [doc for doc in (*documents, *expansions) if doc.status == "active"]
    words = merged(english, local.language)
    active = translated(english, words)
    procedures = _by_id(part for doc in _each(Procedures, active) for part in doc.procedures)
    codes = _procedure_codes(active, procedures)
    value_sets = extended(_by_id(_each(ValueSet, active)), local)
    topics = tuple(_topic(topic, active) for topic in _each(Topic, active))
    safety_rules = tuple(_each(SafetyRule, active))
    texts = _by_id(
        card for doc in _each(Texts, active) if doc.language == local.language for card in doc.cards
    )
    findings = _by_id(part for doc in _each(Findings, active) for part in doc.findings)
    return Content(
        version=f"{version}+{local.digest}" if local.digest else version,
        local=local,
        phrasebook=phrasebook(words),
        index=CodeIndex(value_sets.values(), _each(ValueSetExpansions, active)),
        text=text_index(value_sets.values(), _of_language(active, AssertionCues, local.language)),
        order_text=order_text_reader(_of_language(active, OrderWords, local.language)),
        value_sets=value_sets,
        findings=findings,
        resource_types=_resource_types(findings),
        observation_codes=_observation_codes(findings, value_sets),
        procedures=procedures,
        topics=topics_in_force(topics, local.switched_on),
        safety_rules=safety_rules_in_force(safety_rules, local.switched_on),
        topics_as_written=topics,
        safety_rules_as_written=safety_rules,
        parameters=overridden(
            _by_id(part for doc in _each(Parameters, active) for part in doc.parameters),
            local.parameters,
        ),
        estimates=_by_id(part for doc in _each(Estimates, active) for part in doc.estimates),
        texts=texts,
        override_reasons=override_reasons(active, texts.values(), local),
        radiation_levels={
            level.level: level for doc in _each(RadiationLevels, active) for level in doc.levels
        },
        child_below=next((doc.child_below for doc in _each(RadiationLevels, active)), ""),
        imaging_categories=frozenset(
            normal_code(category.system, category.code)
            for doc in _each(ImagingCategories, active)
            for category in doc.codes
        ),
        procedure_by_code={
            **{code: name for name, known in codes.items() for code in known},
            **local.order_codes,
        },
        procedure_by_name={
            **{
                written.casefold(): procedure.id
                # an order may bear the title of any language
                for doc in _each(Procedures, (*english, *active))
                for procedure in doc.procedures
                for written in (procedure.title, *procedure.names)
            },
            **local.order_texts,
        },
        procedure_by_axes={
            (procedure.modality, procedure.body_region, procedure.contrast): procedure.id
            for procedure in reversed(procedures.values())
        },
        codes_of_procedure=codes,
    )


_Kind = TypeVar("_Kind", bound=Document)
_Spoken = TypeVar("_Spoken", AssertionCues, OrderWords)


def _each(kind: type[_Kind], documents: Iterable[Document]) -> Iterator[_Kind]:
    return (doc for doc in documents if isinstance(doc, kind))


def _of_language(active: list[Document], kind: type[_Spoken], language: str) -> _Spoken | None:
    """Return the document of a kind in `language`, else the English one, if there is any.

    Clinical text is read in English where the content has no words for reading the language.
    """
    found = {doc.language: doc for doc in _each(kind, active)}
    return found.get(language) or found.get(SOURCE_LANGUAGE)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_Part = TypeVar("_Part", bound=_Named)


def _by_id(parts: Iterable[_Part]) -> dict[str, _Part]:
    return {part.id: part for part in parts}


def _resource_types(findings: dict[str, Finding]) -> tuple[str, ...]:
    read = {kind for finding in findings.values() for kind in origins(finding)} | {"Patient"}
    studied = {
        kind
        for finding in findings.values()
        for clause in finding.evidence
        if clause.same_study
        for kind in clause.origin
    }
    read -= SUPPLEMENTARY_TYPES - studied  # an order's own reasons are no source to ask for
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
    return tuple(sorted(code for name in wanted for code in _asked_for(value_sets[name])))


def _asked_for(value_set: ValueSet) -> Iterator[str]:
    """Yield the codes of a value set by which observations are asked for."""
    for group in value_set.concepts:
        asked = [concept.code for concept in group.codes if concept.role != "exclude"]
        if group.system == "loinc":
            yield from asked
        elif group.source == SITE_SOURCE:
            yield from (f"{SYSTEM_URIS.get(group.system, group.system)}|{code}" for code in asked)


def _procedure_codes(
    active: list[Document], procedures: dict[str, Procedure]
) -> dict[str, tuple[Code, ...]]:
    """Return the codes of each procedure: its own, then those of the optional maps."""
    codes = {
        procedure.id: [normal_code(code.system, code.code) for code in procedure.codes]
        for procedure in procedures.values()
    }
    for doc in _each(CodeMap, active):
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
            for doc in _each(Variants, active)
            if doc.topic == topic.id
            for variant in doc.variants
        ),
        tables={
            table.variant: {name: row for row in table.rows for name in row.procedures}
            for doc in _each(Ratings, active)
            if doc.topic == topic.id
            for table in doc.tables
        },
        recommendations=tuple(
            rule
            for doc in _each(Recommendations, active)
            if doc.topic == topic.id
            for rule in doc.recommendations
        ),
        sources={
            rule.id: source
            for doc in _each(Recommendations, active)
            if doc.topic == topic.id
            for rule in doc.recommendations
            for source in doc.sources
            if source.id == rule.source
        },
    )
