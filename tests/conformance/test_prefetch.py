"""The chart: each state of each prefetch key, and the FHIR server for what is left."""

import copy
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conformance.exchange import (
    CONTRAST,
    HELD,
    RED_FLAGS,
    Json,
    advice,
    cards,
    changed,
    without,
)
from tests.fhir_server import FhirServer
from tests.hook_request import (
    BACK_PAIN,
    BREAST_CANCER,
    FEVER,
    KEYS,
    MRI_WITHOUT_AND_WITH,
    SELECT,
    bundle,
    order,
    prefetch,
    request,
    resources,
)

conformance = pytest.mark.conformance
OPTIONAL = [key for key in KEYS.values() if key != "patient"]
TOKEN = "a-token-for-tests"
UNCOMPLICATED = request(order(), resources(BACK_PAIN, patient={}))
EMPTY_WITH_A_NOTE = {
    "resourceType": "Bundle",
    "type": "searchset",
    "total": 0,
    "link": [{"relation": "self", "url": "https://ehr.example/api/FHIR/R4/Condition?patient=e1"}],
    "entry": [
        {
            "fullUrl": "urn:uuid:1b3e2f4a-0000-4000-8000-000000000001",
            "search": {"mode": "outcome"},
            "resource": {
                "resourceType": "OperationOutcome",
                "issue": [
                    {
                        "severity": "warning",
                        "code": "processing",
                        "details": {"text": "Resource request returns no results."},
                    }
                ],
            },
        }
    ],
}
FAILED = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "timeout", "diagnostics": "search timed out"}],
}


def served(chart: list[Json], **how: Any) -> FhirServer:
    return FhirServer(chart, token=TOKEN, **how)


def access(server: FhirServer) -> Json:
    return {
        "fhirServer": server.base_url,
        "fhirAuthorization": {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300},
    }


# --- the states of a key ------------------------------------------------------------------------


STUDIES = ("imagingReports", "imagingStudies", "orders")
"""Keys that only remind of earlier studies: no statement rests on their being there."""


@conformance(85, 96)
@pytest.mark.parametrize("key", OPTIONAL)
def test_a_missing_key_makes_the_advice_poorer_and_never_reassuring(
    service: FlaskClient, key: str
) -> None:
    (card,) = cards(service, without(UNCOMPLICATED, "prefetch", key))
    expected = "usually not appropriate if there truly is none"
    if expected in card["summary"]:  # red flags do not rest on every source
        assert key in ("devices", "deviceUse", "allergies", *STUDIES)
    else:
        assert "could not be assessed" in card["summary"]
        assert "suggestions" not in card


@conformance(85, 95, 167)
@pytest.mark.parametrize("value", [{}, None, "absent", [], 5, {"conditions": None}])
def test_without_the_patient_the_answer_is_412(service: FlaskClient, value: Any) -> None:
    body = without(CONTRAST, "prefetch") if value == "absent" else CONTRAST | {"prefetch": value}
    answer = service.post(SELECT, json=body)
    assert answer.status_code == 412
    assert answer.get_json()["resourceType"] == "OperationOutcome"


@conformance(96)
def test_the_patient_alone_is_enough_for_an_answer(service: FlaskClient) -> None:
    alone = {"patient": CONTRAST["prefetch"]["patient"]}
    (card,) = cards(service, UNCOMPLICATED | {"prefetch": alone})
    assert "could not be assessed" in card["summary"]
    assert "not supplied" in card["detail"] or "Could not be read" in card["detail"]


@conformance(86, 87, 89)
@pytest.mark.parametrize("key", OPTIONAL)
@pytest.mark.parametrize(
    "nothing",
    [
        None,
        bundle([]),
        {"resourceType": "Bundle", "type": "searchset", "total": 0},
        {"resourceType": "Bundle"},
        EMPTY_WITH_A_NOTE,
    ],
    ids=["null", "no entries", "no entry", "bare", "a note about the search"],
)
def test_nothing_found_is_an_answer_and_is_not_asked_for_again(
    serve: Any, key: str, nothing: Any
) -> None:
    body = request(order(MRI_WITHOUT_AND_WITH), resources(*RED_FLAGS, BACK_PAIN))
    with served(resources(*RED_FLAGS)) as server:
        body = changed(body, "prefetch", key, to=nothing) | access(server)
        service = serve()
        answer = service.post(SELECT, json=body)
        assert answer.status_code == 200
        assert server.requests == []


