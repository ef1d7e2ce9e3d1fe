"""Browser clients of allowed origins may call; no other origin gets a permission."""

import pytest

from cds_service.app import create_app
from cds_service.settings import Settings

SELECT = "/cds-services/imaging-order-select"
SANDBOX = "https://sandbox.cds-hooks.org"
PATHS = ["/cds-services", "/cds-services/", SELECT, "/cds-services//imaging-order-sign"]


@pytest.mark.parametrize("path", [*PATHS, f"{SELECT}/feedback"])
@pytest.mark.parametrize("origin", [SANDBOX, "http://127.0.0.1:18080", "http://localhost:4000"])
def test_a_preflight_is_answered_without_credentials(client, path, origin):
    answer = client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert {"GET", "POST"} <= set(
        answer.headers["Access-Control-Allow-Methods"].replace(" ", "").split(",")
    )
    assert "Origin" in answer.vary
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1:80@evil.example",
        "https://sandbox.cds-hooks.org.evil.example",
        "http://sandbox.cds-hooks.org",
        "null",
        "*",
        "",
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_another_origin_gets_no_permission(client, origin, method):
    answer = client.open("/cds-services", method=method, headers={"Origin": origin})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert "Origin" in answer.vary


def test_errors_carry_the_permission_too_so_that_the_client_can_read_them(client, advisor, call):
    headers = {"Origin": SANDBOX}
    advisor.error = RuntimeError()
    answers = [
        client.get(SELECT, headers=headers),
        client.post("/cds-services/unknown", json={}, headers=headers),
        client.post(SELECT, json={}, headers=headers),
        client.post(SELECT, data=b"x" * 30_000, headers=headers),
        client.post(SELECT, json=call, headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [405, 404, 400, 413, 500]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == SANDBOX


def test_a_site_decides_which_origins_may_call(advisor):
    client = create_app(Settings(cors_origins=("https://ehr.example",)), advisor).test_client()
    for origin, allowed in (("https://ehr.example", True), (SANDBOX, False)):
        answer = client.get("/cds-services", headers={"Origin": origin})
        assert ("Access-Control-Allow-Origin" in answer.headers) is allowed


def test_a_page_on_the_internet_may_reach_a_service_on_this_machine_if_allowed(client):
    answer = client.options(
        "/cds-services",
        headers={"Origin": SANDBOX, "Access-Control-Request-Private-Network": "true"},
    )
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"


def test_health_is_not_for_other_origins(client):
    answer = client.get("/readyz", headers={"Origin": SANDBOX})
    assert "Access-Control-Allow-Origin" not in answer.headers
