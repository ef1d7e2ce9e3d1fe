"""Coverage of what is read: findings with their codes, phrases and numbers; value sets; studies."""

from collections import Counter
from collections.abc import Iterable, Iterator

from cds_service.content.coverage.documents import Proofs, of_kind
from cds_service.content.coverage.model import (
    CaseCount,
    CodeCount,
    FindingRow,
    Number,
    ParameterRow,
    ProcedureGroup,
    TextCount,
    ValueSetRow,
    cited,
    counted,
)
from cds_service.content.library import SOURCE_TYPES, origins
from cds_service.content.model import (
    Citation,
    Clause,
    CodeMap,
    Concept,
    Document,
    Finding,
    Findings,
    Parameter,
    Parameters,
    Procedures,
    ValueSet,
)
from cds_service.text.patterns import parse

THRESHOLDS = ("above", "below", "age-at-least", "age-below")
WINDOWS = ("look-back", "lasting")
"""The fields of a clause that name parameters."""


def findings(active: list[Document], proved: Proofs) -> Iterator[FindingRow]:
    """Yield every finding, in the order of the documents."""
    value_sets = {doc.id: doc for doc in of_kind(active, ValueSet)}
    known = {part.id: part for doc in of_kind(active, Parameters) for part in doc.parameters}
    for document in of_kind(active, Findings):
        for finding in document.findings:
            named = dict.fromkeys(
                name
                for clause in finding.evidence
                for name in (*clause.value_sets, *clause.asked_as)
            )
            read = [value_sets[name] for name in named]
            yield FindingRow(
                id=finding.id,
                title=finding.title,
                category=finding.category,
                origins=tuple(kind for kind in SOURCE_TYPES if kind in origins(finding)),
                codes=counted(pair for each in read for pair in _counting(each)),
                text=_text(phrase for each in read for phrase in _asserting(each)),
                thresholds=_numbers(finding, THRESHOLDS, known),
                windows=_numbers(finding, WINDOWS, known),
                absence=finding.absence,
                source=cited(document.sources, finding.source, finding.locator),
                cases=proved.get(finding.id, CaseCount()),
            )


def parameters(active: list[Document]) -> Iterator[ParameterRow]:
    """Yield every parameter."""
    for document in of_kind(active, Parameters):
        for each in document.parameters:
            source: Citation | None = each.source
            yield ParameterRow(
                id=each.id,
                title=each.title,
                value=each.value,
                unit=each.unit,
                basis=each.basis,
                source=cited([source], source.id) if source else None,
                note=each.note,
            )


def value_sets(documents: Iterable[Document]) -> Iterator[ValueSetRow]:
    """Yield every value set by id, those that are not in use too."""
    for each in sorted(of_kind(documents, ValueSet), key=lambda each: each.id):
        others = (each.excluded_phrases, each.denying_phrases, each.narrower_phrases)
        roles = Counter(concept.role for group in each.concepts for concept in group.codes)
        yield ValueSetRow(
            id=each.id,
            title=each.title,
            status=each.status,
            codes=counted(_concepts(each)),
            roles=dict(sorted(roles.items())),
            text=_text(_asserting(each)),
            other_phrases=sum(map(len, others)),
        )


def procedures(active: list[Document]) -> tuple[ProcedureGroup, ...]:
    """Return the procedures by modality, body region and contrast, codes of code maps included."""
    mapped: dict[str, list[tuple[str, str]]] = {}
    for code_map in of_kind(active, CodeMap):
        for code in code_map.codes:
            mapped.setdefault(code.procedure, []).append((code_map.system, code.code))
    groups: dict[tuple[str, str, str], list[tuple[str, bool]]] = {}
    codes: dict[tuple[str, str, str], set[tuple[str, str]]] = {}
    for document in of_kind(active, Procedures):
        for each in document.procedures:
            axes = (each.modality, each.body_region, each.contrast)
            groups.setdefault(axes, []).append((each.id, each.suggestable))
            own = ((code.system, code.code) for code in each.codes)
            codes.setdefault(axes, set()).update(own, mapped.get(each.id, ()))
    return tuple(
        ProcedureGroup(
            modality=modality,
            body_region=region,
            contrast=contrast,
            procedures=tuple(name for name, _ in members),
            suggestable=sum(suggestable for _, suggestable in members),
            codes=tuple(
                CodeCount(system=system, codes=number)
                for system, number in sorted(
                    Counter(system for system, _ in codes[modality, region, contrast]).items()
                )
            ),
        )
        for (modality, region, contrast), members in sorted(groups.items())
    )


def _concepts(value_set: ValueSet) -> Iterator[tuple[str, Concept]]:
    for group in value_set.concepts:
        for concept in group.codes:
            yield group.system, concept


def _counting(value_set: ValueSet) -> Iterator[tuple[str, Concept]]:
    return (pair for pair in _concepts(value_set) if pair[1].role != "exclude")


def _asserting(value_set: ValueSet) -> tuple[str, ...]:
    return (*value_set.phrases, *value_set.suggestive_phrases)


def _text(phrases: Iterable[str]) -> TextCount:
    distinct = dict.fromkeys(phrases)
    return TextCount(
        phrases=len(distinct), wordings=sum(parse(text).number_of_forms for text in distinct)
    )


def _numbers(
    finding: Finding, uses: tuple[str, ...], known: dict[str, Parameter]
) -> tuple[Number, ...]:
    """Return the parameters that the clauses of a finding name in `uses`, each use once."""
    named = dict.fromkeys(
        (use, name) for clause in finding.evidence for use in uses if (name := _of(clause, use))
    )
    return tuple(
        Number(
            use=use,
            parameter=name,
            value=known[name].value,
            unit=known[name].unit,
            basis=known[name].basis,
        )
        for use, name in named
    )


def _of(clause: Clause, use: str) -> str | None:
    name: str | None = getattr(clause, use.replace("-", "_"))
    return name
