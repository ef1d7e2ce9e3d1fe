"""The short forms in which cases say what is in a chart, turned into real FHIR R4.

They are for reading. ``fhir:`` takes a whole resource where they do not suffice.
"""

import re
from datetime import date, timedelta
from typing import Any

from cds_service.fhir.codes import SYSTEM_URIS
from cds_service.fhir.read import Json

PATIENT = "case-patient"

_DAYS_AGO = re.compile("([0-9]{1,5}) days? ago")

_MR_SAFETY = {
    "safe": "C106045",
    "conditional": "C106046",
    "unsafe": "C106047",
    "unlabelled": "C113844",
}
_NOT_RECORDED: Json = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}
"""Stands where FHIR wants a concept and the record names none."""
_ANSWERS = {"yes": "373066001", "no": "373067005"}


def patient_resource(patient: Json) -> Json:
    """Return the Patient of a case: an adult unless it says otherwise."""
    birth_date = patient.get("birth-date", "1975-05-17")
    resource = {
        "resourceType": "Patient",
        "id": PATIENT,
        "gender": patient.get("gender", "female"),
    }
    return {**resource, "birthDate": birth_date} if birth_date else resource


def order_resource(order: Json) -> Json:
    """Return the ServiceRequest of a case: by default a lumbar MRI for low back pain.

    ``code`` is what is ordered (``loinc 30679-5``), ``reasons`` the stated reasons.
    """
    if "fhir" in order:
        return dict(order["fhir"])
    reasons = order.get("reasons", ["snomed-ct 279039007"])
    resource: Json = {
        "resourceType": "ServiceRequest",
        "id": "case-order",
        "status": "draft",
        "intent": "order",
        "code": _concept(order.get("code", "loinc 30679-5"), order.get("text", "")),
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    if reasons:
        resource["reasonCode"] = [_concept(reason) for reason in reasons]
    if "priority" in order:
        resource["priority"] = order["priority"]
    if "category" in order:
        resource["category"] = [_concept(order["category"])]
    return resource


def dated(record: Json, day: date) -> Json:
    """Return `record` with dates such as ``14 days ago`` counted back from `day`."""

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            return dated(value, day)
        ago = _DAYS_AGO.fullmatch(value) if isinstance(value, str) else None
        return (day - timedelta(days=int(ago[1]))).isoformat() if ago else value

    return {key: resolved(value) for key, value in record.items()}


def record_resource(record: Json, number: int = 0) -> Json:
    """Return the FHIR resource a short form stands for.

    Raises:
        ValueError: it names no kind of record, or a code without a known system.
    """
    if "fhir" in record:
        return dict(record["fhir"])
    for kind, build in _BUILDERS.items():
        if kind in record:
            base = {"id": record.get("id", f"{kind}-{number}")}
            return {**build(record, _concept(record[kind], record.get("text", ""))), **base}
    raise ValueError(f"a record is one of {', '.join(_BUILDERS)} or fhir, not {sorted(record)}")


def _concept(written: str, text: str = "") -> Json:
    """Return a CodeableConcept from ``system code``, from ``text: words``, or from both."""
    if written.startswith("text:"):
        return {"text": written.removeprefix("text:").strip()}
    system, _, code = written.partition(" ")
    if system not in SYSTEM_URIS:
        raise ValueError(f"unknown code system in {written!r}; write for example 'loinc 8310-5'")
    concept: Json = {"coding": [{"system": SYSTEM_URIS[system], "code": code.strip()}]}
    return {**concept, "text": text} if text else concept


def _coded(system: str, code: str) -> Json:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


def _subject() -> Json:
    return {"reference": f"Patient/{PATIENT}"}


def _with(resource: Json, **optional: Any) -> Json:
    return {**resource, **{name: value for name, value in optional.items() if value is not None}}


def _condition(record: Json, code: Json) -> Json:
    return _with(
        {
            "resourceType": "Condition",
            "code": code,
            "subject": _subject(),
            "clinicalStatus": _coded("condition-clinical", record.get("clinical-status", "active")),
            "verificationStatus": _coded(
                "condition-ver-status", record.get("verification", "confirmed")
            ),
        },
        onsetDateTime=record.get("onset"),
        recordedDate=record.get("recorded"),
        abatementDateTime=record.get("abated"),
    )


def _observation(record: Json, code: Json) -> Json:
    resource = _with(
        {
            "resourceType": "Observation",
            "status": record.get("status", "final"),
            "code": code,
            "subject": _subject(),
        },
        effectiveDateTime=record.get("date"),
    )
    if "value" in record:
        value, _, unit = str(record["value"]).partition(" ")
        comparator = value[0] if value[0] in "<>" else None
        quantity: Json = {"value": float(value.lstrip("<>"))}
        if unit:
            quantity |= {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
        resource["valueQuantity"] = _with(quantity, comparator=comparator)
    if "range-high" in record:
        resource["referenceRange"] = [{"high": {"value": float(record["range-high"])}}]
    if "flag" in record:
        resource["interpretation"] = [_coded("v3-ObservationInterpretation", record["flag"])]
    if "answer" in record:
        answer = record["answer"]
        answer = f"snomed-ct {_ANSWERS[answer]}" if answer in _ANSWERS else answer
        resource["valueCodeableConcept"] = _concept(answer)
    return resource


def _medication(record: Json, code: Json) -> Json:
    return _with(
        {
            "resourceType": "MedicationRequest",
            "status": record.get("status", "active"),
            "intent": record.get("intent", "order"),
            "medicationCodeableConcept": code,
            "subject": _subject(),
        },
        authoredOn=record.get("started"),
        doNotPerform=record.get("do-not-perform"),
        dispenseRequest=(
            {"validityPeriod": {"end": record["ended"]}} if "ended" in record else None
        ),
    )


def _procedure(record: Json, code: Json) -> Json:
    return _with(
        {
            "resourceType": "Procedure",
            "status": record.get("status", "completed"),
            "code": code,
            "subject": _subject(),
        },
        performedDateTime=record.get("date"),
    )


def _device(record: Json, code: Json) -> Json:
    resource = {
        "resourceType": "Device",
        "status": record.get("status", "active"),
        "type": code,
        "patient": _subject(),
    }
    if "mr-safety" in record:
        code = {"system": SYSTEM_URIS["ncit"], "code": _MR_SAFETY[record["mr-safety"]]}
        resource["safety"] = [{"coding": [code]}]
    return resource


def _device_use(record: Json, code: Json) -> Json:
    return {
        "resourceType": "DeviceUseStatement",
        "status": record.get("status", "active"),
        "subject": _subject(),
        "device": {"reference": "#device"},
        "contained": [{"resourceType": "Device", "id": "device", "type": code}],
    }


def _allergy(record: Json, code: Json) -> Json:
    allergy: Json = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": _coded(
            "allergyintolerance-clinical", record.get("clinical-status", "active")
        ),
        "verificationStatus": _coded(
            "allergyintolerance-verification", record.get("verification", "confirmed")
        ),
        "code": code,
        "patient": _subject(),
    }
    if "severity" in record or "reaction" in record:
        seen = _concept(record["reaction"]) if "reaction" in record else _NOT_RECORDED
        reaction = _with(
            {"manifestation": [seen]},
            severity=record.get("severity"),
            onset=record.get("reaction-onset"),
        )
        allergy["reaction"] = [reaction]
    return allergy


_BUILDERS = {
    "condition": _condition,
    "observation": _observation,
    "medication": _medication,
    "procedure": _procedure,
    "device": _device,
    "device-use": _device_use,
    "allergy": _allergy,
}
