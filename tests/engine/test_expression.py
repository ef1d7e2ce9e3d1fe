"""Three-valued logic over findings."""

import pytest

from cds_service.content.expression import State, affirmed, evaluate, leaves
from cds_service.content.model import Expression

KNOWN = {"yes": State.PRESENT, "no": State.ABSENT, "open": State.UNKNOWN, "hint": State.UNKNOWN}


def state_of(expression: Expression) -> str:
    return evaluate(expression, KNOWN.__getitem__, lambda name: name == "hint").value


@pytest.mark.parametrize(
    ("expression", "state"),
    [
        ("yes", "present"),
        ({"all": ["yes", "yes"]}, "present"),
        ({"all": ["yes", "open"]}, "unknown"),
        ({"all": ["no", "open"]}, "absent"),
        ({"any": ["no", "open"]}, "unknown"),
        ({"any": ["yes", "open"]}, "present"),
        ({"any": ["no", "no"]}, "absent"),
        ({"not": "open"}, "unknown"),
        ({"not": "no"}, "present"),
        ({"not": {"any": ["no", "open"]}}, "unknown"),
    ],
)
def test_an_unknown_part_leaves_the_whole_unknown_unless_others_decide(
    expression: Expression, state: str
) -> None:
    assert state_of(expression) == state


def test_unless_holds_when_a_finding_is_not_present() -> None:
    assert state_of({"unless": "no"}) == "present"
    assert state_of({"unless": "open"}) == "present"
    assert state_of({"unless": "yes"}) == "absent"


def test_possible_holds_on_inconclusive_evidence_but_not_on_ignorance() -> None:
    assert state_of({"possible": {"any": ["no", "hint"]}}) == "present"
    assert state_of({"possible": "yes"}) == "present"
    assert state_of({"possible": {"any": ["no", "open"]}}) == "absent"


@pytest.mark.parametrize(
    ("count", "parts", "state"),
    [
        (2, ["yes", "yes", "no"], "present"),
        (2, ["yes", "no", "no"], "absent"),
        (2, ["yes", "open", "no"], "unknown"),
        (2, ["open", "open", "no"], "unknown"),
        (3, ["yes", "open", "no"], "absent"),
        (1, ["no", "no"], "absent"),
    ],
)
def test_at_least_holds_when_so_many_hold_and_fails_when_too_few_can(
    count: int, parts: list[str], state: str
) -> None:
    assert state_of({"at-least": {"count": count, "of": parts}}) == state


def test_the_parts_of_at_least_are_grounds() -> None:
    expression: Expression = {"at-least": {"count": 2, "of": ["a", {"not": "b"}, "c"]}}
    assert list(affirmed(expression)) == ["a", "c"]
    assert list(leaves(expression)) == ["a", "b", "c"]


def test_only_affirmed_findings_are_grounds() -> None:
    expression: Expression = {
        "all": ["a", {"not": "b"}, {"unless": {"any": ["c"]}}, {"any": ["d"]}]
    }
    assert list(affirmed(expression)) == ["a", "d"]
    assert list(leaves(expression)) == ["a", "b", "c", "d"]
    assert list(leaves(None)) == []
