"""The context of the two hooks, in the shapes of all FHIR versions and of real clients."""

import copy
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conformance.exchange import (
    CONTRAST,
    RED_FLAGS,
    Json,
    advice,
    cards,
    changed,
    decisions,
    draft,
    without,
)
from tests.hook_request import BONE_SCAN, SELECT, SIGN, order, request, resources

conformance = pytest.mark.conformance
CHART = resources(*RED_FLAGS)
ORDER = draft(CONTRAST)
LONG_ID = "e" + "4xT-o.9" * 27 + "wcEB"
ENTRY = ("context", "draftOrders", "entry", 0)


def with_order(**members: Any) -> Json:
    """Return the request for contrast with members of its draft order changed; None removes."""
    whole = {**ORDER, **members}
    return changed(
        CONTRAST, *ENTRY, "resource", to={k: v for k, v in whole.items() if v is not None}
    )


@conformance(59)
@pytest.mark.parametrize("user", ["Practitioner/1", "PractitionerRole/2", "Practitioner/COREP1"])
def test_a_user_is_a_person_or_a_role(service: FlaskClient, user: str) -> None:
    assert advice(service, changed(CONTRAST, "context", "userId", to=user)) == advice(
        service, CONTRAST
    )


@conformance(60)
def test_a_patient_given_as_a_reference_is_the_same_patient(service: FlaskClient) -> None:
    body = changed(CONTRAST, "context", "patientId", to="Patient/case-patient")
    assert advice(service, body) == advice(service, CONTRAST)


@conformance(60)
def test_without_a_patient_there_is_no_answer(service: FlaskClient) -> None:
    assert service.post(SELECT, json=without(CONTRAST, "context", "patientId")).status_code == 400


@conformance(61)
def test_an_encounter_may_be_given_or_not(service: FlaskClient) -> None:
    given = changed(CONTRAST, "context", "encounterId", to="enc-1")
    assert advice(service, given) == advice(service, CONTRAST)


@conformance(62)
def test_no_selection_is_no_card_and_no_list_of_them_is_all(service: FlaskClient) -> None:
    assert cards(service, changed(CONTRAST, "context", "selections", to=[])) == []
    assert advice(service, without(CONTRAST, "context", "selections")) == advice(service, CONTRAST)


@conformance(63)
def test_a_client_that_holds_orders_back_is_told_about_scopes(service: FlaskClient) -> None:
    answer = service.post(SELECT, json=without(CONTRAST, "context", "draftOrders"))
    assert answer.status_code == 400
    assert "unsigned orders" in answer.get_json()["issue"][0]["details"]["text"]


@conformance(64, 128)
def test_advice_is_on_the_selected_order_only(service: FlaskClient) -> None:
    both = [{**order(), "id": "mri"}, {**order(BONE_SCAN), "id": "scan"}]
    (card,) = cards(service, request(both, CHART, selections=["ServiceRequest/mri"]))
    assert "bone scan" not in card["summary"].lower() + card["detail"].lower()


@conformance(65)
@pytest.mark.parametrize(
    "selection",
    [
        "ServiceRequest/case-order",
        "case-order",
        "https://ehr.example/api/FHIR/R4/ServiceRequest/case-order",
        "urn:uuid:0b6b7f0e-1111-4222-8333-944445555666",
    ],
)
def test_a_selection_finds_its_order(service: FlaskClient, selection: str) -> None:
    body = changed(CONTRAST, "context", "selections", to=[selection])
    body = changed(body, *ENTRY, "fullUrl", to="urn:uuid:0b6b7f0e-1111-4222-8333-944445555666")
    assert advice(service, body) == advice(service, CONTRAST)


@conformance(66)
def test_a_dangling_selection_costs_only_itself(service: FlaskClient) -> None:
    selections = ["ServiceRequest/gone", "ServiceRequest/case-order"]
    body = changed(CONTRAST, "context", "selections", to=selections)
    assert advice(service, body) == advice(service, CONTRAST)


@conformance(67)
@pytest.mark.parametrize("kind", [None, "collection", "searchset", "batch", "transaction", "odd"])
@pytest.mark.parametrize("full_url", [None, "https://ehr.example/fhir/ServiceRequest/case-order"])
def test_the_bundle_may_be_of_any_type(
    service: FlaskClient, kind: str | None, full_url: str | None
) -> None:
    body = CONTRAST
    if kind:
        body = changed(body, "context", "draftOrders", "type", to=kind)
    if full_url:
        body = changed(body, *ENTRY, "fullUrl", to=full_url)
    assert advice(service, body) == advice(service, CONTRAST)


