"""Conditions of rules as FHIRPath, whose logic has the same three values as ours.

A finding is a variable: true is present, false is absent, empty is unknown. In FHIRPath ``and``,
``or`` and ``not()`` of an empty value stay empty unless the other side decides (FHIRPath, Boolean
logic), which is Kleene's logic. A condition that is empty does not hold, and is no "no" either.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from cds_service.content.expression import leaves
from cds_service.content.model import Expression, Selector
from cds_service.export.namespace import Json

OPERATORS = ("all", "any", "not", "unless", "recorded", "possible", "at-least")
"""The operators of expressions that can be written as FHIRPath."""

PROCEDURE = "order__procedure"
MODALITY = "order__modality"
BODY_REGION = "order__body_region"
CONTRAST = "order__contrast"
RATING = "order__rating"
PRIORITY = "order__priority"
TOGETHER = "call__procedures"
VARIANTS = "topic__variants"
UNSETTLED = "topic__unsettled"
AGE = "patient__age"


class Variable(NamedTuple):
    """What a variable besides the findings holds: its FHIR type, its meaning, one value or many."""

    type: str
    meaning: str
    many: bool = False


CONTEXT: dict[str, Variable] = {
    PROCEDURE: Variable(
        "code", "Procedure that is ordered, a code of the code system of procedures."
    ),
    MODALITY: Variable("code", "Modality of the ordered procedure."),
    BODY_REGION: Variable("code", "Body region of the ordered procedure."),
    CONTRAST: Variable("code", "Contrast of the ordered procedure."),
    RATING: Variable("code", "Best rating of the ordered procedure in the variants that apply."),
    PRIORITY: Variable("code", "Priority of the order; empty if it states none."),
    TOGETHER: Variable(
        "code",
        "Procedures that the open draft orders of the call ask for, this order among them.",
        many=True,
    ),
    VARIANTS: Variable("code", "The variants that decide; empty while none is settled.", many=True),
    UNSETTLED: Variable(
        "boolean",
        "Whether no variant is settled because something is unknown, or it is not certain that"
        " the topic is for this order and patient.",
    ),
    AGE: Variable("integer", "Age of the patient in completed years; empty if it is not known."),
}
"""Variables besides the findings, by name. Two underscores keep them apart from findings, whose ids
never have two hyphens in a row."""


def variable(finding: str) -> str:
    """Return the name of the variable that holds the state of `finding`."""
    return finding.replace("-", "_")


def suspicion(finding: str) -> str:
    """Return the name of the variable that is true if inconclusive evidence is on record."""
    return f"suspected__{variable(finding)}"


def newer(finding: str) -> str:
    """Return the name of the variable that is true if `finding` rests on newer records."""
    return f"newer__{variable(finding)}"


def no_newer(findings: Iterable[str]) -> str:
    """Return the FHIRPath that holds unless one of `findings` rests on newer records."""
    parts = _joined("or", (f"%{newer(each)}" for each in findings))
    return f"({parts}).where($this).empty()"


def fhirpath(expression: Expression) -> str:
    """Return `expression` as FHIRPath over the variables of its findings.

    Raises:
        ValueError: it has an operator this export does not know.
    """
    if isinstance(expression, str):
        return f"%{variable(expression)}"
    ((operator, operand),) = expression.items()
    match operator:
        case "all" | "any":
            return _joined("and" if operator == "all" else "or", map(fhirpath, operand))
        case "not":
            return f"({fhirpath(operand)}).not()"
        case "unless":
            return f"({fhirpath(operand)}).where($this).empty()"
        case "recorded":
            return _true(fhirpath(operand))
        case "possible":
            named = dict.fromkeys(leaves(operand))
            return _joined(
                "or",
                (_true(f"%{name}") for each in named for name in (variable(each), suspicion(each))),
            )
        case "at-least":
            return _at_least(int(operand["count"]), [fhirpath(part) for part in operand["of"]])
    raise ValueError(f"the operator {operator!r} has no form in FHIRPath")


def condition(expression: str, authored: object = None) -> Json:
    """Return an applicability condition; `authored` is what the content says, if it says more."""
    made: Json = {"language": "text/fhirpath", "expression": expression}
    if authored is not None:
        made = {"description": msgspec.json.encode(authored).decode()} | made
    return {"kind": "applicability", "expression": made}


def of_findings(expression: Expression) -> Json:
    """Return the condition that `expression` holds."""
    return condition(fhirpath(expression), expression)


def of_order(selector: Selector) -> list[Json]:
    """Return the conditions on the ordered procedure; none if `selector` takes all."""
    wanted = (
        (PROCEDURE, selector.procedures),
        (MODALITY, selector.modality),
        (BODY_REGION, selector.body_region),
        (CONTRAST, selector.contrast),
    )
    return [condition(one_of(name, values)) for name, values in wanted if values]


def one_of(name: str, values: Iterable[str]) -> str:
    """Return the FHIRPath that holds if the variable `name` has one of `values`."""
    return f"%{name} in {_collection(values)}"


def only(name: str, values: Iterable[str]) -> str:
    """Return the FHIRPath that holds if the variable `name` has values, and only of `values`."""
    return f"%{name}.exists() and %{name}.all($this in {_collection(values)})"


def none_of(name: str, values: Iterable[str]) -> str:
    """Return the FHIRPath that holds if the variable `name` has none of `values`, or no value."""
    return f"({one_of(name, values)}).where($this).empty()"


def not_together(alternatives: Iterable[Iterable[Iterable[str]]]) -> str:
    """Return the FHIRPath that holds unless the orders of the call cover an alternative.

    An alternative is a list of groups of procedures: one of each group must be ordered.
    """
    covered = _joined(
        "or",
        (
            _joined(
                "and",
                (
                    f"%{TOGETHER}.where($this in {_collection(group)}).exists()"
                    for group in alternative
                ),
            )
            for alternative in alternatives
        ),
    )
    return f"({covered}).not()"


def _collection(values: Iterable[str]) -> str:
    written = " | ".join(f"'{value}'" for value in values)
    return f"({written})" if written else "{}"


def _joined(word: str, parts: Iterable[str]) -> str:
    written = list(parts)
    return written[0] if len(written) == 1 else f"({f' {word} '.join(written)})"


def _true(part: str) -> str:
    return f"({part}).where($this).exists()"


def _at_least(count: int, parts: list[str]) -> str:
    """Return that `count` of `parts` hold: no less if too many do not, empty if it is open."""
    held = " + ".join(f"iif({_true(part)}, 1, 0)" for part in parts)
    open_or_held = " + ".join(f"iif(({part}).not().where($this).exists(), 0, 1)" for part in parts)
    return f"(({held} >= {count}) or (({open_or_held} >= {count}) and {{}}))"
