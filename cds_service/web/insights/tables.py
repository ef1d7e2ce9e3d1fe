"""The tables of the page, made of what the journal shows; every definition a reader needs is here.

Sums are made over kinds of orders and cards, so that each grouping adds up to the same whole.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cds_service.journal.insights.rates import Rate, per_hundred
from cds_service.journal.insights.result import Insights, Reason
from cds_service.journal.insights.view import View
from cds_service.web.insights.names import Names
from cds_service.web.insights.outcomes import Outcomes, opinion
from cds_service.web.insights.overtime import over_time
from cds_service.web.insights.table import Cell, Chart, Column, Named, Table

LEAST_FOREIGN = 5
"""How often a reason that is none of ours must have been given to be shown: its code is the
client's and could hold anything."""

_MOST_BARS = 12
_OTHER_REASONS = Named("other", f"Other reasons of clients, each fewer than {LEAST_FOREIGN} times")

_OUTCOMES = (
    Column("accepted", "Accepted", "rate"),
    Column("overridden", "Overridden", "rate"),
    Column("no_feedback", "No feedback", "rate"),
)
_ANSWERS = Chart("bars", ("accepted", "overridden", "no_feedback"), "cards")


def tables(found: Insights, view: View, names: Names) -> dict[str, Table]:
    """Return all tables by their ids, in the order of the page."""
    made = (
        _summary(found),
        *over_time(found, view),
        _by_rule(found, names),
        _loudest(found, names),
        _reasons(found, names),
        _reasons_by_rule(found, names),
        _by_indicator(found, names),
        _by_order(
            *(found, "topic", "Topics", lambda kind: names.topic(kind.topic)),
            note="The topic whose guideline speaks about the order.",
        ),
        _by_order(
            *(found, "variant", "Variants", lambda kind: names.variant(kind.variant)),
            note="The variant of the guideline that decided.",
        ),
        _by_order(
            *(found, "procedure", "Procedures", lambda kind: names.procedure(kind.procedure)),
            note="The study as it was ordered.",
        ),
        _by_order(
            *(found, "client", "Clients", lambda kind: names.client(kind.client)),
            note="Where a client reports no feedback at all, its cards may still be acted on.",
        ),
        _not_assessed(found),
        _missing(found, names),
        _versions(found, view),
    )
    return {table.id: table for table in made}


def _summary(found: Insights) -> Table:
    orders, outcomes = _orders(found), _sum(found.cards)
    with_card = sum(kind.with_card for kind in found.orders)
    incomplete = sum(step.incomplete for step in found.steps)
    hundred = per_hundred(outcomes.cards, orders)
    latency = found.latency
    rows: list[tuple[Cell, ...]] = [
        ("Calls with an imaging order", found.consultations, None, None, None),
        ("Imaging orders checked", orders, None, None, None),
        _share("Orders with a card", Rate(with_card, orders)),
        ("Cards shown", outcomes.cards, None, None, None),
        ("Cards per 100 orders", _round(hundred), None, None, None),
        _share("Cards accepted", outcomes.rate(outcomes.accepted)),
        _share("Cards overridden", outcomes.rate(outcomes.overridden)),
        _share("Cards without feedback", outcomes.rate(outcomes.open)),
        _share("Accepted, of the cards answered", outcomes.accepted_of_answered),
        _share("Calls with an incomplete chart", Rate(incomplete, found.consultations)),
        ("Feedback about no card known here", found.unmatched, None, None, None),
        ("Answer time, half of the calls up to (ms)", latency and latency.p50, None, None, None),
        ("Answer time, 95 of 100 calls up to (ms)", latency and latency.p95, None, None, None),
        ("Answer time, 99 of 100 calls up to (ms)", latency and latency.p99, None, None, None),
    ]
    columns = (
        Column("figure", "Figure", "text"),
        Column("number", "Number"),
        Column("percent", "Percent", "per-hundred"),
        Column("percent_low", "95 % from", "per-hundred"),
        Column("percent_high", "95 % to", "per-hundred"),
    )
    return Table(id="summary", title="Summary", columns=columns, rows=tuple(rows))


