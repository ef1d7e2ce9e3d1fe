"""Whole orders on whole charts, over HTTP, with real FHIR JSON: what a clinician would see."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.hook_request import (
    BACK_PAIN,
    BONE_SCAN,
    BREAST_CANCER,
    CONDITIONAL_PACEMAKER,
    CT_WITHOUT,
    FEVER,
    MRI_WITHOUT,
    MRI_WITHOUT_AND_WITH,
    PACEMAKER,
    RADIOGRAPH,
    SELECT,
    SIGN,
    bundle,
    order,
    prefetch,
    request,
    resources,
)

RED_FLAGS = (BREAST_CANCER, BACK_PAIN, FEVER)
FALL = {"condition": "icd-10-cm W01.0XXA", "onset": "2026-11-19"}
OSTEOPOROSIS = {"condition": "snomed-ct 64859006", "onset": "2012"}
OLD = {"birth-date": "1944-02-03"}
CHILD = {"birth-date": "2017-03-03"}


def ask(service: FlaskClient, body: dict[str, Any], url: str = SELECT) -> list[dict[str, Any]]:
    """Return the cards the service answers with."""
    response = service.post(url, json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    answered: list[dict[str, Any]] = response.get_json()["cards"]
    return answered


def only(cards: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the one card there is."""
    assert len(cards) == 1, [card["summary"] for card in cards]
    return cards[0]


def accepted(card: dict[str, Any]) -> dict[str, Any]:
    """Return the order after the recommended suggestion of `card` was accepted."""
    recommended = [s for s in card["suggestions"] if s.get("isRecommended")]
    assert len(recommended) == 1
    (action,) = recommended[0]["actions"]
    assert action["type"] == "update"
    changed: dict[str, Any] = action["resource"]
    return changed


def test_a_red_flag_and_an_mri_without_contrast_offers_contrast(service: FlaskClient) -> None:
    draft = order(MRI_WITHOUT, priority="urgent")
    card = only(ask(service, request(draft, resources(*RED_FLAGS))))

    assert card["indicator"] == "warning"
    assert card["summary"].startswith("Add IV contrast?")
    assert "Malignant neoplasm of breast" in card["detail"]
    assert "38.6 °C, 2026-11-21" in card["detail"]
    changed = accepted(card)
    assert changed["code"]["text"] == "MRI lumbar spine without and with IV contrast"
    assert changed["code"]["coding"] == [{"system": "http://loinc.org", "code": "24967-2"}]
    assert {**changed, "code": draft["code"]} == draft, "nothing else in the order may change"


def test_the_right_order_gets_no_card(service: FlaskClient) -> None:
    assert ask(service, request(order(MRI_WITHOUT_AND_WITH), resources(*RED_FLAGS))) == []


def test_a_bone_scan_for_red_flags_is_answered_with_mri(service: FlaskClient) -> None:
    card = only(ask(service, request(order(BONE_SCAN), resources(*RED_FLAGS))))

    assert card["indicator"] == "warning"
    assert "preferred over bone scan whole body" in card["summary"]
    assert accepted(card)["code"]["text"] == "MRI lumbar spine without and with IV contrast"


def test_an_mri_with_a_pacemaker_of_unknown_status_is_held(service: FlaskClient) -> None:
    card = only(ask(service, request(order(MRI_WITHOUT), resources(*RED_FLAGS, PACEMAKER))))

    assert card["indicator"] == "critical"
    assert accepted(card)["code"]["text"] == "CT lumbar spine with IV contrast"
    assert "cardiology with the MR safety officer" in card["detail"]
    assert "MRI stays the best study" in card["detail"]


def test_a_bone_scan_with_a_pacemaker_never_leads_to_mri(service: FlaskClient) -> None:
    card = only(ask(service, request(order(BONE_SCAN), resources(*RED_FLAGS, PACEMAKER))))

    offered = [s["actions"][0]["resource"]["code"]["text"] for s in card["suggestions"]]
    assert offered == ["CT lumbar spine with IV contrast"]
    assert "**Held back:** MRI lumbar spine without and with IV contrast" in card["detail"]


def test_a_conditional_pacemaker_asks_for_the_labelling_and_pushes_no_ct(
    service: FlaskClient,
) -> None:
    chart = resources(*RED_FLAGS, CONDITIONAL_PACEMAKER)
    card = only(ask(service, request(order(MRI_WITHOUT_AND_WITH), chart)))

    assert card["indicator"] == "info"
    assert "within its labelling" in card["summary"]
    assert "suggestions" not in card
    assert "CT" not in card["detail"]


