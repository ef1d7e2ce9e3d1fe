"""Requests to measure with: a chart of a given size as a large EHR writes it, and a draft order.

Resources have what US Core profiles and large EHRs put into them (identifiers, profiles,
categories, several codings, ranges), about 2.4 kB each; most of it is of no use to any rule. The
same arguments give the same bytes.
"""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]

PATIENT = "eq081-VQEgP8drUUqCWzHfw3"
ORDER = "draft-1"
MIX = (
    ("laboratory", 38),
    ("vital", 22),
    ("condition", 16),
    ("medication", 12),
    ("procedure", 9),
    ("device", 3),
)
"""Of 100 resources, how many are of which kind."""

_TODAY = date(2026, 11, 20)
_EHR = "https://fhir.ehr.example/api/FHIR/R4"
_LOINC = "http://loinc.org"
_SNOMED = "http://snomed.info/sct"
_ICD = "http://hl7.org/fhir/sid/icd-10-cm"
_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_UCUM = "http://unitsofmeasure.org"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"

# code, name, unit, value, low, high; half of them are read by rules, half by none
_LABORATORY = (
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 0.9, 0.6, 1.2),
    ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 139, 135, 145),
    ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 6.8, 4, 11),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 13.6, 12, 16),
    ("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", "mg/L", 2.1, 0, 5),
    ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 4.2, 3.5, 5.1),
    ("30341-2", "Erythrocyte sedimentation rate", "mm/h", 11, 0, 20),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 5.6, 4, 6),
)
_VITALS = (
    ("8867-4", "Heart rate", "/min", 72, 60, 100),
    ("29463-7", "Body weight", "kg", 78.4, 40, 120),
    ("8310-5", "Body temperature", "Cel", 36.7, 36, 37.5),
    ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%", 98, 95, 100),
    ("85354-9", "Blood pressure panel with all children optional", "mm[Hg]", 0, 0, 0),
)
_CONDITIONS = (
    ("59621000", "I10", "Essential hypertension"),
    ("55822004", "E78.5", "Hyperlipidemia"),
    ("44054006", "E11.9", "Type 2 diabetes mellitus"),
    ("195967001", "J45.909", "Asthma"),
    ("35489007", "F32.A", "Depressive disorder"),
    ("396275006", "M19.90", "Osteoarthritis"),
    ("235595009", "K21.9", "Gastroesophageal reflux disease"),
    ("40930008", "E03.9", "Hypothyroidism"),
)
_MEDICATIONS = (
    ("314076", "lisinopril 10 MG Oral Tablet"),
    ("617311", "atorvastatin 40 MG Oral Tablet"),
    ("966221", "levothyroxine sodium 0.075 MG Oral Tablet"),
    ("312938", "sertraline 100 MG Oral Tablet"),
)
_PROCEDURES = (
    ("73761001", "Colonoscopy"),
    ("80146002", "Appendectomy"),
    ("274031008", "Rectal polypectomy"),
)
_DEVICES = (("337414009", "Blood glucose meter"), ("466093008", "Walking stick"))


