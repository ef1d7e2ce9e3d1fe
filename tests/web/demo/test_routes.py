"""The routes behind the order-entry page, and when there are none."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.advisor import Advisor, today
from cds_service.app import create_app
from cds_service.cli import example
from cds_service.clients.model import Clients
from cds_service.content.library import Content
from cds_service.settings import Settings
from cds_service.web.operations import operations

Serve = Callable[..., FlaskClient]
ADDRESSES = ("/demo", "/demo/charts/fever", "/demo/token", "/pages/x/pages.css")


@pytest.fixture
def demo(serve: Serve) -> FlaskClient:
    return serve(demo=True)


def address(demo: FlaskClient, name: str) -> str:
    text = demo.get("/demo").text
    return text.partition(f'data-{name}="')[2].partition('"')[0]


@pytest.mark.parametrize("path", ADDRESSES)
def test_without_the_setting_there_is_no_page(serve: Serve, path: str) -> None:
    assert serve(insights="off").get(path).status_code == 404


@pytest.mark.parametrize("path", ADDRESSES)
def test_where_clients_authenticate_there_is_no_page_even_with_the_setting(
    content: Content, path: str
) -> None:
    settings = Settings(demo=True, base_url="https://cds.example")
    advisor = Advisor(content, settings)
    parts = operations(settings, advisor, clients=Clients(()))
    assert not parts.registry.current.local_mode
    assert create_app(settings, advisor, parts).test_client().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/demo", "/demo/charts/fever", "/demo/token"])
@pytest.mark.parametrize(
    "caller",
    [
        {"headers": {"Host": "evil.example"}},
        {"headers": {"X-Forwarded-For": "192.0.2.1"}},
        {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}},
    ],
)
def test_only_this_machine_gets_the_page(
    demo: FlaskClient, path: str, caller: dict[str, Any]
) -> None:
    assert demo.get(path, **caller).status_code == 401


def test_the_page_lists_the_patients_and_holds_no_script_or_style_of_its_own(
    demo: FlaskClient,
) -> None:
    response = demo.get("/demo")
    assert response.status_code == 200
    assert "Test Patient Pacemaker, 58" in response.text
    assert "<style" not in response.text
    assert " style=" not in response.text
    assert " on" not in response.text.partition("<body>")[2].partition("</header>")[0]
    assert "<script>" not in response.text


def test_the_browser_lets_no_script_of_the_page_make_markup_of_text(demo: FlaskClient) -> None:
    policy = demo.get("/demo").headers["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'" in policy
    assert "trusted-types 'none'" in policy


def test_with_a_fhir_server_the_page_may_call_that_and_no_other(serve: Serve) -> None:
    demo = serve(demo=True, demo_fhir="http://127.0.0.1:9/fhir/R4", demo_fhir_token="secret")
    response = demo.get("/demo")
    policy = response.headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:9;" in policy
    assert "secret" not in response.text
    assert demo.get("/demo/token").json == {"access_token": "secret"}
    assert demo.get("/demo/token").headers["Cache-Control"] == "no-store"


def test_the_catalogue_may_be_kept_because_its_address_tells_its_content(
    demo: FlaskClient,
) -> None:
    response = demo.get(address(demo, "catalogue"))
    assert "immutable" in response.headers["Cache-Control"]
    assert demo.get("/demo/catalogue/0123").headers["Cache-Control"] == "no-cache"


def test_every_procedure_that_can_be_ordered_is_in_the_catalogue_with_a_code(
    demo: FlaskClient, content: Content
) -> None:
    listed = {each["id"]: each for each in demo.get(address(demo, "catalogue")).json["procedures"]}
    assert listed.keys() == {
        each.id for each in content.procedures.values() if each.codes or each.names
    }
    mri = listed["mri-lumbar-spine-without-contrast"]
    assert mri["code"]["system"] == "http://loinc.org"
    assert "spine" in mri["words"].split() or "spine" in mri["title"]
    assert next(iter(listed)).endswith("lumbar-spine-without-contrast")


def test_reasons_are_codes_of_the_content_and_of_the_orders_to_try(demo: FlaskClient) -> None:
    keys = {each["key"] for each in demo.get(address(demo, "catalogue")).json["reasons"]}
    assert {"snomed-ct 279039007", "snomed-ct 49218002", "icd-10-cm R05.9"} <= keys
    assert not any("-" in key.split(" ")[1] for key in keys)


def test_what_can_be_recorded_is_what_findings_read(demo: FlaskClient) -> None:
    found = demo.get(address(demo, "records")).json
    assert any(each["code"] == "14106009" for each in found["Device"])
    assert any(each["code"] == "8310-5" for each in found["Observation"])
    assert all(found.values())


def test_the_explanation_holds_trace_and_remarks(demo: FlaskClient) -> None:
    body = example.request("pacemaker", today())
    body["prefetch"]["mystery"] = None
    told = demo.post("/demo/explanation", json=body).json
    assert told["trace"]["orders"][0]["advice"][0]["card"] == "hold-mri-device"
    assert told["refusal"] == ""
    assert any(each["location"] == "/prefetch/mystery" for each in told["remarks"])


def test_a_request_that_is_refused_is_explained_all_the_same(demo: FlaskClient) -> None:
    told = demo.post("/demo/explanation", json={"hook": "order-select"}).json
    assert told["trace"] is None
    assert "hookInstance" in told["refusal"]
    assert told["remarks"][0]["severity"] == "error"


@pytest.mark.parametrize("path", ["/demo/explanation", "/demo/markdown"])
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_in_the_one_shape(
    demo: FlaskClient, path: str, body: bytes, kind: str, status: int
) -> None:
    response = demo.post(path, data=body, content_type=kind)
    assert response.status_code == status
    assert response.json["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("texts", [None, "one", ["x"] * 101])
def test_texts_that_are_no_short_list_are_refused(demo: FlaskClient, texts: object) -> None:
    assert demo.post("/demo/markdown", json={"texts": texts}).status_code == 400


def test_an_explanation_is_not_written_to_the_log_or_kept(
    demo: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    body = example.request("pacemaker", today())
    body["prefetch"]["patient"]["name"] = [{"family": "Canary"}]
    response = demo.post("/demo/explanation", json=body)
    assert response.headers["Cache-Control"] == "no-store"
    assert "Canary" not in json.dumps(response.json)
    assert "Canary" not in "".join(capfd.readouterr())


def test_an_unknown_patient_is_not_found(demo: FlaskClient) -> None:
    response = demo.get("/demo/charts/nobody")
    assert response.status_code == 404
    assert response.json["resourceType"] == "OperationOutcome"
