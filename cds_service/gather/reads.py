"""What prefetch left open, read from the client's FHIR server within one deadline."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from cds_service.content.library import SUPPLEMENTARY_TYPES
from cds_service.engine.chart import Source, SourceState
from cds_service.fhir.client import FhirClient, Found, ReadObserver
from cds_service.fhir.origins import server_allowed
from cds_service.fhir.reasons import FhirUnavailable, Reason
from cds_service.gather.connection import EndableSession
from cds_service.gather.prefetch import failed, read_value
from cds_service.gather.tally import Reading
from cds_service.gather.templates import PATIENT_TOKEN
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


class Asked(NamedTuple):
    """What one prefetch key asks for."""

    kind: str
    template: str


@dataclass(frozen=True, slots=True)
class HowToRead:
    """What bounds the reads of a call, and who is told of them."""

    settings: Settings
    observe: ReadObserver | None
    while_reading: WhileReading


def complete(
    supplied: dict[str, Reading],
    plan: dict[str, Asked],
    server: tuple[str, str] | None,
    patient: str,
    how: HowToRead,
) -> dict[str, Reading]:
    """Return a reading for every key of `plan`: those supplied, extended by what `server` adds.

    `server` is the address and the token of the FHIR server that may be read, if there is one.
    """
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


def _job(supplied: Reading | None, asked: Asked, patient: str) -> _Job | None:
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


def _run(server: tuple[str, str], jobs: dict[str, _Job], how: HowToRead) -> dict[str, Reading]:
    """Return what the jobs read before the deadline; those that hang are ended and left out."""
    try:
        with how.while_reading():
            return _read_all(server, jobs, how)
    except FhirUnavailable as problem:
        return {key: failed(problem.reason) for key in jobs}


def _read_all(server: tuple[str, str], jobs: dict[str, _Job], how: HowToRead) -> dict[str, Reading]:
    client = FhirClient(*server, how.settings, EndableSession(), how.observe)
    pool = ThreadPoolExecutor(len(jobs), thread_name_prefix="fhir-read")
    try:
        futures = {pool.submit(job, client): key for key, job in jobs.items()}
        done, _ = wait(futures, timeout=client.deadline + _GRACE - time.monotonic())
    finally:
        client.close()
        pool.shutdown(wait=False, cancel_futures=True)
    return {futures[future]: future.result() for future in done}