def test_saddle_numbness_and_retention_on_a_routine_order_asks_for_stat(
    service: FlaskClient,
) -> None:
    saddle = {"condition": "snomed-ct 449813001", "onset": "2026-11-21"}
    retention = {"condition": "snomed-ct 267064002", "onset": "2026-11-21"}
    draft = order(MRI_WITHOUT, priority="routine")
    card = only(ask(service, request(draft, resources(BACK_PAIN, saddle, retention))))

    assert card["indicator"] == "critical"
    assert "spine surg" in card["summary"]
    assert accepted(card) == {**draft, "priority": "stat"}


def test_hiv_and_a_ct_is_answered_with_mri(service: FlaskClient) -> None:
    hiv = {"condition": "snomed-ct 86406008", "onset": "2015"}
    chart = resources(hiv, BACK_PAIN, patient={"birth-date": "1970-01-01"})
    card = only(ask(service, request(order(CT_WITHOUT), chart)))

    assert accepted(card)["code"]["text"] == "MRI lumbar spine without and with IV contrast"


def test_new_radiculopathy_after_a_fusion_and_an_mri_gets_no_card(service: FlaskClient) -> None:
    fusion = {"procedure": "snomed-ct 50172003", "date": "2024-10-01"}
    radiculopathy = {"condition": "snomed-ct 128196005", "onset": "2026-11-01"}
    draft = order(MRI_WITHOUT, reasons=["snomed-ct 128196005"])
    assert ask(service, request(draft, resources(fusion, radiculopathy))) == []


def test_an_old_patient_after_a_fall_may_have_radiographs_without_a_card(
    service: FlaskClient,
) -> None:
    chart = resources(OSTEOPOROSIS, FALL, BACK_PAIN, patient=OLD)
    assert ask(service, request(order(RADIOGRAPH), chart)) == []


def test_the_same_patient_with_a_bone_scan_is_offered_what_acr_rates_higher(
    service: FlaskClient,
) -> None:
    chart = resources(OSTEOPOROSIS, FALL, BACK_PAIN, patient=OLD)
    card = only(ask(service, request(order(BONE_SCAN), chart)))

    offered = [s["actions"][0]["resource"]["code"]["text"] for s in card["suggestions"]]
    assert offered == ["MRI lumbar spine without IV contrast", "Radiography lumbar spine"]
    assert "usually not appropriate" not in card["detail"], "an inferred rating is not ACR's"


def test_uncomplicated_pain_gets_one_conditional_card(service: FlaskClient) -> None:
    card = only(ask(service, request(order(MRI_WITHOUT), resources(BACK_PAIN, patient={}))))

    assert card["indicator"] == "info"
    assert "if there truly is none" in card["summary"]
    assert "history of cancer" in card["detail"]
    (action,) = card["suggestions"][0]["actions"]
    assert action["type"] == "delete"
    assert action["resourceId"] == "ServiceRequest/case-order"


def test_a_failed_problem_list_never_becomes_no_red_flags(service: FlaskClient) -> None:
    chart = resources(BACK_PAIN, patient={})
    failed = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "timeout"}],
    }
    body = request(order(MRI_WITHOUT), chart, prefetch={**prefetch(chart), "conditions": failed})
    card = only(ask(service, body))

    assert "could not be assessed" in card["summary"]
    assert "**Could not be read:** problem list" in card["detail"]
    assert "suggestions" not in card


def test_a_note_that_is_too_long_to_be_read_never_becomes_no_red_flags(
    service: FlaskClient,
) -> None:
    draft = {**order(MRI_WITHOUT), "note": [{"text": "walks without help. " * 600}]}
    card = only(ask(service, request(draft, resources(BACK_PAIN))))
    assert "could not be assessed" in card["summary"]
    assert "**Could not be read:** part of the text of the order" in card["detail"]


def test_a_child_gets_no_rating_and_no_card(service: FlaskClient) -> None:
    assert ask(service, request(order(MRI_WITHOUT), resources(BACK_PAIN, patient=CHILD))) == []


def test_a_knee_mri_with_a_pacemaker_gets_the_safety_card_only(service: FlaskClient) -> None:
    draft = order("cpt 73721", reasons=[])
    card = only(ask(service, request(draft, resources(*RED_FLAGS, PACEMAKER))))

    assert card["summary"].startswith("Hold MRI")
    assert "suggestions" not in card


