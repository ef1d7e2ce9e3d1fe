"""A call of a service is answered with the advisor's cards."""

import json
from datetime import date

import pytest

from cds_service import log
from cds_service.advisor import Consultation
from cds_service.hooks.errors import RequestRefused
from cds_service.settings import Settings
from tests.hook_request import BACK_PAIN, BREAST_CANCER, order, request, resources

SELECT = "/cds-services/imaging-order-select"
SIGN = "/cds-services/imaging-order-sign"
CARD = {
    "summary": "Canary card text",
    "indicator": "info",
    "source": {"label": "ACR", "topic": {"code": "mriPreferred"}},
}


@pytest.fixture
def log_lines(capsys):
    log.configure(Settings(log_format="json"))

    def lines():
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return lines


def test_the_cards_of_the_advisor_are_the_answer(client, advisor, call):
    advisor.cards = [CARD]
    answer = client.post(SELECT, json=call)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.json == {"cards": [CARD]}
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_advice_is_an_empty_list_of_cards(client, call):
    answer = client.post(SELECT, json=call)
    assert (answer.status_code, answer.data) == (200, b'{"cards":[]}')


def test_a_call_without_selected_orders_still_reaches_the_advisor(client, advisor, call):
    call["context"]["selections"] = []
    assert client.post(SELECT, json=call).json == {"cards": []}
    assert len(advisor.asked) == 1


@pytest.mark.parametrize("path", [SELECT, SIGN])
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_the_hook_in_the_body_counts_whichever_service_was_called(
    client, advisor, call, path, hook
):
    call["hook"] = hook
    assert client.post(path, json=call).status_code == 200
    assert advisor.asked[0].hook == hook


def test_a_doubled_slash_before_the_id_is_the_same_address(client, call):
    path = "/cds-services//imaging-order-select"
    assert client.post(path, json=call).status_code == 200
    assert client.options(path).status_code == 204


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8; x=y",
        "application/fhir+json",
        "application/json+fhir",
        "application/fhir+json; fhirVersion=4.0",
        None,
    ],
)
def test_json_is_taken_under_each_of_its_names_and_without_a_name(client, call, media_type):
    answer = client.post(SELECT, data=json.dumps(call), content_type=media_type)
    assert answer.status_code == 200


def test_the_same_hook_instance_may_come_twice(client, call):
    assert [client.post(SELECT, json=call).status_code for _ in range(2)] == [200, 200]


def test_a_number_keeps_its_spelling_from_the_order_to_the_card(client, advisor, call):
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    order["quantityQuantity"] = {"value": "NUMBER"}
    body = json.dumps(call).replace('"NUMBER"', "1.10")

    def echo(request, _client):
        card = {"suggestions": [{"actions": [{"resource": request.selected[0].resource}]}]}
        return Consultation(date(2026, 11, 22), None, (), [card])

    advisor.consult = echo
    answer = client.post(SELECT, data=body, content_type="application/json")
    assert b'"value":1.10' in answer.data


def test_each_call_has_one_log_line_with_codes_and_counts_but_no_text(
    client, advisor, call, log_lines
):
    advisor.cards = [CARD]
    call["context"]["selections"].append("ServiceRequest/canary")
    client.post(SELECT, json=call)
    (line,) = log_lines()
    assert line["hook_instance"] == call["hookInstance"]
    assert line["hook"] == "order-select"
    assert line["service"] == "imaging-order-select"
    assert line["path_template"] == "/cds-services/<service_id>"
    assert (line["status"], line["cards"], line["rules"]) == (200, 1, ["mriPreferred"])
    assert line["remarks"] == ["1 selections match no draft order"]
    assert line["latency_ms"] >= 0
    assert "dropped_fields" not in line
    for secret in ("canary", "Canary", "pat-1", "draft-1", "prac-1"):
        assert secret not in json.dumps(line)


def test_the_log_names_the_sources_that_a_call_lacked(serve, log_lines):
    client = serve()
    whole = request(order(), resources(BREAST_CANCER, BACK_PAIN))
    client.post(SELECT, json=whole)
    whole["prefetch"] = {"patient": whole["prefetch"]["patient"]}
    client.post(SELECT, json=whole)
    complete, lacking = log_lines()
    assert "missing_sources" not in complete
    assert {"AllergyIntolerance", "Condition", "Device"} <= set(lacking["missing_sources"])
    assert "Patient" not in lacking["missing_sources"]
    assert "dropped_fields" not in lacking


def test_a_hook_instance_that_is_no_identifier_is_not_logged(client, call, log_lines):
    call["hookInstance"] = "John Canary, born 1950"
    assert client.post(SELECT, json=call).status_code == 200
    assert "Canary" not in json.dumps(log_lines())


def test_a_refusal_of_the_advisor_is_answered_as_such(client, advisor, call, log_lines):
    advisor.error = RequestRefused(412, "incomplete", "The patient could not be read.")
    answer = client.post(SELECT, json=call)
    assert answer.status_code == 412
    assert answer.json["issue"][0]["details"]["text"] == "The patient could not be read."
    (line,) = log_lines()
    assert (line["status"], line["error_code"]) == (412, "incomplete")


def test_a_failure_is_answered_and_logged_without_its_message(client, advisor, call, log_lines):
    advisor.error = KeyError("Canary, John")
    answer = client.post(SELECT, json=call)
    assert answer.status_code == 500
    issue = answer.json["issue"][0]
    assert issue["code"] == "exception"
    failure, line = log_lines()
    assert failure["exception_type"] == ["KeyError"]
    assert ":" in failure["location"]
    assert "dropped_fields" not in failure
    assert failure["correlation_id"] in issue["diagnostics"]
    assert line["status"] == 500
    for text in (answer.text, json.dumps([failure, line])):
        assert "Canary" not in text
        assert "Traceback" not in text


def test_feedback_is_refused_in_words_rather_than_taken_and_lost(client):
    for path in (SELECT, "/cds-services//imaging-order-sign"):
        answer = client.post(f"{path}/feedback", json={"feedback": []})
        assert answer.status_code == 404
        assert answer.json["issue"][0]["code"] == "not-supported"
        assert "no journal" in answer.json["issue"][0]["details"]["text"]