def request(resources: int, *, hit: bool) -> bytes:
    """Return an order-select request with `resources` prefetched ones besides the patient.

    The patient had breast cancer. With `hit` an MRI without contrast is ordered, and one card
    comes; without it, the MRI is the one that is usually appropriate, and none does.
    """
    chart = _chart(resources)
    code = "30679-5" if hit else "24967-2"
    title = "MR Lumbar spine WO contrast" if hit else "MR Lumbar spine WO and W contrast IV"
    body = {
        "hook": "order-select",
        "hookInstance": "f399c67c-c703-11ea-af16-460231621f93",
        "fhirServer": _EHR,
        "context": {
            "userId": "Practitioner/eM5CWtq15N0WJeuCet5bJlQ3",
            "patientId": PATIENT,
            "encounterId": "e3ZqNYx9mLyK0fI.uTRjJoQ3",
            "selections": [f"ServiceRequest/{ORDER}"],
            "draftOrders": {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": _order(code, title)}],
            },
        },
        "prefetch": {
            "patient": _patient(),
            "conditions": _bundle(chart["condition"]),
            "observations": _bundle([*chart["laboratory"], *chart["vital"]]),
            "medications": _bundle(chart["medication"]),
            "procedures": _bundle(chart["procedure"]),
            "devices": _bundle(chart["device"]),
            "deviceUse": _bundle([]),
            "allergies": _bundle([]),
            "imagingReports": _bundle([]),
            "imagingStudies": _bundle([]),
            "orders": _bundle([]),
        },
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _chart(resources: int) -> dict[str, list[Json]]:
    """Return `resources` in the proportions of `MIX`, the first condition being the cancer."""
    kinds = [kind for kind, share in MIX for _ in range(share)]
    # 37 has no common divisor with 100, so a few resources hold some of every kind
    order = [kinds[(37 * number) % len(kinds)] for number in range(len(kinds))]
    order.insert(0, "condition")
    chart: dict[str, list[Json]] = {kind: [] for kind, _ in MIX}
    for number in range(resources):
        kind = order[number % len(order)]
        chart[kind].append(_MAKERS[kind](number, len(chart[kind])))
    return chart


def _day(number: int) -> str:
    return (_TODAY - timedelta(days=(number * 11) % 2000)).isoformat()


def _head(kind: str, number: int, profile: str) -> Json:
    own = f"e{number:05d}{kind[:3]}Kq7vT-w.LmZ2cYh8RxPbNf4dGsJt6"
    return {
        "resourceType": kind,
        "id": own,
        "meta": {
            "versionId": "3",
            "lastUpdated": f"{_day(number)}T09:14:27.000+00:00",
            "source": "urn:oid:1.2.840.114350.1.13.999.1.7.2.836982",
            "profile": [f"http://hl7.org/fhir/us/core/StructureDefinition/{profile}|6.1.0"],
        },
        "identifier": [
            {
                "use": "usual",
                "type": {
                    "coding": [{"system": f"{_EHR}/id-types", "code": "RI"}],
                    "text": "Internal",
                },
                "system": "urn:oid:1.2.840.114350.1.13.999.1.7.2.768282",
                "value": f"7{number:09d}",
            },
        ],
    }


def _tail(number: int, subject: str = "subject") -> Json:
    return {
        subject: {"reference": f"Patient/{PATIENT}", "display": "Example, Patient"},
        "encounter": {
            "reference": f"Encounter/eYr{number % 40:02d}x1hJKl-9mVbQz.3wTnA",
            "identifier": {"use": "usual",
                           "system": "urn:oid:1.2.840.114350.1.13.999.1.7.3.698084.8",
                           "value": f"2702{number % 40:03d}"},
            "display": "Office Visit",
        },
        "extension": [
            {
                "url": "http://open.ehr.example/FHIR/StructureDefinition/extension/accession-number",
                "valueString": f"ACC-{number:08d}",
            },
        ],
    }  # fmt: skip


def _people(number: int) -> list[Json]:
    return [
        {
            "reference": f"Practitioner/eM5CWtq15N0WJeuCet5bJl{number % 12:02d}",
            "type": "Practitioner",
            "display": "Example, Physician, MD",
        },
        {"reference": "Organization/eQ8mNd5Zk0vB", "display": "Example Health Laboratory"},
    ]


def _observation(number: int, row: tuple[Any, ...], category: str, profile: str) -> Json:
    code, name, unit, value, low, high = row
    when = f"{_day(number)}T08:{number % 60:02d}:00Z"
    quantity = {"value": value, "unit": unit, "system": _UCUM, "code": unit}
    return {
        **_head("Observation", number, profile),
        "status": "final",
        "category": [
            {
                "coding": [
                    {"system": _CATEGORY, "code": category, "display": category.capitalize()},
                    {"system": f"{_EHR}/categories", "code": f"LAB-{number % 9}",
                     "display": "Result"},
                ],
                "text": category.capitalize(),
            }
        ],
        "code": {
            "coding": [
                {"system": _LOINC, "code": code, "display": name},
                {"system": "urn:oid:1.2.840.114350.1.13.999.1.7.5.737384.14", "code": code[:4],
                 "display": name.partition(" ")[0].upper()},
                {"system": "http://ehr.example/codes", "code": f"LAB{code}",
                 "display": name},
            ],
            "text": name.partition(" [")[0],
        },
        **_tail(number),
        "effectiveDateTime": when,
        "issued": when,
        "performer": _people(number),
        "valueQuantity": quantity,
        "interpretation": [
            {
                "coding": [
                    {
                        "system": (
                            "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
                        ),
                        "code": "N",
                        "display": "Normal",
                    }
                ],
                "text": "Normal",
            }
        ],
        "specimen": {"reference": f"Specimen/eS{number:06d}", "display": "Specimen"},
        "referenceRange": [
            {
                "low": {**quantity, "value": low},
                "high": {**quantity, "value": high},
                "text": f"{low} - {high} {unit}",
            }
        ],
    }  # fmt: skip


def _laboratory(number: int, nth: int) -> Json:
    profile = "us-core-observation-lab"
    return _observation(number, _LABORATORY[nth % len(_LABORATORY)], "laboratory", profile)


def _vital(number: int, nth: int) -> Json:
    row = _VITALS[nth % len(_VITALS)]
    made = _observation(number, row, "vital-signs", "us-core-vital-signs")
    for name in ("specimen", "interpretation", "referenceRange"):
        del made[name]
    made["device"] = {"reference": f"Device/eV{number % 7}", "display": "Vital signs monitor"}
    made["note"] = [{"text": "Patient seated, arm supported, five minutes of rest."}]
    if row[0] == "85354-9":
        del made["valueQuantity"]
        made["component"] = [
            {
                "code": {
                    "coding": [{"system": _LOINC, "code": code, "display": name}],
                    "text": name,
                },
                "valueQuantity": {
                    "value": value,
                    "unit": "mm[Hg]",
                    "system": _UCUM,
                    "code": "mm[Hg]",
                },
            }
            for code, name, value in (
                ("8480-6", "Systolic blood pressure", 128),
                ("8462-4", "Diastolic blood pressure", 79),
            )
        ]
    return made


def _condition(number: int, nth: int) -> Json:
    snomed, icd, name = ("254837009", "C50.919", "Malignant neoplasm of breast")
    if nth:
        snomed, icd, name = _CONDITIONS[nth % len(_CONDITIONS)]
    terminology = "http://terminology.hl7.org/CodeSystem"
    return {
        **_head("Condition", number, "us-core-condition-problems-health-concerns"),
        "clinicalStatus": {
            "coding": [{"system": f"{terminology}/condition-clinical", "code": "active",
                        "display": "Active"}],
            "text": "Active",
        },
        "verificationStatus": {
            "coding": [{"system": f"{terminology}/condition-ver-status", "code": "confirmed",
                        "display": "Confirmed"}],
            "text": "Confirmed",
        },
        "category": [
            {
                "coding": [
                    {"system": f"{terminology}/condition-category", "code": "problem-list-item",
                     "display": "Problem List Item"},
                    {"system": _LOINC, "code": "11450-4", "display": "Problem list - Reported"},
                ],
                "text": "Problem List Item",
            }
        ],
        "severity": {"coding": [{"system": _SNOMED, "code": "6736007", "display": "Moderate"}]},
        "code": {
            "coding": [
                {"system": _SNOMED, "code": snomed, "display": name},
                {"system": _ICD, "code": icd, "display": name},
                {"system": "urn:oid:2.16.840.1.113883.3.247.1.1", "code": f"{int(snomed) % 900}",
                 "display": name},
            ],
            "text": name,
        },
        **_tail(number),
        "onsetDateTime": _day(number),
        "recordedDate": _day(number),
        "recorder": _people(number)[0],
        "asserter": _people(number)[0],
        "note": [{"text": "Reviewed with the patient at the last visit; plan unchanged."}],
    }  # fmt: skip


def _medication(number: int, nth: int) -> Json:
    code, name = _MEDICATIONS[nth % len(_MEDICATIONS)]
    return {
        **_head("MedicationRequest", number, "us-core-medicationrequest"),
        "status": "active",
        "intent": "order",
        "category": [
            {
                "coding": [
                    {
                        "system": (
                            "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
                        ),
                        "code": "community",
                        "display": "Community",
                    }
                ],
                "text": "Community",
            }
        ],
        "medicationCodeableConcept": {
            "coding": [
                {"system": _RXNORM, "code": code, "display": name},
                {"system": "http://hl7.org/fhir/sid/ndc", "code": f"0093-{code[:4]}-01"},
                {"system": "urn:oid:1.2.840.114350.1.13.999.7.2.698288",
                 "code": f"{int(code) % 9999}"},
            ],
            "text": name,
        },
        **_tail(number),
        "authoredOn": _day(number),
        "requester": _people(number)[0],
        "dosageInstruction": [
            {
                "text": "Take 1 tablet by mouth daily.",
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"},
                           "code": {"text": "Daily"}},
                "route": {"coding": [{"system": _SNOMED, "code": "26643006", "display": "Oral"}]},
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}],
            }
        ],
        "dispenseRequest": {
            "validityPeriod": {"start": _day(number)},
            "numberOfRepeatsAllowed": 3,
            "quantity": {"value": 90, "unit": "tablet"},
        },
    }  # fmt: skip