def _share(label: str, rate: Rate) -> tuple[Cell, ...]:
    parts = (rate.share, *(rate.interval or (None, None)))
    return (label, rate.number, *(None if part is None else 100 * part for part in parts))


def _by_rule(found: Insights, names: Names) -> Table:
    orders = _orders(found)
    groups = _grouped(found.cards, lambda kind: names.rule(kind.rule, kind.card))
    ordered = sorted(groups.items(), key=lambda item: (-item[1].cards, item[0]))
    return Table(
        id="by-rule",
        title="Cards by rule, and what became of them",
        columns=(
            Column("rule", "Rule", "named"),
            Column("cards", "Cards"),
            Column("per_100_orders", "Per 100 orders", "per-hundred"),
            *_OUTCOMES,
        ),
        rows=tuple(
            (rule, each.cards, per_hundred(each.cards, orders), *each.rates)
            for rule, each in ordered
        ),
        note="Per 100 of all orders of the period.",
        says=_most(ordered),
        chart=_ANSWERS,
    )


def _loudest(found: Insights, names: Names) -> Table:
    groups: dict[Named, list[Any]] = defaultdict(list)
    for kind in found.cards:
        groups[names.rule(kind.rule, kind.card)].append(kind)
    given: dict[str, list[Reason]] = defaultdict(list)
    for reason in found.reasons:
        given[reason.rule].append(reason)
    rows = []
    for rule, kinds in groups.items():
        outcomes = _sum(kinds)
        reasons = _told(given[rule.id], names)[:3]
        told = "; ".join(f"{reason.title} ({number})" for reason, number in reasons)
        critical = any(kind.indicator == "critical" for kind in kinds)
        row = (rule, outcomes.cards, outcomes.accepted_of_acceptable, told)
        rows.append((*row, opinion(outcomes, critical=critical)))
    rows.sort(key=lambda row: (-int(row[1]), row[0]))
    return Table(
        id="loudest",
        title="Loudest rules",
        columns=(
            Column("rule", "Rule", "named"),
            Column("cards", "Cards"),
            Column("accepted_of_answered", "Accepted, of those answered", "rate"),
            Column("reasons", "Overridden because", "text"),
            Column("remark", "Worth a look?", "text"),
        ),
        rows=tuple(rows),
        note=(
            "Most cards first. Only cards with something to accept count as answered here. The"
            " remark goes by the 95 % interval, so that a few answers decide nothing. How a rule is"
            " made quieter or switched off: docs/site.md, Switch rules and cards."
        ),
    )


def _reasons(found: Insights, names: Names) -> Table:
    told = _told(found.reasons, names, found.reasons_left_out)
    total = sum(number for _, number in told)
    return Table(
        id="reasons",
        title="Why cards were overridden",
        columns=(Column("reason", "Reason", "named"), Column("overrides", "Overrides", "rate")),
        rows=tuple((reason, Rate(number, total)) for reason, number in told),
        note="The reason that came with the outcome that counts. Comments are never shown.",
        says=f"Most often: {told[0][0].title} ({told[0][1]} of {total})." if told else "",
        chart=Chart("bars", ("overrides",), "overrides"),
    )


def _reasons_by_rule(found: Insights, names: Names) -> Table:
    groups: dict[Named, list[Reason]] = defaultdict(list)
    for reason in found.reasons:
        groups[names.rule(reason.rule, reason.card)].append(reason)
    rows: list[tuple[Cell, ...]] = []
    for rule, given in sorted(groups.items(), key=lambda item: (-_number(item[1]), item[0])):
        total = _number(given)
        rows += [(rule, reason, Rate(number, total)) for reason, number in _told(given, names)]
    return Table(
        id="reasons-by-rule",
        title="Reasons by rule",
        columns=(
            Column("rule", "Rule", "named"),
            Column("reason", "Reason", "named"),
            Column("overrides", "Overrides", "rate"),
        ),
        rows=tuple(rows),
        note="Percent of the overrides of the rule.",
    )


