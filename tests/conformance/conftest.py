"""Here every answer is also held against docs/openapi.yaml."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conformance.exchange import SITUATIONS, Json, ask
from tests.conformance.openapi import checked


@pytest.fixture(scope="session")
def serve(serve: Callable[..., FlaskClient]) -> Callable[..., FlaskClient]:
    """Return a maker of checking HTTP clients of the whole service on the cases' day."""

    def make(**settings: Any) -> FlaskClient:
        return checked(serve(**settings))

    return make


@pytest.fixture(scope="session")
def service(serve: Callable[..., FlaskClient]) -> FlaskClient:
    """Return a checking HTTP client of the whole service with default settings."""
    return serve()


@pytest.fixture(scope="session")
def answers(service: FlaskClient) -> dict[str, Json]:
    """Return the answer to every situation by its name."""
    return {name: ask(service, body) for name, body in SITUATIONS.items()}


@pytest.fixture(scope="session")
def all_cards(answers: dict[str, Json]) -> list[Json]:
    """Return the cards of all situations."""
    found = [card for answer in answers.values() for card in answer["cards"]]
    assert {card["indicator"] for card in found} == {"info", "warning", "critical"}
    return found


@pytest.fixture(scope="session")
def templates(service: FlaskClient) -> dict[str, str]:
    """Return the published prefetch templates."""
    first, *others = service.get("/cds-services").get_json()["services"]
    assert all(other["prefetch"] == first["prefetch"] for other in others)
    found: dict[str, str] = first["prefetch"]
    return found