def test_what_only_looks_like_a_red_flag_does_not_count(service: FlaskClient) -> None:
    lookalikes = (
        {"observation": "loinc 8310-5", "value": "39 Cel", "date": "2026-11-21",
         "status": "entered-in-error"},
        {"condition": "snomed-ct 162573006", "onset": "2026-11-01"},
        {"condition": "icd-10-cm Z80.3"},
    )  # fmt: skip
    negative = {
        "fhir": {
            "resourceType": "Observation",
            "id": "hiv",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "55277-8"}]},
            "valueString": "not HIV positive",
        }
    }
    chart = resources(BACK_PAIN, *lookalikes, negative, patient={})
    card = only(ask(service, request(order(MRI_WITHOUT), chart)))

    assert card["indicator"] == "info"
    assert "contrast" not in card["summary"]
    assert "not conclusive:** history of cancer" in card["detail"], "a suspicion is a question"


def test_only_the_selected_order_is_advised_on(service: FlaskClient) -> None:
    mri = {**order(MRI_WITHOUT), "id": "mri"}
    scan = {**order(BONE_SCAN), "id": "scan"}
    pills = {"resourceType": "MedicationRequest", "id": "pills", "status": "draft"}
    body = request([mri, scan, pills], resources(*RED_FLAGS), selections=["ServiceRequest/scan"])
    card = only(ask(service, body))

    assert accepted(card)["id"] == "scan"


def test_at_signing_every_imaging_order_is_advised_on(service: FlaskClient) -> None:
    mri = {**order(MRI_WITHOUT), "id": "mri"}
    scan = {**order(BONE_SCAN), "id": "scan", "status": "active"}
    body = request([mri, scan], resources(*RED_FLAGS), hook="order-sign")
    cards = ask(service, body, SIGN)

    assert sorted(accepted(card)["id"] for card in cards) == ["mri", "scan"]


@pytest.mark.parametrize("code", ["cpt 72148", "snomed-ct 394451000119106", "radlex RPID541"])
def test_the_suggestion_orders_in_the_code_system_of_the_order(
    service: FlaskClient, code: str
) -> None:
    card = only(ask(service, request(order(code), resources(*RED_FLAGS))))

    (coding, *_) = accepted(card)["code"]["coding"]
    wanted = {"cpt": "72158", "radlex": "RPID500"}.get(code.split(maxsplit=1)[0])
    if wanted:
        assert coding["code"] == wanted
    else:  # SNOMED CT has no code for without and with: the standard codes are given instead
        assert coding["system"] == "http://loinc.org"


def test_advice_on_an_order_without_an_id_still_comes_without_a_suggestion(
    service: FlaskClient,
) -> None:
    draft = {name: value for name, value in order(MRI_WITHOUT).items() if name != "id"}
    body = request({**draft, "id": "x"}, resources(*RED_FLAGS), hook="order-sign")
    body["context"]["draftOrders"]["entry"] = [{"resource": draft}]
    card = only(ask(service, body, SIGN))

    assert "suggestions" not in card
    assert "selectionBehavior" not in card


def test_a_bundle_with_no_entries_counts_as_read(service: FlaskClient) -> None:
    chart = resources(BACK_PAIN, patient={})
    empty = {key: bundle([]) for key in prefetch(chart)} | {
        "patient": chart[0],
        "conditions": bundle([chart[1]]),
    }
    card = only(ask(service, request(order(MRI_WITHOUT), chart, prefetch=empty)))
    assert "if there truly is none" in card["summary"]


@pytest.mark.parametrize("url", [SELECT, SIGN])
def test_three_levels_ordered_together_are_the_whole_spine(service: FlaskClient, url: str) -> None:
    cancer = {"condition": "icd-10-cm C61", "onset": "2024-03-01"}
    compression = {"condition": "icd-10-cm G95.20", "onset": "2026-11-21"}
    chart = resources(cancer, BACK_PAIN, compression, patient={"gender": "male"})
    hook = "order-select" if url == SELECT else "order-sign"
    levels = [
        {**order(code, priority="stat"), "id": f"level-{number}"}
        for number, code in enumerate((MRI_WITHOUT, "loinc 36532-0", "loinc 30667-0"))
    ]

    assert ask(service, request(levels, chart, hook=hook), url) == []
    chosen = request(levels, chart, selections=["ServiceRequest/level-0"])
    assert ask(service, chosen) == [], "drafts that are not selected count too"

    card = only(ask(service, request(levels[:2], chart, hook=hook), url))
    assert card["indicator"] == "critical"
    assert accepted(card)["code"]["text"] == "MRI whole spine without IV contrast"
    revoked = [*levels[:2], {**levels[2], "status": "revoked"}]
    assert only(ask(service, request(revoked, chart, hook=hook), url))["indicator"] == "critical"
