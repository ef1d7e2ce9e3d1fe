"""Issues are one line that editors can follow."""

import re

import pytest

from cds_service.content.issue import RULES, Issue, issue


def test_an_issue_is_one_line_with_place_code_severity_message_and_hint():
    found = issue("a.yaml", (3, 5), "YAML004", "tab", "use blanks")
    assert str(found) == "a.yaml:3:5: YAML004 error: tab (use blanks)"


def test_an_issue_without_a_hint_has_no_brackets():
    assert str(Issue("a.yaml", 1, 1, "USE001", "warning", "unused", "")) == (
        "a.yaml:1:1: USE001 warning: unused"
    )


def test_an_issue_has_the_severity_of_its_rule():
    assert issue("a.yaml", (1, 1), "USE001", "unused").severity == "warning"


def test_an_unknown_code_cannot_be_reported():
    with pytest.raises(KeyError):
        issue("a.yaml", (1, 1), "YAML999", "nothing")


def test_issues_are_ordered_by_file_and_line():
    late, early, other = (
        Issue(path, line, 1, "USE001", "warning", "", "")
        for path, line in (("a", 10), ("a", 9), ("b", 1))
    )
    assert sorted([other, late, early]) == [early, late, other]


@pytest.mark.parametrize("code", RULES)
def test_every_code_is_explained_in_one_sentence(code):
    rule = RULES[code]
    assert re.fullmatch(r"[A-Z]+\d{3}", code)
    assert rule.meaning.endswith(".")
    assert len(rule.meaning) <= 100