@conformance(86, 87, 89)
@pytest.mark.parametrize("nothing", [None, bundle([]), EMPTY_WITH_A_NOTE], ids=repr)
def test_all_kinds_of_nothing_count_alike(service: FlaskClient, nothing: Any) -> None:
    whole = {key: copy.deepcopy(nothing) for key in OPTIONAL if key != "conditions"}
    body = UNCOMPLICATED | {"prefetch": UNCOMPLICATED["prefetch"] | whole}
    assert advice(service, body) == advice(service, UNCOMPLICATED)
    assert "if there truly is none" in cards(service, body)[0]["summary"]


@conformance(88, 91, 103)
@pytest.mark.parametrize(
    "broken",
    [FAILED, {**FAILED, "issue": []}, {}, [], "text", 5, {"resourceType": "Patient"}],
    ids=["failed", "without issue", "object", "list", "text", "number", "other type"],
)
def test_a_source_that_failed_is_told_and_never_reassures(
    service: FlaskClient, broken: Any
) -> None:
    body = changed(UNCOMPLICATED, "prefetch", "conditions", to=broken)
    answer = service.post(SELECT, json=body)
    assert answer.status_code == 200
    (card,) = answer.get_json()["cards"]
    assert "could not be assessed" in card["summary"]
    assert "problem list" in card["detail"]
    assert "suggestions" not in card


@conformance(88, 95)
def test_a_patient_whose_prefetch_failed_is_412(service: FlaskClient) -> None:
    body = changed(CONTRAST, "prefetch", "patient", to=FAILED)
    assert service.post(SELECT, json=body).status_code == 412


@conformance(90, 91)
def test_further_pages_are_read_or_the_source_is_incomplete(serve: Any) -> None:
    filler = [{"condition": "snomed-ct 38341003", "text": f"Hypertension {n}"} for n in range(30)]
    chart = resources(BACK_PAIN, *filler, BREAST_CANCER, patient={})
    service = serve(fhir_deadline=10.0)
    with served(chart, page_size=20) as server:
        conditions = [each for each in chart if each["resourceType"] == "Condition"]
        rest = f"{server.base_url}/Condition?patient=case-patient&_count=20&_offset=20"
        first = bundle(conditions[:20]) | {
            "total": len(conditions),
            "link": [{"relation": "next", "url": rest}],
        }
        body = request(order(), chart)
        body = changed(body, "prefetch", "conditions", to=first)
        (card,) = cards(service, body)
        assert "could not be assessed" in card["summary"], "one page is not the whole list"
        assert server.requests == []
        (card,) = cards(service, body | access(server))
        assert "history of cancer" in card["summary"]
        assert [call.query["_offset"] for call in server.requests] == ["20"]


# --- the FHIR server ----------------------------------------------------------------------------


@conformance(92, 94, 97)
@pytest.mark.parametrize(
    "missing", [(), ("conditions",), ("devices", "allergies"), tuple(OPTIONAL)]
)
def test_exactly_what_is_missing_is_fetched_with_the_token(
    serve: Any, missing: tuple[str, ...]
) -> None:
    chart = resources(*RED_FLAGS)
    service = serve(fhir_deadline=10.0)
    with served(chart) as server:
        half = prefetch(chart, without=missing)
        mixed = advice(service, request(order(), chart, prefetch=half, **access(server)))
        assert sorted(missing) == sorted(KEYS[call.resource_type] for call in server.requests)
        assert {call.headers["Authorization"] for call in server.requests} <= {f"Bearer {TOKEN}"}
    assert mixed == advice(service, request(order(), chart))


@conformance(93)
@pytest.mark.parametrize("leave", ["fhirAuthorization", "fhirServer"])
def test_without_address_and_token_nothing_is_read(serve: Any, leave: str) -> None:
    with served(resources(*RED_FLAGS)) as server:
        body = without(CONTRAST | {"prefetch": {}} | access(server), leave)
        assert serve().post(SELECT, json=body).status_code in (400, 412)
        assert server.requests == []


