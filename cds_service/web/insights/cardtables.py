"""The tables of cards: by rule, by urgency, and which rules are the loudest."""

from collections import defaultdict

from cds_service.content.library import ORDER_NOT_ASSESSED
from cds_service.journal.insights.rates import per_hundred
from cds_service.journal.insights.result import Cards, Insights, Reason
from cds_service.web.insights.names import Names
from cds_service.web.insights.outcomes import Outcomes, grouped, opinion, total
from cds_service.web.insights.reasons import told_reasons
from cds_service.web.insights.table import Chart, Column, Named, Table, figure

OUTCOMES = (
    Column("accepted", "Accepted", "rate"),
    Column("overridden", "Overridden", "rate"),
    Column("no_feedback", "No feedback", "rate"),
)
"""What became of cards, each out of all of them."""

_ANSWERS = Chart("bars", ("accepted", "overridden", "no_feedback"), "cards")
_FAULT = "Look at it: a fault of the advisor, not advice. Its log tells which."
_URGENCY = {"critical": 0, "warning": 1, "info": 2}


def by_rule(found: Insights, names: Names) -> Table:
    """Return the cards of each rule and what became of them, the most frequent first."""
    orders = found.number_of_orders
    groups = grouped(found.cards, lambda kind: names.rule(kind.rule, kind.card))
    ordered = sorted(groups.items(), key=lambda item: (-item[1].cards, item[0]))
    return Table(
        id="by-rule",
        title="Cards by rule, and what became of them",
        columns=(
            Column("rule", "Rule", "named"),
            Column("cards", "Cards"),
            Column("per_100_orders", "Per 100 orders", "per-hundred"),
            *OUTCOMES,
        ),
        rows=tuple(
            (rule, each.cards, per_hundred(each.cards, orders), *each.rates)
            for rule, each in ordered
        ),
        note="Per 100 of all orders of the period.",
        says=_most(ordered),
        chart=_ANSWERS,
    )


def loudest(found: Insights, names: Names) -> Table:
    """Return the rules by how often they speak, with reasons and whether to look at them."""
    groups: dict[Named, list[Cards]] = defaultdict(list)
    for kind in found.cards:
        groups[names.rule(kind.rule, kind.card)].append(kind)
    given: dict[Named, list[Reason]] = defaultdict(list)
    for reason in found.reasons:
        given[names.rule(reason.rule, reason.card)].append(reason)
    rows = []
    for rule, kinds in groups.items():
        outcomes = total(kinds)
        reasons = told_reasons(given[rule], names)[:3]
        told = "; ".join(f"{reason.title} ({number})" for reason, number in reasons)
        shown_critical = any(kind.indicator == "critical" for kind in kinds)
        answered = outcomes.accepted_of_acceptable
        remark = opinion(outcomes, serious=shown_critical or names.is_serious(rule.id))
        if rule.id == ORDER_NOT_ASSESSED:
            remark = _FAULT
        rows.append((rule, remark, outcomes.cards, answered.total, answered, told))
    rows.sort(key=lambda row: (-row[2], row[0]))
    return Table(
        id="loudest",
        title="Loudest rules",
        columns=(
            Column("rule", "Rule", "named"),
            Column("remark", "Worth a look?", "text"),
            Column("cards", "Cards"),
            Column("answered", "Answered"),
            Column("accepted_of_answered", "Accepted, of those answered", "rate"),
            Column("reasons", "Overridden because", "text"),
        ),
        rows=tuple(rows),
        note=(
            "Most cards first. Only cards with something to accept count as answered here. The"
            " remark goes by the 95 % interval, so that a few answers decide nothing. How a rule is"
            " made quieter or switched off: docs/site.md, Switch rules and cards."
        ),
    )


def by_indicator(found: Insights, names: Names) -> Table:
    """Return the cards of each urgency and what became of them."""
    groups = grouped(found.cards, lambda kind: names.indicator(kind.indicator))
    ordered = sorted(groups.items(), key=lambda item: _URGENCY.get(item[0].id, len(_URGENCY)))
    return Table(
        id="by-indicator",
        title="Cards by urgency, and what became of them",
        columns=(
            Column("indicator", "Urgency", "named"),
            Column("cards", "Cards"),
            *OUTCOMES,
        ),
        rows=tuple((indicator, each.cards, *each.rates) for indicator, each in ordered),
        says=_most(ordered),
        chart=_ANSWERS,
    )


def _most(ordered: list[tuple[Named, Outcomes]]) -> str:
    if not ordered:
        return ""
    name, most = max(ordered, key=lambda item: item[1].cards)
    return (
        f"Most cards: {name.title} ({figure(most.cards)}; {figure(most.accepted)} accepted,"
        f" {figure(most.overridden)} overridden, {figure(most.open)} without feedback)."
    )
