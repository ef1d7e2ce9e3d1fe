"""A view of the journal, read in one transaction so that its figures agree with each other."""

from typing import Any

from sqlalchemy import Connection

from cds_service.journal.insights import queries
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
from cds_service.journal.insights.view import View


def read(connection: Connection, view: View) -> Insights:
    """Return what the journal behind `connection` shows of `view`."""
    steps = _steps(connection, view)
    cards = tuple(
        Cards(**{**row, "offers": bool(row["offers"])})
        for row in connection.execute(queries.kinds_of_cards(view)).mappings()
    )
    reasons = tuple(
        Reason(rule=rule, card=card, system=system, code=code, number=number)
        for rule, card, system, code, number in connection.execute(queries.reasons(view))
    )
    overridden = sum(kind.number for kind in cards if kind.outcome == "overridden")
    missing = queries.missing_sources(view, connection.dialect.name)
    latency = connection.execute(queries.latencies(view, whole=True)).first()
    return Insights(
        steps=steps,
        latency=Latency(**_percentiles(latency[1:])) if latency else None,
        orders=tuple(
            Orders(**row) for row in connection.execute(queries.kinds_of_orders(view)).mappings()
        ),
        cards=cards,
        reasons=reasons,
        reasons_left_out=overridden - sum(reason.number for reason in reasons),
        missing=tuple(Missing(*row) for row in connection.execute(missing)),
        versions=tuple(Version(*row) for row in connection.execute(queries.versions(view))),
        clients=tuple(Client(*row) for row in connection.execute(queries.clients(view))),
        unmatched=connection.execute(queries.unmatched(view)).scalar_one(),
        empty=connection.execute(queries.anything()).first() is None,
    )


def _steps(connection: Connection, view: View) -> tuple[Step, ...]:
    found: list[dict[str, Any]] = [{"start": start} for start in view.starts]
    for statement, names in (
        (queries.calls(view), ("consultations", "incomplete")),
        (queries.orders_over_time(view), ("orders", "orders_with_card")),
        (queries.cards_over_time(view), ("cards", "accepted", "overridden")),
    ):
        for number, *counts in connection.execute(statement):
            found[number].update(zip(names, counts, strict=True))
    for number, *times in connection.execute(queries.latencies(view, whole=False)):
        found[number]["latency"] = Latency(**_percentiles(times))
    return tuple(Step(**facts) for facts in found)


def _percentiles(times: Any) -> dict[str, float]:
    return {f"p{share}": float(time) for share, time in zip(queries.PERCENTILES, times, strict=True)}
