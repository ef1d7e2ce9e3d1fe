"""What one record says, in one shape for all resource types.

A fact keeps what a finding may ask of it: whether the record stands, whether it is current, when
it was, and what was measured. Statuses mean what FHIR R4 says they mean; the plain strings of
STU3 and DSTU2 are read alike.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from cds_service.engine.measurement import Measurement
from cds_service.engine.reactions import Reaction
from cds_service.fhir.dates import Duration, Span, after, parse_date
from cds_service.fhir.read import Json, child, codes, objects, status_code

MEDICATION_TYPES = frozenset({"MedicationRequest", "MedicationStatement", "MedicationOrder"})
"""What the one source of medicines may hold."""


class Standing(StrEnum):
    """How far a record can be relied on."""

    STANDS = "stands"
    SUSPECTED = "suspected"
    """Unconfirmed, provisional or differential: a clinician's suspicion, a question."""
    UNCERTAIN = "uncertain"
    """Planned, not yet known, in the future, or modified in a way we cannot read: a question."""
    DENIES = "denies"
    """It says the opposite: refuted, not done, not taken."""
    VOID = "void"
    """Entered in error or cancelled: it says nothing at all."""


class Answer(StrEnum):
    """What an Observation answers to the question its code asks."""

    YES = "yes"
    NO = "no"
    NONE = "none"


class Fact(msgspec.Struct, frozen=True):
    """One record, or one component of an Observation, reduced to what findings ask of it.

    `when` is the day a look-back looks at: the end of what is over, else its start, else when it
    was recorded. `started` and `ended` bound it where known. `current` is False once it is over.
    """

    reference: str
    resource_type: str
    label: str
    standing: Standing
    current: bool
    when: Span | None
    started: Span | None
    ended: Span | None
    measurement: Measurement | None = None
    mr_status: str = ""
    severity: str = ""
    reactions: tuple[Reaction, ...] = ()
    """What the record of an allergy says happened."""
    of_order: bool = False
    """Whether the order itself states it."""


_LIFE_THREATENING = {"high", "crith"}

_VOID = {"entered-in-error", "cancelled", "aborted", "nullified"}

_CONDITION_STANDING = {
    "unconfirmed": Standing.SUSPECTED,
    "provisional": Standing.SUSPECTED,
    "differential": Standing.SUSPECTED,
    "refuted": Standing.DENIES,
    "entered-in-error": Standing.VOID,
}
_PAST_CLINICAL_STATUSES = {"inactive", "remission", "resolved"}

_EVENT_STANDING = {
    "registered": Standing.UNCERTAIN,
    "unknown": Standing.UNCERTAIN,
    "preparation": Standing.UNCERTAIN,
    "draft": Standing.UNCERTAIN,
    "intended": Standing.UNCERTAIN,
    "not-done": Standing.DENIES,
    "not-taken": Standing.DENIES,
    "not-completed": Standing.UNCERTAIN,
}
_PLANNED_INTENTS = {"proposal", "plan", "option"}
_PAST_USE_STATUSES = {"completed", "stopped", "ended"}

MR_SAFETY = {
    "C106045": "safe",
    "C106046": "conditional",
    "C106047": "unsafe",
    "C113844": "unlabelled",
}
"""NCI Thesaurus codes of ``Device.safety`` (FHIR value set device-safety), under any URI."""


def standing(resource: Json) -> Standing:
    """Return how far `resource` can be relied on (FHIR R4 status elements of its type)."""
    kind = resource.get("resourceType")
    status = status_code(resource.get("status"))
    if kind in ("Condition", "AllergyIntolerance"):
        # a DSTU2 AllergyIntolerance keeps its standing in `status`
        stated = status_code(resource.get("verificationStatus")) or status
        found = of_condition(stated)
    else:
        found = of_event(status)
    if resource.get("doNotPerform") is True or resource.get("notPerformed") is True:
        found = Standing.DENIES
    if found in (Standing.STANDS, Standing.SUSPECTED) and (
        status_code(resource.get("intent")) in _PLANNED_INTENTS
        or (kind == "Device" and status == "inactive")
        # FHIR R4 modifierExtension: a reader that does not know it cannot rely on the record
        or objects(resource.get("modifierExtension"))
    ):
        found = Standing.UNCERTAIN
    return found


def of_condition(verification: str) -> Standing:
    """Return how far a condition can be relied on by its verification status."""
    return _CONDITION_STANDING.get(verification, Standing.STANDS)


def is_past(clinical: str) -> bool:
    """Say whether a clinical status means that a condition is over."""
    return clinical in _PAST_CLINICAL_STATUSES


