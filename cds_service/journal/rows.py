"""Events as rows of the journal's tables."""

from collections.abc import Iterable
from typing import Any

from msgspec import structs
from sqlalchemy import Table

from cds_service.journal.events import Consultation, Feedback
from cds_service.journal.schema import cards, consultation_orders, consultations, suggestions

Row = dict[str, Any]


def consultation_rows(batch: Iterable[Consultation]) -> dict[Table, list[Row]]:
    """Return what to insert, tables in the order that foreign keys ask for."""
    rows: dict[Table, list[Row]] = {
        table: [] for table in (consultations, consultation_orders, cards, suggestions)
    }
    for each in batch:
        rows[consultations].append(
            {
                "id": each.id,
                "at": each.at,
                "client": each.client,
                "tenant": each.tenant,
                "hook": each.hook,
                "service": each.service,
                "hook_instance": each.hook_instance,
                "patient_key": each.patient_key,
                "content_version": each.content_version,
                "suppressed": list(each.suppressed),
                "missing": list(each.missing),
                "latency_ms": each.latency_ms,
                "status": each.status,
            }
        )
        for position, order in enumerate(each.orders):
            place = {"consultation_id": each.id, "position": position}
            rows[consultation_orders].append({**place, **structs.asdict(order)})
        for position, card in enumerate(each.cards):
            row = {**structs.asdict(card), "consultation_id": each.id, "position": position}
            rows[suggestions] += (
                {"uuid": uuid, "card_uuid": card.uuid, "position": index}
                for index, uuid in enumerate(row.pop("suggestions"))
            )
            rows[cards].append(row)
    return rows


def feedback_row(event: Feedback) -> Row:
    """Return what to insert for `event`."""
    row = structs.asdict(event)
    del row["consultation"]
    return {**row, "suggestions": list(event.suggestions), "times_received": 1}
