"""What one prefetch value, or one answer of the FHIR server, says and how complete it is.

The absence of a record only means something where the source is complete. So whatever cannot be
read, or shows that something is missing, makes the source partial or failed, and never raises.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cds_service.engine.chart import Source, SourceState
from cds_service.fhir.client import listed, next_link
from cds_service.fhir.read import Json, child, name_of, objects, patient_id, reference, string

COMPLETE = Source(SourceState.COMPLETE)
NOT_RESOURCE = "what was supplied is not a FHIR resource"
OTHER_TYPE = "other kinds of records came than were asked for"
ERROR_ANSWER = "the search was answered with an error report"
ONE_RECORD = "a single record was supplied in place of a search result"
MORE_PAGES = "further pages were not read"
ERROR_NOTED = "the search reported an error"
ODD_ENTRIES = "some entries could not be read"
FEWER_THAN_FOUND = "fewer records were supplied than the search found"

_GRAVE = frozenset({"error", "fatal"})
_SUBJECTS = ("subject", "patient")


@dataclass(frozen=True, slots=True)
class Reading:
    """The usable resources of one answer, how complete it is, and what it leaves to be read.

    `unfinished` is a Bundle with further pages; `foreign` counts records left out because they
    are not about the patient.
    """

    resources: tuple[Json, ...]
    source: Source
    unfinished: Json | None = None
    foreign: int = 0


def failed(reason: str) -> Reading:
    """Return the reading of an answer that could not be used."""
    return Reading((), Source(SourceState.FAILED, str(reason)))


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
    if not _is_about(resource, patient, {}):
        return Reading((), Source(SourceState.PARTIAL, _left_out(1)), foreign=1)
    if resource_type == "Patient":
        return Reading((resource,), COMPLETE)
    return Reading((resource,), Source(SourceState.PARTIAL, ONE_RECORD))


def combine(sources: Sequence[Source]) -> Source:
    """Return the state of a source that is asked for in parts: complete only if all parts are."""
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
    kept: list[Json] = []
    matches = others = odd = foreign = 0
    error = False
    entries = listed(bundle.get("entry"))
    names = _names(entries)
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        mode = string(child(entry, "search").get("mode"))
        kind = string(resource.get("resourceType")) if isinstance(resource, dict) else ""
        if kind == "OperationOutcome":
            error = error or _is_grave(resource)
        elif mode == "outcome":
            continue
        elif not isinstance(resource, dict) or not kind:
            odd += 1
        else:
            if mode != "include":
                matches += kind == resource_type
                others += kind != resource_type
            if _is_about(resource, patient, names):
                kept.append(resource)
            else:
                foreign += 1
    link = next_link(bundle)
    total = bundle.get("total")
    reasons = [
        *([MORE_PAGES] if link is not None else []),
        *([ERROR_NOTED] if error else []),
        *([ODD_ENTRIES] if odd else []),
        *([_left_out(foreign)] if foreign else []),
    ]
    if link is None and isinstance(total, int) and total > matches + odd:
        reasons.append(FEWER_THAN_FOUND)
    source = Source(SourceState.PARTIAL, "; ".join(reasons)) if reasons else COMPLETE
    if others and not matches:
        source = Source(SourceState.FAILED, OTHER_TYPE)
    return Reading(tuple(kept), source, None if link is None else bundle, foreign)


def _names(entries: Iterable[object]) -> dict[str, str]:
    """Return the ``Type/id`` behind each ``urn:`` address that entries of a Bundle go by."""
    return {
        url: name_of(child(entry, "resource"))
        for entry in objects(list(entries))
        if (url := string(entry.get("fullUrl"))).startswith("urn:")
    }


def _is_grave(outcome: object) -> bool:
    issues = objects(outcome.get("issue")) if isinstance(outcome, dict) else []
    return any(string(issue.get("severity")).lower() in _GRAVE for issue in issues)


def _is_about(resource: Json, patient: str, names: dict[str, str]) -> bool:
    """Whether `resource` names this patient as its subject, or nobody."""
    if resource.get("resourceType") == "Patient":
        own = string(resource.get("id"))
        return not own or own == patient
    for element in _SUBJECTS:
        value = resource.get(element)
        if value is None:
            continue
        named: list[object] = [*objects(value)] or [value]
        if not all(_names_patient(reference(item), patient, names) for item in named):
            return False
    return True


def _names_patient(ref: str, patient: str, names: dict[str, str]) -> bool:
    """Whether a reference is to the patient; one that names nobody for certain counts as such."""
    if ref == f"Patient/{patient}" or not ref or ref.startswith("#") or "?" in ref:
        return True
    ref = names.get(ref, ref).removeprefix("urn:uuid:")
    kind = ref.partition("/_history")[0].rstrip("/").split("/")[-2:][0]
    return patient_id(ref) == patient and kind in ("Patient", patient)


def _left_out(count: int) -> str:
    records = "1 record that is" if count == 1 else f"{count} records that are"
    return f"{records} not about this patient left out"