@conformance(68)
def test_what_is_no_order_of_ours_is_passed_over(service: FlaskClient) -> None:
    body = copy.deepcopy(CONTRAST)
    body["context"]["draftOrders"]["entry"] += [
        {"resource": {"resourceType": "Medication", "id": "m1", "code": {"text": "Prednisone"}}},
        {"resource": {"resourceType": "MedicationRequest", "id": "r1", "status": "draft"}},
        {"resource": {"resourceType": "Nonsense"}},
        {"resource": None},
        {},
    ]
    draft(body)["contained"] = [{"resourceType": "Practitioner", "id": "p"}]
    body["context"]["selections"] += ["MedicationRequest/r1", "Medication/m1"]
    assert decisions(cards(service, body)) == decisions(cards(service, CONTRAST))


@conformance(69, 145)
def test_an_id_of_two_hundred_characters_comes_back_whole(service: FlaskClient) -> None:
    assert len(LONG_ID) == 194
    body = with_order(id=LONG_ID)
    body["context"]["selections"] = [f"ServiceRequest/{LONG_ID}"]
    (card,) = cards(service, body)
    assert card["suggestions"][0]["actions"][0]["resource"]["id"] == LONG_ID


@conformance(70)
@pytest.mark.parametrize(
    "order_members",
    [
        {"code": None},
        {"code": {}},
        {"code": {"coding": []}},
        {"code": {"coding": [{}]}, "reasonCode": []},
        {"code": {"text": ""}},
        {"code": {"coding": [{"system": "urn:local", "code": "IMG1"}]}},
        {"code": None, "reasonCode": None, "subject": None, "intent": None, "status": None},
    ],
    ids=repr,
)
def test_an_order_hardly_filled_in_gets_no_claim(service: FlaskClient, order_members: Json) -> None:
    assert cards(service, with_order(**order_members)) == []


@conformance(70)
def test_an_order_without_a_reason_is_still_answered(service: FlaskClient) -> None:
    for reasons in (None, [], [{}], [{"coding": [{}]}], [{"text": ""}]):
        for card in cards(service, with_order(reasonCode=reasons)):
            assert "is appropriate" not in card["summary"]


@conformance(71)
@pytest.mark.parametrize("intent", ["plan", "order", "proposal", "original-order", "option", None])
def test_the_intent_of_an_order_is_no_filter(service: FlaskClient, intent: str | None) -> None:
    found, wanted = cards(service, with_order(intent=intent)), cards(service, CONTRAST)
    assert decisions(found) == decisions(wanted)


@conformance(72)
@pytest.mark.parametrize(
    "subject",
    [
        "Patient/somebody-else",
        "https://ehr.example/fhir/Patient/somebody-else",
        "Group/case-patient",
    ],
)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_an_order_for_somebody_else_gets_no_card(
    service: FlaskClient, subject: str, hook: str
) -> None:
    body = with_order(subject={"reference": subject}) | {"hook": hook}
    assert cards(service, body) == []


@conformance(73)
def test_the_chart_of_somebody_else_is_refused(service: FlaskClient) -> None:
    body = changed(CONTRAST, "prefetch", "patient", "id", to="somebody-else")
    answer = service.post(SELECT, json=body)
    assert answer.status_code in (400, 422)
    assert "somebody-else" not in answer.text


@conformance(74, 75)
@pytest.mark.parametrize(
    ("status", "advised"),
    [
        ("draft", True),
        ("active", True),
        ("on-hold", True),
        ("proposed", True),
        (None, True),
        ("revoked", False),
        ("entered-in-error", False),
        ("completed", False),
    ],
)
def test_at_signing_open_orders_count_and_closed_ones_do_not(
    service: FlaskClient, status: str | None, advised: bool
) -> None:
    body = request(draft(with_order(status=status)), CHART, hook="order-sign")
    assert "selections" not in body["context"]
    answer = service.post(SIGN, json=body)
    assert bool(answer.get_json()["cards"]) is advised


@conformance(84)
def test_withdrawn_hooks_are_not_offered(service: FlaskClient) -> None:
    hooks = {each["hook"] for each in service.get("/cds-services").get_json()["services"]}
    assert not hooks & {"medication-prescribe", "order-review"}


# --- FHIR versions ------------------------------------------------------------------------------