def _procedure(number: int, nth: int) -> Json:
    code, name = _PROCEDURES[nth % len(_PROCEDURES)]
    return {
        **_head("Procedure", number, "us-core-procedure"),
        "status": "completed",
        "category": {"coding": [{"system": _SNOMED, "code": "387713003"}], "text": "Surgical"},
        "code": {
            "coding": [
                {"system": _SNOMED, "code": code, "display": name},
                {"system": "urn:oid:1.2.840.114350.1.13.999.1.7.2.696580",
                 "code": f"{int(code) % 9999}",
                 "display": name.upper()},
            ],
            "text": name,
        },
        **_tail(number),
        "performedDateTime": _day(number),
        "performer": [{"actor": person} for person in _people(number)],
        "reasonCode": [{"text": "Screening"}],
        "note": [{"text": "No complications. Tolerated well; discharged the same day."}],
    }  # fmt: skip


def _device(number: int, nth: int) -> Json:
    code, name = _DEVICES[nth % len(_DEVICES)]
    made = {
        **_head("Device", number, "us-core-implantable-device"),
        "udiCarrier": [
            {
                "deviceIdentifier": f"008847{number:08d}",
                "carrierHRF": f"(01)008847{number:08d}(17)301231(10)LOT{number:05d}",
            }
        ],
        "status": "active",
        "manufacturer": "Example Devices",
        "manufactureDate": "2020-03-02",
        "lotNumber": f"LOT{number:05d}",
        "deviceName": [{"name": name, "type": "user-friendly-name"}],
        "type": {"coding": [{"system": _SNOMED, "code": code, "display": name}], "text": name},
        **_tail(number, "patient"),
    }
    del made["encounter"]
    return made


