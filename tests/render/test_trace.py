"""The trace says everything an assessment holds, in keys that stay."""

import json
from datetime import date
from itertools import count
from typing import Any

import pytest

from cds_service.advisor import Advisor
from cds_service.cli import example
from cds_service.content.check import check
from cds_service.content.compile import compile_content
from cds_service.content.load import content_directory, load
from cds_service.hooks.json_body import encode
from cds_service.hooks.request import read_request
from cds_service.render.trace import trace
from cds_service.settings import Settings
from tests.faulty_order import fail_for
from tests.hook_request import BONE_SCAN
from tests.hook_request import order as draft_order

DAY = date(2026, 11, 23)
HOOKS = frozenset({"order-select", "order-sign"})


@pytest.fixture(scope="module")
def content():
    loaded = load(content_directory())
    assert not [issue for issue in check(loaded) if issue.severity == "error"]
    return compile_content(loaded.documents.values(), loaded.content_version)


@pytest.fixture
def traced(content):
    def of(body: dict[str, Any]) -> dict[str, Any]:
        request = read_request(body, HOOKS)
        consultation = Advisor(content, Settings(), lambda: DAY).consult(request)
        return trace(consultation, content)

    return of


@pytest.fixture
def pacemaker(traced):
    return traced(example.request("pacemaker", DAY))


def by(key: str, items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item[key]: item for item in items}


def test_the_keys_are_those_that_are_documented(pacemaker):
    assert list(pacemaker) == ["contentVersion", "asOf", "chart", "orders"]
    assert list(pacemaker["chart"]) == ["patient", "records", "sources"]
    assert list(pacemaker["orders"][0]) == [
        "reference",
        "title",
        "codes",
        "priority",
        "status",
        "recognised",
        "findings",
        "topics",
        "safety",
        "alternatives",
        "advice",
        "suppressed",
        "notChecked",
        "cards",
    ]


def test_the_trace_is_plain_json(pacemaker):
    assert json.loads(encode(pacemaker)) == pacemaker


def test_every_finding_of_the_content_has_a_state(pacemaker, content):
    found = by("id", pacemaker["orders"][0]["findings"])
    assert set(found) == set(content.findings)
    assert {finding["state"] for finding in found.values()} == {"present", "absent", "unknown"}


def test_a_finding_carries_its_records(pacemaker):
    fever = by("id", pacemaker["orders"][0]["findings"])["fever"]
    assert fever["records"] == [
        {
            "reference": "Observation/observation-3",
            "type": "Observation",
            "label": "Body temperature",
            "date": "2026-11-22",
            "value": "38.6 °C",
            "verdict": "for",
            "remark": "",
            "reactions": [],
            "fromText": False,
            "ofOrder": False,
        }
    ]


def test_exactly_one_variant_decides_and_each_says_why(pacemaker):
    (topic,) = pacemaker["orders"][0]["topics"]
    assert [each["id"] for each in topic["variants"] if each["decides"]] == ["low-back-pain-7"]
    assert all(each["why"] for each in topic["variants"])
    assert by("number", topic["variants"])[1]["against"] == ["history-of-cancer", "fever"]


def test_an_inferred_rating_is_marked_as_not_the_guidelines(pacemaker):
    (topic,) = pacemaker["orders"][0]["topics"]
    for rated in topic["table"]:
        assert rated["citable"] is (rated["seenIn"] != "inferred")


def test_the_suggested_alternative_is_put_through_the_safety_rules(pacemaker):
    (alternative,) = pacemaker["orders"][0]["alternatives"]
    assert alternative["procedure"]["id"] == "ct-lumbar-spine-with-contrast"
    assert alternative["proposedBy"] == ["mri-cardiac-device.status-unknown-or-unsafe"]
    verdict = by("rule", alternative["safety"])["iodinated-contrast"]
    assert (verdict["state"], verdict["unread"]) == (None, [])


