"""How many bodies are tried, and the service they are tried on."""

import os
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

BODIES = int(os.environ.get("FUZZ_BODIES", "1000"))
"""Bodies the mutating fuzzer sends; from the schema a tenth is made for each operation."""


@pytest.fixture(scope="session")
def app(serve: Callable[..., FlaskClient]) -> Flask:
    """Return the whole service, which gives up on FHIR servers at once."""
    found: Flask = serve(fhir_deadline=0.2).application
    return found
