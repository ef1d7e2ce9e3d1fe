"""The whole period at a glance, and the versions of the content in it."""

from cds_service.journal.insights.rates import Rate, per_hundred
from cds_service.journal.insights.result import Insights
from cds_service.journal.insights.view import View
from cds_service.web.insights.outcomes import total
from cds_service.web.insights.table import Cell, Column, Table


def summary(found: Insights) -> Table:
    """Return the figures of the whole period."""
    orders, outcomes = found.number_of_orders, total(found.cards)
    with_card = sum(kind.with_card for kind in found.orders)
    incomplete = sum(step.incomplete for step in found.steps)
    hundred = per_hundred(outcomes.cards, orders)
    latency = found.latency
    times = (latency.p50, latency.p95, latency.p99) if latency else (None, None, None)
    rows: list[tuple[Cell, ...]] = [
        ("Calls with an imaging order", found.consultations, None, None, None, None),
        ("Imaging orders checked", orders, None, None, None, None),
        _share("Orders with a card", Rate(with_card, orders)),
        ("Cards shown", outcomes.cards, None, None, None, None),
        ("Cards per 100 orders", hundred, None, None, None, None),
        _share("Cards accepted", outcomes.rate(outcomes.accepted)),
        _share("Cards overridden", outcomes.rate(outcomes.overridden)),
        _share("Cards without feedback", outcomes.rate(outcomes.open)),
        _share("Accepted, of the cards answered", outcomes.accepted_of_answered),
        _share("Calls with an incomplete chart", Rate(incomplete, found.consultations)),
        ("Feedback about no card known here", found.unmatched, None, None, None, None),
        (
            "Answer time, half of the calls up to (ms)",
            times[0],
            None,
            None,
            None,
            None,
        ),
        (
            "Answer time, 95 of 100 calls up to (ms)",
            times[1],
            None,
            None,
            None,
            None,
        ),
        (
            "Answer time, 99 of 100 calls up to (ms)",
            times[2],
            None,
            None,
            None,
            None,
        ),
    ]
    columns = (
        Column("figure", "Figure", "text"),
        Column("number", "Number"),
        Column("of", "Out of"),
        Column("percent", "Percent", "per-hundred"),
        Column("percent_low", "95 % from", "per-hundred"),
        Column("percent_high", "95 % to", "per-hundred"),
    )
    return Table(id="summary", title="Summary", columns=columns, rows=tuple(rows))


def _share(label: str, rate: Rate) -> tuple[Cell, ...]:
    parts = (rate.share, *(rate.interval or (None, None)))
    return (
        label,
        rate.number,
        rate.total,
        *(None if part is None else 100 * part for part in parts),
    )


def versions(found: Insights, view: View) -> Table:
    """Return the versions of the content, by when they came into use."""
    return Table(
        id="versions",
        title="Versions of the content in the period",
        columns=(
            Column("version", "Version", "text"),
            Column("first", "First call", "day"),
            Column("last", "Last call", "day"),
            Column("calls", "Calls"),
        ),
        rows=tuple(
            (
                each.version,
                each.first.astimezone(view.zone).date(),
                each.last.astimezone(view.zone).date(),
                each.consultations,
            )
            for each in found.versions
        ),
        note="Content, and the site file after a plus sign. Charts over time mark where one began.",
    )