def test_a_study_held_back_is_traced_with_the_rule_that_holds_it(traced):
    body = example.request("bone-scan", DAY)
    body["prefetch"]["devices"] = example.request("pacemaker", DAY)["prefetch"]["devices"]
    alternatives = traced(body)["orders"][0]["alternatives"]
    held = [each for each in alternatives if each["heldBackFor"]]
    assert held
    for each in held:
        assert "hold" in [verdict["effect"] for verdict in each["safety"]]


def test_every_rule_either_speaks_or_says_why_not(pacemaker, content):
    order = pacemaker["orders"][0]
    spoke = {advice["rule"] for advice in order["advice"]}
    silent = by("rule", order["suppressed"])
    assert {rule.id for rule in content.topics[0].recommendations} <= spoke | set(silent)
    assert all(each["why"] for each in silent.values())


def test_each_order_has_its_own_cards_although_they_are_sent_by_urgency(traced):
    body = example.request("bone-scan", DAY)
    numbers = count(1)
    other = example.request("pacemaker", DAY)["context"]["draftOrders"]["entry"][0]["resource"]
    emergency = example.request("emergency", DAY)["prefetch"]["conditions"]["entry"]
    for entry in emergency:
        resource = {**entry["resource"], "id": f"emergency-{next(numbers)}"}
        body["prefetch"]["conditions"]["entry"].append({"resource": resource})
    body["context"]["draftOrders"]["entry"].append({"resource": {**other, "id": "second"}})
    body["context"]["selections"].append("ServiceRequest/second")
    orders = traced(body)["orders"]
    assert len(orders) == 2
    for order in orders:
        codes = [card["source"]["topic"]["code"] for card in order["cards"]]
        assert codes == [advice["card"] for advice in order["advice"]]
        assert codes


def test_without_an_imaging_order_there_is_no_chart(traced):
    body = example.request("pacemaker", DAY)
    body["context"]["selections"] = []
    whole = traced(body)
    assert (whole["chart"], whole["orders"]) == (None, [])


def test_a_source_that_is_not_complete_says_so(traced):
    body = example.request("pacemaker", DAY)
    del body["prefetch"]["allergies"]
    whole = traced(body)
    source = by("type", whole["chart"]["sources"])["AllergyIntolerance"]
    assert (source["state"], bool(source["reason"])) == ("not-supplied", True)
    assert whole["orders"][0]["notChecked"] == ["AllergyIntolerance"]


def test_an_order_that_could_not_be_assessed_leaves_the_others_their_cards(
    traced, monkeypatch: pytest.MonkeyPatch
):
    body = example.request("pacemaker", DAY)
    (draft,) = body["context"]["draftOrders"]["entry"]
    scan = {**draft["resource"], "id": "scan", "code": draft_order(BONE_SCAN)["code"]}
    body["context"]["draftOrders"]["entry"].insert(0, {"resource": scan})
    body["context"]["selections"].insert(0, "ServiceRequest/scan")
    fail_for(monkeypatch, "bone-scan")
    (kept,) = traced(body)["orders"]
    assert [card["source"]["topic"]["code"] for card in kept["cards"]] == [
        advice["card"] for advice in kept["advice"]
    ]


def test_an_allergy_carries_what_happened(traced):
    body = example.request("pacemaker", DAY)
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "code": {"text": "Gadolinium"},
        "patient": {"reference": f"Patient/{body['context']['patientId']}"},
        "reaction": [
            {"manifestation": [{"text": "Anaphylaxis"}], "severity": "severe", "onset": "2019-05"}
        ],
    }
    body["prefetch"]["allergies"]["entry"] = [{"resource": allergy}]
    found = by("id", traced(body)["orders"][0]["findings"])["gadolinium-reaction"]
    assert [record["reactions"] for record in found["records"]] == [
        [{"what": ["Anaphylaxis"], "severity": "severe", "onset": "2019-05"}]
    ]