def _told(
    given: Iterable[Reason], names: Names, left_out: int = 0
) -> list[tuple[Named, int]]:
    """Return reasons with how often they were given, the most frequent first.

    A code that is none of ours is named only if it was given `LEAST_FOREIGN` times.
    """
    numbers: dict[Named, int] = defaultdict(int)
    for reason in given:
        numbers[names.reason(reason.code)] += reason.number
    rare = [
        reason
        for reason, number in numbers.items()
        if not names.knows_reason(reason.id) and number < LEAST_FOREIGN
    ]
    others = left_out + sum(numbers.pop(reason) for reason in rare)
    told = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return [*told, (_OTHER_REASONS, others)] if others else told


def _by_indicator(found: Insights, names: Names) -> Table:
    groups = _grouped(found.cards, lambda kind: names.indicator(kind.indicator))
    urgency = ("critical", "warning", "info", "")
    ordered = sorted(groups.items(), key=lambda item: urgency.index(item[0].id))
    return Table(
        id="by-indicator",
        title="Cards by urgency, and what became of them",
        columns=(
            Column("indicator", "Urgency", "named"),
            Column("cards", "Cards"),
            *_OUTCOMES,
        ),
        rows=tuple((indicator, each.cards, *each.rates) for indicator, each in ordered),
        says=_most(ordered),
        chart=_ANSWERS,
    )


def _by_order(
    found: Insights, key: str, title: str, name: Callable[[Any], Named], note: str
) -> Table:
    """Return orders and their cards, grouped by something of the order."""
    numbers: dict[Named, list[int]] = defaultdict(lambda: [0, 0])
    for kind in found.orders:
        numbers[name(kind)][0] += kind.number
        numbers[name(kind)][1] += kind.with_card
    cards = _grouped(found.cards, name)
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
            *_OUTCOMES,
        ),
        rows=tuple(rows),
        note=note,
        says=f"Most cards per 100 orders: {top[0].title} ({top[4]:.1f})." if top and top[4] else "",
        chart=Chart("bars", ("per_100_orders",), "cards per 100 orders"),
    )


def _not_assessed(found: Insights) -> Table:
    orders = _orders(found)
    states = {
        "Rated by a guideline": 0,
        "A topic speaks, but nothing settles the rating": 0,
        "No topic speaks: safety rules only": 0,
        "No single study recognised in the order": 0,
    }
    rated, unsettled, silent, unknown = states
    incomplete = dict.fromkeys(states, 0)
    for kind in found.orders:
        if not kind.procedure:
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
        says=f"{worst} of {orders} orders had an incomplete chart." if orders else "",
        chart=Chart("bars", ("orders",), "orders"),
    )


def _missing(found: Insights, names: Names) -> Table:
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
            f"Most often: {found.missing[0].source} ({found.missing[0].consultations} calls)."
            if found.missing
            else "In every call all sources were read to the end."
        ),
        chart=Chart("bars", ("calls",), "calls"),
    )


def _versions(found: Insights, view: View) -> Table:
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


def _grouped(kinds: Iterable[Any], name: Callable[[Any], Named]) -> dict[Named, Outcomes]:
    groups: dict[Named, list[Any]] = defaultdict(list)
    for kind in kinds:
        groups[name(kind)].append(kind)
    return {group: _sum(members) for group, members in groups.items()}


def _sum(kinds: Iterable[Any]) -> Outcomes:
    total = Outcomes()
    for kind in kinds:
        total = total.with_kind(kind)
    return total


def _orders(found: Insights) -> int:
    return sum(kind.number for kind in found.orders)


def _number(given: Iterable[Reason]) -> int:
    return sum(reason.number for reason in given)


def _most(ordered: list[tuple[Named, Outcomes]]) -> str:
    if not ordered:
        return ""
    name, most = max(ordered, key=lambda item: item[1].cards)
    return (
        f"Most cards: {name.title} ({most.cards}; {most.accepted} accepted,"
        f" {most.overridden} overridden, {most.open} without feedback)."
    )


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
