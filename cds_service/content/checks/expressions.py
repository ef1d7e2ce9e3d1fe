"""Where documents have expressions over findings, what these name, and what is wrong with them.

Documents may be wrong, so an expression is taken as it comes out of YAML.
"""

from collections.abc import Iterator

from cds_service.content.expression import OPERATORS
from cds_service.content.model import (
    Document,
    Expression,
    Recommendations,
    SafetyRule,
    Variants,
)
from cds_service.content.yaml_places import KeyPath

_LISTING = ("all", "any")


def expressions(document: Document) -> Iterator[tuple[Expression, KeyPath]]:
    """Yield every expression over findings in `document`, and its place."""
    match document:
        case Variants():
            for number, variant in enumerate(document.variants):
                yield variant.when, ("variants", number, "when")
        case Recommendations():
            for number, rule in enumerate(document.recommendations):
                if rule.findings is not None:
                    yield rule.findings, ("recommendations", number, "findings")
        case SafetyRule():
            for number, state in enumerate(document.states):
                yield state.when, ("states", number, "when")
        case _:
            return


def expression_leaves(expression: object, where: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    """Yield every finding id in an expression and its place, whatever the expression's shape."""
    if isinstance(expression, str):
        yield expression, where
    elif isinstance(expression, dict):
        for operator, operand in expression.items():
            if operator != "count":
                yield from expression_leaves(operand, (*where, operator))
    elif isinstance(expression, list):
        for number, operand in enumerate(expression):
            yield from expression_leaves(operand, (*where, number))


def misshapen(expression: object, where: KeyPath) -> Iterator[tuple[KeyPath, str, str]]:
    """Yield place, message and hint for each part of an expression that has no valid shape."""
    if isinstance(expression, str):
        return
    if not isinstance(expression, dict) or len(expression) != 1:
        hint = f"a finding, or one of: {', '.join(OPERATORS)}"
        yield where, "this is not a finding and not one operator", hint
        return
    ((operator, operand),) = expression.items()
    inside: KeyPath = (*where, operator)
    if operator not in OPERATORS:
        yield inside, f"unknown operator '{operator}'", f"one of: {', '.join(OPERATORS)}"
    elif operator == "at-least":
        yield from _miscounted(operand, inside)
    elif operator not in _LISTING:
        if isinstance(operand, (list, tuple)):
            said = f"'{operator}' takes one expression, not a list"
            yield inside, said, f"for example {operator}: {{any: [one-finding, another]}}"
        else:
            yield from misshapen(operand, inside)
    elif not isinstance(operand, list) or not operand:
        hint = f"for example {operator}: [one-finding, another]"
        yield inside, f"'{operator}' takes a list of expressions", hint
    else:
        for number, part in enumerate(operand):
            yield from misshapen(part, (*inside, number))


def _miscounted(operand: object, where: KeyPath) -> Iterator[tuple[KeyPath, str, str]]:
    """Yield what keeps `operand` from being a count over a list of expressions."""
    hint = "for example at-least: {count: 2, of: [one-finding, another, a-third]}"
    if not isinstance(operand, dict) or set(operand) != {"count", "of"}:
        yield where, "'at-least' takes a count and a list", hint
        return
    count, parts = operand["count"], operand["of"]
    if not isinstance(parts, list) or not parts:
        yield (*where, "of"), "'of' takes a list of expressions", hint
        return
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= len(parts):
        yield (*where, "count"), f"the count is a number from 1 to {len(parts)}", hint
    for number, part in enumerate(parts):
        yield from misshapen(part, (*where, "of", number))
