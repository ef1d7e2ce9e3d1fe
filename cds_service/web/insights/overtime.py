"""The tables over time: one row for each day or week."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import dropwhile

from cds_service.journal.insights.rates import Rate, per_hundred
from cds_service.journal.insights.result import Insights, Step
from cds_service.journal.insights.view import View
from cds_service.web.insights.table import Cell, Chart, Column, Table, figure


def over_time(found: Insights, view: View, today: date) -> Iterator[Table]:
    """Yield the tables of calls, cards per 100 orders, outcomes and answer times.

    Steps that are not over on `today` are told, but never as the lowest.
    """
    step = Column("from", "Day" if view.step == "day" else "Week from", "day")
    by = f"by {view.step}"
    when = "on" if view.step == "day" else "week from"
    marks = _marks(found, view)

    def table(
        name: str,
        title: str,
        columns: tuple[Column, ...],
        rows: list[tuple[Cell, ...]],
        chart: Chart,
        says: str,
        note: str,
    ) -> Table:
        return Table(
            id=name,
            title=f"{title}, {by}",
            columns=(step, *columns),
            rows=tuple((each.start, *row) for each, row in zip(found.steps, rows, strict=True)),
            note=note,
            says=says,
            chart=chart,
            marks=marks,
        )

    steps = found.steps
    whole = _whole(steps, view, today)
    yield table(
        "calls",
        "Calls and orders",
        (
            Column("calls", "Calls"),
            Column("orders", "Orders"),
            Column("incomplete", "Calls with an incomplete chart", "rate"),
        ),
        [(s.consultations, s.orders, Rate(s.incomplete, s.consultations)) for s in steps],
        Chart("lines", ("calls", "orders"), "number"),
        _range([(s.start, s.consultations) for s in steps], whole, "calls", when),
        "Calls that were answered and had at least one imaging order. An order that is looked at"
        " while it is chosen and again before it is signed counts twice: the filter tells them"
        " apart.",
    )
    yield table(
        "cards-per-100-orders",
        "Cards per 100 orders",
        (
            Column("orders", "Orders"),
            Column("orders_with_card", "Orders with a card", "rate"),
            Column("cards", "Cards"),
            Column("per_100_orders", "Cards per 100 orders", "per-hundred"),
        ),
        [
            (s.orders, Rate(s.orders_with_card, s.orders), s.cards, per_hundred(s.cards, s.orders))
            for s in steps
        ],
        Chart("lines", ("per_100_orders",), "cards per 100 orders"),
        _range(
            [(s.start, per_hundred(s.cards, s.orders)) for s in steps],
            whole,
            "cards per 100 orders",
            when,
        ),
        "One order may get several cards.",
    )
    yield table(
        "outcomes",
        "What became of the cards",
        (
            Column("cards", "Cards"),
            Column("accepted", "Accepted", "rate"),
            Column("overridden", "Overridden", "rate"),
            Column("no_feedback", "No feedback", "rate"),
        ),
        [
            (
                s.cards,
                Rate(s.accepted, s.cards),
                Rate(s.overridden, s.cards),
                Rate(_open(s), s.cards),
            )
            for s in steps
        ],
        Chart("columns", ("accepted", "overridden", "no_feedback"), "cards"),
        _shares(steps),
        "By the day on which the card was shown. A card counts once, by the outcome that its"
        " client decided last; if several were decided in one instant, accepted wins.",
    )
    yield table(
        "latency",
        "How fast calls were answered",
        (
            Column("p50_ms", "Half up to (ms)", "ms"),
            Column("p95_ms", "95 of 100 up to (ms)", "ms"),
            Column("p99_ms", "99 of 100 up to (ms)", "ms"),
            Column("calls", "Calls"),
        ),
        [
            (
                *((s.latency.p50, s.latency.p95, s.latency.p99) if s.latency else (None,) * 3),
                s.consultations,
            )
            for s in steps
        ],
        Chart("lines", ("p50_ms", "p95_ms", "p99_ms"), "milliseconds", logarithmic=True),
        f"Over the whole period half of the calls took up to {found.latency.p50:.0f} ms, 95 of 100"
        f" up to {found.latency.p95:.0f} ms, 99 of 100 up to {found.latency.p99:.0f} ms."
        if found.latency
        else "",
        "From the arrival of the request at the service to its answer, without the network."
        " Percentiles are nearest ranks; on a day with few calls the higher ones are the slowest"
        " call.",
    )


def _open(step: Step) -> int:
    return step.cards - step.accepted - step.overridden


def _marks(found: Insights, view: View) -> tuple[int, ...]:
    """Return the steps in which a version of the content began, the first version left out."""
    starts = view.starts
    began = [each.first.astimezone(view.zone).date() for each in found.versions[1:]]
    return tuple(dict.fromkeys(sum(start <= day for start in starts) - 1 for day in began))


def _whole(steps: tuple[Step, ...], view: View, today: date) -> frozenset[date]:
    """Return where steps begin that are whole weeks or days and over: others are low by nature.

    So are those before the first call, when nobody may have called yet.
    """
    steps = tuple(dropwhile(lambda step: not step.consultations, steps))
    if view.step == "day":
        return frozenset(s.start for s in steps if s.start < today)
    last, end = timedelta(days=6), min(view.last, today - timedelta(days=1))
    return frozenset(s.start for s in steps if s.start.weekday() == 0 and s.start + last <= end)


def _range(
    points: Sequence[tuple[date, float | None]], whole: frozenset[date], unit: str, when: str
) -> str:
    """Return where the highest point lies, and of the `whole` steps the lowest, in words."""
    known = [(day, value) for day, value in points if value is not None]
    if not known:
        return ""
    high = max(known, key=lambda p: p[1])
    low = min((point for point in known if point[0] in whole), key=lambda p: p[1], default=None)
    most = f"Most {unit}: {figure(high[1])} ({when} {high[0].isoformat()})"
    if low is None:
        return f"{most}."
    return f"{most}; fewest: {figure(low[1])} ({when} {low[0].isoformat()})."


def _shares(steps: tuple[Step, ...]) -> str:
    cards = sum(step.cards for step in steps)
    if not cards:
        return ""
    accepted = sum(step.accepted for step in steps)
    overridden = sum(step.overridden for step in steps)
    return (
        f"Of {figure(cards)} cards {figure(accepted)} were accepted, {figure(overridden)}"
        f" overridden, and {figure(cards - accepted - overridden)} got no feedback."
    )
