"""Each refusal has its status and says what to do, in one shape."""

from http import HTTPStatus
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from cds_service.hooks.errors import STATUSES
from tests.conformance.exchange import CONTRAST, Json, changed, without
from tests.hook_request import SELECT

conformance = pytest.mark.conformance


@conformance(168)
def test_the_closed_list_of_statuses_is_that_of_the_checklist() -> None:
    assert {int(status) for status in STATUSES} <= {
        400, 401, 403, 404, 405, 412, 413, 415, 422, 429, 500, 503,
    }  # fmt: skip


@conformance(169, 170)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ("null", 400),
        (without(CONTRAST, "hook"), 400),
        (changed(CONTRAST, "hook", to="patient-view"), 400),
        (without(CONTRAST, "context"), 400),
        (changed(CONTRAST, "context", to=[]), 400),
        (changed(CONTRAST, "context", "draftOrders", to="Bundle/1"), 400),
        (CONTRAST | {"fhirAuthorization": {"access_token": "x", "token_type": "Bearer"}}, 400),
        (changed(CONTRAST, "prefetch", "patient", "id", to="other"), 400),
        (without(CONTRAST, "prefetch"), 412),
        (changed(CONTRAST, "prefetch", "patient", to=None), 412),
    ],
)
def test_a_request_that_breaks_a_rule_is_told_which(
    service: FlaskClient, body: Json | str, status: int
) -> None:
    text = body if isinstance(body, str) else service.application.json.dumps(body)
    answer = service.post(SELECT, data=text, content_type="application/json")
    assert answer.status_code == status
    outcome = answer.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    for issue in outcome["issue"]:
        assert issue["severity"] == "error"
        assert issue["code"]
        assert issue["details"]["text"].endswith(".")


@conformance(173)
@pytest.mark.parametrize("error", [ServiceUnavailable, TooManyRequests])
def test_a_busy_service_says_when_to_try_again(
    serve: Any, error: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()

    def busy(*_: Any) -> None:
        raise error(retry_after=7)

    monkeypatch.setattr("cds_service.advisor.gather", busy)
    answer = service.post(SELECT, json=CONTRAST)
    assert answer.status_code == HTTPStatus(error.code)
    assert answer.headers["Retry-After"] == "7"
    assert answer.get_json()["resourceType"] == "OperationOutcome"
