"""Local mode: no authentication, for programs on this machine only."""

import pytest

from cds_service.clients.model import LOCAL, LOCAL_CLIENTS
from cds_service.clients.refusal import Refusal
from tests.auth.conftest import Service
from tests.auth.test_hostile_tokens import REFUSED
from tests.clients.tokens import SELECT, token


@pytest.fixture
def local(no_network):
    return Service(LOCAL_CLIENTS, base_url="")


def from_address(address):
    return {"environ_base": {"REMOTE_ADDR": address}}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_whoever_calls_from_this_machine_is_the_local_client(local, address):
    assert local.post(None, **from_address(address)).status_code == 200
    assert local.callers == [LOCAL]


@pytest.mark.conformance(191)
@pytest.mark.parametrize(
    "address", ["192.0.2.7", "10.0.0.1", "172.17.0.1", "::ffff:192.0.2.7", "2001:db8::1", "", "x"]
)
@pytest.mark.parametrize("path", [SELECT, f"{SELECT}/feedback"])
def test_a_call_from_another_machine_is_refused_like_one_with_a_bad_token(local, address, path):
    answer = local.post(None, path, **from_address(address))
    assert answer.status_code == 401
    assert answer.data == REFUSED
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert local.reason == Refusal.NOT_LOCAL


@pytest.mark.conformance(191)
def test_discovery_too_is_for_this_machine_only(local):
    assert local.http.get("/cds-services").status_code == 200
    assert local.http.get("/cds-services", **from_address("192.0.2.7")).status_code == 401


@pytest.mark.conformance(191)
@pytest.mark.parametrize(
    "header", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"]
)
def test_a_gateway_on_this_machine_does_not_make_others_local(local, header):
    assert local.post(None, headers={header: "127.0.0.1"}).status_code == 401
    assert local.reason == Refusal.NOT_LOCAL


@pytest.mark.conformance(199)
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("LOCALHOST", 200),
        ("evil.example", 401),
        ("localhost.evil.example", 401),
        ("127.0.0.1.evil.example:8000", 401),
        ("localhost@evil.example", 401),
    ],
)
def test_a_page_that_gives_our_address_another_name_is_refused(local, host, status):
    assert local.post(None, headers={"Host": host}).status_code == status


def test_a_token_makes_no_difference(local, pair):
    assert local.post(token(pair)).json == {"caller": "local"}
    assert local.post("nonsense").json == {"caller": "local"}
    assert local.asked == []
