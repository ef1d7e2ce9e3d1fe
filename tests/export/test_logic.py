"""Findings and parameters: nothing is left out, and the data they need are asked for."""

import json

import msgspec

from cds_service.content.library import Content
from tests.export.reader import Exported, Json


def required(exported: Exported, finding: str) -> list[Json]:
    return [
        each
        for each in exported.get("Library", "clinical-logic")["dataRequirement"]
        if exported.said(each, "finding") == [finding]
    ]


def names(requirement: Json) -> list[tuple[str, str]]:
    """Return path and name of the value set of each filter on codes."""
    return [
        (each["path"], each["valueSet"].rpartition("/")[2].partition("|")[0])
        for each in requirement.get("codeFilter", ())
    ]


def test_every_finding_is_written_with_every_field_it_has(
    exported: Exported, content: Content
) -> None:
    written = {each["id"]: each for each in exported.logic()["findings"]}
    assert set(written) == set(content.findings)
    for name, finding in content.findings.items():
        fields = json.loads(msgspec.json.encode(finding))
        assert {key: written[name][key] for key in fields} == fields
        (cited,) = written[name]["citation"]
        assert cited["id"] == finding.source


def test_every_parameter_is_written_with_its_value_and_source(
    exported: Exported, content: Content
) -> None:
    written = {each["id"]: each for each in exported.logic()["parameters"]}
    assert set(written) == set(content.parameters)
    for name, parameter in content.parameters.items():
        assert (written[name]["value"], written[name]["unit"]) == (parameter.value, parameter.unit)
        assert written[name]["basis"] == parameter.basis


def test_every_clause_asks_for_its_records(exported: Exported, content: Content) -> None:
    asked = {
        (*exported.said(each, "finding"), *exported.said(each, "clause"), each["type"])
        for each in exported.get("Library", "clinical-logic")["dataRequirement"]
    }
    assert asked == {
        (finding.id, number, kind)
        for finding in content.findings.values()
        for number, clause in enumerate(finding.evidence, 1)
        for kind in clause.origin
    }


def test_a_look_back_is_a_duration_in_its_own_unit(exported: Exported) -> None:
    temperature = next(
        each for each in required(exported, "fever") if each["type"] == "Observation"
    )
    assert names(temperature) == [("code", "body-temperature")]
    assert temperature["dateFilter"] == [
        {
            "path": "effective",
            "valueDuration": {
                "value": 14,
                "unit": "days",
                "system": "http://unitsofmeasure.org",
                "code": "d",
            },
        }
    ]


def test_a_finding_without_a_window_asks_for_records_of_any_age(exported: Exported) -> None:
    assert required(exported, "history-of-cancer")
    assert not any("dateFilter" in each for each in required(exported, "history-of-cancer"))


def test_codes_that_only_suggest_are_asked_for_too(exported: Exported) -> None:
    asked = {name for each in required(exported, "history-of-cancer") for _, name in names(each)}
    assert {"active-malignancy", "active-malignancy.suggestive"} <= asked


def test_an_answer_is_looked_for_under_its_question(exported: Exported) -> None:
    questions = [names(each) for each in required(exported, "pregnancy") if len(names(each)) > 1]
    assert [
        ("code", "pregnancy-status-observation"),
        ("value", "pregnancy-status-answer-positive"),
    ] in questions


def test_a_window_of_two_units_is_left_out_rather_than_narrowed(small, export_small) -> None:
    path = small / "parameters.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count("P14D") == 1
    (before,) = required(export_small(), "fever")
    assert before["dateFilter"]
    path.write_text(text.replace("P14D", "P1M14D"), encoding="utf-8")
    (after,) = required(export_small(), "fever")
    assert "dateFilter" not in after
