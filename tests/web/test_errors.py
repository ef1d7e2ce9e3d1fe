"""Every failing path answers with one shape, a status from a closed list, and never 500."""

import json

import pytest

from cds_service.hooks.errors import ISSUE_CODES, STATUSES, RequestRefused, operation_outcome

SELECT = "/cds-services/imaging-order-select"
JSON = {"Content-Type": "application/json"}


def post(body, headers=JSON, path=SELECT):
    return ("POST", path, body, headers)


FAILING = {
    "an unknown address": (("GET", "/nowhere", b"", {}), 404),
    "GET of an unknown service": (("GET", "/cds-services/unknown", b"", {}), 404),
    "a health path under the services": (("GET", "/cds-services/health", b"", {}), 404),
    "an unknown service": (post(b"{}", path="/cds-services/unknown"), 404),
    "the id in another case": (post(b"{}", path="/cds-services/Imaging-Order-Select"), 404),
    "feedback without a journal": (post(b'{"feedback":[]}', path=f"{SELECT}/feedback"), 404),
    "feedback that is no feedback": (post(b"{}", path=f"{SELECT}/feedback"), 400),
    "feedback to an unknown service": (post(b"{}", path="/cds-services/x/feedback"), 404),
    "POST to discovery": (("POST", "/cds-services", b"{}", JSON), 405),
    "PUT to discovery": (("PUT", "/cds-services/", b"{}", JSON), 405),
    "DELETE on discovery": (("DELETE", "/cds-services", b"", {}), 405),
    "GET of a service": (("GET", SELECT, b"", {}), 405),
    "GET of feedback": (("GET", f"{SELECT}/feedback", b"", {}), 405),
    "PATCH of a service": (("PATCH", SELECT, b"{}", JSON), 405),
    "POST to the front page": (("POST", "/", b"{}", JSON), 405),
    "text as media type": (post(b"{}", {"Content-Type": "text/plain"}), 415),
    "XML as media type": (post(b"<x/>", {"Content-Type": "application/fhir+xml"}), 415),
    "a form": (post(b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}), 415),
    "a compressed body": (post(b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip"}), 415),
    "a body over the limit": (post(b'{"a":"' + b"x" * 20_000 + b'"}'), 413),
    "no body": (post(b""), 400),
    "a body that is not JSON": (post(b"hook=order-select"), 400),
    "a byte order mark": (post(b"\xef\xbb\xbf{}"), 400),
    "a lone surrogate": (post(rb'{"hook":"\ud800"}'), 400),
    "deep nesting": (post(b"[" * 9_000 + b"]" * 9_000), 400),
    "a list": (post(b"[]"), 400),
    "an empty object": (post(b"{}"), 400),
    "an unknown hook": (post(b'{"hook":"patient-view"}'), 400),
    "no context": (post(b'{"hook":"order-sign","hookInstance":"x"}'), 400),
    "a context that is null": (
        post(b'{"hook":"order-sign","hookInstance":"x","context":null}'),
        400,
    ),
    "no patient": (post(b'{"hook":"order-sign","hookInstance":"x","context":{}}'), 400),
}


@pytest.mark.parametrize(("request_line", "status"), FAILING.values(), ids=FAILING.keys())
def test_a_failing_call_is_answered_with_one_operation_outcome(client, request_line, status):
    method, path, body, headers = request_line
    answer = client.open(path, method=method, data=body, headers=headers)
    assert answer.status_code == status
    assert status in STATUSES
    assert answer.mimetype == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    outcome = json.loads(answer.data)
    assert set(outcome) == {"resourceType", "issue"}
    assert outcome["resourceType"] == "OperationOutcome"
    (issue,) = outcome["issue"]
    assert set(issue) in (
        {"severity", "code", "details"},
        {"severity", "code", "details", "diagnostics"},
    )
    assert issue["severity"] == "error"
    assert issue["code"] in ISSUE_CODES
    assert issue["details"]["text"].endswith(".")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("DELETE", "/cds-services", {"GET", "HEAD"}), ("GET", SELECT, {"POST"})],
)
def test_a_wrong_method_is_told_the_right_ones(client, method, path, allowed):
    answer = client.open(path, method=method)
    assert allowed <= set(answer.headers["Allow"].replace(" ", "").split(","))


def test_an_error_status_outside_the_list_cannot_be_made():
    for status, code in ((418, "invalid"), (200, "invalid"), (400, "no-such-code")):
        with pytest.raises(ValueError, match="not an error status"):
            RequestRefused(status, code, "text")


def test_an_outcome_without_diagnostics_has_no_empty_member():
    assert "diagnostics" not in operation_outcome("invalid", "text")["issue"][0]
