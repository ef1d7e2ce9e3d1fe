"""``imaging-advisor coverage``: all that the content holds, each once, and counted anew here."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cds_service.cli.coveragepage import page
from cds_service.cli.markdown import escaped, folded, link, table
from cds_service.content.coverage.report import coverage
from cds_service.content.load import Loaded
from cds_service.text.patterns import parse
from tests.conftest import CARDS

MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def written() -> list[dict[str, Any]]:
    """The shipped files as they stand, read by nothing of ours."""
    paths = sorted(path for path in CARDS.rglob("*.yaml") if "schemas" not in path.parts)
    return [yaml.load(path.read_text("utf-8"), yaml.CSafeLoader) for path in paths]


@pytest.fixture(scope="module")
def found(loaded: Loaded) -> Any:
    return coverage(loaded)


@pytest.fixture(scope="module")
def shown(found) -> str:
    return page(found)


def of_kind(written: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    return (each for each in written if each["kind"] == kind and each["status"] == "active")


def parts(written: list[dict[str, Any]], kind: str, key: str) -> list[dict[str, Any]]:
    return [part for each in of_kind(written, kind) for part in each[key]]


def cases(written: list[dict[str, Any]], about: str) -> list[dict[str, Any]]:
    everything = [case for each in written if each["kind"] == "cases" for case in each["cases"]]
    return [case for case in everything if about in case["about"]]


def section(shown: str, heading: str) -> str:
    return shown.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows_of(text: str) -> Counter[str]:
    """Return how many rows of tables in `text` begin with each id."""
    return Counter(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def test_every_rule_and_variant_is_there_once(found, written, shown):
    states = {
        f"{rule['id']}.{state['id']}"
        for rule in of_kind(written, "safety-rule")
        for state in rule["states"]
    }
    recommended = {each["id"] for each in parts(written, "recommendations", "recommendations")}
    variants = {each["id"] for each in parts(written, "variants", "variants")}
    assert Counter(row.id for row in found.safety_states) == Counter(states)
    assert Counter(row.id for row in found.recommendations) == Counter(recommended)
    assert Counter(row.id for row in found.variants) == Counter(variants)
    assert rows_of(section(shown, "Rules")) == Counter(states | recommended | variants)


def test_every_finding_parameter_and_value_set_is_there_once(found, written, shown):
    for heading, rows, ids in (
        ("Findings", found.findings, parts(written, "findings", "findings")),
        ("Parameters", found.parameters, parts(written, "parameters", "parameters")),
        ("Value sets", found.value_sets, [x for x in written if x["kind"] == "value-set"]),
    ):
        wanted = Counter(each["id"] for each in ids)
        assert Counter(row.id for row in rows) == wanted
        assert rows_of(section(shown, heading)) == wanted


def test_every_rating_is_there_once_with_where_it_was_seen(found, written, shown):
    wanted = [
        (table["variant"], procedure, row["rating"], row["seen-in"], len(row["sources"]))
        for table in parts(written, "ratings", "tables")
        for row in table["rows"]
        for procedure in row["procedures"]
    ]
    assert len(set(wanted)) == len(wanted) > 0
    assert Counter(
        (row.variant, row.procedure, row.rating, row.seen_in, len(row.sources))
        for row in found.ratings
    ) == Counter(wanted)
    assert rows_of(section(shown, "Ratings")) == Counter(name for _, name, *_ in wanted)
    by_seen = {name: n for name, n in found.totals.items() if name.startswith("ratings, ")}
    assert by_seen == Counter(f"ratings, {seen}" for *_, seen, _ in wanted)


def test_every_procedure_is_in_one_group(found, written):
    wanted = Counter(each["id"] for each in parts(written, "procedures", "procedures"))
    assert Counter(name for group in found.procedures for name in group.procedures) == wanted
    codes = {
        (code["system"], code["code"])
        for each in parts(written, "procedures", "procedures")
        for code in each.get("codes", ())
    } | {
        (each["system"], code["code"])
        for each in of_kind(written, "code-map")
        for code in each["codes"]
    }
    assert sum(count.codes for group in found.procedures for count in group.codes) == len(codes)


def test_cases_are_counted_by_what_they_are_about(found, written):
    rows = (*found.safety_states, *found.recommendations, *found.variants, *found.findings)
    for row in rows:
        about = cases(written, row.id)
        counted = (row.cases.fires, row.cases.near_misses, row.cases.missing_source)
        assert counted == (
            sum(case["fires"] for case in about),
            sum(not case["fires"] for case in about),
            sum(bool(case["given"].get("missing")) for case in about),
        ), row.id
    assert found.totals["cases"] == sum(
        len(each["cases"]) for each in written if each["kind"] == "cases"
    )


def test_codes_of_a_finding_are_those_of_its_value_sets_without_the_excluded(found, written):
    sets = {each["id"]: each for each in of_kind(written, "value-set")}
    written_as = {each["id"]: each for each in parts(written, "findings", "findings")}
    for row in found.findings:
        names = {
            name
            for clause in written_as[row.id]["evidence"]
            for name in (*clause.get("value-sets", ()), *clause.get("asked-as", ()))
        }
        codes = {
            (group["system"], concept["code"])
            for name in names
            for group in sets[name].get("concepts", ())
            for concept in group["codes"]
            if concept.get("role") != "exclude"
        }
        wanted = Counter(system for system, _ in codes)
        assert {count.system: count.codes for count in row.codes} == wanted, row.id
        phrases = {
            phrase
            for name in names
            for key in ("phrases", "suggestive-phrases")
            for phrase in sets[name].get(key, ())
        }
        assert row.text.phrases == len(phrases), row.id


def test_numbers_come_with_their_parameter(call, small):
    (fever,) = [
        row for row in call("coverage", "--json", small).json["findings"] if row["id"] == "fever"
    ]
    assert fever["thresholds"] == [
        {
            "use": "above",
            "parameter": "fever-temperature",
            "value": "38.0",
            "unit": "Cel",
            "basis": "local-default",
        }
    ]
    assert [each["parameter"] for each in fever["windows"]] == ["fever-window"]
    assert fever["cases"] == {"fires": 1, "nearMisses": 1, "missingSource": 1}


def test_a_block_is_one_code_that_stands_for_more(call, small):
    (cancer,) = [
        row for row in call("coverage", "--json", small).json["findings"] if row["id"] == "cancer"
    ]
    assert cancer["codes"] == [
        {"system": "icd-10-cm", "codes": 2, "withAllBelow": 1},
        {"system": "snomed-ct", "codes": 1, "withAllBelow": 0},
    ]


def test_gaps_are_what_is_missing(call, small):
    drafted = small / "value-sets" / "cancer.yaml"
    text = drafted.read_text("utf-8")
    draft = text.replace("id: cancer", "id: tumour", 1).replace(
        "status: active", "status: draft", 1
    )
    (small / "value-sets" / "tumour.yaml").write_text(draft, encoding="utf-8")
    codes = small / "procedures.yaml"
    without = codes.read_text("utf-8").replace(
        '{system: loinc, code: "30620-9", source: list}',
        '{system: radlex, code: "RPID27", source: list}',
    )
    codes.write_text(without, encoding="utf-8")
    ran = call("coverage", "--json", small)
    assert ran.code == 0, ran.err
    assert {gap["id"]: gap["found"] for gap in ran.json["gaps"]} == {
        "text-only": [],
        "code-only": ["cancer", "fever"],
        "local-thresholds": ["fever: above fever-temperature"],
        "local-windows": ["fever: look-back fever-window"],
        "no-missing-source-case": [],
        "one-case-fires": ["device.held", "mri-first", "flag", "plain"],
        "one-near-miss": ["device.held", "mri-first", "flag", "plain"],
        "rated-without-loinc": ["ct-lumbar"],
        "draft-documents": ["value-set tumour"],
        "retired-documents": [],
    }


def test_text_alone_and_off_by_default_are_said(call, small):
    cancer = small / "value-sets" / "cancer.yaml"
    text = cancer.read_text("utf-8").partition("concepts:")[0] + 'phrases: ["{lung,} cancer"]\n'
    cancer.write_text(text, encoding="utf-8")
    rule = small / "safety" / "rule.yaml"
    rule.write_text(rule.read_text("utf-8") + "off-by-default: true\n", encoding="utf-8")
    ran = call("coverage", "--json", small)
    assert ran.code == 0, ran.err
    (row,) = [each for each in ran.json["findings"] if each["id"] == "cancer"]
    assert (row["codes"], row["text"]) == ([], {"phrases": 1, "wordings": 2})
    gaps = {gap["id"]: gap["found"] for gap in ran.json["gaps"]}
    assert gaps["text-only"] == ["cancer"]
    assert ran.json["safetyStates"][0]["offByDefault"] is True
    (shown,) = re.findall(r"^\| `device.held`.*", call("coverage", small).out, re.MULTILINE)
    assert "| `device` | order | off |" in shown


def test_content_with_errors_is_refused(call, small):
    (small / "broken.yaml").write_text("kind: nothing\n", encoding="utf-8")
    for options in ((), ("--json",)):
        ran = call("coverage", *options, small)
        assert ran.code == 2
        assert ran.out == ""
        assert "SCHEMA001" in ran.err


def test_a_directory_that_is_not_there_is_said(call, tmp_path):
    ran = call("coverage", tmp_path / "nothing")
    assert ran.code == 2
    assert "There is no clinical content" in ran.err


def test_the_content_in_use_is_taken_without_a_directory(call, small, monkeypatch):
    monkeypatch.setenv("CDS_CARDS_DIR", str(small))
    assert call("coverage").out == call("coverage", small).out


def test_the_page_can_be_read(shown):
    assert len(shown.encode()) < MOST_BYTES
    assert shown.count("<details>") == shown.count("</details>") > 0
    tables = re.findall(r"(?m)(?:^\|.*\|\n?)+", shown)
    assert len(tables) > 20
    for each in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in each.splitlines()}) == 1, each


@pytest.mark.parametrize(
    "text", ["low back {pain,ache}", "{,no} fever [38-42.9] * {a{b,c},d}", "x"]
)
def test_wordings_are_counted_without_making_them(text):
    assert parse(text).number_of_forms == len(parse(text).forms(1000))


def test_text_stays_text_in_a_table():
    assert escaped("a | b\nc <d> [e] *f*") == r"a \| b c \<d\> \[e\] \*f\*"
    assert link("a]", "https://x.example/a|b>c") == r"[a\]](<https://x.example/a%7Cb%3Ec>)"
    assert list(table(("Name", "n"), [("x", 1), ("", 2)])) == [
        "| Name | n |",
        "|---|---:|",
        "| x | 1 |",
        "| | 2 |",
    ]
    assert list(folded("a & b", ["x"]))[1] == "<summary>a &amp; b</summary>"