@conformance(98, 221)
def test_reads_run_side_by_side(serve: Any) -> None:
    service = serve(fhir_deadline=10.0)
    with served(resources(*RED_FLAGS), misbehave="slow", delay=0.5) as server:
        start = time.perf_counter()
        body = request(order(), resources(*RED_FLAGS), prefetch={}, **access(server))
        assert len(cards(service, body)) == 1
        assert time.perf_counter() - start < 0.5 * len(KEYS)


@conformance(98, 221)
@pytest.mark.parametrize("fault", ["slow", "drip", "drip-headers"])
def test_a_slow_server_is_waited_for_no_longer_than_the_deadline(serve: Any, fault: str) -> None:
    service = serve(fhir_deadline=0.4)
    faults = {kind: fault for kind in KEYS if kind != "Patient"}
    with served(resources(*RED_FLAGS), misbehave=faults, delay=30.0) as server:
        chart = resources(BACK_PAIN, patient={})
        start = time.perf_counter()
        one = {"patient": chart[0]}
        answer = service.post(SELECT, json=request(order(), chart, prefetch=one, **access(server)))
        assert time.perf_counter() - start < 15
        assert answer.status_code == 200
        assert "could not be assessed" in answer.get_json()["cards"][0]["summary"]


# --- records ------------------------------------------------------------------------------------


@conformance(100)
@pytest.mark.parametrize(
    "reference",
    [
        "Patient/case-patient",
        "https://ehr.example/api/FHIR/R4/Patient/case-patient",
        "https://ehr.example/api/FHIR/R4/Patient/case-patient/_history/7",
        "case-patient",
    ],
)
def test_records_name_their_patient_in_several_ways(service: FlaskClient, reference: str) -> None:
    body = copy.deepcopy(HELD)
    for value in body["prefetch"].values():
        for entry in value.get("entry", []):
            resource = entry["resource"]
            resource["patient" if "patient" in resource else "subject"] = {"reference": reference}
    assert advice(service, body) == advice(service, HELD)


@conformance(100)
def test_a_device_contained_in_its_use_is_found(service: FlaskClient) -> None:
    use = {"device-use": "snomed-ct 14106009", "text": "Cardiac pacemaker"}
    (card,) = cards(service, request(order(), resources(*RED_FLAGS, use)))
    assert card["indicator"] == "critical"


@conformance(101)
@pytest.mark.parametrize("kind", ["Condition", "Observation", "Device"])
def test_records_of_somebody_else_do_not_count(service: FlaskClient, kind: str) -> None:
    body = copy.deepcopy(HELD)
    entries = body["prefetch"][KEYS[kind]]["entry"]
    assert entries
    for entry in entries:
        resource = entry["resource"]
        named = "patient" if "patient" in resource else "subject"
        resource[named] = {"reference": "Patient/somebody-else"}
    answer = service.post(SELECT, json=body)
    assert answer.status_code == 200
    text = answer.text.lower()
    theirs = {"Condition": "breast", "Observation": "38.6", "Device": "pacemaker"}[kind]
    assert theirs not in text
    assert "somebody-else" not in text


def said_of(service: FlaskClient, *records: Json, restated: Json | None = None) -> str:
    """Return all that is said of back pain with `records`, the first `restated`."""
    chart = resources(*records, BACK_PAIN, patient={})
    chart[1] |= restated or {}
    body = request(order(), chart)
    return " ".join(card["summary"] for card in cards(service, body))


@conformance(102)
@pytest.mark.parametrize("word", ["entered-in-error", "refuted"])
@pytest.mark.parametrize("shape", ["R4", "STU3 and DSTU2", "text only"])
def test_a_diagnosis_taken_back_does_not_count_in_any_version(
    service: FlaskClient, word: str, shape: str
) -> None:
    system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    status: Any = {
        "R4": {"coding": [{"system": system, "code": word}]},
        "STU3 and DSTU2": word,
        "text only": {"text": word.capitalize()},
    }[shape]
    assert "history of cancer" in said_of(service, BREAST_CANCER)
    restated = {"verificationStatus": status}
    assert "history of cancer" not in said_of(service, BREAST_CANCER, restated=restated)


