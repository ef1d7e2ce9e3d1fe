"""What the journal remembers: consultations, and what clients report about the cards shown.

Nothing here tells who the patient is. Ids of patients and orders come as keyed hashes (`keys`),
everything else is an id out of the clinical content, a code, a count or a time.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct

Outcome = Literal["accepted", "overridden"]


class ConsultedOrder(Struct, frozen=True, kw_only=True):
    """One order that was looked at, and what came out; ids are empty where nothing applied.

    Where a fault of ours kept it from being assessed, variant and topic are ``order-not-assessed``.
    """

    order_key: str
    procedure: str = ""
    variant: str = ""
    rating: str = ""
    topic: str = ""


class ShownCard(Struct, frozen=True, kw_only=True):
    """One card of an answer; `uuid` and `suggestions` are what feedback names."""

    uuid: str
    card: str
    rule: str
    indicator: str
    order_key: str = ""
    suggestions: tuple[str, ...] = ()


class Consultation(Struct, frozen=True, kw_only=True):
    """One answered call: when, for whom (as a keyed hash), on which content, with which cards.

    `suppressed` are ids of rules that did not speak, `missing` are resource types that could not
    be read to the end, `status` is one word for how the call ended.
    """

    id: UUID
    at: datetime
    client: str = ""
    tenant: str = ""
    hook: str = ""
    service: str = ""
    hook_instance: str = ""
    patient_key: str = ""
    content_version: str = ""
    orders: tuple[ConsultedOrder, ...] = ()
    cards: tuple[ShownCard, ...] = ()
    suppressed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    latency_ms: float = 0.0
    status: str = "answered"


class Reported(Protocol):
    """One item of feedback as it was read from a client's report."""

    @property
    def card(self) -> str:
        """Return the uuid of the card, as given."""
        ...

    @property
    def outcome(self) -> Outcome:
        """Return ``accepted`` or ``overridden``."""
        ...

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Return the ids of the accepted suggestions."""
        ...

    @property
    def reason_system(self) -> str:
        """Return the code system of the override reason, or the empty string."""
        ...

    @property
    def reason_code(self) -> str:
        """Return the code of the override reason, or the empty string."""
        ...

    @property
    def comment(self) -> str:
        """Return the clinician's free text, or the empty string."""
        ...

    @property
    def outcome_at(self) -> datetime:
        """Return when the clinician decided."""
        ...


class Feedback(Struct, frozen=True, kw_only=True):
    """One stored event of feedback; `id` is the same for every repeat of it.

    `comment` is encrypted or None; `commented` says that there was one. `consultation` is filled
    in when feedback is read back, from the card of the same client: it is None while the
    consultation is unknown.
    """

    id: str
    card: str
    client: str
    outcome: Outcome
    outcome_at: datetime
    received_at: datetime
    suggestions: tuple[str, ...] = ()
    reason_system: str = ""
    reason_code: str = ""
    commented: bool = False
    comment: bytes | None = None
    consultation: UUID | None = None


class FeedbackResult(Struct, frozen=True, kw_only=True):
    """What became of a batch: how many events were new, repeated, and without a known card.

    `ids` are the ids of the events, in the order of the batch.
    """

    new: int = 0
    repeated: int = 0
    unmatched: int = 0
    ids: tuple[str, ...] = ()


def identity(
    client: str,
    card: str,
    outcome: Outcome,
    outcome_at: datetime,
    suggestions: Sequence[str],
    reason: tuple[str, str],
) -> str:
    """Return the id of a feedback event: equal for a repeat, different for a change of mind.

    A client that sends a batch again after a lost answer gets no second event; an acceptance
    after an override has another outcome and time, and is an event of its own.
    """
    at = outcome_at.astimezone(UTC).isoformat(timespec="microseconds")
    facts = (client, card, outcome, at, sorted(set(suggestions)), reason)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
