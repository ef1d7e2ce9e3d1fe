"""Does each resource have the structure of FHIR R4, judged by strict models.

The service reads more tolerantly than these models: what is odd costs only itself there too. The
models' own messages may quote values, so each kind of complaint is put into our own words.
"""

from collections.abc import Iterator
from typing import Any

from cds_service.lint.records import Record
from cds_service.lint.remark import Remark, Severity, element

READ = frozenset(
    {
        "abatementDateTime", "authoredOn", "birthDate", "category", "clinicalStatus", "code",
        "component", "device", "dispenseRequest", "doNotPerform", "effectiveDateTime",
        "effectivePeriod", "intent", "interpretation", "medicationCodeableConcept",
        "medicationReference", "modifierExtension", "onsetDateTime", "onsetPeriod", "patient",
        "performedDateTime", "performedPeriod", "priority", "reasonCode", "reasonReference",
        "recordedDate", "referenceRange", "safety", "status", "subject", "type",
        "valueBoolean", "valueCodeableConcept", "valueQuantity", "verificationStatus",
    }
)  # fmt: skip
"""Elements that advice is made from; an oddity in another one is only worth a note."""

_WORDS = (
    ("missing", "is required in FHIR R4 and missing"),
    ("extra_forbidden", "is no element of this resource in FHIR R4"),
    ("list_type", "must be a list"),
    ("list", "must be a list"),
    ("dict_type", "must be an object"),
    ("string_type", "must be a text"),
    ("bool", "must be true or false"),
    ("decimal", "must be a number"),
    ("int", "must be a whole number"),
    ("string_pattern_mismatch", "is not written as FHIR R4 asks"),
    ("date", "is not a date as FHIR R4 writes it"),
)


def check(records: list[Record]) -> Iterator[Remark]:
    """Yield every way in which a resource departs from FHIR R4; each costs only itself."""
    # Only lint needs these models, and they cost time to import.
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415
    from pydantic import ValidationError  # noqa: PLC0415

    for record in records:
        if not record.resource:
            continue
        kind = record.resource["resourceType"]
        try:
            model = get_fhir_model_class(kind)
        except (KeyError, LookupError, ValueError):
            yield _unknown_type(record)
            continue
        try:
            model.model_validate(record.resource)
        except ValidationError as problem:
            for error in problem.errors(
                include_url=False, include_context=False, include_input=False
            ):
                yield _remark(record, error["type"], error["loc"], error["msg"])
        except Exception as problem:  # a model that fails on one resource must not hide the others
            yield Remark(
                Severity.NOTE,
                record.location,
                f"could not be compared with FHIR R4 ({type(problem).__name__})",
                "Check the resource with a FHIR validator",
                record.name,
            )


def _unknown_type(record: Record) -> Remark:
    return Remark(
        Severity.NOTE,
        record.location,
        "its resourceType is none of FHIR R4",
        "Send FHIR R4; a resource of another type is not read unless it is an order",
        record.name,
    )


def _remark(record: Record, kind: str, loc: tuple[Any, ...], message: str) -> Remark:
    steps = [
        step if isinstance(step, int) else element(str(step)) for step in loc if step != "root"
    ]
    named = ".".join(step for step in steps if isinstance(step, str)) or "the resource"
    read = bool(steps) and steps[0] in READ
    return Remark(
        Severity.WARNING if read else Severity.NOTE,
        "".join([record.location, *(f"/{step}" for step in steps)]),
        f"{named} {_words(kind, message)}",
        "Send FHIR R4; until then it is read as far as possible",
        record.name,
    )


def _words(kind: str, message: str) -> str:
    """Return what a complaint of the models means, in words that quote no value."""
    kind = kind.removeprefix("model_field_validation.")
    if kind == "value_error" and "date" in message.casefold():
        kind = "date"
    if kind == "model_validation_format" and "'list'" in message:
        return "must be one object, not a list"
    return next(
        (words for start, words in _WORDS if kind.startswith(start)), "does not fit FHIR R4"
    )
