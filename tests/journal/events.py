"""Events for tests of the journal."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from cds_service.journal.events import Consultation, ConsultedOrder, ShownCard

NOW = datetime(2025, 3, 4, 8, 20, 17, 617000, UTC)
CLIENT = "https://ehr.example/fhir"
PATIENT, ORDER = "a" * 64, "b" * 64


@dataclass(frozen=True)
class Report:
    """One item of feedback, as the hooks layer reads it."""

    card: str
    outcome: Literal["accepted", "overridden"] = "overridden"
    outcome_at: datetime = NOW
    suggestions: tuple[str, ...] = ()
    reason_system: str = ""
    reason_code: str = ""
    comment: str = field(default="", repr=False)


def consultation(minutes: float = 0, **changes: Any) -> Consultation:
    """Return a consultation with one order and one card, `minutes` after `NOW`."""
    facts: dict[str, Any] = {
        "id": uuid4(),
        "at": NOW + timedelta(minutes=minutes),
        "client": CLIENT,
        "tenant": "north",
        "hook": "order-select",
        "service": "imaging-order-select",
        "hook_instance": str(uuid4()),
        "patient_key": PATIENT,
        "content_version": "content-1",
        "orders": (
            ConsultedOrder(
                order_key=ORDER,
                procedure="mri-lumbar-spine-without",
                variant="red-flags",
                rating="usually-appropriate",
                topic="low-back-pain",
            ),
        ),
        "cards": (
            ShownCard(
                uuid=str(uuid4()),
                card="add-contrast",
                rule="add-iv-contrast",
                indicator="info",
                order_key=ORDER,
                suggestions=(str(uuid4()), str(uuid4())),
            ),
        ),
        "suppressed": ("uncomplicated",),
        "missing": ("Observation",),
        "latency_ms": 12.5,
    }
    return Consultation(**{**facts, **changes})


def card_of(event: Consultation) -> str:
    """Return the uuid of the one card."""
    return event.cards[0].uuid
