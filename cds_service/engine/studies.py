"""Imaging that was done or is still to be done, as the chart records it.

One study may stand in a Procedure, a DiagnosticReport, an ImagingStudy and an order. Each record is
recognised as an order is: by its codes, else by what its text names.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from cds_service.content.library import Content
from cds_service.content.model import Procedure
from cds_service.engine import facts
from cds_service.engine.chart import Chart
from cds_service.engine.facts import Fact, Standing
from cds_service.engine.recognise import named_procedure
from cds_service.fhir.dates import Duration
from cds_service.fhir.read import Json, codes, name_of, objects, status_code, string, texts

_CONCEPTS = {
    "Procedure": ("code",),
    "DiagnosticReport": ("code",),
    "ImagingStudy": ("procedureCode", "procedure"),
    "ServiceRequest": ("code",),
}
_PENDING = frozenset({"active", "on-hold", "accepted", "in-progress"})
_NO_PRESCRIPTION = Duration(0, 0)


class Study(NamedTuple):
    """A recorded study: what the record says of its standing and date, and which procedure."""

    fact: Fact
    modality: str
    body_region: str


def read_studies(chart: Chart, content: Content, as_of: date) -> Iterator[Study]:
    """Yield the imaging studies in `chart` that stand, orders only while they are open."""
    for resource in chart.resources:
        kind = string(resource.get("resourceType"))
        if kind not in _CONCEPTS:
            continue
        if kind == "ServiceRequest" and status_code(resource.get("status")) not in _PENDING:
            continue
        standing = facts.standing(resource)
        if standing is Standing.STANDS and (procedure := _procedure(resource, kind, content)):
            when, started, ended, current = facts.period(resource, as_of, _NO_PRESCRIPTION)
            fact = Fact(
                reference=name_of(resource),
                resource_type=kind,
                label=procedure.title,
                standing=standing,
                current=current,
                when=when,
                started=started,
                ended=ended,
            )
            yield Study(fact, procedure.modality, procedure.body_region)


def same(study: Study, procedure: Procedure) -> bool:
    """Say whether `study` is of the modality and body region of `procedure`."""
    return (study.modality, study.body_region) == (procedure.modality, procedure.body_region)


def _procedure(resource: Json, kind: str, content: Content) -> Procedure | None:
    concepts = [concept for name in _CONCEPTS[kind] for concept in objects(resource.get(name))]
    known = [code for concept in concepts for code in codes(concept)]
    written = [text for concept in concepts for text in texts(concept)]
    if kind == "ImagingStudy":
        written += filter(None, [string(resource.get("description")), _of_series(resource)])
    return named_procedure(known, written, content)


def _of_series(study: Json) -> str:
    """Return modality and body site of an ImagingStudy in words, or the empty string."""
    series = objects(study.get("series"))
    modalities = {
        code.value
        for holder in (study, *series)
        for code in codes(holder.get("modality") or holder.get("modalityList"))
    } & {"MR", "CT", "DX", "CR", "NM", "PT"}
    sites = [text for each in series for text in texts({"coding": objects(each.get("bodySite"))})]
    return f"{modalities.pop()} {sites[0]}" if len(modalities) == 1 and sites else ""
