"""The tables of the reasons for which cards were overridden."""

from collections import defaultdict
from collections.abc import Iterable

from cds_service.journal.insights.rates import Rate
from cds_service.journal.insights.result import Insights, Reason
from cds_service.web.insights.names import Names
from cds_service.web.insights.table import Cell, Chart, Column, Named, Table, figure

LEAST_FOREIGN = 5
"""How often a reason that is none of ours must have been given to be shown: its code is the
client's and could hold anything."""

_OTHER_REASONS = Named("other", f"Other reasons of clients, each fewer than {LEAST_FOREIGN} times")


def reasons(found: Insights, names: Names) -> Table:
    """Return how often each reason was given."""
    told = told_reasons(found.reasons, names, found.reasons_left_out)
    total = sum(number for _, number in told)
    return Table(
        id="reasons",
        title="Why cards were overridden",
        columns=(Column("reason", "Reason", "named"), Column("overrides", "Overrides", "rate")),
        rows=tuple((reason, Rate(number, total)) for reason, number in told),
        note="The reason that came with the outcome that counts. Comments are never shown.",
        says=f"Most often: {told[0][0].title} ({figure(told[0][1])} of {figure(total)})."
        if told
        else "",
        chart=Chart("bars", ("overrides",), "overrides"),
    )


def reasons_by_rule(found: Insights, names: Names) -> Table:
    """Return how often each reason was given for the cards of each rule."""
    groups: dict[Named, list[Reason]] = defaultdict(list)
    for reason in found.reasons:
        groups[names.rule(reason.rule, reason.card)].append(reason)
    rows: list[tuple[Cell, ...]] = []
    for rule, given in sorted(groups.items(), key=lambda item: (-_number(item[1]), item[0])):
        total = _number(given)
        rows += [
            (rule, reason, Rate(number, total)) for reason, number in told_reasons(given, names)
        ]
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


def told_reasons(
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


def _number(given: Iterable[Reason]) -> int:
    return sum(reason.number for reason in given)
