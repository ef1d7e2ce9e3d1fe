"""Events as rows of the journal's tables."""

from collections.abc import Iterable
from datetime import UTC
from functools import lru_cache
from json import JSONEncoder
from typing import Any

from msgspec import structs
from sqlalchemy import Table

from cds_service.journal.events import Consultation, Feedback
from cds_service.journal.inserts import Values
from cds_service.journal.schema import cards, consultation_orders, consultations, suggestions

Row = dict[str, Any]

_ZONE = "+00:00"
_json = JSONEncoder().encode


def consultation_rows(batch: Iterable[Consultation], *, zoned: bool) -> dict[Table, list[Values]]:
    """Return what to insert, tables in the order that foreign keys ask for.

    Values are in the order of the columns and as the driver takes them. Instants are in UTC, with
    their zone if `zoned`; a database without zones, SQLite, keeps them as text without.
    """
    told: list[Values] = []
    ordered: list[Values] = []
    shown: list[Values] = []
    offered: list[Values] = []
    for each in batch:
        identity = each.id.hex
        at = each.at.astimezone(UTC).isoformat(" ", "microseconds")
        told.append(
            (
                identity,
                at if zoned else at.removesuffix(_ZONE),
                each.client,
                each.tenant,
                each.hook,
                each.service,
                each.hook_instance,
                each.patient_key,
                each.content_version,
                _list(each.suppressed),
                _list(each.missing),
                each.latency_ms,
                each.status,
            )
        )
        ordered += (
            (
                identity,
                position,
                order.order_key,
                order.procedure,
                order.variant,
                order.rating,
                order.topic,
            )
            for position, order in enumerate(each.orders)
        )
        for position, card in enumerate(each.cards):
            uuid = card.uuid
            shown.append(
                (uuid, identity, position, card.card, card.rule, card.indicator, card.order_key)
            )
            offered += ((offer, uuid, index) for index, offer in enumerate(card.suggestions))
    return {
        consultations: told,
        consultation_orders: ordered,
        cards: shown,
        suggestions: offered,
    }


def feedback_row(event: Feedback) -> Row:
    """Return what to insert for `event`."""
    row = structs.asdict(event)
    del row["consultation"]
    return {**row, "suggestions": list(event.suggestions), "times_received": 1}


@lru_cache(maxsize=1024)
def _list(texts: tuple[str, ...]) -> str:
    """Return the JSON of `texts`, ids of content of which the same come again and again."""
    return _json(texts)
