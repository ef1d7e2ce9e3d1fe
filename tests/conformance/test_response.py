"""The answer as a whole: always the same for the same request, short, and free of secrets."""

import copy
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.engine.policy import Policy
from tests.conformance.exchange import (
    CONTRAST,
    RED_FLAGS,
    RETENTION,
    SADDLE,
    SITUATIONS,
    Json,
    advice,
    cards,
    decisions,
    draft,
)
from tests.faulty_order import fail_for
from tests.hook_request import (
    BONE_SCAN,
    CONDITIONAL_PACEMAKER,
    PACEMAKER,
    SELECT,
    SIGN,
    order,
    request,
    resources,
)

conformance = pytest.mark.conformance
UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RANK = ["critical", "warning", "info"]
MANY = request(
    [
        {**order(), "id": f"o{n}"} if n % 2 else {**order(BONE_SCAN), "id": f"o{n}"}
        for n in range(6)
    ],
    resources(*RED_FLAGS, PACEMAKER),
    hook="order-sign",
)


@conformance(104, 167)
@pytest.mark.parametrize("name", SITUATIONS)
def test_success_is_200_with_a_list_of_cards(answers: dict[str, Json], name: str) -> None:
    assert isinstance(answers[name]["cards"], list)


@conformance(105)
@pytest.mark.parametrize("name", ["the order is right", "it is no imaging"])
def test_nothing_to_say_is_an_empty_list_and_no_all_clear(service: FlaskClient, name: str) -> None:
    answer = service.post(SELECT, json=SITUATIONS[name])
    assert (answer.status_code, answer.data) == (200, b'{"cards":[]}')


@conformance(108)
@pytest.mark.parametrize("name", SITUATIONS)
def test_the_same_request_has_the_same_bytes_but_for_ids(
    service: FlaskClient, serve: Any, name: str
) -> None:
    body = SITUATIONS[name]
    url = SELECT.replace("select", "sign") if body["hook"] == "order-sign" else SELECT
    said = {
        UUID.sub(b"", client.post(url, json=body).data)
        for client in (service, service, serve(), serve())
    }
    assert len(said) == 1


@conformance(108)
@pytest.mark.parametrize("name", SITUATIONS)
def test_the_order_of_members_and_records_changes_nothing(service: FlaskClient, name: str) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return copy.deepcopy(value)

    body = turned(SITUATIONS[name])
    for value in (body.get("prefetch") or {}).values():
        if isinstance(value, dict) and "entry" in value:
            value["entry"].reverse()
    assert advice(service, body) == advice(service, SITUATIONS[name])


@conformance(109)
def test_the_most_urgent_comes_first(service: FlaskClient, answers: dict[str, Json]) -> None:
    for found in [cards(service, MANY), *(each["cards"] for each in answers.values())]:
        ranks = [RANK.index(card["indicator"]) for card in found]
        assert ranks == sorted(ranks)


@conformance(109)
@pytest.mark.parametrize("most", [1, 2, 20])
def test_no_order_gets_more_cards_than_the_site_wants(serve: Any, most: int) -> None:
    gadolinium = {"allergy": "snomed-ct 407976008", "text": "Gadobutrol"}
    chart = resources(*RED_FLAGS, CONDITIONAL_PACEMAKER, SADDLE, RETENTION, gadolinium)
    busy = request(order("loinc 24967-2", priority="routine"), chart)
    found = cards(serve(policy=Policy(max_cards_per_order=most)), busy)
    assert 0 < len(found) <= most
    assert found[0]["indicator"] == "critical"
    everything = cards(serve(policy=Policy(max_cards_per_order=20)), busy)
    assert decisions(found) == decisions(everything)[: len(found)]
    assert len(everything) > 2, "this patient has more than the default shows"


@conformance(109)
def test_the_limit_holds_for_each_order(serve: Any) -> None:
    assert len(cards(serve(policy=Policy(max_cards_per_order=1)), MANY)) == 6


@conformance(110, 214)
def test_an_answer_holds_no_token(service: FlaskClient) -> None:
    secrets = {
        "fhirServer": "http://127.0.0.1:9/fhir",
        "fhirAuthorization": {"access_token": "CANARY-TOKEN", "token_type": "Bearer"},
    }
    bodies = [
        CONTRAST | secrets,
        CONTRAST | secrets | {"prefetch": {}},
        CONTRAST | secrets | {"hook": "CANARY-TOKEN"},
        CONTRAST | secrets | {"context": None},
    ]
    headers = {"Authorization": "Bearer CANARY.JWT.CANARY"}
    for body in bodies:
        answer = service.post(SELECT, json=body, headers=headers)
        assert b"CANARY" not in answer.data
        assert "CANARY" not in str(answer.headers)


@conformance(110, 172)
def test_a_fault_of_ours_shows_neither_a_trace_nor_the_patient(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = serve()

    def fail(*_: Any) -> None:
        raise RuntimeError(f"CANARY {json.dumps(draft(CONTRAST))}")

    monkeypatch.setattr("cds_service.advisor.decide", fail)
    answer = broken.post(SELECT, json=CONTRAST)
    assert answer.status_code == 500
    assert re.search(r"Correlation id [0-9a-f-]{36}", answer.text)
    for word in ("CANARY", "Traceback", ".py", "case-patient", "RuntimeError"):
        assert word not in answer.text


@conformance(172)
def test_after_a_fault_the_next_call_is_answered(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()
    with monkeypatch.context() as patch:
        patch.setattr("cds_service.advisor.decide", lambda *_: 1 / 0)
        assert service.post(SELECT, json=CONTRAST).status_code == 500
    assert cards(service, copy.deepcopy(CONTRAST))


@conformance(172)
def test_a_fault_in_one_order_costs_only_that_order(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_for(monkeypatch, "bone-scan")
    answer = serve().post(SIGN, json=SITUATIONS["two orders are signed"])
    assert answer.status_code == 200
    shown = answer.get_json()["cards"]
    assert shown[0]["indicator"] == "critical"
    assert shown[-1]["source"]["topic"]["code"] == "order-not-assessed"


@conformance(226)
def test_once_the_order_is_put_right_the_cards_are_gone(service: FlaskClient) -> None:
    for name in ("contrast is to be added", "another study is better", "it cannot wait"):
        body = copy.deepcopy(SITUATIONS[name])
        (card,) = cards(service, body)
        accepted = card["suggestions"][0]["actions"][0]["resource"]
        body["context"]["draftOrders"]["entry"][0]["resource"] = accepted
        again = [each["source"]["topic"]["code"] for each in cards(service, body)]
        assert card["source"]["topic"]["code"] not in again
