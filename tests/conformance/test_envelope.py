"""The envelope of a call: what is needed is asked for by name, all else is taken as it comes."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.gather.templates import KEYS
from tests.conformance.exchange import CONTRAST, Json, advice, changed, without
from tests.fhir_server import FhirServer
from tests.hook_request import SELECT, SIGN

conformance = pytest.mark.conformance


def refusal(service: FlaskClient, body: Any, url: str = SELECT) -> Json:
    """Return the issue by which `body` is refused with 400."""
    answer = service.post(url, json=body)
    assert answer.status_code == 400, answer.text
    issue: Json = answer.get_json()["issue"][0]
    return issue


@conformance(42, 252)
@pytest.mark.parametrize(
    "identity",
    ["unknown", "Imaging-Order-Select", "imaging-order", "imaging-order-select2", "..", "%00"],
)
def test_a_service_that_is_not_there_is_not_found(service: FlaskClient, identity: str) -> None:
    answer = service.post(f"/cds-services/{identity}", json=CONTRAST)
    assert answer.status_code == 404
    assert answer.get_json()["issue"][0]["code"] == "not-found"


@conformance(43, 45, 48)
@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
@pytest.mark.parametrize("value", [None, "", 5, [], ["x"], True, 1.5])
def test_a_member_without_which_there_is_no_call_is_named(
    service: FlaskClient, member: str, value: Any
) -> None:
    assert member in refusal(service, changed(CONTRAST, member, to=value))["details"]["text"]
    assert member in refusal(service, without(CONTRAST, member))["details"]["text"]


@conformance(44, 82, 83, 252)
@pytest.mark.parametrize(
    "hook",
    ["patient-view", "appointment-book", "order-dispatch", "encounter-start", "order-review",
     "medication-prescribe", "Order-Select", "ORDER-SIGN", "order_select", "x-order-select"],
)  # fmt: skip
@pytest.mark.parametrize("url", [SELECT, SIGN])
def test_a_hook_that_is_not_served_is_refused_with_those_that_are(
    service: FlaskClient, hook: str, url: str
) -> None:
    said = refusal(service, changed(CONTRAST, "hook", to=hook), url)["details"]["text"]
    assert "order-select" in said
    assert "order-sign" in said


@conformance(46, 47)
@pytest.mark.parametrize(
    "instance",
    [
        "f399c67c-c703-11ea-af16-460231621f93",
        "00000000-007b-9f33-e810-e841a57c502c",
        "D1577C69-DFBE-44AD-BA6D-3E05E953B2EA",
        "urn:uuid:f399c67c-c703-11ea-af16-460231621f93",
        "e2b1c3d4",
    ],
)
def test_any_hook_instance_serves_and_may_come_again(service: FlaskClient, instance: str) -> None:
    body = changed(CONTRAST, "hookInstance", to=instance)
    assert advice(service, body) == advice(service, body) == advice(service, CONTRAST)


@conformance(51)
@pytest.mark.parametrize(
    "address",
    ["http://ehr.example/fhir", "https://ehr.example/fhir", "ftp://127.0.0.1/fhir", "//x", "x"],
)
def test_a_server_the_site_has_not_listed_is_not_read(service: FlaskClient, address: str) -> None:
    body = CONTRAST | {
        "prefetch": {},
        "fhirServer": address,
        "fhirAuthorization": {"access_token": "t", "token_type": "Bearer"},
    }
    assert service.post(SELECT, json=body).status_code == 412


@conformance(52, 92, 94)
@pytest.mark.parametrize("ending", ["", "/", "//"])
def test_a_slash_at_the_end_of_the_server_makes_no_difference(serve: Any, ending: str) -> None:
    chart = [CONTRAST["prefetch"]["patient"]]
    with FhirServer(chart, token="t") as server:
        body = CONTRAST | {
            "prefetch": {},
            "fhirServer": server.base_url + ending,
            "fhirAuthorization": {"access_token": "t", "token_type": "Bearer"},
        }
        assert serve(fhir_deadline=10.0).post(SELECT, json=body).status_code == 200
        assert {call.resource_type for call in server.requests} == set(KEYS)
        assert {call.path.count("//") for call in server.requests} == {0}
        assert {call.headers["Authorization"] for call in server.requests} == {"Bearer t"}


@conformance(53, 54, 55, 56)
@pytest.mark.parametrize(
    ("authorization", "read"),
    [
        ({"expires_in": 300, "scope": "user/Patient.read"}, True),
        ({"expires_in": "300", "scope": "patient/Patient.rs patient/Condition.rs"}, True),
        ({"scope": "Patient.Read (Demographics) (R4) launch fhirUser"}, True),
        ({"scope": None, "subject": None}, True),
        ({"patient": "case-patient"}, True),
        ({"patient": "somebody-else"}, False),
        ({"access_token": None}, False),
        ({"access_token": ""}, False),
        ({"access_token": "a b\r\nX-Evil: 1"}, False),
        ({"token_type": "Basic"}, False),
    ],
)
def test_a_token_counts_or_it_does_not_whatever_else_is_said_of_it(
    serve: Any, authorization: Json, read: bool
) -> None:
    with FhirServer([CONTRAST["prefetch"]["patient"]], token="t") as server:
        body = CONTRAST | {
            "prefetch": {},
            "fhirServer": server.base_url,
            "fhirAuthorization": {"access_token": "t", "token_type": "Bearer", **authorization},
        }
        status = serve(fhir_deadline=10.0).post(SELECT, json=body).status_code
        assert (status, bool(server.requests)) == ((200, True) if read else (412, False))


@conformance(57, 58)
@pytest.mark.parametrize(
    "extension",
    [
        {"com.epic.cdshooks.request.bpa-trigger-action": 23},
        {"com.epic.cdshooks.request.cds-hooks-specification-version": "1.1"},
        {"com.epic.cdshooks.request.is-patient-consent": False, "n": [1.5, None, {"x": [[]]}]},
        {"davinci-crd.configuration": {"max-cards": 0, "coverage-info": False}},
        {},
        None,
        [1, 2],
        "text",
        7,
    ],
    ids=repr,
)
def test_an_extension_of_the_request_never_changes_the_advice(
    service: FlaskClient, extension: Any
) -> None:
    assert advice(service, CONTRAST | {"extension": extension}) == advice(service, CONTRAST)
