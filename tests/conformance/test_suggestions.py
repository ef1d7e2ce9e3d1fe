"""Accepting a card changes the order as it says, and nothing else."""

import copy
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conformance.exchange import (
    CONTRAST,
    HELD,
    RED_FLAGS,
    SITUATIONS,
    Json,
    actions,
    cards,
    draft,
)
from tests.hook_request import BONE_SCAN, CT_WITHOUT, PACEMAKER, order, request, resources

conformance = pytest.mark.conformance
CHANGED = {"code", "priority"}
"""What accepting a card may change in an order."""


@conformance(131, 132, 133, 134, 136)
def test_every_suggestion_is_complete(all_cards: list[Json]) -> None:
    offered = [card["suggestions"] for card in all_cards if "suggestions" in card]
    assert offered
    for suggestions in offered:
        for suggestion in suggestions:
            assert suggestion["label"].strip()
            assert suggestion["uuid"]
            assert isinstance(suggestion.get("isRecommended", False), bool)
            assert suggestion["actions"]
        assert sum(suggestion.get("isRecommended", False) for suggestion in suggestions) <= 1


@conformance(137, 138, 139)
def test_a_suggestion_is_one_action_so_that_no_order_of_them_matters(
    all_cards: list[Json],
) -> None:
    for card in all_cards:
        for suggestion in card.get("suggestions", []):
            assert len(suggestion["actions"]) == 1
            assert "actionSelectionBehavior" not in suggestion
            assert len(suggestion["actions"][0]["description"]) > 10


@conformance(143, 144, 141)
def test_every_action_says_what_it_does(all_cards: list[Json]) -> None:
    found = actions(all_cards)
    assert {action["type"] for action in found} == {"update", "delete"}
    assert all(action["description"].strip() for action in found)


@conformance(140, 142, 145)
@pytest.mark.parametrize("name", SITUATIONS)
def test_an_update_is_the_whole_draft_with_one_thing_changed(
    service: FlaskClient, name: str
) -> None:
    body = copy.deepcopy(SITUATIONS[name])
    drafts: dict[str, Json] = {}
    for entry in body["context"]["draftOrders"]["entry"]:
        entry["resource"] |= {
            "meta": {"versionId": "7", "lastUpdated": "2026-11-22T08:00:00.123+01:00"},
            "identifier": [{"system": "urn:x", "value": "a-1"}],
            "encounter": {"reference": "Encounter/e1"},
            "requester": {"reference": "Practitioner/p1"},
            "occurrenceDateTime": "2026-11-24",
            "note": [{"text": "Please call before 10:00"}],
            "supportingInfo": [{"reference": "Condition/c1"}],
            "extension": [{"url": "urn:local", "valueDecimal": 1.50}],
            "x-unknown": {"kept": [1, None]},
        }
        drafts[entry["resource"]["id"]] = entry["resource"]
    for action in actions(cards(service, body)):
        if action["type"] == "delete":
            continue
        after = action["resource"]
        before = drafts[after["id"]]
        differing = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        assert len(differing) == 1
        assert differing <= CHANGED
        assert after["resourceType"] == before["resourceType"]


@conformance(149)
def test_the_version_a_client_gave_goes_back(service: FlaskClient) -> None:
    body = copy.deepcopy(CONTRAST)
    draft(body)["meta"] = {"versionId": "42", "source": "#x"}
    (action,) = actions(cards(service, body))
    assert action["resource"]["meta"] == {"versionId": "42", "source": "#x"}


@conformance(142, 146)
def test_a_delete_names_a_draft_order_and_carries_no_resource(service: FlaskClient) -> None:
    (action,) = actions(cards(service, SITUATIONS["no imaging is needed"]))
    assert action["type"] == "delete"
    assert action["resourceId"] == "ServiceRequest/case-order"
    assert "resource" not in action


@conformance(147)
def test_nothing_is_created_for_clients_that_take_updates(all_cards: list[Json]) -> None:
    assert "create" not in {action["type"] for action in actions(all_cards)}


@conformance(148)
@pytest.mark.parametrize("code", [BONE_SCAN, CT_WITHOUT, "loinc 30679-5", "loinc 24967-2"])
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_with_a_pacemaker_no_rule_offers_an_mri(service: FlaskClient, code: str, hook: str) -> None:
    body = request(order(code), resources(*RED_FLAGS, PACEMAKER), hook=hook)
    for action in actions(cards(service, body)):
        assert "MRI" not in action["resource"]["code"]["text"]


@conformance(148)
def test_a_held_mri_is_not_made_urgent_instead(service: FlaskClient) -> None:
    for action in actions(cards(service, HELD)):
        assert action["resource"].get("priority") != "stat"


@conformance(140)
@pytest.mark.parametrize("number", ["1.10", "0.00", "1E+2", "-0", "12345678901234567890", "1e-7"])
def test_numbers_go_back_as_they_were_written(service: FlaskClient, number: str) -> None:
    body: Any = copy.deepcopy(CONTRAST)
    draft(body)["quantityQuantity"] = {"value": "NUMBER"}
    text = service.application.json.dumps(body).replace('"NUMBER"', number)
    answer = service.post(
        "/cds-services/imaging-order-select", data=text, content_type="application/json"
    )
    assert answer.status_code == 200
    got = answer.text.partition('"quantityQuantity":{"value":')[2].partition("}")[0]
    assert (float(got), len(got.strip("-+"))) == (float(number), len(number.strip("-+")))
