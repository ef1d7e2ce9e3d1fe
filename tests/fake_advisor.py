"""The service around an advisor that answers as a test tells it, for all that is not advice."""

from datetime import date
from typing import Any

from cds_service.advisor import Consultation
from cds_service.clients.model import Client
from cds_service.hooks.request import HookRequest


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


def order_select() -> dict[str, Any]:
    """Return a call about one selected order, without prefetch."""
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
