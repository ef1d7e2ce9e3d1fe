"""The shipped content, and the service on it, for all tests."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask.testing import FlaskClient

from cds_service.advisor import Advisor
from cds_service.app import create_app
from cds_service.content.cases import Case, read_cases
from cds_service.content.compile import compile_content
from cds_service.content.library import Content
from cds_service.content.load import Loaded, load
from cds_service.engine.policy import Policy
from cds_service.settings import Settings
from tests.conformance import plugin

pytest_collection_modifyitems = plugin.pytest_collection_modifyitems
"""Remembers which tests prove which requirements of docs/conformance.md."""

# A test says the same of the same code each time and on a slow machine; make explore looks further.
SLOW = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("repeatable", derandomize=True, **SLOW)
hypothesis.settings.register_profile("explore", max_examples=2000, **SLOW)
hypothesis.settings.load_profile("repeatable")

CARDS = Path(__file__).parent.parent / "cards"
AS_OF = date(2026, 11, 22)
"""The day on which the shipped cases play."""


@pytest.fixture(scope="session")
def loaded() -> Loaded:
    """Return the shipped documents."""
    return load(CARDS)


@pytest.fixture(scope="session")
def content(loaded: Loaded) -> Content:
    """Return the shipped content, compiled."""
    return compile_content(loaded.documents.values(), loaded.content_version)


@pytest.fixture(scope="session")
def cases(loaded: Loaded) -> list[Case]:
    """Return every shipped case."""
    return [case for path, doc in loaded.cases.items() for case in read_cases(doc, path)]


@pytest.fixture(scope="session")
def serve(content: Content) -> Callable[..., FlaskClient]:
    """Return a maker of HTTP clients of the whole service on the cases' day."""

    def make(policy: Policy | None = None, **settings: Any) -> FlaskClient:
        chosen = Settings(**settings)
        advisor = Advisor(content, chosen, lambda: AS_OF, policy)
        return create_app(chosen, advisor).test_client()

    return make


@pytest.fixture(scope="session")
def service(serve: Callable[..., FlaskClient]) -> FlaskClient:
    """Return an HTTP client of the whole service with default settings."""
    return serve()
