"""One patient's records, and hook requests about her."""

from dataclasses import dataclass, field
from typing import Any

from cds_service.content.library import Memory
from cds_service.hooks.request import FhirAccess, HookRequest

Json = dict[str, Any]

PATIENT: Json = {"resourceType": "Patient", "id": "ada", "birthDate": "1960-01-01"}
CODES = ("8310-5", "1988-5")


def record(kind: str, identity: str, patient: str = "ada", **more: Any) -> Json:
    subject = "patient" if kind in ("Device", "AllergyIntolerance") else "subject"
    return {
        "resourceType": kind,
        "id": identity,
        subject: {"reference": f"Patient/{patient}"},
        **more,
    }


def bundle(*resources: Json, **more: Any) -> Json:
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}


def fever(identity: str, patient: str = "ada", code: str = "8310-5") -> Json:
    coding = [{"system": "http://loinc.org", "code": code}]
    return record("Observation", identity, patient, code={"coding": coding}, valueInteger=39)


RECORDS: list[Json] = [
    record("Condition", "c1"),
    record("Condition", "c2"),
    fever("o1"),
    record("MedicationRequest", "m1"),
    record("Procedure", "p1"),
    record("Device", "d1"),
    record("DeviceUseStatement", "u1"),
    record("AllergyIntolerance", "a1"),
]
KINDS = {
    "conditions": "Condition",
    "observations": "Observation",
    "medications": "MedicationRequest",
    "procedures": "Procedure",
    "devices": "Device",
    "deviceUse": "DeviceUseStatement",
    "allergies": "AllergyIntolerance",
}


def full_prefetch() -> Json:
    searches = {
        key: bundle(*(item for item in RECORDS if item["resourceType"] == kind))
        for key, kind in KINDS.items()
    }
    return {"patient": PATIENT, **searches}


@dataclass(frozen=True)
class ContentStandIn:
    """What gathering asks of the content."""

    resource_types: tuple[str, ...] = ("Patient", *KINDS.values())
    observation_codes: tuple[str, ...] = CODES
    memory: Memory = field(default_factory=Memory)


def request(
    prefetch: Json | None = None,
    server: str = "",
    token: str = "",
    patient: str = "ada",
) -> HookRequest:
    return HookRequest(
        hook="order-sign",
        hook_instance="5d1d7d3a-0000-4000-8000-000000000001",
        user_id="Practitioner/1",
        patient_id=patient,
        encounter_id="",
        orders=(),
        selected=(),
        prefetch=prefetch or {},
        fhir_access=FhirAccess(server, token) if token else None,
        fhir_server=server,
        remarks=(),
    )
