"""One request's chart: prefetch first, then the FHIR server for what prefetch left open.

The chart does not depend on the order of keys, entries, pages or answers. A source that could not
be had in full says so; only without the patient is there no chart.
"""

import json
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec

from cds_service.content.library import SUPPLEMENTARY_TYPES, Content
from cds_service.engine.chart import Chart, Source, SourceState
from cds_service.fhir.client import FhirClient, Found, ReadObserver
from cds_service.fhir.glance import Page, Resource, page_of, resource_name, whole
from cds_service.fhir.origins import server_allowed
from cds_service.fhir.read import Json, child, patient_id, string
from cds_service.fhir.reasons import FhirUnavailable, Reason
from cds_service.gather.connection import EndableSession
from cds_service.gather.prefetch import (
    COMPLETE,
    Reading,
    combine,
    failed,
    read_page,
    read_value,
    refuse_other_patient,
)
from cds_service.gather.templates import KEYS, PATIENT_TOKEN, prefetch_templates, resource_type_of
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.json_body import decode_part
from cds_service.hooks.request import HookRequest
from cds_service.settings import Settings

NOT_SUPPLIED = "not supplied by the client"
NOT_OFFERED = "not offered by the FHIR server"

# Time for a thread to hand over the pages it has when the deadline ends its read.
_GRACE = 0.05
# What FHIR allows in an id, and the underscore: nothing that means something in a search.
_ASKABLE_ID = re.compile(r"[A-Za-z0-9._~-]+")

_Job = Callable[[FhirClient], Reading]

WhileReading = Callable[[], AbstractContextManager[None]]
"""Makes what surrounds the wait for a FHIR server; it raises `FhirUnavailable` to prevent it."""


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
    how = _HowToRead(settings, observe, while_reading)
    readings = _complete(supplied, plan, _server(request, settings), patient, how)
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


class _Asked(NamedTuple):
    """What one prefetch key asks for."""

    kind: str
    template: str


def _plan(content: Content) -> dict[str, _Asked]:
    """Return what each published key asks for."""
    known: dict[str, _Asked] | None = content.memory.get("plan")
    if known is None:
        templates = prefetch_templates(content.resource_types, content.observation_codes)
        known = {
            key: _Asked(resource_type_of(key) or "", template)
            for key, template in templates.items()
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


def _complete(
    supplied: dict[str, Reading],
    plan: dict[str, _Asked],
    server: tuple[str, str] | None,
    patient: str,
    how: "_HowToRead",
) -> dict[str, Reading]:
    """Return a reading for every key: those supplied, extended by what the server adds."""
    fallback = Reading((), Source(SourceState.NOT_SUPPLIED, NOT_SUPPLIED))
    fetched: dict[str, Reading] = {}
    if server is not None:
        jobs = {
            key: job
            for key, asked in plan.items()
            if (job := _job(supplied.get(key), asked, patient)) is not None
        }
        if not jobs:
            pass
        elif not server_allowed(server[0], how.settings):
            fallback = _not_supplied(Reason.NOT_ALLOWED)
        elif not _ASKABLE_ID.fullmatch(patient):
            fallback = _not_supplied(Reason.NOT_ASKABLE)
        else:
            fallback = failed(Reason.TIME_OUT)
            fetched = _run(server, jobs, how)
    return {key: fetched.get(key) or supplied.get(key) or fallback for key in plan}


def _not_supplied(reason: Reason) -> Reading:
    return Reading((), Source(SourceState.NOT_SUPPLIED, f"{NOT_SUPPLIED}; {reason}"))


def _job(supplied: Reading | None, asked: _Asked, patient: str) -> _Job | None:
    """Return what to read for one key, or None if what was supplied stands."""
    kind, query = asked.kind, asked.template.replace(PATIENT_TOKEN, patient)
    if kind == "Patient":
        # Without the patient there is no advice at all, so a failed prefetch is worth one read.
        if supplied is None or supplied.source.state is SourceState.FAILED:
            return lambda client: _read_patient(client, query, patient)
        return None
    if supplied is None:
        return lambda client: _search(client, query, kind, patient)
    if supplied.unfinished is not None and kind not in SUPPLEMENTARY_TYPES:
        unfinished = supplied.unfinished
        return lambda client: _as_reading(client.follow(unfinished), kind, patient)
    return None


def _read_patient(client: FhirClient, query: str, patient: str) -> Reading:
    try:
        return read_value(client.read(query), "Patient", patient)
    except FhirUnavailable as problem:
        return failed(problem.reason)


def _search(client: FhirClient, query: str, kind: str, patient: str) -> Reading:
    try:
        if kind in SUPPLEMENTARY_TYPES:
            # one page reminds well enough: further ones would take time and bytes from the rest
            return read_value(client.read(query), kind, patient)
        return _as_reading(client.search(query), kind, patient)
    except FhirUnavailable as problem:
        return failed(NOT_OFFERED if problem.reason is Reason.NOT_FOUND else problem.reason)


def _as_reading(found: Found, kind: str, patient: str) -> Reading:
    reading = read_value(found.bundle, kind, patient)
    if found.missing is None or reading.source.state is SourceState.FAILED:
        return reading
    return msgspec.structs.replace(reading, source=Source(SourceState.PARTIAL, str(found.missing)))


@dataclass(frozen=True, slots=True)
class _HowToRead:
    """What bounds the reads of a call, and who is told of them."""

    settings: Settings
    observe: ReadObserver | None
    while_reading: WhileReading


def _run(server: tuple[str, str], jobs: dict[str, _Job], how: _HowToRead) -> dict[str, Reading]:
    """Return what the jobs read before the deadline; those that hang are ended and left out."""
    try:
        with how.while_reading():
            return _read_all(server, jobs, how)
    except FhirUnavailable as problem:
        return {key: failed(problem.reason) for key in jobs}


def _read_all(
    server: tuple[str, str], jobs: dict[str, _Job], how: _HowToRead
) -> dict[str, Reading]:
    client = FhirClient(*server, how.settings, EndableSession(), how.observe)
    pool = ThreadPoolExecutor(len(jobs), thread_name_prefix="fhir-read")
    try:
        futures = {pool.submit(job, client): key for key, job in jobs.items()}
        done, _ = wait(futures, timeout=client.deadline + _GRACE - time.monotonic())
    finally:
        client.close()
        pool.shutdown(wait=False, cancel_futures=True)
    return {futures[future]: future.result() for future in done}


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
    for resource in (item for group in groups for item in group):
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
