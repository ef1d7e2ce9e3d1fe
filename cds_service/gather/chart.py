"""One request's chart: prefetch first, then the FHIR server for what prefetch left open.

The chart does not depend on the order of keys, entries, pages or answers. A source that could not
be had in full says so; only without the patient is there no chart.
"""

import json
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial

import msgspec

from cds_service.content.library import Content
from cds_service.engine.chart import Chart, Source, SourceState
from cds_service.fhir.client import ReadObserver
from cds_service.fhir.glance import Page, Resource, page_of, resource_name, whole
from cds_service.fhir.read import Json, child, patient_id, string
from cds_service.fhir.reasons import Reason
from cds_service.gather.prefetch import combine, read_page, read_value, refuse_other_patient
from cds_service.gather.reads import NOT_SUPPLIED, Asked, HowToRead, WhileReading, complete
from cds_service.gather.tally import COMPLETE, Reading
from cds_service.gather.templates import KEYS, prefetch_templates, resource_type_of
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.json_body import decode_part
from cds_service.hooks.request import HookRequest
from cds_service.settings import Settings


def gather(
    request: HookRequest,
    content: Content,
    settings: Settings,
    observe: ReadObserver | None = None,
    while_reading: WhileReading = nullcontext,
) -> Chart:
    """Return the patient's records that `content` reads, and how complete each source is.

    Prefetched values are used as they are, failed ones included; absent keys and further pages
    are read from the client's FHIR server where the call and the settings allow it, within
    ``settings.fhir_deadline`` seconds (CDS Hooks 2.0, Prefetch; FHIR Resource Access). `observe`
    is told of each read: its resource type, what was wrong with it, and its seconds. The wait for
    the FHIR server happens inside a context of `while_reading`, which may prevent it.

    Raises:
        RequestRefused: 412 if the Patient cannot be had; 400 if the one sent is another's; 503 if
            too many reads were under way to read the Patient.
    """
    patient = patient_id(request.patient_id)
    plan = _plan(content)
    supplied = {}
    for key, value in request.prefetch.items():
        if key in plan:
            supplied[key] = _supplied(value, plan[key].kind, patient, settings)
        else:
            _refuse_other_patient(value, patient, settings)
    _check_supplied_patient(supplied.get(KEYS["Patient"]))
    how = HowToRead(settings, observe, while_reading)
    readings = complete(supplied, plan, _server(request, settings), patient, how)
    patient_reading = readings[KEYS["Patient"]]
    if not _has_patient(patient_reading):
        raise _without_patient(patient_reading.source.reason)
    parts: dict[str, list[Source]] = {kind: [] for kind in content.resource_types}
    for key, asked in plan.items():
        parts.setdefault(asked.kind, []).append(readings[key].source)
    sources = {kind: combine(states or _ABSENT) for kind, states in parts.items()}
    sources["Patient"] = COMPLETE
    return Chart(
        patient_id=patient,
        resources=_in_order(reading.resources for reading in readings.values()),
        sources=sources,
    )


def check_patients(request: HookRequest, settings: Settings) -> None:
    """Refuse a call in which another patient's Patient was prefetched, without reading the rest.

    Raises:
        RequestRefused: 400, because the chart that came is not of the patient of the context.
    """
    for value in request.prefetch.values():
        _refuse_other_patient(value, patient_id(request.patient_id), settings)


def _refuse_other_patient(value: object, patient: str, settings: Settings) -> None:
    page = _page(value, settings)
    if page is not None:
        refuse_other_patient(page.patient(), patient)


def _page(value: object, settings: Settings) -> Page | None:
    """Return a prefetch value at a glance, or None where it was decoded whole or is odd."""
    if isinstance(value, msgspec.Raw):
        return page_of(value, partial(decode_part, settings=settings))
    return value if isinstance(value, Page) else None


_ABSENT = [Source(SourceState.NOT_SUPPLIED, NOT_SUPPLIED)]


def _plan(content: Content) -> dict[str, Asked]:
    """Return what each published key asks for."""
    known: dict[str, Asked] | None = content.memory.get("plan")
    if known is None:
        templates = prefetch_templates(content.resource_types, content.observation_codes)
        known = {
            key: Asked(resource_type_of(key) or "", template) for key, template in templates.items()
        }
        content.memory.keep("plan", known)
    return known


def _supplied(value: object, kind: str, patient: str, settings: Settings) -> Reading:
    if (page := _page(value, settings)) is not None:
        return read_page(page, kind, patient)
    if isinstance(value, msgspec.Raw):
        value = decode_part(value, settings)
        refuse_other_patient(value, patient)
    return read_value(value, kind, patient)


def _server(request: HookRequest, settings: Settings) -> tuple[str, str] | None:
    """Return address and token of the FHIR server this call may read."""
    if request.fhir_access is not None:
        return request.fhir_access.base_url, request.fhir_access.token
    if settings.open_fhir and request.fhir_server:
        return request.fhir_server, ""
    return None


def _has_patient(reading: Reading) -> bool:
    # a Patient is not glanced at: it is small, and all of it is read
    return any(
        isinstance(resource, dict) and resource["resourceType"] == "Patient"
        for resource in reading.resources
    )


def _check_supplied_patient(reading: Reading | None) -> None:
    """Refuse the request if what was supplied as the patient rules out that there can be advice.

    Raises:
        RequestRefused: 400 for another patient's record; 412 if the client found none.
    """
    if reading is None or _has_patient(reading) or reading.source.state is SourceState.FAILED:
        return
    if reading.foreign:
        raise RequestRefused(
            400, "invalid", "The Patient in prefetch is not the patient of the context."
        )
    raise _without_patient("the client found no such patient")


def _without_patient(reason: str) -> RequestRefused:
    """Return the refusal for want of the patient (CDS Hooks 2.0.1, HTTP Status Codes, 412).

    It is 503 if the patient was not even asked for: trying again may help.
    """
    if reason == Reason.TOO_MANY_READS:
        return RequestRefused(
            503,
            "throttled",
            "The Patient was not sent, and too many reads from FHIR servers were under way to read"
            " it: try again, or send it as prefetch key 'patient'.",
            reason,
            retry_after=1,
        )
    by_reason = {Reason.NOT_FOUND.value: "not-found", Reason.TIME_OUT.value: "transient"}
    return RequestRefused(
        412,
        by_reason.get(reason, "required"),
        "The Patient is needed and could not be had: send it as prefetch key 'patient', or send"
        " fhirServer with fhirAuthorization.",
        reason,
    )


def _in_order(groups: Iterable[tuple[Resource, ...]]) -> tuple[Resource, ...]:
    """Return all resources by type and id, each once; of two versions, the one updated last."""
    named: dict[str, Resource] = {}
    unnamed: dict[str, Resource] = {}
    for group in groups:
        for resource in group:
            name = resource_name(resource)
            if "/" not in name:
                unnamed[_canonical(whole(resource))] = resource
            elif name not in named or _is_newer(whole(resource), whole(named[name])):
                named[name] = resource
    without_id = sorted(unnamed.items(), key=lambda item: (resource_name(item[1]), item[0]))
    return (*(named[name] for name in sorted(named)), *(item for _, item in without_id))


def _is_newer(resource: Json, other: Json) -> bool:
    if resource == other:
        return False
    updated = [string(child(item, "meta").get("lastUpdated")) for item in (resource, other)]
    if updated[0] != updated[1]:
        return updated[0] > updated[1]
    return _canonical(resource) > _canonical(other)


def _canonical(resource: Json) -> str:
    return json.dumps(resource, sort_keys=True, default=str)
