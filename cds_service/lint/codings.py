"""In which code systems a request speaks, and which of its values cannot be compared."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from cds_service.content.library import Content
from cds_service.content.model import Clause
from cds_service.engine import facts
from cds_service.engine.measurement import read_measurement
from cds_service.fhir.codes import READ_SYSTEMS, SYSTEM_URIS, Code, normal_code, system_name
from cds_service.fhir.dates import Duration
from cds_service.fhir.read import Json, child, codes, objects, string
from cds_service.fhir.units import to_unit
from cds_service.lint.records import Record
from cds_service.lint.remark import Remark, Severity, coded

_CONCEPTS = (
    "code",
    "type",
    "medicationCodeableConcept",
    "substance",
    "reasonCode",
    "valueCodeableConcept",
)
_DATED = {
    "Condition": "onset or recorded date",
    "Observation": "effective date",
    "Procedure": "performed date",
}
_KNOWN = ", ".join(SYSTEM_URIS)


def check(records: list[Record], content: Content) -> Iterator[Remark]:
    """Yield what is odd about the codes, the units and the dates of `records`."""
    yield from _systems(records, content)
    wanted = _units(content)
    for record in records:
        kind = string(record.resource.get("resourceType"))
        if kind == "Observation":
            yield from _unit(record, content, wanted)
        if kind in _DATED and not _is_dated(record.resource):
            yield Remark(
                Severity.WARNING,
                record.location,
                f"the {kind} has no date that can be read",
                f"Send its {_DATED[kind]}; without it nothing with a time limit can count",
                record.name,
            )


def _systems(records: list[Record], content: Content) -> Iterator[Remark]:
    """Yield one remark for each code system we do not know, with how often it was used.

    A site's own code that its file maps is read, and no reason for a remark.
    """
    seen: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    first: dict[str, str] = {}
    text_only = 0
    for record in records:
        for concept in (each for name in _CONCEPTS for each in objects(record.resource.get(name))):
            codings = objects(concept.get("coding"))
            text_only += not codings and bool(string(concept.get("text")))
            sent = [
                normal_code(system_name(string(coding.get("system"))), string(coding.get("code")))
                for coding in codings
            ]
            unread = {code.system for code in sent if not _is_read(code, content)}
            understood = any(_is_read(code, content) for code in sent)
            for name in unread:
                seen[name] += 1
                alone[name] += not understood
                first.setdefault(name, record.location)
    for name, times in seen.most_common():
        lost = alone[name]
        severity = Severity.WARNING if lost else Severity.NOTE
        said = f"in the code system {coded(name)!r}" if name else "without a system"
        todo = f"Add a coding in a system we know ({_KNOWN})" if name else "Send coding.system"
        yield Remark(
            severity,
            first[name],
            f"codings {said} are not read ({times} of them, {lost} without another beside it)",
            f"{todo}, or map the codes in the site file",
        )
    if text_only:
        yield Remark(
            Severity.NOTE,
            "/",
            f"there are concepts with a text and no coding ({text_only} of them)",
            "Send codes where there are any: text counts as weaker evidence",
        )


def _is_read(code: Code, content: Content) -> bool:
    """Say whether a code is of a system we know, or is mapped by the site."""
    return (
        code.system in READ_SYSTEMS
        or code in content.local.order_codes
        or bool(content.index.memberships(code))
    )


def _units(content: Content) -> dict[str, str]:
    """Return the unit in which values are compared, by value set of the measurement."""
    return {
        name: content.quantity(bound)[1]
        for finding in content.findings.values()
        for clause in finding.evidence
        if (bound := clause.above or clause.below) and "Observation" in clause.origin
        for name in clause.value_sets
        if not _estimated(name, clause, content)
    } | {estimate.made_from: estimate.unit_read for estimate in content.estimates.values()}


def _estimated(name: str, clause: Clause, content: Content) -> bool:
    """Say whether values of the value set `name` are converted before they are compared."""
    estimate = content.estimates.get(clause.estimated_by or "")
    return estimate is not None and estimate.made_from == name


def _unit(record: Record, content: Content, wanted: dict[str, str]) -> Iterator[Remark]:
    resource = record.resource
    for part in (resource, *objects(resource.get("component"))):
        measured = read_measurement(part)
        needed = {
            wanted[member.value_set]
            for code in codes(part.get("code"))
            for member in content.index.memberships(code)
            if member.value_set in wanted
        }
        for unit in sorted(needed):
            if measured is None or measured.value is None:
                if not child(part, "dataAbsentReason"):
                    yield Remark(
                        Severity.WARNING,
                        record.location,
                        "the Observation has no numeric valueQuantity",
                        f"Send the value as a number with a UCUM unit such as {unit}",
                        record.name,
                    )
            elif to_unit(measured.value, measured.unit, unit) is None:
                said = f"the unit {coded(measured.unit)!r}" if measured.unit else "no unit"
                yield Remark(
                    Severity.WARNING,
                    f"{record.location}/valueQuantity",
                    f"the value has {said}, which cannot be compared",
                    f"Send a UCUM unit such as {unit}",
                    record.name,
                )


def _is_dated(resource: Json) -> bool:
    when, started, ended, _ = facts.period(resource, _ANY_DAY, _ANY_TIME)
    return any((when, started, ended))


_ANY_DAY, _ANY_TIME = date.min, Duration(0, 0)
"""Whether there is a date at all depends on neither."""