def of_event(status: str) -> Standing:
    """Return how far a record of what was done or measured can be relied on by its status."""
    if status in _VOID:
        return Standing.VOID
    return _EVENT_STANDING.get(status, Standing.STANDS)


def period(
    resource: Json, as_of: date, prescription: Duration
) -> tuple[Span | None, Span | None, Span | None, bool]:
    """Return (when, started, ended, current) of `resource` on the day `as_of`.

    `prescription` bounds how long a prescription that is over, without a recorded end, may have
    run.
    """
    kind = resource.get("resourceType")
    if kind in ("Condition", "AllergyIntolerance"):
        return _condition_period(resource, as_of)
    if kind in MEDICATION_TYPES:
        return _medication_period(resource, as_of, prescription)
    done = _first_date(resource, _EVENT_DATES)
    ended = _first_date(resource, _EVENT_ENDS)
    return ended or done, done, ended, True


_EVENT_DATES = (
    "effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "performedDateTime",
    "performedPeriod.start", "occurrenceDateTime", "occurrencePeriod.start", "timingDateTime",
    "timingPeriod.start", "recordedOn", "authoredOn", "issued", "date",
)  # fmt: skip
_EVENT_ENDS = ("effectivePeriod.end", "performedPeriod.end", "occurrencePeriod.end")
_ONSETS = ("onsetDateTime", "onsetPeriod.start", "onsetDate")
_ABATEMENTS = ("abatementDateTime", "abatementPeriod.end", "abatementDate")
_RECORDED = ("recordedDate", "assertedDate", "dateRecorded", "lastOccurrence", "onsetPeriod.end")
_STARTS = (
    "effectivePeriod.start",
    "effectiveDateTime",
    "authoredOn",
    "dateWritten",
    "dateAsserted",
)
_STOPS = (
    "effectivePeriod.end", "dispenseRequest.validityPeriod.end", "dateEnded",
)  # fmt: skip


def _condition_period(
    resource: Json, as_of: date
) -> tuple[Span | None, Span | None, Span | None, bool]:
    onset = _first_date(resource, _ONSETS)
    ended = _first_date(resource, _ABATEMENTS)
    over = is_past(status_code(resource.get("clinicalStatus")))
    # charts hold conditions that have abated and still say active
    over = over or resource.get("abatementBoolean") is True
    over = over or (ended is not None and ended.last <= as_of)
    return ended or onset or _first_date(resource, _RECORDED), onset, ended, not over


def _medication_period(
    resource: Json, as_of: date, prescription: Duration
) -> tuple[Span | None, Span | None, Span | None, bool]:
    started, ended = _first_date(resource, _STARTS), _first_date(resource, _STOPS)
    over = status_code(resource.get("status")) in _PAST_USE_STATUSES
    over = over or (ended is not None and ended.last < as_of)
    when = ended if over else Span(as_of, as_of)
    if over and ended is None and started is not None:  # it ended some day after it began
        when = Span(
            started.first, max(started.first, min(as_of, after(started.last, prescription)))
        )
    return when, started, ended, not over


def _first_date(resource: Json, paths: tuple[str, ...]) -> Span | None:
    for path in paths:
        name, _, inner = path.partition(".")
        holder: Any = resource
        while inner:
            holder = child(holder, name)
            name, _, inner = inner.partition(".")
        if span := parse_date(holder.get(name)):
            return span
    return None


def in_the_future(span: Span | None, as_of: date) -> bool:
    """Say whether `span` lies wholly after `as_of`, a day for time zones allowed."""
    return span is not None and span.first > as_of + timedelta(days=1)


def severity(allergy: Json) -> str:
    """Return the worst severity an AllergyIntolerance records, or ``unknown``.

    FHIR R4 ``AllergyIntolerance.reaction.severity``; a high ``criticality`` says that the next
    reaction may be life-threatening and is read as severe.
    """
    reactions = objects(allergy.get("reaction"))
    stated = {status_code(reaction.get("severity")) for reaction in reactions}
    if status_code(allergy.get("criticality")) in _LIFE_THREATENING:
        stated.add("severe")
    return next((each for each in ("severe", "moderate", "mild") if each in stated), "unknown")


def mr_status(device: Json) -> str:
    """Return the worst MR safety statement a Device carries, or ``unknown``."""
    stated = {
        status
        for code in codes(device.get("safety"))
        if (status := MR_SAFETY.get(code.value.upper()))
    }
    return next(
        (s for s in ("unsafe", "unlabelled", "conditional", "safe") if s in stated), "unknown"
    )
