"""Three-valued expressions over findings.

Kleene logic: an unknown part leaves the whole unknown unless the other parts decide it. Three
operators turn unknown into a decision: ``unless`` holds when a finding is not present (absent or
unknown), ``recorded`` holds only when it is present (for what charts hardly ever record), and
``possible`` holds when it is present or there is inconclusive evidence for it on record.
``at-least`` holds when as many of its parts hold as it counts.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import cast

from cds_service.content.model import Expression

OPERATORS = ("all", "any", "at-least", "not", "unless", "recorded", "possible")


class State(StrEnum):
    """What is known of a finding, or of an expression over findings."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


def evaluate(
    expression: Expression,
    state: Callable[[str], State],
    suspected: Callable[[str], bool] = lambda finding: False,
) -> State:
    """Return the state of `expression`.

    `state` gives the state of a finding; `suspected` says whether inconclusive evidence for it is
    on record.
    """
    if isinstance(expression, str):
        return state(expression)
    ((operator, operand),) = expression.items()
    if operator == "not":
        return _NEGATED[evaluate(operand, state, suspected)]
    if operator in ("unless", "recorded"):
        present = evaluate(operand, state, suspected) is State.PRESENT
        return State.PRESENT if present is (operator == "recorded") else State.ABSENT
    if operator == "possible":
        held = any(state(leaf) is State.PRESENT or suspected(leaf) for leaf in leaves(operand))
        return State.PRESENT if held else State.ABSENT
    if operator == "at-least":
        states = [evaluate(part, state, suspected) for part in operand["of"]]
        if states.count(State.PRESENT) >= operand["count"]:
            return State.PRESENT
        may_hold = len(states) - states.count(State.ABSENT)
        return State.UNKNOWN if may_hold >= operand["count"] else State.ABSENT
    decisive = State.ABSENT if operator == "all" else State.PRESENT
    undecided = _NEGATED[decisive]
    for part in operand:
        found = state(part) if isinstance(part, str) else evaluate(part, state, suspected)
        if found is decisive:
            return decisive
        if found is State.UNKNOWN:
            undecided = found
    return undecided


def leaves(expression: Expression | None) -> Iterator[str]:
    """Yield every finding id an expression names, negated ones included."""
    if isinstance(expression, str):
        yield expression
    elif expression:
        for operand in expression.values():
            for part in parts_of(operand):
                yield from leaves(part)


def affirmed(expression: Expression | None) -> Iterator[str]:
    """Yield the finding ids whose presence speaks for the expression."""
    if isinstance(expression, str):
        yield expression
    elif expression:
        for operator, operand in expression.items():
            if operator in ("not", "unless"):
                continue
            for part in parts_of(operand):
                yield from affirmed(part)


def parts_of(operand: object) -> list[Expression]:
    """Return the expressions an operator is over, whatever it takes."""
    if isinstance(operand, dict) and "of" in operand:
        operand = operand["of"]
    return operand if isinstance(operand, list) else [cast(Expression, operand)]


_NEGATED = {
    State.PRESENT: State.ABSENT,
    State.ABSENT: State.PRESENT,
    State.UNKNOWN: State.UNKNOWN,
}
