"""The tables of orders: what they were for, and how far they could be assessed."""

from collections import defaultdict
from collections.abc import Callable

from cds_service.content.library import ORDER_NOT_ASSESSED
from cds_service.journal.insights.rates import Rate, per_hundred
from cds_service.journal.insights.result import Cards, Insights, Orders
from cds_service.web.insights.cardtables import OUTCOMES
from cds_service.web.insights.outcomes import Outcomes, grouped
from cds_service.web.insights.table import Chart, Column, Named, Table, figure


def by_order(
    found: Insights, key: str, title: str, name: Callable[[Orders | Cards], Named], note: str
) -> Table:
    """Return orders and their cards, grouped by something of the order."""
    numbers: dict[Named, list[int]] = defaultdict(lambda: [0, 0])
    for kind in found.orders:
        numbers[name(kind)][0] += kind.number
        numbers[name(kind)][1] += kind.with_card
    cards = grouped(found.cards, name)
    rows = []
    for group in {**numbers, **cards}:
        orders, with_card = numbers[group]
        each = cards.get(group, Outcomes())
        shown = (Rate(with_card, orders), each.cards, per_hundred(each.cards, orders))
        rows.append((group, orders, *shown, *each.rates))
    rows.sort(key=lambda row: (-int(row[1]), row[0]))
    top = max(rows, key=lambda row: row[4] or 0.0, default=None) if len(rows) > 1 else None
    return Table(
        id=f"by-{key}",
        title=f"{title}: orders, and cards per 100 orders",
        columns=(
            Column(key, title.removesuffix("s"), "named"),
            Column("orders", "Orders"),
            Column("orders_with_card", "Orders with a card", "rate"),
            Column("cards", "Cards"),
            Column("per_100_orders", "Cards per 100 orders", "per-hundred"),
            *OUTCOMES,
        ),
        rows=tuple(rows),
        note=f"{note} In brackets at the bars: orders.",
        says=(
            f"Most cards per 100 orders: {top[0].title} ({top[4]:.1f}, of {_orders(top[1])})."
            if top and top[4]
            else ""
        ),
        chart=Chart("bars", ("per_100_orders",), "cards per 100 orders", count="orders"),
    )


def _orders(number: int) -> str:
    return "1 order" if number == 1 else f"{figure(number)} orders"


def not_assessed(found: Insights) -> Table:
    """Return the orders by how far a guideline could rate them."""
    orders = found.number_of_orders
    states = {
        "Rated by a guideline": 0,
        "A topic speaks, but nothing settles the rating": 0,
        "No topic speaks: safety rules only": 0,
        "No single study recognised in the order": 0,
        "A fault of the advisor: see its log": 0,
    }
    rated, unsettled, silent, unknown, faulty = states
    incomplete = dict.fromkeys(states, 0)
    for kind in found.orders:
        if kind.topic == ORDER_NOT_ASSESSED:
            state = faulty
        elif not kind.procedure:
            state = unknown
        elif not kind.topic:
            state = silent
        else:
            state = rated if kind.rating else unsettled
        states[state] += kind.number
        incomplete[state] += kind.incomplete
    worst = sum(incomplete.values())
    return Table(
        id="not-assessed",
        title="How far orders could be assessed",
        columns=(
            Column("state", "State of the order", "text"),
            Column("orders", "Orders", "rate"),
            Column("incomplete", "Of these, with an incomplete chart", "rate"),
        ),
        rows=tuple(
            (state, Rate(number, orders), Rate(incomplete[state], number))
            for state, number in states.items()
        ),
        note=(
            "A chart is incomplete if a source could not be read to the end. Nothing reassuring is"
            " then concluded from what is absent."
        ),
        says=f"{figure(worst)} of {_orders(orders)} had an incomplete chart." if orders else "",
        chart=Chart("bars", ("orders",), "orders"),
    )


def missing(found: Insights) -> Table:
    """Return in how many calls each source could not be read to the end."""
    total = found.consultations
    return Table(
        id="missing",
        title="Sources that could not be read",
        columns=(
            Column("source", "Resource type", "text"),
            Column("calls", "Calls", "rate"),
        ),
        rows=tuple((each.source, Rate(each.consultations, total)) for each in found.missing),
        note="Percent of all calls; one call may lack several sources.",
        says=(
            f"Most often: {found.missing[0].source}"
            f" ({figure(found.missing[0].consultations)} of {figure(total)} calls)."
            if found.missing
            else "In every call all sources were read to the end."
        ),
        chart=Chart("bars", ("calls",), "calls"),
    )
