"""What became of cards, summed up, and whether a rule is worth a look."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cds_service.journal.insights.rates import Rate
from cds_service.journal.insights.result import Cards
from cds_service.web.insights.table import Named

ENOUGH = 20
"""Least answers that a remark rests on."""
SELDOM = 0.30
"""A rule counts as accepted seldom if the upper bound of its acceptance is below this."""
OFTEN = 0.50
"""A card counts as overridden often if the lower bound of its overrides is above this."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Cards by what became of each; `acceptable` and its parts are those that offer something."""

    cards: int = 0
    accepted: int = 0
    overridden: int = 0
    acceptable: int = 0
    acceptable_accepted: int = 0
    acceptable_overridden: int = 0

    def with_kind(self, kind: Cards) -> "Outcomes":
        """Return these outcomes and those of `kind` together."""
        number = kind.number
        accepted = number if kind.outcome == "accepted" else 0
        overridden = number if kind.outcome == "overridden" else 0
        offered = int(kind.offers)
        return Outcomes(
            cards=self.cards + number,
            accepted=self.accepted + accepted,
            overridden=self.overridden + overridden,
            acceptable=self.acceptable + offered * number,
            acceptable_accepted=self.acceptable_accepted + offered * accepted,
            acceptable_overridden=self.acceptable_overridden + offered * overridden,
        )

    @property
    def open(self) -> int:
        """Return how many got no feedback."""
        return self.cards - self.accepted - self.overridden

    @property
    def answered(self) -> int:
        """Return how many got feedback."""
        return self.accepted + self.overridden

    @property
    def rates(self) -> tuple[Rate, Rate, Rate]:
        """Return the cards accepted, overridden and without feedback, of all cards."""
        return self.rate(self.accepted), self.rate(self.overridden), self.rate(self.open)

    def rate(self, number: int) -> Rate:
        """Return `number` out of all cards."""
        return Rate(number, self.cards)

    @property
    def accepted_of_answered(self) -> Rate:
        """Return the cards accepted out of those answered."""
        return Rate(self.accepted, self.answered)

    @property
    def accepted_of_acceptable(self) -> Rate:
        """Return the cards accepted out of those that offer something and were answered."""
        accepted = self.acceptable_accepted
        return Rate(accepted, accepted + self.acceptable_overridden)


def grouped(kinds: Iterable[Cards], name: Callable[[Cards], Named]) -> dict[Named, Outcomes]:
    """Return the outcomes of each group of `kinds`, which `name` names."""
    groups: dict[Named, list[Cards]] = defaultdict(list)
    for kind in kinds:
        groups[name(kind)].append(kind)
    return {group: total(members) for group, members in groups.items()}


def total(kinds: Iterable[Cards]) -> Outcomes:
    """Return the outcomes of all `kinds` together."""
    total = Outcomes()
    for kind in kinds:
        total = total.with_kind(kind)
    return total


def opinion(outcomes: Outcomes, *, serious: bool) -> str:
    """Return whether a rule with these outcomes is worth a look, in plain words.

    `serious` says that its cards are about serious harm: such a rule is never one to switch off
    because it is overridden.
    """
    if outcomes.cards >= ENOUGH and not outcomes.answered:
        return "No feedback arrives: ask the EHR team whether it is sent."
    if outcomes.answered < ENOUGH:
        return f"Too early to say: fewer than {ENOUGH} answers."
    overridden = Rate(outcomes.overridden, outcomes.answered).interval or (0.0, 0.0)
    accepted = outcomes.accepted_of_acceptable
    often = overridden[0] > OFTEN
    if serious:
        if often:
            return (
                "Look at it: often overridden, and about serious harm. Review the reasons with"
                " whoever answers for it before anything is changed."
            )
        return "No: about serious harm, and nothing stands out."
    if accepted.interval and accepted.total >= ENOUGH and accepted.interval[1] < SELDOM:
        return (
            "Look at it: seldom accepted. The reasons say whether to narrow it or make it quieter."
        )
    if not outcomes.acceptable and often:
        return "Look at it: it asks a question, and is mostly waved away."
    return "No: nothing stands out."
