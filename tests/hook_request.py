"""CDS Hooks requests made from the short forms of cases, with real FHIR JSON in them."""

from typing import Any

from cds_service.content.short_forms import (
    PATIENT,
    order_resource,
    patient_resource,
    record_resource,
)
from cds_service.gather.templates import KEYS

SELECT = "/cds-services/imaging-order-select"
SIGN = "/cds-services/imaging-order-sign"

BREAST_CANCER = {
    "condition": "snomed-ct 254837009",
    "text": "Malignant neoplasm of breast",
    "clinical-status": "remission",
    "onset": "2019-03-01",
}
BACK_PAIN = {"condition": "snomed-ct 279039007", "text": "Low back pain", "onset": "2026-11-08"}
FEVER = {"observation": "loinc 8310-5", "value": "38.6 Cel", "date": "2026-11-21T08:00:00Z"}
PACEMAKER = {"device": "snomed-ct 14106009", "text": "Cardiac pacemaker"}
CONDITIONAL_PACEMAKER = {**PACEMAKER, "mr-safety": "conditional"}

MRI_WITHOUT = "loinc 30679-5"
MRI_WITHOUT_AND_WITH = "loinc 24967-2"
CT_WITHOUT = "loinc 30620-9"
BONE_SCAN = "loinc 39818-0"
RADIOGRAPH = "radlex RPID2550"


def resources(*records: dict[str, Any], patient: dict[str, Any] | None = None) -> list[Any]:
    """Return the FHIR resources of a patient with these records."""
    made = [record_resource(record, number) for number, record in enumerate(records)]
    return [patient_resource(patient or {"birth-date": "1968-04-02"}), *made]


def order(code: str = MRI_WITHOUT, **more: Any) -> dict[str, Any]:
    """Return a draft ServiceRequest for what `code` names, for low back pain."""
    return order_resource({"code": code, **more})


def bundle(entries: list[Any]) -> dict[str, Any]:
    """Return a searchset Bundle."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        "entry": [{"resource": entry} for entry in entries],
    }


def prefetch(chart: list[Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a complete prefetch of `chart`, without the keys in `without`."""
    whole: dict[str, Any] = {
        key: bundle([r for r in chart if r["resourceType"] == kind]) for kind, key in KEYS.items()
    }
    whole["patient"] = chart[0]
    return {key: value for key, value in whole.items() if key not in without}


def request(
    orders: list[Any] | dict[str, Any],
    chart: list[Any],
    *,
    hook: str = "order-select",
    selections: list[str] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """Return a whole hook request; `members` replace or add members at its root."""
    drafts = orders if isinstance(orders, list) else [orders]
    context: dict[str, Any] = {
        "userId": "Practitioner/example",
        "patientId": PATIENT,
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": d} for d in drafts]},
    }
    if hook == "order-select":
        chosen = [f"{d['resourceType']}/{d['id']}" for d in drafts]
        context["selections"] = chosen if selections is None else selections
    body = {
        "hook": hook,
        "hookInstance": "f399c67c-c703-11ea-af16-460231621f93",
        "context": context,
        "prefetch": prefetch(chart),
    }
    return {**body, **members}
