"""Nothing of the patient and no secret reaches the log; only listed pages in browsers may call."""

import copy
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import log
from cds_service.settings import Settings
from tests.conformance.exchange import CONTRAST, SITUATIONS, cards, draft
from tests.fhir_server import FhirServer
from tests.hook_request import BACK_PAIN, SELECT, order, request, resources

conformance = pytest.mark.conformance
SANDBOX = "https://sandbox.cds-hooks.org"
CANARIES = ("Canary", "1911-11-11", "canary-token", "case-patient", "secret-comment")


@conformance(189, 211, 214, 216)
def test_the_log_of_good_and_bad_calls_holds_nothing_of_the_patient(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(Settings(log_format="json", log_level="DEBUG"))
    service = serve()
    body = copy.deepcopy(CONTRAST)
    body["prefetch"]["patient"] |= {
        "name": [{"family": "Canary", "given": ["Canary"]}],
        "birthDate": "1911-11-11",
    }
    draft(body)["note"] = [{"text": "Canary"}]
    body["prefetch"]["conditions"]["entry"][0]["resource"]["code"]["text"] = "Canary"
    body["context"]["userId"] = "Practitioner/Canary"
    body["fhirServer"] = "http://127.0.0.1:9/fhir"
    body["fhirAuthorization"] = {"access_token": "canary-token", "token_type": "Bearer"}
    bodies: list[Any] = [
        body,
        body | {"hook": "Canary"},
        body | {"hookInstance": "Canary Canary"},
        body | {"prefetch": {}},
        body | {"context": {"patientId": "Canary"}},
        body | {"extension": {"Canary": "Canary"}},
    ]
    for each in bodies:
        service.post(SELECT, json=each, headers={"Authorization": "Bearer canary-token.x.y"})
    service.post(SELECT, data=b'{"Canary": "Canary', content_type="application/json")
    service.post("/cds-services/Canary?patient=Canary", json=body)
    item = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-11-22T08:00:00Z"}
    comment = {"overrideReason": {"userComment": "secret-comment"}}
    service.post(f"{SELECT}/feedback", json={"feedback": [item | comment]})
    lines = capsys.readouterr().err
    assert lines.count("\n") >= len(bodies)
    assert all(json.loads(line) for line in lines.splitlines())
    for canary in CANARIES:
        assert canary not in lines


@conformance(215)
def test_a_redirect_takes_the_token_nowhere(serve: Any) -> None:
    chart = resources(BACK_PAIN, patient={})
    service = serve(fhir_deadline=10.0)
    with FhirServer(chart, token="t") as elsewhere:  # noqa: SIM117 - the one is told the other
        with FhirServer(
            chart, token="t", misbehave={"Condition": "redirect"}, elsewhere=elsewhere.base_url
        ) as server:
            authorization = {"access_token": "t", "token_type": "Bearer"}
            access = {"fhirServer": server.base_url, "fhirAuthorization": authorization}
            (card,) = cards(service, request(order(), chart, prefetch={}, **access))
            assert "could not be assessed" in card["summary"]
            assert elsewhere.requests == []


@conformance(214)
def test_a_token_is_not_used_for_the_next_call(serve: Any) -> None:
    chart = resources(BACK_PAIN, patient={})
    service = serve(fhir_deadline=10.0)
    with FhirServer(chart, token="t") as server:
        body = request(order(), chart, prefetch={}, fhirServer=server.base_url)
        authorization = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
        assert cards(service, body | {"fhirAuthorization": authorization})
        asked = len(server.requests)
        assert service.post(SELECT, json=body).status_code == 412
        assert len(server.requests) == asked


@conformance(217, 218)
@pytest.mark.parametrize("path", ["/cds-services", SELECT, f"{SELECT}/feedback"])
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [(SANDBOX, True), ("http://localhost:4000", True), ("https://evil.example", False)],
)
def test_a_browser_client_gets_leave_by_its_origin(
    service: FlaskClient, path: str, origin: str, allowed: bool
) -> None:
    answer = service.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert answer.status_code in (200, 204)
    given = answer.headers.get("Access-Control-Allow-Origin")
    assert given == (origin if allowed else None)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    if allowed:
        named = answer.headers["Access-Control-Allow-Headers"].lower()
        assert "authorization" in named
        assert "content-type" in named


@conformance(218)
def test_an_error_can_be_read_by_a_browser_client(service: FlaskClient) -> None:
    for body in ({}, SITUATIONS["the order is right"] | {"prefetch": {}}):
        answer = service.post(SELECT, json=body, headers={"Origin": SANDBOX})
        assert answer.status_code in (400, 412)
        assert answer.headers["Access-Control-Allow-Origin"] == SANDBOX
