"""Imaging that was done or is still to be done, as the chart records it.

One study may stand in a Procedure, a DiagnosticReport, an ImagingStudy and an order. Each record is
recognised as an order is: by its codes, else by what its text names.
"""

from datetime import date
from typing import NamedTuple

from cds_service.content.library import Content
from cds_service.content.model import Procedure
from cds_service.engine import facts
from cds_service.engine.facts import Fact, Standing
from cds_service.engine.recognise import named_procedure
from cds_service.fhir.dates import Duration
from cds_service.fhir.read import Json, codes, name_of, objects, status_code, string, texts

STUDY_TYPES = frozenset({"Procedure", "DiagnosticReport", "ImagingStudy", "ServiceRequest"})
"""Resource types that record studies."""

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


def read_study(resource: Json, procedure: Procedure, as_of: date) -> Study | None:
    """Return the study of `procedure` that `resource` records, or None where it does not stand.

    Orders count only while they are open.
    """
    kind = string(resource.get("resourceType"))
    if kind == "ServiceRequest" and status_code(resource.get("status")) not in _PENDING:
        return None
    standing = facts.standing(resource)
    if standing is not Standing.STANDS:
        return None
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
    return Study(fact, procedure.modality, procedure.body_region)


def procedure_of(resource: Json, content: Content) -> Procedure | None:
    """Return the imaging procedure that a record of a study, or an order, names, if any."""
    kind = string(resource.get("resourceType"))
    names = _CONCEPTS.get(kind, ())
    concepts = [concept for name in names for concept in objects(resource.get(name))]
    known = [code for concept in concepts for code in codes(concept)]
    written = [text for concept in concepts for text in texts(concept)]
    if kind == "ImagingStudy":
        written += filter(None, [string(resource.get("description")), _of_series(resource)])
    return named_procedure(known, written, content)


def same(study: Study, procedure: Procedure) -> bool:
    """Say whether `study` is of the modality and body region of `procedure`."""
    return (study.modality, study.body_region) == (procedure.modality, procedure.body_region)


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
