"""What one prefetch value, or one answer of the FHIR server, says and how complete it is.

The absence of a record only means something where the source is complete. So whatever cannot be
read, or shows that something is missing, makes the source partial or failed, and never raises.
"""

from collections.abc import Sequence

from cds_service.engine.chart import Source, SourceState
from cds_service.fhir.client import listed, next_link
from cds_service.fhir.glance import Glanced, Page, Resource
from cds_service.fhir.head import Entry
from cds_service.fhir.read import Json, child, patient_id, string
from cds_service.gather.tally import (
    COMPLETE,
    OTHER_TYPE,
    Reading,
    Tally,
    is_about,
    left_out,
    names_in,
)
from cds_service.hooks.errors import RequestRefused

NOT_RESOURCE = "what was supplied is not a FHIR resource"
ERROR_ANSWER = "the search was answered with an error report"
ONE_RECORD = "a single record was supplied in place of a search result"

_EMPTY = Reading((), COMPLETE)


def failed(reason: str) -> Reading:
    """Return the reading of an answer that could not be used."""
    return Reading((), Source(SourceState.FAILED, str(reason)))


def read_page(page: Page, resource_type: str, patient: str) -> Reading:
    """Return what a prefetch value holds that is known at a glance, as `read_value` does.

    Raises:
        RequestRefused: 400, what came is another patient's; or whatever decoding it raises.
    """
    if page.kind == "Bundle":
        return _read_bundle_at_a_glance(page, resource_type, patient)
    value = page.patient() if resource_type == "Patient" else {}
    value = value or page.all()
    refuse_other_patient(value, patient)
    return read_value(value, resource_type, patient)


def refuse_other_patient(value: object, patient: str) -> None:
    """Refuse the request if `value` is another patient's Patient.

    Raises:
        RequestRefused: 400, because the chart that came is not of the patient of the context.
    """
    if isinstance(value, dict) and value.get("resourceType") == "Patient":
        other = string(value.get("id"))
        if other and patient_id(other) != patient:
            raise RequestRefused(
                400, "value", "The Patient in prefetch is not the patient of the context."
            )


def read_value(value: object, resource_type: str, patient: str) -> Reading:
    """Return what a prefetch value for `resource_type` holds about the patient with that id.

    ``null`` and a Bundle without entries say that there is nothing; an OperationOutcome, another
    type or no FHIR at all is a failed source (CDS Hooks 2.0, Prefetch; FHIR R4 search, Bundle).
    """
    if value is None:
        return Reading((), COMPLETE)
    resource = _unwrapped(value)
    kind = string(resource.get("resourceType"))
    if kind == "Bundle":
        return _read_bundle(resource, resource_type, patient)
    if kind == "OperationOutcome":
        return failed(ERROR_ANSWER)
    if kind != resource_type:
        return failed(OTHER_TYPE if kind else NOT_RESOURCE)
    if not is_about(resource, patient, {}):
        return Reading((), Source(SourceState.PARTIAL, left_out(1)), foreign=1)
    if resource_type == "Patient":
        return Reading((resource,), COMPLETE)
    return Reading((resource,), Source(SourceState.PARTIAL, ONE_RECORD))


def combine(sources: Sequence[Source]) -> Source:
    """Return the state of a source that is asked for in parts: complete only if all parts are."""
    if len(sources) == 1:
        return sources[0]
    states = {source.state for source in sources}
    if len(states) == 1:
        state = states.pop()
    elif states & {SourceState.COMPLETE, SourceState.PARTIAL}:
        state = SourceState.PARTIAL
    else:
        state = SourceState.FAILED
    reasons = dict.fromkeys(source.reason for source in sources if source.reason)
    return Source(state, "; ".join(reasons))


def _unwrapped(value: object) -> Json:
    """Return the resource in `value`; clients before CDS Hooks 1.0 send {response, resource}."""
    if not isinstance(value, dict):
        return {}
    if "resourceType" in value or "response" not in value:
        return value
    answered = string(child(value, "response").get("status")) or "200"
    return child(value, "resource") if answered.startswith("2") else {}


def _read_bundle(bundle: Json, resource_type: str, patient: str) -> Reading:
    entries = listed(bundle.get("entry"))
    tally = Tally(resource_type, patient, lambda: names_in(entries))
    for entry in entries:
        tally.take(entry)
    return tally.reading(next_link(bundle), bundle.get("total"), lambda: bundle)


def _read_bundle_at_a_glance(page: Page, resource_type: str, patient: str) -> Reading:
    """Return what a Bundle holds, its resources at a glance.

    An entry that is not plainly one of those asked for, about this patient, is decoded whole.
    """
    links = page.link()
    if not page.entries and not page.total and not links:
        return _EMPTY
    tally = Tally(resource_type, patient, lambda: _names_at_a_glance(page))
    plain: list[Resource] = []
    for number, entry in enumerate(page.entries):
        if entry is not None:
            head, search = entry.resource, entry.search
            if (
                head.resourceType == resource_type
                and (search is None or search.mode == "match")
                and (head.subject is None or tally.is_plainly(head.subject.reference))
                and (head.patient is None or tally.is_plainly(head.patient.reference))
            ):
                plain.append(Glanced(head, page, number))
                continue
        tally.take(page.whole(number))
    tally.kept += plain
    tally.matches += len(plain)
    return tally.reading(next_link(links), page.total, page.all)


def _names_at_a_glance(page: Page) -> dict[str, str]:
    named = [page.whole(number) for number, entry in enumerate(page.entries) if _urn(entry)]
    return names_in(named)


def _urn(entry: Entry | None) -> bool:
    return entry is None or entry.fullUrl.strip().startswith("urn:")
