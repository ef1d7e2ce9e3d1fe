"""Every dialect gives the same advice in the shape its clients read."""

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cds_service.casebook import assess
from cds_service.content.cases import Case
from cds_service.content.library import Content
from cds_service.engine.advice import Assessment
from cds_service.hooks.dialects import DIALECTS, shape, topic_code
from cds_service.render.annotation import RATING_URL, annotate, rating_extensions, with_rating
from cds_service.render.cards import cards

GOLDEN = Path(__file__).parent / "golden"
PREFERENCE_LIST = "urn:com.epic.cdshooks.action.code.system.preference-list-item"
MAPPED = {
    "mri-lumbar-spine-without-and-with-contrast": [{"system": PREFERENCE_LIST, "code": "4711"}]
}
SHOWN = {
    "add contrast": "Breast cancer in remission, two weeks of pain and a fever yesterday",
    "hold": "The same patient with a pacemaker of unknown MR status and an MRI",
    "make it STAT": "Saddle numbness and urinary retention with a routine MRI",
    "remove the order": "Two weeks of back pain, a complete chart and no red flag",
}
"""What the golden files show, and how the name of the shipped case begins."""

Answer = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def ids() -> Callable[[], str]:
    """Return a maker of UUIDs that are the same in every run."""
    numbers = count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"


def answer(assessment: Assessment, content: Content) -> Answer:
    """Return the cards as they come to be shaped, rated and with private members, and actions."""
    new_id = ids()
    made = cards([assessment], content, new_id)
    for advice, card in zip(assessment.advice, made, strict=True):
        ordered = assessment.recognised.procedure
        offered = card.get("suggestions", [])
        targets = advice.proposal.procedures or (ordered,) * len(offered)
        for suggestion, target in zip(offered, targets, strict=True):
            (action,) = suggestion["actions"]
            if action["type"] == "update" and target:
                rating = rating_extensions(target, assessment, content, "G-TEST", None, new_id)
                action["resource"] = with_rating(action["resource"], rating)
            if advice.proposal.procedures and target and ordered:
                suggestion["procedure"] = target.id
                suggestion["drafted"] = ordered.title
    return made, annotate([assessment], content, "G-TEST", None, new_id)


@pytest.fixture(scope="module")
def answers(cases: list[Case], content: Content) -> list[tuple[Case, Answer]]:
    """Return what is to be shaped for every shipped case."""
    return [(case, answer(assess(case, content), content)) for case in cases]