@conformance(102)
@pytest.mark.parametrize("word", ["entered-in-error", "cancelled"])
def test_a_measurement_taken_back_does_not_count(service: FlaskClient, word: str) -> None:
    assert "fever" in said_of(service, FEVER)
    assert "fever" not in said_of(service, FEVER, restated={"status": word})


@conformance(103)
def test_an_object_in_place_of_a_list_does_no_harm(service: FlaskClient) -> None:
    body = copy.deepcopy(HELD)

    def slipped(value: Any, name: str = "") -> Any:
        """Return a resource in which lists of one item are the item."""
        if isinstance(value, dict):
            return {key: slipped(part, key) for key, part in value.items()}
        if isinstance(value, list) and len(value) == 1 and name != "entry":
            return slipped(value[0])
        return value

    for value in body["prefetch"].values():
        for entry in value.get("entry", []):
            entry["resource"] = slipped(entry["resource"])
            entry["resource"]["category"] = {"coding": {"code": "problem-list-item"}}
    assert advice(service, body) == advice(service, HELD)


# --- all of it at once, as one large vendor sends it ---------------------------------------------


@conformance(46, 54, 56, 68, 69, 80, 81, 89, 100, 103)
def test_a_call_in_the_manner_of_epic_gets_the_same_advice(service: FlaskClient) -> None:
    base = "https://ehr.example/interconnect/api/FHIR/R4"
    long_id = "eZ9.x-aB" * 24 + "qQ"
    body = copy.deepcopy(CONTRAST)
    body["hookInstance"] = "00000000-007b-9f33-e810-e841a57c502c"
    body["fhirServer"] = base
    body["fhirAuthorization"] = {
        "access_token": "opaque",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "PATIENT.READ (DEMOGRAPHICS) (R4) SERVICEREQUEST.READ (UNSIGNED ORDER) (R4)",
        "subject": "5d0d3c0a-9f10-4a55-8a41-2f1b9d7c3002",
    }
    body["extension"] = {
        "com.epic.cdshooks.request.bpa-trigger-action": 18,
        "com.epic.cdshooks.request.cds-hooks-specification-version": "1.1",
        "internal-timeout": 10000,
    }
    context = body["context"]
    context |= {"userId": "PractitionerRole/e2", "encounterId": "e3"}
    context["selections"] = [f"ServiceRequest/{long_id}"]
    (entry,) = context["draftOrders"]["entry"]
    entry["resource"] |= {
        "id": long_id,
        "category": {"coding": [{"system": "http://snomed.info/sct", "code": "363679005"}]},
        "requester": {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                    "valueCode": "unknown",
                }
            ]
        },
        "subject": {"reference": f"{base}/Patient/case-patient"},
    }
    local = {"system": "urn:oid:1.2.840.114350.1.13.0.1.7.2.696580", "code": "4711"}
    entry["resource"]["code"]["coding"].insert(0, local)
    context["draftOrders"]["entry"] += [
        {"fullUrl": f"{base}/Medication/eM", "resource": {"resourceType": "Medication", "id": "eM"}}
    ]
    for key, value in body["prefetch"].items():
        for each in value.get("entry", []):
            resource = each["resource"]
            each["fullUrl"] = f"{base}/{resource['resourceType']}/{resource['id']}"
            each["search"] = {"mode": "match"}
            resource["subject"] = {"reference": f"{base}/Patient/case-patient", "display": "X"}
        if value.get("entry") == []:
            body["prefetch"][key] = copy.deepcopy(EMPTY_WITH_A_NOTE)
    (card,) = cards(service, body)
    (wanted,) = cards(service, CONTRAST)
    assert [card[name] for name in ("summary", "detail", "indicator")] == [
        wanted[name] for name in ("summary", "detail", "indicator")
    ]
    changed_order = card["suggestions"][0]["actions"][0]["resource"]
    assert changed_order["id"] == long_id
    assert changed_order["requester"] == entry["resource"]["requester"]
    assert "opaque" not in str(card)
