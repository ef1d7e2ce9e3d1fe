"""The clients of a site, and their replacement while the service runs."""

import pytest

from cds_service.clients.model import (
    ANONYMOUS,
    LOCAL,
    LOCAL_CLIENTS,
    Client,
    ClientRegistry,
    Clients,
)

NORTH = Client(
    id="north",
    title="North",
    issuer="https://north.example",
    fhir_servers=("https://fhir.example/north/R4", "https://fhir.example:8443/r4/"),
    origins=("https://app.example", "https://north.example"),
)
SOUTH = Client(
    id="south", title="South", issuer="https://south.example", origins=("https://app.example",)
)


@pytest.mark.conformance(204)
@pytest.mark.parametrize("issuer", ["", "https://north.example/", "HTTPS://north.example", "north"])
def test_an_issuer_is_on_the_list_only_in_its_exact_spelling(issuer):
    clients = Clients((NORTH, SOUTH))
    assert clients.by_issuer("https://north.example") is NORTH
    assert clients.by_issuer(issuer) is None


def test_each_origin_is_named_once():
    assert Clients((NORTH, SOUTH)).origins == ("https://app.example", "https://north.example")


@pytest.mark.parametrize(
    "url",
    [
        "https://fhir.example/north/R4",
        "https://fhir.example/north/R4/",
        "https://FHIR.example:443/north/R4",
        "https://fhir.example:8443/r4",
    ],
)
def test_a_client_may_name_its_fhir_servers(url):
    assert NORTH.may_name(url)


@pytest.mark.conformance(215)
@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://fhir.example",
        "https://fhir.example/south/R4",
        "https://fhir.example/north/R4/Patient",
        "https://fhir.example/north/r4",
        "https://fhir.example/north/R4?x",
        "https://fhir.example/north/R4#x",
        "https://fhir.example/south/../north/R4",
        "https://fhir.example/south/%2e%2e/north/R4",
        "http://fhir.example/north/R4",
        "https://fhir.example@evil.example/north/R4",
        "https://fhir.example:8444/r4",
    ],
)
def test_a_client_may_not_name_the_fhir_server_of_another_site_on_the_same_gateway(url):
    assert not NORTH.may_name(url)
    assert not SOUTH.may_name(url)
    assert not ANONYMOUS.may_name(url)


def test_without_a_list_there_is_only_the_client_of_this_machine():
    assert LOCAL_CLIENTS.local_mode
    assert LOCAL_CLIENTS.all == (LOCAL,)
    assert LOCAL_CLIENTS.by_issuer("") is None


def test_a_reload_replaces_all_clients_at_once():
    registry = ClientRegistry(Clients((NORTH,)))
    before = registry.current
    registry.replace(Clients((SOUTH,)))
    assert registry.current.all == (SOUTH,)
    assert before.all == (NORTH,)


@pytest.mark.conformance(191)
@pytest.mark.parametrize(
    ("now", "new"), [(Clients((NORTH,)), LOCAL_CLIENTS), (LOCAL_CLIENTS, Clients((NORTH,)))]
)
def test_a_reload_cannot_switch_authentication_off_or_on(now, new):
    registry = ClientRegistry(now)
    with pytest.raises(ValueError, match="a reload cannot switch"):
        registry.replace(new)
    assert registry.current is now
