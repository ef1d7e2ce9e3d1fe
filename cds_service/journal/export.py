"""What leaves the journal: lines on consultations, their cards and feedback, nothing of a patient.

Keys of patients and orders stay inside: who has the site's key could tell whom they mean. Orders
are told apart by their place within the consultation.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, select, tuple_

from cds_service.journal.schema import (
    cards,
    consultation_orders,
    consultations,
    feedback,
    suggestions,
)

Form = Literal["jsonl", "csv"]
Json = dict[str, Any]

COLUMNS = (
    *("consultation", "at", "client", "tenant", "hook", "service", "content_version", "status"),
    *("latency_ms", "order", "procedure", "variant", "rating", "topic"),
    *("card", "rule", "indicator", "uuid", "suggestions"),
    *("outcome", "outcome_at", "received_at", "accepted", "reason_system", "reason_code"),
    *("commented", "times_received"),
)
"""Columns of the CSV form: one row for each card and answer to it."""

_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TOLD = [
    consultations.c[name]
    for name in (
        *("id", "at", "client", "tenant", "hook", "service", "content_version"),
        *("suppressed", "missing", "latency_ms", "status"),
    )
]
_ANSWER = [
    feedback.c[name]
    for name in (
        *("card", "client", "outcome", "outcome_at", "received_at", "suggestions"),
        *("reason_system", "reason_code", "commented", "times_received"),
    )
]


def known_card(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that feedback is about a card shown to the same client."""
    shown = select(cards.c.uuid).join(consultations)
    return shown.where(
        cards.c.uuid == feedback.c.card, consultations.c.client == feedback.c.client, *conditions
    ).exists()


def lines(connection: Connection, since: datetime, until: datetime, *, form: Form) -> Iterator[str]:
    """Yield lines without line ends: first consultations by time, then unmatched feedback."""
    if form == "csv":
        yield _csv(COLUMNS)
        for record in _records(connection, since, until):
            yield from (_csv(row.get(name) for name in COLUMNS) for row in _flat(record))
    else:
        for record in _records(connection, since, until):
            yield msgspec.json.encode(record).decode()


def _records(connection: Connection, since: datetime, until: datetime) -> Iterator[Json]:
    last: tuple[datetime, UUID] | None = None
    while True:
        page = select(*_TOLD).order_by(consultations.c.at, consultations.c.id).limit(_AT_ONCE)
        page = page.where(consultations.c.at >= since, consultations.c.at < until)
        if last:
            page = page.where(tuple_(consultations.c.at, consultations.c.id) > last)
        found = connection.execute(page).mappings().all()
        yield from _consultations(connection, [dict(row) for row in found])
        if len(found) < _AT_ONCE:
            break
        last = (found[-1]["at"], found[-1]["id"])
    unmatched = select(*_ANSWER).order_by(feedback.c.received_at, feedback.c.id)
    span = and_(feedback.c.received_at >= since, feedback.c.received_at < until)
    for row in connection.execute(unmatched.where(span, ~known_card())).mappings():
        yield {"type": "unmatched-feedback", "client": row["client"], **_answer(dict(row))}


def _consultations(connection: Connection, found: list[Json]) -> Iterator[Json]:
    """Yield `found` with orders, cards and feedback, read for all of them together."""
    ids = [row["id"] for row in found]
    orders: dict[UUID, list[Json]] = defaultdict(list)
    for row in _children(connection, consultation_orders, ids):
        orders[row["consultation_id"]].append(row)
    shown: dict[UUID, list[Json]] = defaultdict(list)
    for row in _children(connection, cards, ids):
        shown[row["consultation_id"]].append(row)
    uuids = [row["uuid"] for rows in shown.values() for row in rows]
    offered: dict[str, list[str]] = defaultdict(list)
    query = select(suggestions).where(suggestions.c.card_uuid.in_(uuids))
    for offer in connection.execute(query.order_by(suggestions.c.position)).mappings():
        offered[offer["card_uuid"]].append(offer["uuid"])
    answers: dict[tuple[str, str], list[Json]] = defaultdict(list)
    answered = select(*_ANSWER).where(feedback.c.card.in_(uuids)).order_by(feedback.c.outcome_at)
    for answer in connection.execute(answered).mappings():
        answers[answer["card"], answer["client"]].append(dict(answer))
    for row in found:
        identity = row.pop("id")
        # several drafts without an id have one key: the first stands for all
        places = {each["order_key"]: each["position"] for each in reversed(orders[identity])}
        yield {
            "type": "consultation",
            "consultation": str(identity),
            **row,
            "at": _time(row["at"]),
            "orders": [
                {name: order[name] for name in ("procedure", "variant", "rating", "topic")}
                for order in orders[identity]
            ],
            "cards": [
                {
                    **{name: card[name] for name in ("uuid", "card", "rule", "indicator")},
                    "order": places.get(card["order_key"]),
                    "suggestions": offered[card["uuid"]],
                    "feedback": [_answer(each) for each in answers[card["uuid"], row["client"]]],
                }
                for card in shown[identity]
            ],
        }


def _children(connection: Connection, table: Table, ids: Sequence[UUID]) -> Iterator[Json]:
    query = select(table).where(table.c.consultation_id.in_(ids)).order_by(table.c.position)
    for row in connection.execute(query).mappings():
        yield dict(row)


def _answer(row: Json) -> Json:
    told = {name: row[name] for name in ("outcome", "reason_system", "reason_code")}
    return {
        **told,
        "uuid": row["card"],
        "outcome_at": _time(row["outcome_at"]),
        "received_at": _time(row["received_at"]),
        "accepted": row["suggestions"],
        "commented": row["commented"],
        "times_received": row["times_received"],
    }


def _flat(record: Json) -> Iterator[Json]:
    """Yield a row for each card and answer; one for a consultation without cards."""
    if record["type"] != "consultation":
        yield record
        return
    for card in record["cards"] or [{}]:
        place = card.get("order")
        order = record["orders"][place] if place is not None else {}
        for answer in card.get("feedback") or [{}]:
            yield {**record, **order, **card, **answer, "order": place}


def _csv(values: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_cell(value) for value in values])
    return text.getvalue()


def _cell(value: Any) -> Any:
    return guarded(" ".join(map(str, value)) if isinstance(value, list) else value)


def guarded(value: Any) -> Any:
    """Return `value` for a cell of a CSV file; a text that is a formula gets an apostrophe."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"  # a spreadsheet would run it
    return value


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
