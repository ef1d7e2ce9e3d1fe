"""Each rule of content is broken in a small way, and reported at the right place and in words."""

from pathlib import Path

import pytest

from cds_service.content.check import CHECKS
from cds_service.content.issue import RULES
from cds_service.content.strict_yaml import read

BROKEN = Path(__file__).parent / "broken"
EXAMPLES = [
    pytest.param(path.stem, example, id=f"{path.stem}: {example['name']}")
    for path in sorted(BROKEN.glob("*.yaml"))
    for example in (read(path)[0] or {"examples": []})["examples"]
]


@pytest.mark.parametrize(("code", "example"), EXAMPLES)
def test_broken_content_is_reported(code, example, content):
    if example.get("base") == "empty":
        for path in list(content.directory.rglob("*.yaml")):
            path.unlink()
    for edit in example["edits"]:
        if "write" in edit:
            content.write(edit["file"], edit["write"])
        else:
            content.edit(edit["file"], edit["replace"], edit["by"])
    reports = content.reports()
    assert reports == example["reports"]
    assert all(f": {code} {RULES[code].severity}: " in report for report in reports)


def test_every_issue_code_has_a_broken_example():
    assert {path.stem for path in BROKEN.glob("*.yaml")} == set(RULES)


def test_valid_content_has_no_issues(content):
    assert content.reports() == []


def test_all_problems_are_reported_at_once_by_file_and_line(content):
    content.edit("value-sets/cancer.yaml", "status: active", "status: activ")
    content.edit("topic/findings.yaml", "from: [Condition]", "from: [Encounter]")
    content.edit("override-reasons.yaml", 'version: "1.0.0"', "version: 1.0")
    content.edit("code-map.yaml", "procedure: mri-lumbar", "procedure: mri-lumber")
    places = [report.split(": ")[:2] for report in content.reports()]
    assert [(place, code.split()[0]) for place, code in places] == [
        ("code-map.yaml:15:32", "REF005"),
        ("override-reasons.yaml:5:10", "SCHEMA007"),
        ("topic/findings.yaml:19:16", "REF011"),
        ("value-sets/cancer.yaml:4:9", "SCHEMA004"),
    ]


@pytest.mark.parametrize(
    "file",
    [
        "code-map.yaml",
        "override-reasons.yaml",
        "parameters.yaml",
        "procedures.yaml",
        "radiation-levels.yaml",
        "safety/rule.yaml",
        "topic/back-pain.cases.yaml",
        "topic/findings.yaml",
        "topic/ratings.yaml",
        "topic/recommendations.yaml",
        "topic/texts.en.yaml",
        "topic/topic.yaml",
        "topic/variants.yaml",
        "value-sets/cancer.yaml",
    ],
)
def test_one_mistake_in_a_file_does_not_make_others_look_wrong(file, content):
    content.write(file, (content.directory / file).read_text("utf-8") + "colour: blue\n")
    (report,) = content.reports()
    assert "SCHEMA002 error: unknown key 'colour'" in report


def test_twin_variants_may_share_a_precedence_when_a_finding_splits_them(content):
    split = "precedence: 1\n    split: {finding: fever, state: %s}\n"
    content.edit("topic/variants.yaml", "precedence: 1\n", split % "present")
    content.edit("topic/variants.yaml", "precedence: 2\n", split % "absent")
    assert content.reports() == []


def test_twin_variants_need_opposite_states(content):
    split = "precedence: 1\n    split: {finding: fever, state: present}\n"
    content.edit("topic/variants.yaml", "precedence: 1\n", split)
    content.edit("topic/variants.yaml", "precedence: 2\n", split)
    (report,) = content.reports()
    assert "RULE003" in report


def test_retired_content_needs_neither_cases_nor_use(content):
    retired = (content.directory / "topic/findings.yaml").read_text("utf-8")
    for old, new in (
        ("status: active", "status: retired"),
        ("id: back-pain-findings", "id: old-findings"),
        ("- id: cancer", "- id: old-cancer"),
        ("- id: fever", "- id: old-fever"),
    ):
        retired = retired.replace(old, new)
    content.write("topic/old-findings.yaml", retired)
    assert content.reports() == []


def test_texts_of_two_languages_may_have_the_same_ids(content):
    english = (content.directory / "topic/texts.en.yaml").read_text("utf-8")
    other = english.replace("language: en", "language: de").replace("-texts", "-texts-de")
    content.write("topic/texts.de.yaml", other)
    assert not any("ID007" in report for report in content.reports())
    twice = english.replace("-texts", "-texts-too")
    content.write("topic/more.en.yaml", twice)
    assert any("ID007" in report for report in content.reports())


def test_a_language_may_be_a_draft_for_as_long_as_it_is_not_complete(content):
    english = (content.directory / "topic/texts.en.yaml").read_text("utf-8")
    other = english.replace("language: en", "language: de").replace("-texts", "-texts-de")
    content.write("topic/texts.de.yaml", other.replace("status: active", "status: draft"))
    assert content.reports() == []


def test_each_rule_says_what_it_asks_for():
    assert all(rule.__doc__ and rule.__doc__.partition(": ")[2] for rule in CHECKS)
    explained = " ".join(rule.__doc__ or "" for rule in CHECKS)
    families = {code.rstrip("0123456789") for code in RULES} - {"FILE", "YAML", "SCHEMA"}
    assert all(family in explained for family in families)
