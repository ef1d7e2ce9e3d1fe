"""A view of the journal, read in one transaction so that its figures agree with each other."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from cds_service.journal.insights import advice_queries, call_queries
from cds_service.journal.insights.advice_queries import CARD_KIND, KIND, ORDER_KIND, REASON
from cds_service.journal.insights.result import (
    Cards,
    Client,
    Insights,
    Latency,
    Missing,
    Orders,
    Reason,
    Step,
    Version,
)
from cds_service.journal.insights.selection import STEP
from cds_service.journal.insights.view import View
from cds_service.journal.patience import DEADLINE

Row = dict[str, Any]

LONGEST = 30
"""Seconds that PostgreSQL may take for a view."""

_ROOM_KIB = 64 * 1024


def read(connection: Connection, view: View) -> Insights:
    """Return what the journal behind `connection` shows of `view`."""
    with _room(connection):
        return _read(connection, view)


@contextmanager
def _room(connection: Connection) -> Iterator[None]:
    """Give the questions of a long period more time or memory than a call of a client gets.

    SQLite may keep more of the file in memory: its usual two MiB are for writing. PostgreSQL may
    take longer than the wait of a call.
    """
    if connection.dialect.name != "sqlite":
        if DEADLINE in connection.info:
            connection.info[DEADLINE] = time.monotonic() + LONGEST
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{LONGEST}s'")
        yield
        return
    usual = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql(f"PRAGMA cache_size = -{_ROOM_KIB}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = {usual}")
        connection.exec_driver_sql("PRAGMA shrink_memory")


def _read(connection: Connection, view: View) -> Insights:
    steps: list[Row] = [{"start": start} for start in view.starts]
    latency = _calls(connection, view, steps)
    orders = tuple(_orders(connection, view, steps))
    cards, reasons = _cards(connection, view, steps)
    overridden = sum(kind.number for kind in cards if kind.outcome == "overridden")
    missing = call_queries.missing_sources(view, connection.dialect.name)
    return Insights(
        steps=tuple(Step(**facts) for facts in steps),
        latency=latency,
        orders=orders,
        cards=tuple(cards),
        reasons=tuple(reasons),
        reasons_left_out=overridden - sum(reason.number for reason in reasons),
        missing=tuple(Missing(*row) for row in connection.execute(missing)),
        versions=tuple(Version(*row) for row in connection.execute(call_queries.versions(view))),
        clients=tuple(Client(*row) for row in connection.execute(call_queries.clients(view))),
        unmatched=connection.execute(advice_queries.unmatched(view)).scalar_one(),
        empty=connection.execute(call_queries.anything()).first() is None,
    )


def _calls(connection: Connection, view: View, steps: list[Row]) -> Latency | None:
    """Fill in the calls of each step, and return the answer times of the whole period."""
    whole = None
    query = call_queries.calls(view, connection.dialect.name)
    for part, number, calls, incomplete, *times in connection.execute(query):
        latency = Latency(*times) if calls else None
        if part == STEP:
            steps[number].update(consultations=calls, incomplete=incomplete, latency=latency)
        else:
            whole = latency
    return whole


def _orders(connection: Connection, view: View, steps: list[Row]) -> Iterator[Orders]:
    """Fill in the orders of each step, and yield the kinds of orders."""
    query = advice_queries.orders(view, connection.dialect.name)
    for part, step, *row in connection.execute(query):
        *kind, number, with_card, incomplete = row
        if part == STEP:
            steps[step].update(orders=number, orders_with_card=with_card)
        else:
            named = dict(zip(ORDER_KIND, kind, strict=True))
            yield Orders(**named, number=number, with_card=with_card, incomplete=incomplete)


def _cards(
    connection: Connection, view: View, steps: list[Row]
) -> tuple[list[Cards], list[Reason]]:
    """Fill in the cards of each step, and return the kinds of cards and the reasons."""
    cards: list[Cards] = []
    reasons: list[Reason] = []
    query = advice_queries.shown_cards(view, connection.dialect.name)
    for row in connection.execute(query).mappings():
        number = row["cards"]
        if row["part"] == STEP:
            step = steps[row["number"]]
            step["cards"] = step.get("cards", 0) + number
            if row["outcome"]:
                step[row["outcome"]] = number
        elif row["part"] == KIND:
            kind = {name: row[name] for name in CARD_KIND}
            cards.append(Cards(**{**kind, "offers": bool(row["offers"])}, number=number))
        elif row["part"] == REASON:
            reasons.append(
                Reason(rule=row["rule"], card=row["card"], code=row["reason_code"], number=number)
            )
    return cards, reasons
