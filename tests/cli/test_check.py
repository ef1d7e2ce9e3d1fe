import re

import pytest

from cds_service.content.issue import RULES

from .conftest import SMALL_CONTENT

ISSUE_LINE = re.compile(r"[^:]+:\d+:\d+: [A-Z]+\d{3} (error|warning): .+")


def test_content_without_problems_is_summed_up_in_one_line(call):
    ran = call("check", SMALL_CONTENT)
    assert ran.code == 0
    assert re.fullmatch(r"0 errors, 0 warnings in \d+ documents\n", ran.out)


def test_without_a_directory_the_shipped_content_is_checked(call):
    ran = call("check")
    assert ran.out.splitlines()[-1].startswith("0 errors")
    assert ran.code == 0


def test_without_a_directory_the_content_of_the_settings_is_checked(call, monkeypatch, small):
    (small / "broken.yaml").write_text("kind: nothing\n", encoding="utf-8")
    monkeypatch.setenv("CDS_CARDS_DIR", str(small))
    assert "broken.yaml:1:7: SCHEMA001 error" in call("check").out


def test_every_problem_is_printed_with_its_place_and_errors_fail(call, small):
    (small / "one.yaml").write_text("kind: value-sett\n", encoding="utf-8")
    (small / "two.yml").write_text("kind: findings\n", encoding="utf-8")
    ran = call("check", small)
    *lines, last = ran.out.splitlines()
    assert ran.code == 1
    assert all(ISSUE_LINE.fullmatch(line) for line in lines)
    assert [line.split(":")[0] for line in lines] == ["one.yaml", "two.yml"]
    assert last.startswith("2 errors, 0 warnings in ")


def test_an_empty_directory_is_an_error(call, tmp_path):
    ran = call("check", tmp_path)
    assert ran.code == 1
    assert "FILE002" in ran.out


def test_a_missing_directory_is_said_in_words(call, tmp_path):
    ran = call("check", tmp_path / "none")
    assert ran.code == 2
    assert "is missing" in ran.err


@pytest.mark.parametrize("code", ["CODE003", "code003"])
def test_what_an_issue_code_means_is_explained(call, code):
    ran = call("check", "--explain", code)
    assert (ran.code, ran.out) == (0, f"CODE003 (error): {RULES['CODE003'].meaning}\n")


def test_an_unknown_issue_code_is_answered_with_those_there_are(call):
    ran = call("check", "--explain", "CODE999")
    assert ran.code == 1
    assert "There is no issue code CODE999" in ran.err
    assert "CODE003" in ran.err


def test_problems_as_json_carry_place_code_and_hint(call, small):
    (small / "one.yaml").write_text("kind: value-sett\n", encoding="utf-8")
    ran = call("check", small, "--json")
    assert ran.code == 1
    assert ran.json["errors"] == 1
    (issue,) = ran.json["issues"]
    assert (issue["path"], issue["line"], issue["code"]) == ("one.yaml", 1, "SCHEMA001")
    assert issue["severity"] == "error"
    assert issue["hint"]
