"""Calls recorded from the public CDS Hooks sandbox are all answered.

The bodies are as the sandbox sent them; only server addresses and study names were replaced.
"""

import json
from pathlib import Path

import pytest

RECORDED = Path(__file__).parent / "sandbox"
SELECT = "/cds-services/imaging-order-select"

# What the sandbox did, and how many orders the advisor should see selected.
CALLS = {
    "order-select-before-any-choice": 1,
    "order-select-study": 1,
    "order-select-study-and-reason": 1,
    "order-select-medication-not-yet-named": 0,
    "order-select-medication": 0,
    "order-select-without-orders": 0,
    "order-sign-sent-to-order-select": 1,
}


def recorded(name: str) -> bytes:
    return (RECORDED / f"{name}.json").read_bytes()


def test_every_recorded_call_is_tested():
    assert {path.stem for path in RECORDED.glob("order-*.json")} == set(CALLS)


@pytest.mark.parametrize(("name", "selected"), CALLS.items())
def test_a_recorded_call_is_answered_with_json(client, advisor, name, selected):
    advisor.cards = [{"summary": "A card"}]
    answer = client.post(SELECT, data=recorded(name), content_type="application/json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert len(answer.json["cards"]) == min(selected, 1)
    assert len(advisor.asked[0].selected) == selected
    assert advisor.asked[0].prefetch
    assert advisor.asked[0].fhir_access is None


@pytest.mark.parametrize("name", CALLS)
def test_a_selected_order_goes_back_as_the_sandbox_sent_it(client, advisor, name):
    client.post(SELECT, data=recorded(name), content_type="application/json")
    sent = json.loads(recorded(name))["context"].get("draftOrders", {"entry": []})
    resources = [entry["resource"] for entry in sent["entry"]]
    assert all(order.resource in resources for order in advisor.asked[0].selected)


@pytest.mark.parametrize("path", sorted(RECORDED.glob("feedback-*.json")), ids=lambda p: p.stem)
def test_recorded_feedback_is_refused_in_words(client, path):
    answer = client.post(
        f"{SELECT}/feedback", data=path.read_bytes(), content_type="application/json"
    )
    assert answer.status_code == 404
    assert answer.json["resourceType"] == "OperationOutcome"


def test_a_discovery_address_typed_with_a_slash_works_throughout(client):
    base = "/cds-services/"
    assert client.get(base).status_code == 200
    for service in client.get(base).json["services"]:
        answer = client.post(
            f"{base}/{service['id']}",
            data=recorded("order-select-study"),
            content_type="application/json",
        )
        assert answer.status_code == 200
