"""What made a finding fire: the codes, or the listed phrases, of the records that speak for it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cds_service.content.library import Content
from cds_service.content.phrasebook import english
from cds_service.engine.items import Item
from cds_service.engine.result import Result
from cds_service.engine.verdict import Verdict
from cds_service.fhir.codes import Code
from cds_service.fhir.read import (
    Json,
    child,
    codes,
    name_of,
    objects,
    reference,
    same_reference,
    string,
    texts,
)

UNEXPLAINED = "?"
WITHIN_TEXT = "words within a longer text"
CONTRADICTION = "the order contradicts itself"

_CONCEPTS = (
    "code", "type", "substance", "valueCodeableConcept", "medicationCodeableConcept", "medication",
    "reasonCode",
)  # fmt: skip


class Witness(NamedTuple):
    """One code or phrase by which records of one type speak for a finding.

    `label` is the content's own for the code; `shown` is how the record itself names it, which
    may hold what a clinician typed.
    """

    finding: str
    resource_type: str
    system: str
    code: str
    label: str
    in_text: bool
    shown: str


def witnesses(
    result: Result, resources: Iterable[Json], content: Content, verdict: Verdict = Verdict.FOR
) -> Iterator[tuple[Witness, Item]]:
    """Yield what in `resources` made `result` what it is, for each item of that `verdict`.

    An item that rests on no code, and not on text either, gets a witness with the code ``?``:
    either the survey or the engine is at fault, and the report says so.
    """
    by_name: dict[str, list[Json]] = defaultdict(list)
    for resource in resources:
        by_name[name_of(resource)].append(resource)
    sets = _value_sets(result, content)
    for item in result.items:
        if item.verdict is not verdict:
            continue
        own = _in_our_words(result, item, content)
        if own is not None:
            yield own, item
            continue
        found = [
            (code, shown)
            for resource in by_name[item.reference]
            for concept in concepts(resource, resources)
            for code, shown in coded(concept)
            if not item.from_text and _speaks(code, sets, content)
        ]
        for code, shown in dict.fromkeys(found):
            label = content.index.label(code)
            yield _witness(result, item, code.system, code.value, label, shown), item
        if not found:
            yield _from_text(result, item, by_name[item.reference], resources, sets, content), item


def _value_sets(result: Result, content: Content) -> set[str]:
    """Return the value sets that a record of the finding may be in, those of estimates too."""
    clauses = result.finding.evidence
    estimated = [content.estimates[each.estimated_by] for each in clauses if each.estimated_by]
    named = {name for clause in clauses for name in clause.value_sets}
    return named | {each.made_from for each in estimated}


def _in_our_words(result: Result, item: Item, content: Content) -> Witness | None:
    """Return the witness of an item that rests on no value set, or None if it does."""
    clauses, label = result.finding.evidence, english([item.label])
    if item.resource_type == "Patient":
        return _witness(result, item, "", label, label, "")
    if item.of_order and not item.reference:
        return _witness(result, item, "", "", CONTRADICTION, label)
    if any(clause.same_study for clause in clauses) and label in {
        procedure.title for procedure in content.procedures.values()
    }:
        return _witness(result, item, "", "", label, "")
    return None


def _witness(result: Result, item: Item, system: str, code: str, label: str, shown: str) -> Witness:
    kind = item.resource_type
    return Witness(result.finding.id, kind, system, code, label, item.from_text, shown)


def _from_text(
    result: Result,
    item: Item,
    found: list[Json],
    resources: Iterable[Json],
    sets: set[str],
    content: Content,
) -> Witness:
    written = [
        text
        for each in found
        for concept in (*concepts(each, resources), *objects(each.get("note")))
        for text in texts(concept)
    ]
    for text in written:
        named = {mention.value_set for mention in content.text.mentions(text)} & sets
        if named and item.from_text:
            label = f"words of {', '.join(sorted(named))}"  # ours, not the chart's
            return _witness(result, item, "", "", label, text)
    shown = next(iter(written), "")
    if item.from_text:
        return _witness(result, item, "", "", WITHIN_TEXT, shown)
    return _witness(result, item, "", UNEXPLAINED, UNEXPLAINED, shown)


def _speaks(code: Code, sets: set[str], content: Content) -> bool:
    return any(
        member.value_set in sets and member.role != "exclude"
        for member in content.index.memberships(code)
    )


def concepts(resource: Json, resources: Iterable[Json]) -> Iterator[Json]:
    """Yield every concept by which a record may speak, those it points to among them."""
    for holder in (resource, *objects(resource.get("component"))):
        for name in _CONCEPTS:
            yield from objects(holder.get(name))
    for named in objects(resource.get("deviceName")):
        yield {"text": string(named.get("name"))}
    for pointing in (child(resource, "medicationReference"), child(resource, "device")):
        if display := string(pointing.get("display")):
            yield {"text": display}
        pointer = reference(pointing)
        for target in (*objects(resource.get("contained")), *resources):
            if pointer and (
                pointer == f"#{string(target.get('id'))}"
                or same_reference(pointer, name_of(target))
            ):
                yield from objects(target.get("code"))
                yield from objects(target.get("type"))


def coded(concept: Json) -> Iterator[tuple[Code, str]]:
    """Yield each code of a concept with how the record names it."""
    text = string(concept.get("text"))
    for coding in objects(concept["coding"]) if "coding" in concept else [concept]:
        for code in codes(coding):
            yield code, string(coding.get("display")) or text