_MAKERS: dict[str, Callable[[int, int], Json]] = {
    "laboratory": _laboratory,
    "vital": _vital,
    "condition": _condition,
    "medication": _medication,
    "procedure": _procedure,
    "device": _device,
}


def _bundle(resources: list[Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "link": [{"relation": "self", "url": f"{_EHR}/search?patient={PATIENT}"}],
        "entry": [
            {
                "link": [
                    {"relation": "self", "url": f"{_EHR}/{each['resourceType']}/{each['id']}"}
                ],
                "fullUrl": f"{_EHR}/{each['resourceType']}/{each['id']}",
                "resource": each,
                "search": {"mode": "match"},
            }
            for each in resources
        ],
    }


def _patient() -> Json:
    return {
        "resourceType": "Patient",
        "id": PATIENT,
        "identifier": [
            {"use": "usual", "system": "urn:oid:1.2.36.146.595.217.0.1", "value": "E404"}
        ],
        "active": True,
        "name": [{"use": "official", "family": "Example", "given": ["Patient"]}],
        "telecom": [{"system": "phone", "value": "555-0100", "use": "home"}],
        "gender": "female",
        "birthDate": "1961-04-02",
        "address": [{"use": "home", "city": "Springfield", "state": "IL", "postalCode": "62701"}],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}}],
    }


def _order(code: str, title: str) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": ORDER,
        "status": "draft",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [{"system": _LOINC, "code": code, "display": title}], "text": title},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "encounter": {"reference": "Encounter/e3ZqNYx9mLyK0fI.uTRjJoQ3"},
        "authoredOn": "2026-11-20T10:00:00Z",
        "requester": {"reference": "Practitioner/eM5CWtq15N0WJeuCet5bJlQ3"},
        "reasonCode": [
            {
                "coding": [{"system": _SNOMED, "code": "279039007", "display": "Low back pain"}],
                "text": "Low back pain",
            }
        ],
    }