def members(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every member of a response, the resources we echo back left out."""
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "resource" or not isinstance(inner, dict):
                yield from members(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from members(inner, f"{path}/{place}")


def actions(card: dict[str, Any]) -> list[dict[str, Any]]:
    return [action for s in card.get("suggestions", []) for action in s["actions"]]


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown dialect '4\.0'"):
        shape([], [], "4.0")


@pytest.mark.conformance(5, 6, 105, 127)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_advice_there_is_an_empty_list_of_cards_and_nothing_else(dialect: str) -> None:
    assert shape([], [], dialect) == {"cards": []}


@pytest.mark.conformance(246)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_shape_of_each_dialect_is_the_recorded_one(
    dialect: str, cases: list[Case], content: Content
) -> None:
    fixed = replace(content, version="golden")
    shaped = {}
    for title, beginning in SHOWN.items():
        case = next(case for case in cases if case.name.startswith(beginning))
        made, rated = answer(assess(case, fixed), fixed)
        shaped[title] = shape(made, rated, dialect, MAPPED)
    path = GOLDEN / f"{dialect}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(json.dumps(shaped, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert shaped == json.loads(path.read_text("utf-8")), "UPDATE_GOLDEN=1 rewrites the file"


@pytest.mark.conformance(4, 5, 6)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_member_is_null_or_empty_or_private(
    dialect: str, answers: list[tuple[Case, Answer]]
) -> None:
    for case, (made, rated) in answers:
        body = shape(made, rated, dialect, MAPPED)
        for path, value in members(body):
            assert value not in (None, "", [], {}) or path == "/cards", (case.name, path)
            assert not path.endswith(("/procedure", "/drafted"))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_advice_is_the_same_in_the_same_order(
    dialect: str, answers: list[tuple[Case, Answer]]
) -> None:
    for case, (made, rated) in answers:
        before = copy.deepcopy(made)
        shaped = shape(made, rated, dialect, MAPPED)["cards"]
        assert made == before, "the cards given are left as they are"
        for name in ("summary", "detail", "indicator", "links"):
            assert [c[name] for c in shaped] == [c[name] for c in made], case.name
        assert [c["source"]["label"] for c in shaped] == [c["source"]["label"] for c in made]
        if dialect != "1.0":
            reasons = [c.get("overrideReasons") for c in made]
            assert [c.get("overrideReasons") for c in shaped] == reasons
            assert [c["uuid"] for c in shaped] == [c["uuid"] for c in made]
            code: Callable[[str], str] = topic_code if dialect == "epic" else str
            codes = [code(c["source"]["topic"]["code"]) for c in made]
            assert [c["source"]["topic"]["code"] for c in shaped] == codes
        for card, given in zip(shaped, made, strict=True):
            kept = [s["uuid"] for s in given.get("suggestions", [])]
            labels = [s["label"] for s in given.get("suggestions", [])]
            assert [s["uuid"] for s in card.get("suggestions", [])][: len(kept)] == kept
            assert [s["label"] for s in card.get("suggestions", [])][: len(kept)] == labels


@pytest.mark.conformance(124, 125, 126, 127, 134)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_selection_behaviour_is_one_the_dialect_has(
    dialect: str, answers: list[tuple[Case, Answer]]
) -> None:
    wanted = "any" if dialect == "epic" else "at-most-one"
    for case, (made, rated) in answers:
        for card in shape(made, rated, dialect, MAPPED)["cards"]:
            assert ("suggestions" in card) is ("selectionBehavior" in card)
            assert card.get("selectionBehavior", wanted) == wanted
            if wanted == "at-most-one":
                marked = [s for s in card.get("suggestions", []) if s.get("isRecommended")]
                assert len(marked) <= 1, case.name


@pytest.mark.conformance(142, 143, 144, 145, 146, 147)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_actions_name_the_drafted_order_as_the_dialect_does(
    dialect: str, answers: list[tuple[Case, Answer]]
) -> None:
    for case, (made, rated) in answers:
        target = f"ServiceRequest/{case.order['id']}"
        for action in (a for c in shape(made, rated, dialect, MAPPED)["cards"] for a in actions(c)):
            assert action["description"]
            if action["type"] == "delete":
                name = "resource" if dialect == "1.0" else "resourceId"
                assert action.keys() == {"type", "description", name}
                assert action[name] == target
            elif action["type"] == "update":
                assert action["resource"]["id"] == case.order["id"]
            else:
                assert (dialect, action["type"]) == ("epic", "create")
                assert action["resource"]["subject"] == case.order["subject"]


@pytest.mark.conformance(138)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_experimental_is_sent(dialect: str, answers: list[tuple[Case, Answer]]) -> None:
    for _, (made, rated) in answers:
        names = {path.rpartition("/")[2] for path, _ in members(shape(made, rated, dialect))}
        assert not names & {"actionSelectionBehavior", "autolaunchable", "icon"}


@pytest.mark.conformance(107)
def test_version_1_0_has_only_the_members_of_1_0(answers: list[tuple[Case, Answer]]) -> None:
    for _, (made, rated) in answers:
        body = shape(made, rated, "1.0", MAPPED)
        assert body.keys() <= {"cards", "extension"}
        for card in body["cards"]:
            assert card.keys() <= {
                "summary",
                "detail",
                "indicator",
                "source",
                "suggestions",
                "selectionBehavior",
                "links",
            }
            assert card["source"].keys() == {"label", "url"}
            for suggestion in card.get("suggestions", []):
                assert suggestion.keys() == {"label", "uuid", "actions"}
        assert all(
            action.keys() == {"type", "description", "resource"}
            for card in body["cards"]
            for action in actions(card)
        )


@pytest.mark.conformance(106, 159, 160, 166, 238)
@pytest.mark.parametrize(
    ("dialect", "root", "mirrored"),
    [
        ("2.0", True, False),
        ("3.0", True, False),
        ("epic", True, False),
        ("sandbox", True, True),
        ("1.0", False, True),
    ],
)
def test_system_actions_stand_where_the_dialect_has_them(
    dialect: str, root: bool, mirrored: bool, answers: list[tuple[Case, Answer]]
) -> None:
    rated_cases = [rated for _, (_, rated) in answers if rated]
    assert rated_cases
    for rated in rated_cases:
        body = shape([], rated, dialect)
        assert body.get("systemActions", []) == (rated if root else [])
        assert ("extension" in body) is mirrored
        if mirrored:
            assert body["extension"] == {"systemActions": rated}
        assert all(action["description"] for action in rated)


@pytest.mark.conformance(111, 132, 139)
def test_epic_gets_one_self_sufficient_action_per_suggestion(
    answers: list[tuple[Case, Answer]],
) -> None:
    for case, (made, rated) in answers:
        for card in shape(made, rated, "epic", MAPPED)["cards"]:
            offered = card.get("suggestions", [])
            assert all(len(suggestion["actions"]) == 1 for suggestion in offered), case.name
            assert len({action["description"] for action in actions(card)}) == len(offered)
            assert len({UUID(suggestion["uuid"]) for suggestion in offered}) == len(offered)


def test_epic_gets_a_mapped_alternative_as_a_new_order_and_a_removal(
    answers: list[tuple[Case, Answer]],
) -> None:
    made, rated = next(a for case, a in answers if case.name.startswith(SHOWN["add contrast"]))
    (card,) = shape(made, rated, "epic", MAPPED)["cards"]
    create, delete = card["suggestions"]
    assert create["isRecommended"] is delete["isRecommended"] is True
    assert create["label"] == made[0]["suggestions"][0]["label"]
    assert create["actions"] == [
        {
            "type": "create",
            "description": "Order MRI lumbar spine without and with IV contrast"
            " instead of MRI lumbar spine without IV contrast",
            "resource": {
                "resourceType": "ServiceRequest",
                "status": "draft",
                "intent": "proposal",
                "code": {"coding": [{"system": PREFERENCE_LIST, "code": "4711"}]},
                "subject": {"reference": "Patient/case-patient"},
            },
        }
    ]
    assert delete["label"] == "Remove the order for MRI lumbar spine without IV contrast"
    assert delete["actions"] == [
        {
            "type": "delete",
            "description": "Remove the order for MRI lumbar spine without IV contrast",
            "resourceId": "ServiceRequest/case-order",
        }
    ]


def test_epic_keeps_the_update_for_what_the_site_does_not_map(
    answers: list[tuple[Case, Answer]],
) -> None:
    for _, (made, rated) in answers:
        for card in shape(made, rated, "epic", {})["cards"]:
            assert {action["type"] for action in actions(card)} <= {"update", "delete"}


def test_epic_removes_the_draft_once_however_many_alternatives_are_mapped() -> None:
    draft = {"resourceType": "ServiceRequest", "id": "x" * 194, "code": {"text": "Study"}}
    update = {"type": "update", "description": "Change", "resource": draft}
    offered: list[dict[str, Any]] = [
        {"label": name, "uuid": f"u-{name}", "procedure": name, "actions": [update]}
        for name in ("a", "b", "unmapped")
    ]
    offered[1]["isRecommended"] = True
    card = {"source": {"label": "S"}, "suggestions": offered}
    codes = {name: [{"code": name}] for name in ("a", "b")}
    (shaped,) = shape([card], [], "epic", codes)["cards"]
    types = [action["type"] for action in actions(shaped)]
    assert types == ["create", "create", "update", "delete"]
    assert shaped["suggestions"][-1]["isRecommended"] is True
    assert actions(shaped)[0]["description"] == "Order Study"
    assert actions(shaped)[-1]["resourceId"] == f"ServiceRequest/{'x' * 194}"


@pytest.mark.conformance(123)
def test_topic_codes_for_epic_are_plain_fixed_and_all_different(content: Content) -> None:
    codes = {card_id: topic_code(card_id) for card_id in content.texts}
    assert codes["add-contrast"] == "addcontrast"
    assert all(re.fullmatch("[A-Za-z0-9]{1,100}", code) for code in codes.values())
    assert len(set(codes.values())) == len(codes)
    assert topic_code("é" + "a-" * 200) == "a" * 100


@pytest.mark.conformance(243)
def test_the_sandbox_can_apply_every_suggested_order_that_is_rated(
    answers: list[tuple[Case, Answer]],
) -> None:
    applicable = 0
    for case, (made, rated) in answers:
        for action in (a for c in shape(made, rated, "sandbox")["cards"] for a in actions(c)):
            if action["type"] != "update":
                continue
            order = action["resource"]
            assert isinstance(order["reasonCode"], list), case.name
            assert order["code"]["coding"][0]["code"], case.name
            reasons = case.order.get("reasonCode", [])
            assert order["reasonCode"] == reasons, "no reason is made up or changed"
            applicable += any(e["url"] == RATING_URL for e in order.get("extension", []))
    assert applicable
