"""The exported conditions mean the same to a FHIRPath engine as the content means to ours."""

import re
from itertools import combinations, product

import pytest
from fhirpathpy import evaluate as evaluate_fhirpath
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.content.expression import OPERATORS as CONTENT_OPERATORS
from cds_service.content.expression import State, evaluate
from cds_service.export.conditions import OPERATORS, fhirpath, none_of, only
from tests.export.reader import Exported, elements

VALUES = {State.PRESENT: True, State.ABSENT: False, State.UNKNOWN: []}
STATES = {True: State.PRESENT, False: State.ABSENT}


def ask(expression: str, **variables: object) -> State:
    """Return what a FHIRPath engine makes of `expression`; empty is unknown."""
    (*found,) = evaluate_fhirpath({}, expression, variables)
    return STATES[found[0]] if found else State.UNKNOWN


def test_every_operator_of_content_can_be_exported() -> None:
    assert set(CONTENT_OPERATORS) <= set(OPERATORS)


def test_an_operator_that_is_not_known_is_refused_not_guessed() -> None:
    with pytest.raises(ValueError, match="'most'"):
        fhirpath({"all": ["fever", {"most": ["chills", "sepsis"]}]})


findings = st.sampled_from(["fever", "night-pain", "hiv"])
expressions = st.recursive(
    findings,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        *(
            st.builds(lambda part, name=name: {name: part}, inner)
            for name in ("not", "unless", "recorded", "possible")
        ),
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(
    expression=expressions,
    states=st.tuples(*[st.sampled_from(list(State))] * 3),
    suspected=st.tuples(*[st.booleans()] * 3),
)
def test_any_expression_has_the_same_three_values(expression, states, suspected) -> None:
    state = dict(zip(("fever", "night-pain", "hiv"), states, strict=True))
    open_ = dict(zip(("fever", "night-pain", "hiv"), suspected, strict=True))
    variables = {name.replace("-", "_"): VALUES[each] for name, each in state.items()}
    variables |= {f"suspected__{name.replace('-', '_')}": each for name, each in open_.items()}
    expected = evaluate(expression, state.__getitem__, open_.__getitem__)
    assert ask(fhirpath(expression), **variables) is expected


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("states", list(product(State, repeat=3)))
def test_at_least_is_the_same_as_any_of_all_combinations(count, states) -> None:
    names = ("a", "b", "c")
    state = dict(zip(names, states, strict=True))
    expected = evaluate(
        {"any": [{"all": list(each)} for each in combinations(names, count)]}, state.__getitem__
    )
    written = fhirpath({"at-least": {"count": count, "of": list(names)}})
    assert ask(written, **{name: VALUES[each] for name, each in state.items()}) is expected


def test_an_order_without_priority_is_not_yet_urgent() -> None:
    condition = none_of("order__priority", ["stat", "asap"])
    assert ask(condition, order__priority=[]) is State.PRESENT
    assert ask(condition, order__priority="routine") is State.PRESENT
    assert ask(condition, order__priority="asap") is State.ABSENT


def test_a_rule_for_one_variant_waits_until_that_variant_alone_decides() -> None:
    condition = only("topic__variants", ["seven"])
    assert ask(condition, topic__variants=["seven"]) is State.PRESENT
    assert ask(condition, topic__variants=["seven", "six"]) is State.ABSENT
    assert ask(condition, topic__variants=[]) is State.ABSENT


def test_every_variable_of_a_condition_is_declared(exported: Exported) -> None:
    declared = {each["name"] for each in exported.get("Library", "clinical-logic")["parameter"]}
    used = {
        name
        for plan in exported.of_type("PlanDefinition").values()
        for element in elements(plan)
        if element.get("language") == "text/fhirpath"
        for name in _variables(element["expression"])
    }
    assert "fever" in used
    assert used - declared == set()


def test_every_condition_can_be_evaluated(exported: Exported) -> None:
    """With nothing known at all, every condition has one value or none."""
    nothing: dict[str, object] = {
        each["name"]: [] for each in exported.get("Library", "clinical-logic")["parameter"]
    }
    written = {
        element["expression"]
        for plan in exported.of_type("PlanDefinition").values()
        for element in elements(plan)
        if element.get("language") == "text/fhirpath"
    }
    assert len(written) > 20
    for expression in written:
        assert len(evaluate_fhirpath({}, expression, nothing)) <= 1


def _variables(expression: str) -> list[str]:
    return re.findall(r"%(\w+)", expression)
