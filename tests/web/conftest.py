from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.settings import Settings
from tests.fake_advisor import FakeAdvisor, order_select


@pytest.fixture
def advisor() -> FakeAdvisor:
    return FakeAdvisor()


@pytest.fixture
def app(advisor: FakeAdvisor) -> Flask:
    return create_app(Settings(max_body_bytes=20_000), advisor)  # type: ignore[arg-type]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def call() -> dict[str, Any]:
    return order_select()
