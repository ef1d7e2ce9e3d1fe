"""From loose resources to charts: one for each patient, and one for each file with one record."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cds_service.content.library import SOURCE_TYPES, Content
from cds_service.content.short_forms import PATIENT
from cds_service.engine.chart import Chart, Source, SourceState
from cds_service.fhir.dates import parse_date
from cds_service.fhir.orders import ORDER_TYPES
from cds_service.fhir.read import Json, child, name_of, reference, string
from cds_service.survey.reading import Page

RECORDS = frozenset(SOURCE_TYPES[1:])
"""Types that the service asks clients for, besides the Patient."""

_POINTED_TO = frozenset({"Medication", "Device"})
_KEPT = RECORDS | _POINTED_TO | ORDER_TYPES | {"Patient"}
_STAND_IN = {"resourceType": "Patient", "id": PATIENT, "birthDate": "1966-01-01"}

_DATES = (
    "onsetDateTime", "recordedDate", "assertedDate", "abatementDateTime", "effectiveDateTime",
    "effectiveInstant", "issued", "performedDateTime", "authoredOn", "dateWritten", "recordedOn",
    "dateAsserted",
)  # fmt: skip
_PERIODS = ("onsetPeriod", "effectivePeriod", "performedPeriod")


@dataclass(frozen=True, slots=True)
class Subject:
    """One chart of the survey, the orders found in it, and the day of its last record.

    `stand_in` says that the Patient was not in the data and an adult stands in its place;
    `single` that the chart is one record on its own.
    """

    number: int
    origin: str
    chart: Chart
    orders: tuple[Json, ...]
    last_day: date | None
    stand_in: bool
    single: bool


@dataclass(slots=True)
class _Patient:
    origin: str
    resource: Json | None = None
    records: list[tuple[Json, dict[str, Json]]] = field(default_factory=list)
    """Each with the resources of its file by name, which it may point to."""
    orders: list[Json] = field(default_factory=list)


def charts(pages: Iterable[Page], content: Content, left_out: Counter[str]) -> Iterator[Subject]:
    """Yield the charts in `pages`: by patient, then the single records of their files.

    Records without a patient only have charts of their own; those that have not even that are
    counted in `left_out` by type.
    """
    patients: dict[str, _Patient] = {}
    everywhere: dict[str, Json] = {}
    single: list[tuple[str, Json]] = []
    for page in pages:
        kept = [_linked(each, page.names) for each in page.resources if _is_kept(each)]
        by_name = {name_of(each): each for each in kept}
        everywhere.update({n: r for n, r in by_name.items() if r["resourceType"] in _POINTED_TO})
        whole = any(each["resourceType"] != "Patient" for each in kept)
        for resource in kept:
            owner = _owner(resource)
            # a file with the patient and more is a chart of its own, whatever other files hold
            scope = f"{page.origin}#" if whole and owner in by_name else ""
            if owner:
                _add(patients, f"{scope}{owner}", resource, page.origin, by_name)
            elif len(page.resources) > 1 and resource["resourceType"] not in _POINTED_TO:
                left_out[resource["resourceType"]] += 1
        records = [each for each in kept if each["resourceType"] in RECORDS - ORDER_TYPES]
        if len(page.resources) == 1 and records:
            single.append((page.origin, records[0]))
    number = 0
    for patient in patients.values():
        if patient.records or patient.orders:
            number += 1
            yield _subject(number, patient, everywhere, content)
    for origin, record in single:
        number += 1
        alone = _Patient(origin, None, [(record, {})])
        yield _subject(number, alone, everywhere, content, single=True)


def _is_kept(resource: Json) -> bool:
    return string(resource.get("resourceType")) in _KEPT


def _owner(resource: Json) -> str:
    """Return ``Patient/id`` of the patient whom `resource` is about, or nothing."""
    if resource["resourceType"] == "Patient":
        return name_of(resource)
    for name in ("subject", "patient"):
        pointer = reference(child(resource, name)).partition("/_history")[0]
        kind, _, identity = pointer.rpartition("/")
        if identity and not pointer.startswith("#") and kind.rpartition("/")[2] in ("", "Patient"):
            return f"Patient/{identity}"
    return ""


def _add(
    patients: dict[str, _Patient], key: str, resource: Json, origin: str, page: dict[str, Json]
) -> None:
    patient = patients.setdefault(key, _Patient(origin))
    kind = resource["resourceType"]
    if kind == "Patient":
        patient.resource = resource
    if kind in ORDER_TYPES:
        patient.orders.append(resource)
    if kind in RECORDS:
        patient.records.append((resource, page))


def _subject(
    number: int,
    patient: _Patient,
    everywhere: dict[str, Json],
    content: Content,
    *,
    single: bool = False,
) -> Subject:
    stand_in = patient.resource is None
    person = patient.resource or _STAND_IN
    if not string(person.get("id")):
        person = {**person, "id": PATIENT}
    about = {"reference": f"Patient/{person['id']}"}
    records = [_about(each, about) for each, _ in patient.records]
    named = {name_of(each): each for each in records}
    for record, page in patient.records:
        pointers = (reference(child(record, each)) for each in ("medicationReference", "device"))
        for pointer in filter(None, pointers):
            target = page.get(pointer) or everywhere.get(pointer)
            if target is not None:
                named.setdefault(name_of(target), target)
    unnamed = [each for each in records if "/" not in name_of(each)]
    resources = (person, *(each for name, each in named.items() if "/" in name), *unnamed)
    return Subject(
        number=number,
        origin=patient.origin,
        chart=Chart(
            str(person["id"]),
            resources,
            {kind: Source(SourceState.COMPLETE) for kind in content.resource_types},
        ),
        orders=tuple(_about(each, about) for each in patient.orders),
        last_day=max(filter(None, map(_last_day, records)), default=None),
        stand_in=stand_in,
        single=single,
    )


def _about(record: Json, patient: Json) -> Json:
    """Return `record` about the patient of its chart, as the server of a site would give it."""
    name = "subject" if "subject" in record or "patient" not in record else "patient"
    if record["resourceType"] in ("Device", "AllergyIntolerance"):
        name = "patient"
    return {**record, name: patient}


def _last_day(record: Json) -> date | None:
    """Return the last day that `record` tells of as past, or None."""
    told = [record.get(name) for name in _DATES]
    for name in _PERIODS:
        told += [child(record, name).get("start"), child(record, name).get("end")]
    days = [span.last for span in map(parse_date, told) if span is not None]
    return max(days, default=None)


def _linked(resource: Json, names: dict[str, str]) -> Json:
    """Return `resource` with references by ``fullUrl`` as ``Type/id``, as after an import."""
    if not names:
        return resource
    return {name: _value(value, names) for name, value in resource.items()}


def _value(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_value(each, names) for each in value]
    if isinstance(value, dict):
        linked = {name: _value(each, names) for name, each in value.items()}
        pointer = linked.get("reference")
        if isinstance(pointer, str) and pointer in names:
            linked["reference"] = names[pointer]
        return linked
    return value
