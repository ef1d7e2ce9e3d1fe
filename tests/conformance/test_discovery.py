"""Discovery tells clients of every version what they need, and harms none that never read it."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.settings import Settings
from tests.conformance.exchange import CONTRAST, Json, ask
from tests.hook_request import SELECT

conformance = pytest.mark.conformance
PATH = "/cds-services"


@pytest.fixture
def services(service: FlaskClient) -> list[Json]:
    found: list[Json] = service.get(PATH).get_json()["services"]
    return found


@conformance(11, 12, 26)
@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}?a=b", f"{PATH}?hook=order-select"])
@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/xml", "nonsense"])
def test_discovery_answers_whoever_asks(
    service: FlaskClient, path: str, accept: str | None
) -> None:
    answer = service.get(path, headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200
    assert isinstance(answer.get_json()["services"], list)


@conformance(11)
@pytest.mark.parametrize(
    "path", ["/.well-known/cds-services", "/CDS-Services", "/cds_services", "/cds-services.json"]
)
def test_discovery_is_at_one_address_only(service: FlaskClient, path: str) -> None:
    assert service.get(path).status_code == 404


@conformance(14, 15, 16, 17, 19)
def test_every_service_is_described(service: FlaskClient, services: list[Json]) -> None:
    assert {each["hook"] for each in services} == {"order-select", "order-sign"}
    for each in services:
        for member in ("hook", "title", "description", "id", "usageRequirements"):
            assert isinstance(each[member], str)
            assert each[member].strip() == each[member] != ""
        assert re.fullmatch(r"[A-Za-z0-9._~-]+", each["id"])
        assert service.post(f"{PATH}/{each['id']}", json={}).status_code == 400, "not 404"
    assert "missing" in services[0]["usageRequirements"]


@conformance(18)
def test_what_is_wanted_is_an_object_of_strings(services: list[Json]) -> None:
    for each in services:
        assert each["prefetch"]
        assert all(isinstance(value, str) and value for value in each["prefetch"].values())


@conformance(22, 24)
def test_no_two_services_share_an_id(services: list[Json]) -> None:
    assert len({each["id"] for each in services}) == len(services)


@conformance(27, 223, 224)
def test_extensions_of_a_service_are_objects_if_there_are_any(services: list[Json]) -> None:
    for each in services:
        extension = each.get("extension", {"org.example": True})
        assert isinstance(extension, dict)
        assert all("." in name for name in extension)


@conformance(28)
def test_the_entity_tag_is_that_of_the_content(service: FlaskClient, serve: Any) -> None:
    tag = service.get(PATH).headers["ETag"]
    assert serve().get(PATH).headers["ETag"] == tag
    assert service.get(PATH, headers={"If-None-Match": tag}).status_code == 304
    assert service.get(PATH, headers={"If-None-Match": '"older"'}).status_code == 200

    class Changed:
        prefetch_templates = service.application.extensions["advisor"].prefetch_templates
        content_version = "another"

    other = create_app(Settings(), Changed()).test_client()  # type: ignore[arg-type]
    assert other.get(PATH).headers["ETag"] != tag


@conformance(29)
def test_a_client_that_never_reads_discovery_is_answered(serve: Any) -> None:
    fresh = serve()
    assert ask(fresh, CONTRAST)["cards"]


@conformance(30, 41)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("path", "answered"),
    [
        (PATH, {"GET": 200, "HEAD": 200, "OPTIONS": 204}),
        (f"{PATH}/", {"GET": 200, "HEAD": 200, "OPTIONS": 204}),
        (SELECT, {"POST": 400, "OPTIONS": 204}),
        (f"{PATH}//imaging-order-sign", {"POST": 400, "OPTIONS": 204}),
        ("/livez", {"GET": 200, "HEAD": 200, "OPTIONS": 200}),
        ("/readyz", {"GET": 200, "HEAD": 200, "OPTIONS": 200}),
        ("/", {"GET": 200, "HEAD": 200, "OPTIONS": 200}),
    ],
)
def test_each_address_takes_its_methods_and_names_them_to_others(
    service: FlaskClient, path: str, answered: dict[str, int], method: str
) -> None:
    answer = service.open(path, method=method, json={} if method == "POST" else None)
    assert answer.status_code == answered.get(method, 405)
    if answer.status_code == 405:
        named = set(answer.headers["Allow"].replace(" ", "").split(","))
        assert set(answered) - {"HEAD"} <= named
        assert method not in named
