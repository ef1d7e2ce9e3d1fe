from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cds_service.advisor import Consultation
from cds_service.app import create_app
from cds_service.clients.model import Client
from cds_service.hooks.request import HookRequest
from cds_service.settings import Settings


class FakeAdvisor:
    """Stands in for the advisor: answers `cards`, or raises `error`."""

    def __init__(self) -> None:
        self.prefetch_templates = {"patient": "Patient/{{context.patientId}}"}
        self.content_version = "content-1"
        self.cards: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.asked: list[HookRequest] = []

    def consult(self, request: HookRequest, client: Client) -> Consultation:
        self.asked.append(request)
        if self.error:
            raise self.error
        return Consultation(date(2026, 11, 22), None, (), self.cards if request.selected else [])


@pytest.fixture
def advisor() -> FakeAdvisor:
    return FakeAdvisor()


@pytest.fixture
def app(advisor: FakeAdvisor) -> Flask:
    return create_app(Settings(), advisor)  # type: ignore[arg-type]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def call() -> dict[str, Any]:
    return {
        "hook": "order-select",
        "hookInstance": "0f5f2b36-7a2e-4f0d-9d0c-5c4c7f1d1001",
        "context": {
            "userId": "Practitioner/prac-1",
            "patientId": "pat-1",
            "selections": ["ServiceRequest/draft-1"],
            "draftOrders": {
                "resourceType": "Bundle",
                "entry": [
                    {
                        "resource": {
                            "resourceType": "ServiceRequest",
                            "id": "draft-1",
                            "status": "draft",
                            "intent": "order",
                            "subject": {"reference": "Patient/pat-1"},
                        }
                    }
                ],
            },
        },
    }
