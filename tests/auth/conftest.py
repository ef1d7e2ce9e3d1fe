"""A service that asks for tokens, with a site's clients, and everything it was seen to do."""

import socket
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response, request

from cds_service.clients.jwk import read_key
from cds_service.clients.keys import KeySets
from cds_service.clients.model import Client, ClientRegistry, Clients
from cds_service.clients.replays import MemoryReplays
from cds_service.settings import Settings
from cds_service.web import call_log, errors
from cds_service.web.auth import authenticator
from tests.clients.tokens import BASE, ISSUER, NOW, SELECT, Pair, ec_pair, rsa_pair

JKU = "https://ehr.example/jwks.json"


@pytest.fixture(scope="session")
def pair() -> Pair:
    """Return the key of the EHR, for ES384."""
    return ec_pair("key-1")


@pytest.fixture(scope="session")
def rsa() -> Pair:
    """Return another key of the EHR, for RS384 and its family."""
    return rsa_pair("rsa-1")


@pytest.fixture(scope="session")
def curves() -> dict[str, Pair]:
    """Return a key of the EHR for each other curve."""
    return {"ES256": ec_pair("p-256", "P-256"), "ES512": ec_pair("p-521", "P-521")}


@pytest.fixture(scope="session")
def stranger() -> Pair:
    """Return an attacker's key, which calls itself as the EHR's."""
    return ec_pair("key-1")


@dataclass
class Service:
    """A small application behind the authenticator, at a fixed time."""

    clients: Clients
    base_url: str = BASE
    fetch: Any = None
    replays: Any = None
    open_discovery: bool = True
    call_id_header: str = ""
    now: Any = NOW
    asked: list[str] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    callers: list[Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = ClientRegistry(self.clients)
        self.replays = self.replays or MemoryReplays(clock=lambda: self.now)
        app = Flask("service")
        app.url_map.merge_slashes = False
        call_log.register(app)
        app.after_request(self._remember)
        errors.register(app)
        authenticate = authenticator(
            self.registry,
            KeySets(self._fetch),
            self.replays,
            Settings(base_url=self.base_url, call_id_header=self.call_id_header),
            open_discovery=self.open_discovery,
            count_refusal=self.counted.append,
            clock=lambda: self.now,
        )

        def answer(**_: str) -> dict[str, str]:
            self.callers.append(authenticate(request))
            return {"caller": self.callers[-1].id}

        app.add_url_rule("/cds-services", "d", answer)
        app.add_url_rule("/cds-services/", "ds", answer)
        for place in ("/cds-services/<name>", "/cds-services//<name>"):
            app.add_url_rule(place, place, answer, methods=["POST"])
            app.add_url_rule(f"{place}/feedback", f"{place}f", answer, methods=["POST"])
        self.http = app.test_client()

    def _fetch(self, url: str) -> Any:
        self.asked.append(url)
        assert self.fetch, f"the service asked {url}"
        return self.fetch(url)

    def _remember(self, response: Response) -> Response:
        self.facts.append(call_log.noted())
        return response

    def post(self, token: str | None, path: str = SELECT, **options: Any) -> Any:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.post(path, json={}, headers=headers, **options)

    def later(self, seconds: float) -> None:
        self.now = self.now + timedelta(seconds=seconds)

    @property
    def reason(self) -> Any:
        """Return why the last call was refused, as the log has it."""
        return self.facts[-1].get("outcome")


def site(*keys: Pair, **changes: Any) -> Client:
    """Return the EHR as a client of the service."""
    given = {
        "id": "st-elsewhere",
        "title": "St Elsewhere",
        "issuer": ISSUER,
        "jwks": tuple(read_key(key.jwk) for key in keys),
        **changes,
    }
    return Client(**given)


@pytest.fixture
def service(pair, rsa, curves, no_network) -> Service:
    return Service(Clients((site(pair, rsa, *curves.values()),)))


@pytest.fixture
def serve(pair, rsa):
    """Return a maker of services whose one client is as told."""

    def make(*, service: dict[str, Any] | None = None, **changes: Any) -> Service:
        return Service(Clients((site(pair, rsa, **changes),)), **(service or {}))

    return make


@pytest.fixture
def no_network(monkeypatch):
    """Return the addresses this process tried to reach; there must be none."""
    tried: list[Any] = []

    def connect(_socket: Any, address: Any) -> None:
        tried.append(address)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    return tried
