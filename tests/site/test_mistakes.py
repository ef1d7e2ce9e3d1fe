"""Every mistake in a site file is told with its place, and stops the start."""

from pathlib import Path

import pytest

from cds_service.cli import config
from cds_service.cli.startup import ContentRefused
from cds_service.site.problems import SITE_RULES

MRI = "mri-lumbar-spine-without-contrast"
WITH = "mri-lumbar-spine-without-and-with-contrast"

MISTAKES = {
    "an unknown key": ("colour: blue\n", ["1:1 SCHEMA002"]),
    "a list instead of keys": ("- language\n", ["1:1 SCHEMA005"]),
    "a key twice": ("language: en\nlanguage: en\n", ["2:1 YAML005"]),
    "an empty file": ("", ["1:1 YAML002"]),
    "a code as a number": (
        f"orders:\n  - {{code: 77001, procedure: {MRI}}}\n",
        ["2:12 SCHEMA007"],
    ),
    "a cap that is no indicator": (
        "cards:\n  indicator-caps:\n    add-contrast: loud\n",
        ["3:19 SCHEMA004"],
    ),
    "too many cards": ("cards: {most-per-order: 21}\n", ["1:25 SCHEMA008"]),
    "a language without texts": ("language: fr\n", ["1:11 SITE002"]),
    "a parameter that does not exist": (
        "parameters:\n  feever-window: P7D\n",
        ["2:3 REF002"],
    ),
    "a temperature in degrees Fahrenheit": (
        'parameters: {fever-temperature: "100.4", sepsis-temperature-low: 96.8}\n',
        ["1:33 SITE016", "1:66 SITE016"],
    ),
    "a concentration in another unit": (
        'parameters: {crp-threshold: "1"}\n',
        ["1:29 SITE016"],
    ),
    "a threshold of the site in the shipped unit": (
        'parameters: {fever-temperature: "38.5", crp-threshold: 20, fever-window: P90D}\n',
        [],
    ),
    "a card that does not exist": ("cards: {switched-off: [add-contrst]}\n", ["1:24 REF006"]),
    "a cap for a card that does not exist": (
        "cards: {indicator-caps: {add-contrst: info}}\n",
        ["1:26 REF006"],
    ),
    "a rule that does not exist": (
        "rules: {switched-off: [mri-cardiac-device.conditionl]}\n",
        ["1:24 SITE003"],
    ),
    "a rule switched off and on": (
        "rules: {switched-off: [add-contrast], switched-on: [add-contrast]}\n",
        ["1:53 SITE008", "1:53 SITE009"],
    ),
    "a rule switched on that is on": (
        "rules: {switched-on: [add-contrast]}\n",
        ["1:23 SITE009"],
    ),
    "a procedure that does not exist": (
        'orders:\n  - {code: "X1", procedure: mri-lumber}\n',
        ["2:29 REF005"],
    ),
    "a code with two meanings": (
        f'orders:\n  - {{code: "X1", procedure: {MRI}}}\n  - {{code: "X1", procedure: {WITH}}}\n',
        ["3:12 SITE004"],
    ),
    "a code of blanks": (
        f'orders:\n  - {{code: " ", procedure: {MRI}}}\n',
        ["2:12 SCHEMA006"],
    ),
    "a code of blanks for suggestions": (
        f'suggestions: [{{procedure: {WITH}, code: {{code: " "}}}}]\n',
        ["1:84 SCHEMA006"],
    ),
    "a row twice": (
        f'orders:\n  - {{code: "X1", procedure: {MRI}}}\n  - {{code: "X1", procedure: {MRI}}}\n',
        ["3:12 SITE005"],
    ),
    "a standard code that says so already": (
        f'orders: [{{system: loinc, code: "30679-5", procedure: {MRI}}}]\n',
        ["1:32 SITE005"],
    ),
    "a standard code with another meaning": (
        f'orders: [{{system: "http://loinc.org", code: "30679-5", procedure: {WITH}}}]\n',
        ["1:45 SITE013"],
    ),
    "a standard name with another meaning": (
        f'orders: [{{system: text, code: "MRI lumbar spine without IV contrast",'
        f" procedure: {WITH}}}]\n",
        ["1:31 SITE013"],
    ),
    "a standard code that says less": (
        f'orders: [{{system: loinc, code: "24968-0", procedure: {MRI}}}]\n',
        ["1:32 SITE006"],
    ),
    "a local code that is a standard code for something else": (
        f'orders: [{{system: "urn:oid:1.2.3", code: "24967-2", procedure: {MRI}}}]\n',
        ["1:42 SITE006"],
    ),
    "a mistyped LOINC code": (
        f'orders: [{{system: loinc, code: "30679-6", procedure: {MRI}}}]\n',
        ["1:32 CODE004"],
    ),
    "a mistyped code system": (
        f'orders: [{{system: LOINC, code: "30679-5", procedure: {MRI}}}]\n',
        ["1:19 CODE008"],
    ),
    "a suggestion that the orders contradict": (
        f'orders: [{{code: "X1", procedure: {MRI}}}]\n'
        f'suggestions: [{{procedure: {WITH}, code: {{code: "X1"}}}}]\n',
        ["2:84 SITE004"],
    ),
    "a suggestion as a text": (
        f'suggestions: [{{procedure: {WITH}, code: {{system: text, code: "MR"}}}}]\n',
        ["1:86 CODE008"],
    ),
    "a suggestion that no rule makes": (
        'suggestions: [{procedure: radiography-chest, code: {code: "X1"}}]\n',
        ["1:27 SITE009"],
    ),
    "a link for nothing": (
        'links: [{label: "Ours", url: "https://intranet.example/"}]\n',
        ["1:9 SITE011"],
    ),
    "a link for a topic that does not exist": (
        'links: [{topic: low-back, label: "Ours", url: "https://intranet.example/"}]\n',
        ["1:17 REF009"],
    ),
    "a link that is no address": (
        'links: [{topic: low-back-pain, label: "Ours", url: "intranet"}]\n',
        ["1:52 SCHEMA006"],
    ),
    "a reason that does not exist": (
        "cards: {override-reasons: {add-contrast: [because]}}\n",
        ["1:43 REF007"],
    ),
    "a reason that no card offers": (
        'override-reasons: [{code: because, display: "Because"}]\n',
        ["1:27 SITE009"],
    ),
    "a reason that its only card offers no more": (
        "cards: {override-reasons: {add-contrast: [contrast-declined]}}\n"
        'override-reasons: [{code: recent-contrast-study, display: "Imaged with contrast"}]\n',
        ["2:27 SITE009"],
    ),
    "a value set that does not exist": (
        'value-sets: {fevers: [{system: "urn:x", code: "F", label: "Fever"}]}\n',
        ["1:14 REF001"],
    ),
    "a code that the value set has": (
        'value-sets: {fever: [{system: icd-10-cm, code: "R50.9", label: "Fever"}]}\n',
        ["1:48 SITE012"],
    ),
    "a code that the value set has, as one of the WHO": (
        'value-sets: {fever: [{system: icd-10, code: "R50.9", label: "Fever"}]}\n',
        ["1:45 SITE012"],
    ),
    "a code that the value set excludes": (
        'value-sets: {fever: [{system: icd-10-cm, code: "R50.84", label: "Fever"}]}\n',
        ["1:48 SITE012"],
    ),
    "a role that takes codes away": (
        'value-sets: {fever: [{system: "urn:x", code: "F", label: "Fever", role: exclude}]}\n',
        ["1:73 SCHEMA004"],
    ),
    "a table that is not there": ("orders-file: none.csv\n", ["1:14 SITE001"]),
    "expansions that are not there": ("expansions: [none.yaml]\n", ["1:14 SITE001"]),
    "a card about serious harm that is switched off": (
        "cards: {switched-off: [hold-mri-lead]}\n",
        ["1:24 SITE015"],
    ),
    "a cap that lowers nothing": (
        "cards: {indicator-caps: {add-contrast: critical}}\n",
        ["1:40 SITE009"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_at_its_place(issues, text, expected):
    assert [f"{each.line}:{each.column} {each.code}" for each in issues(text)] == expected


@pytest.mark.parametrize(
    "value",
    [
        "adult-age: P18Y",
        "adult-age: -1",
        "adult-age: NaN",
        "adult-age: 1E10",
        "adult-age: true",
        "adult-age: [18]",
        "adult-age:",
        "fever-window: 14",
        "fever-window: fortnight",
        "fever-window: P99999Y",
        "fever-window: P9999999D",
    ],
)
def test_a_value_of_the_wrong_kind_is_a_mistake(places, value):
    assert [(each.line, each.code) for each in places(f"parameters:\n  {value}\n")] == [
        (2, "PARAM006")
    ]


def test_a_mistake_is_one_line_with_path_place_code_and_the_nearest_names(issues, tmp_path):
    (found,) = issues("rules:\n  switched-off: [add-contrst]\n")
    assert str(found) == (
        f"{tmp_path / 'site.yaml'}:2:18: SITE003 error: there is no rule 'add-contrst'"
        " (Did you mean 'add-contrast' or 'iodinated-contrast' or 'gadolinium-contrast'?)"
    )


def test_an_empty_file_says_what_to_do(issues):
    (said,) = issues("# everything is a comment\n")
    assert "name no site file: then everything is as shipped" in str(said)


def test_all_mistakes_are_told_at_once(places):
    text = "parameters:\n  nothing: 1\n  adult-age: old\ncards: {switched-off: [none-such]}\n"
    assert [each.line for each in places(text)] == [2, 3, 4]


def test_errors_stop_the_start_and_warnings_are_kept(opened):
    with pytest.raises(ContentRefused):
        opened("parameters: {nothing: 1}\n")
    kept = opened("cards: {indicator-caps: {hold-mri-lead: warning}}\n")
    assert [each.code for each in kept.remarks] == ["SITE015"]


def test_switching_everything_off_is_said(places, content):
    names = {rule.card for topic in content.topics for rule in topic.recommendations}
    names |= {s.card for rule in content.safety_rules for s in rule.states if s.card}
    found = places(f"cards: {{switched-off: [{', '.join(sorted(names))}]}}\n")
    assert "SITE007" in {each.code for each in found}
    found = places(f"cards: {{switched-off: [{', '.join(sorted(names - {'add-contrast'}))}]}}\n")
    assert "SITE007" not in {each.code for each in found}


def test_the_example_is_as_it_should_be(places):
    assert places(config.example()) == []


def test_every_problem_of_a_site_file_is_tried_here_or_beside():
    tried = {code.split()[1] for _, expected in MISTAKES.values() for code in expected}
    beside = Path(__file__).parent.glob("test_*.py")
    elsewhere = "".join(path.read_text(encoding="utf-8") for path in beside)
    missing = [code for code in SITE_RULES if code not in tried and f'{code}"' not in elsewhere]
    assert missing == []
