"""Every card of every shipped case keeps the rules of CDS Hooks 2.0.1 and of this project."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_service.casebook import assess
from cds_service.content.cases import Case
from cds_service.content.checks.wording import PLACEHOLDERS
from cds_service.content.compile import compile_content
from cds_service.content.library import Content
from cds_service.content.load import Loaded
from cds_service.content.template import template
from cds_service.hooks.dialects import DIALECTS, shape
from cds_service.render.annotation import annotate
from cds_service.render.cards import cards
from cds_service.render.text import _paragraphs
from cds_service.render.words import placeholders
from tests.hook_request import BACK_PAIN, BREAST_CANCER, SELECT, order, request, resources


@pytest.fixture(scope="module")
def shown(cases: list[Case], content: Content) -> list[tuple[Case, dict[str, Any]]]:
    """Return every card of every shipped case."""
    return [
        (case, card)
        for case in cases
        for card in cards([assess(case, content)], content, lambda: str(uuid4()))
    ]


def members(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every member of a card, the resources we echo back left out."""
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "resource":
                yield from members(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from members(inner, f"{path}/{place}")


def test_no_member_is_null_or_empty(shown: list[tuple[Case, dict[str, Any]]]) -> None:
    for case, card in shown:
        for path, value in members(card):
            assert value not in (None, "", [], {}), (case.name, path)


def test_a_summary_is_one_line_below_140_characters(
    shown: list[tuple[Case, dict[str, Any]]],
) -> None:
    for case, card in shown:
        assert 0 < len(card["summary"]) < 140, case.name
        assert "\n" not in card["summary"]
        assert "{" not in card["summary"] + card["detail"], case.name


def test_suggestions_come_with_a_selection_behaviour_and_one_recommendation(
    shown: list[tuple[Case, dict[str, Any]]],
) -> None:
    for case, card in shown:
        if "suggestions" not in card:
            assert "selectionBehavior" not in card
            continue
        assert card["selectionBehavior"] == "at-most-one"
        assert sum(s.get("isRecommended", False) for s in card["suggestions"]) == 1, case.name
        for suggestion in card["suggestions"]:
            (action,) = suggestion["actions"]
            assert action["description"]
            if action["type"] == "update":
                assert action["resource"]["id"] == case.order["id"]
            else:
                assert action == {**action, "type": "delete"}
                assert "resource" not in action


def test_every_card_and_suggestion_has_its_own_uuid(
    shown: list[tuple[Case, dict[str, Any]]],
) -> None:
    ids = [card["uuid"] for _, card in shown]
    ids += [s["uuid"] for _, card in shown for s in card.get("suggestions", [])]
    assert len(ids) == len(set(ids))
    assert all(UUID(each) for each in ids)


def test_override_reasons_are_complete_and_unlike_each_other(
    shown: list[tuple[Case, dict[str, Any]]],
) -> None:
    for case, card in shown:
        reasons = card["overrideReasons"]
        assert all(r["code"] and r["system"] and r["display"] for r in reasons)
        assert len({r["code"] for r in reasons}) == len(reasons), case.name


def test_links_and_sources_are_absolute_addresses(
    shown: list[tuple[Case, dict[str, Any]]],
) -> None:
    for _, card in shown:
        assert re.match(r"https?://[^/]+", card["source"]["url"])
        assert all(re.match(r"https?://[^/]+", link["url"]) for link in card["links"])


def test_no_card_calls_anything_safe_or_clear(shown: list[tuple[Case, dict[str, Any]]]) -> None:
    for case, card in shown:
        words = f"{card['summary']} {card['detail']}".lower()
        for claim in ("is safe", "no contraindication", "all clear", "rules out", "no risk of"):
            assert claim not in words, (case.name, claim)


def test_an_inferred_rating_is_never_given_as_the_guidelines(content: Content) -> None:
    inferred = [
        (variant, name)
        for topic in content.topics
        for variant, rows in topic.tables.items()
        for name, row in rows.items()
        if row.seen_in == "inferred"
    ]
    assert inferred, "the shipped tables hold inferred ratings"


def test_findings_with_the_same_proof_share_a_line_and_others_do_not(service: Any) -> None:
    fever = {"observation": "loinc 8310-5", "text": "Temperature", "value": "38.6 Cel",
             "date": "2026-11-21T08:00:00Z"}  # fmt: skip
    chart = resources(BREAST_CANCER, BACK_PAIN, fever)
    (card,) = service.post(SELECT, json=request(order("loinc 30679-5"), chart)).get_json()["cards"]
    record = card["detail"].partition("**On record:**\n")[2].partition("\n\n")[0]
    assert record.splitlines() == [
        "- History of cancer; cancer that often spreads to the spine:"
        " Malignant neoplasm of breast, 2019-03-01",
        "- Fever: Temperature, 38.6 °C, 2026-11-21",
    ]


def test_hostile_chart_text_arrives_inert(service: Any) -> None:
    hostile = {**BREAST_CANCER, "text": "<img src=x onerror=alert(1)> [x](javascript:y)"}
    body = request(order(), resources(hostile, BACK_PAIN))
    (card,) = service.post(SELECT, json=body).get_json()["cards"]
    assert "<img" not in card["detail"]
    assert r"\[x\]" in card["detail"]
    assert "onerror" not in card["summary"]


def test_every_suggested_order_is_valid_fhir(shown: list[tuple[Case, dict[str, Any]]]) -> None:
    checked = 0
    for case, card in shown:
        for suggestion in card.get("suggestions", []):
            (action,) = suggestion["actions"]
            if action["type"] == "update" and case.order["resourceType"] == "ServiceRequest":
                ServiceRequest.model_validate(action["resource"])
                checked += 1
    assert checked


def marked(value: Any, mark: str) -> Any:
    """Return a part of a chart or order with `mark` behind every text a person wrote."""
    if isinstance(value, dict):
        written = ("text", "display", "title", "valueString")
        return {
            name: f"{inner} {mark}"
            if name in written and isinstance(inner, str)
            else marked(inner, mark)
            for name, inner in value.items()
        }
    return [marked(each, mark) for each in value] if isinstance(value, list) else value


def test_nothing_of_a_chart_is_kept_between_requests(cases: list[Case], loaded: Loaded) -> None:
    content = compile_content(loaded.documents.values(), "0")
    seen, taken_apart = 0, []
    for mark in ("kestrel-one", "kestrel-two"):
        for case in cases:
            chart = tuple(marked(list(case.resources), mark))
            other = replace(case, resources=chart, order=marked(case.order, mark))
            assessment = assess(other, content)
            made = cards([assessment], content, lambda: str(uuid4()))
            seen += sum(mark in card["detail"] for card in made)
        taken_apart.append(template.cache_info().misses + _paragraphs.cache_info().misses)
    assert seen > 100
    assert taken_apart[0] == taken_apart[1], "no text of a chart is taken for a template"
    assert "kestrel" not in repr(content.memory)
    assert any(key[0] == "frame" for key in content.memory)


def test_what_cards_of_a_rule_share_is_the_same_after_an_answer(
    cases: list[Case], content: Content
) -> None:
    for case in cases:
        assessment = assess(case, content)
        made = cards([assessment], content, lambda: "id")
        said = json.dumps(made)
        for dialect in DIALECTS:
            shape(made, annotate([assessment], content, "G", None, lambda: "id"), dialect)
        again = cards([assessment], content, lambda: "id")
        assert json.dumps(made) == json.dumps(again) == said, case.name


def test_every_placeholder_has_something_that_fills_it(cases: list[Case], content: Content) -> None:
    assessment = next(found for case in cases if (found := assess(case, content)).advice)
    filled = placeholders(sorted(PLACEHOLDERS), assessment.advice[0], assessment, content)
    assert filled.keys() == PLACEHOLDERS
    assert all(isinstance(each, str) for each in filled.values())


def test_a_placeholder_that_is_not_known_says_nothing(cases: list[Case], content: Content) -> None:
    assessment = next(found for case in cases if (found := assess(case, content)).advice)
    assert placeholders(["no-such"], assessment.advice[0], assessment, content) == {}
