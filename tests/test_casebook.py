"""A case that does not hold says what went otherwise, in words."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.casebook import run_case
from cds_service.content.cases import Case, CaseError, read_cases
from cds_service.content.library import Content

OFFERED = {
    "card": "add-contrast",
    "indicator": "warning",
    "accept": "mri-lumbar-spine-without-and-with-contrast",
}


@pytest.fixture
def contrast(cases: list[Case]) -> Case:
    """Return the case in which contrast is offered."""
    return next(case for case in cases if "add-contrast" in case.about and case.fires)


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ({"findings": {"hiv": "present"}}, "finding hiv: expected present, got absent"),
        ({"findings": {"nonsense": "present"}}, "finding nonsense: expected present, got no such"),
        ({"variant": "low-back-pain-1"}, "variant: expected low-back-pain-1, got low-back-pain-7"),
        ({"rating": "may-be-appropriate"}, "rating of the order: expected may-be-appropriate"),
        ({"cards": []}, "card given and not expected"),
        ({"cards": [{"card": "hold-mri-device"}]}, "card expected and not given"),
        ({"cards": [{**OFFERED, "says": ["a bone scan"]}]}, "does not say 'a bone scan'"),
        ({"cards": [{**OFFERED, "says-not": ["contrast shows"]}]}, "says 'contrast shows'"),
        ({"card": []}, "a case cannot expect 'card'"),
    ],
)
def test_what_went_otherwise_is_said(
    contrast: Case, content: Content, expect: dict[str, Any], words: str
) -> None:
    outcome = run_case(replace(contrast, expect=expect), content)
    assert not outcome.holds
    assert any(words in failure for failure in outcome.failures), outcome.failures


def test_a_case_may_say_words_of_a_card(contrast: Case, content: Content) -> None:
    words = {"says": ["Add IV contrast?", "contrast shows an abscess"], "says-not": ["bone scan"]}
    assert run_case(replace(contrast, expect={"cards": [{**OFFERED, **words}]}), content).holds


def test_a_rule_that_should_have_stayed_silent_is_named(contrast: Case, content: Content) -> None:
    outcome = run_case(replace(contrast, fires=False, expect={}), content)
    assert "add-contrast should stay silent and did not" in outcome.failures


@pytest.mark.parametrize(
    "given",
    [
        {"records": [{"conditon": "snomed-ct 1"}]},
        {"records": [{"condition": "SNOMED 1"}]},
        {"order": {"code": "MRI"}},
    ],
)
def test_a_short_form_that_is_not_understood_is_refused(given: dict[str, Any]) -> None:
    document = {
        "as-of": "2026-11-22",
        "cases": [{"name": "odd", "about": ["x"], "fires": True, "given": given, "expect": {}}],
    }
    with pytest.raises(CaseError, match="odd"):
        read_cases(document, "odd.cases.yaml")