CODE, REASON = ORDER["code"], ORDER["reasonCode"][0]
SUBJECT = {"reference": "Patient/case-patient"}
SHAPES = {
    "R4 ServiceRequest": ORDER,
    "R5 ServiceRequest": {**ORDER, "reason": [{"concept": REASON}], "code": CODE},
    "STU3 ProcedureRequest": {
        "resourceType": "ProcedureRequest",
        "id": "case-order",
        "status": "draft",
        "intent": "order",
        "priority": "routine",
        "code": CODE,
        "subject": SUBJECT,
        "context": {"reference": "Encounter/e1"},
        "reasonCode": [REASON],
    },
    "DSTU2 ProcedureRequest": {
        "resourceType": "ProcedureRequest",
        "id": "case-order",
        "status": "proposed",
        "priority": "routine",
        "code": CODE,
        "subject": SUBJECT,
        "reasonCodeableConcept": REASON,
    },
    "DSTU2 DiagnosticOrder": {
        "resourceType": "DiagnosticOrder",
        "id": "case-order",
        "status": "proposed",
        "priority": "routine",
        "subject": SUBJECT,
        "item": [{"code": CODE}],
        "reason": [REASON],
    },
}
RESTATED = {
    "R4": lambda condition: condition,
    "STU3": lambda condition: {
        **condition,
        "clinicalStatus": condition["clinicalStatus"]["coding"][0]["code"],
        "verificationStatus": "confirmed",
        "assertedDate": "2026-11-08",
    },
    "DSTU2": lambda condition: {
        **{name: value for name, value in condition.items() if name not in ("subject",)},
        "patient": condition["subject"],
        "clinicalStatus": condition["clinicalStatus"]["coding"][0]["code"],
        "verificationStatus": "confirmed",
        "dateRecorded": "2026-11-08",
    },
}


def of_version(body: Json, version: str) -> Json:
    """Return `body` with its conditions as FHIR `version` has them."""
    whole = copy.deepcopy(body)
    for entry in whole["prefetch"]["conditions"]["entry"]:
        entry["resource"] = RESTATED[version](entry["resource"])
    return whole


@conformance(77, 78, 79)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("version", RESTATED)
def test_one_case_in_any_shape_gets_one_advice(
    service: FlaskClient, shape: str, version: str
) -> None:
    resource = SHAPES[shape]
    body = changed(CONTRAST, *ENTRY, "resource", to=resource)
    body["context"]["selections"] = [f"{resource['resourceType']}/case-order"]
    (card,) = cards(service, of_version(body, version))
    (wanted,) = cards(service, CONTRAST)
    for member in ("summary", "detail", "indicator", "source"):
        assert card[member] == wanted[member]
    (action,) = card["suggestions"][0]["actions"]
    assert action["resource"]["resourceType"] == resource["resourceType"]
    assert "24967-2" in str(action["resource"])
    assert "30679-5" not in str(action["resource"])


@conformance(77)
def test_orders_of_two_versions_in_one_bundle_are_each_read_by_their_shape(
    service: FlaskClient,
) -> None:
    both = [{**ORDER, "id": "r4"}, {**SHAPES["STU3 ProcedureRequest"], "id": "stu3"}]
    found = cards(service, request(both, CHART, hook="order-sign"))
    updated = {card["suggestions"][0]["actions"][0]["resource"]["id"] for card in found}
    assert updated == {"r4", "stu3"}


@conformance(80)
@pytest.mark.parametrize(
    "coding",
    [
        {"system": "http://www.ama-assn.org/go/cpt", "code": "72148"},
        {"system": "urn:oid:2.16.840.1.113883.6.12", "code": "72148"},
        {"system": "http://loinc.org", "code": "30679-5"},
        {"system": "urn:oid:2.16.840.1.113883.6.1", "code": "30679-5"},
        {"system": "https://loinc.org/", "code": "30679-5"},
    ],
    ids=lambda coding: coding["system"],
)
def test_an_order_is_recognised_under_every_name_of_its_code_system(
    service: FlaskClient, coding: Json
) -> None:
    (card,) = cards(service, with_order(code={"coding": [coding]}))
    assert card["source"]["topic"]["code"] == "add-contrast"


@conformance(80)
@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://snomed.info/sct", "254837009"),
        ("urn:oid:2.16.840.1.113883.6.96", "254837009"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "C50.911"),
        ("urn:oid:2.16.840.1.113883.6.90", "C50.911"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "c50911"),
    ],
)
def test_a_diagnosis_is_recognised_under_every_name_of_its_code_system(
    service: FlaskClient, system: str, code: str
) -> None:
    place = ("prefetch", "conditions", "entry", 0, "resource", "code", "coding")
    body = changed(CONTRAST, *place, to=[{"system": system, "code": code}])
    (card,) = cards(service, body)
    assert "history of cancer" in card["summary"]


@conformance(81)
@pytest.mark.parametrize("place", range(4))
def test_every_coding_is_looked_at_wherever_it_stands(service: FlaskClient, place: int) -> None:
    local: list[Any] = [
        {"system": "urn:oid:1.2.840.114350.1.13.0.1.7.2.696580", "code": "98765"},
        {"code": "MRLS"},
        {},
    ]

    def among(concept: Json) -> Json:
        (standard,) = concept["coding"]
        return {**concept, "coding": [*local[:place], standard, *local[place:]]}

    body = with_order(code=among(CODE), reasonCode=[among(REASON)])
    for entry in body["prefetch"]["conditions"]["entry"]:
        entry["resource"]["code"] = among(entry["resource"]["code"])
    (card,) = cards(service, body)
    (wanted,) = cards(service, CONTRAST)
    assert (card["summary"], card["indicator"]) == (wanted["summary"], wanted["indicator"])
