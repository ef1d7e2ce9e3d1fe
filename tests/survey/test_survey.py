"""What a survey counts, and that it explains every finding."""

import json
from datetime import date
from typing import Any

import pytest

from cds_service.engine import safety
from cds_service.survey import run
from cds_service.survey.orders import trial_orders
from cds_service.survey.report import as_json, as_markdown
from cds_service.survey.run import Survey
from tests.survey.conftest import (
    BACK_PAIN,
    BREAST_CANCER,
    LOINC,
    PACEMAKER,
    SNOMED,
    Folder,
    bundle,
    concept,
    patient,
    record,
)

ODD = [
    record("Condition", {"coding": [None, {}, {"system": SNOMED}]}, id="odd-1"),
    record("Condition", [concept(SNOMED, "254837009")], id="odd-2"),  # type: ignore[arg-type]
    {**record("Observation", {}, id="odd-3"), "valueQuantity": [], "component": None},
    {**record("Procedure", {}, id="odd-4"), "performedDateTime": 20190101, "status": {"a": 1}},
    {"resourceType": "Device", "id": "odd-5", "patient": {"reference": "Patient/one"}},
    {**PACEMAKER, "id": "odd-6", "safety": {"coding": {"code": 7}}, "deviceName": ["x"]},
    record("MedicationRequest", {}, id="odd-7", medicationReference={"reference": "#gone"}),
]


def report(done: Survey, folder: Folder, *, show_text: bool = False) -> dict[str, Any]:
    told = as_json(done, folder.content, show_text=show_text)
    return json.loads(json.dumps(told))  # type: ignore[no-any-return]


def test_a_finding_is_explained_by_the_code_that_made_it_fire(folder: Folder) -> None:
    folder.write("bundle.json", bundle(patient(), BREAST_CANCER, PACEMAKER))
    told = report(folder.survey(), folder)
    assert told["findings"]["history-of-cancer"] == 1
    (row,) = [each for each in told["fired"] if each["finding"] == "pacemaker"]
    assert (row["system"], row["code"], row["in_text"]) == ("snomed-ct", "14106009", False)
    assert (row["charts"], row["records"]) == (1, 1)


def test_a_finding_by_words_is_explained_by_what_they_are_words_of(folder: Folder) -> None:
    shouted = {**BACK_PAIN, "code": {"text": "LOW  BACK pain"}}
    folder.write("bundle.json", bundle(patient(), shouted))
    told = report(folder.survey(), folder)
    rows = [each for each in told["fired"] if each["finding"] == "low-back-pain"]
    assert [(row["code"], row["label"], row["in_text"]) for row in rows] == [
        ("", "words of low-back-pain", True)
    ]


def test_a_finding_by_a_medication_is_explained_by_what_it_points_to(folder: Folder) -> None:
    rx = "http://www.nlm.nih.gov/research/umls/rxnorm"
    drug = {"resourceType": "Medication", "id": "m", "code": concept(rx, "6851")}
    told = record("MedicationRequest", {}, id="p", status="active", authoredOn="2026-10-01")
    told["medicationReference"] = {"reference": "Medication/m"}
    folder.write("bundle.json", bundle(patient(), drug, told))
    counted = report(folder.survey(), folder)
    rows = [each for each in counted["fired"] if each["resource_type"] == "MedicationRequest"]
    assert [row["code"] for row in rows] == ["6851"]
    assert counted["unexplained"] == 0


def test_the_age_of_a_stand_in_patient_is_no_finding_of_the_data(folder: Folder) -> None:
    folder.write("c.json", BREAST_CANCER)
    told = report(folder.survey(day=date(2060, 1, 1)), folder)
    assert set(told["findings"]) == {"history-of-cancer", "cancer-that-seeds-bone"}
    folder.write("c.json", bundle(patient(), BREAST_CANCER))
    told = report(folder.survey(day=date(2060, 1, 1)), folder)
    assert "elderly" in told["findings"]


def test_what_only_raises_a_question_is_told_apart(folder: Folder) -> None:
    neoplasm = record("Condition", concept(SNOMED, "126906006"), id="n")
    folder.write("bundle.json", bundle(patient(), neoplasm))
    told = report(folder.survey(), folder)
    assert "history-of-cancer" not in told["findings"]
    assert "126906006" in {row["code"] for row in told["asked"]}


def test_odd_records_crash_nothing_and_the_service_says_what_the_engine_says(
    folder: Folder,
) -> None:
    folder.write("odd.json", bundle(patient(), BREAST_CANCER, BACK_PAIN, *ODD))
    done = folder.survey()
    assert done.tally.crashes == []
    assert done.served.faults == {}
    assert done.served.calls == len(trial_orders())
    assert done.sound


def test_cards_and_safety_states_are_counted_by_order(folder: Folder) -> None:
    folder.write("bundle.json", bundle(patient(), BREAST_CANCER, PACEMAKER))
    told = report(folder.survey(), folder)
    order = "lumbar MRI without contrast, for low back pain"
    assert told["cards"]["hold-mri-device"][order] == 1
    assert told["safetyStates"]["mri-cardiac-device.status-unknown-or-unsafe"][order] == 1
    assert told["assessments"] == len(trial_orders())


def test_orders_in_the_data_are_put_to_the_engine_with_their_own_reasons(folder: Folder) -> None:
    order = record("ServiceRequest", concept(LOINC, "30679-5"), id="s", status="active")
    order["reasonCode"] = [concept(SNOMED, "386661006")]
    folder.write("bundle.json", bundle(patient(), order))
    told = report(folder.survey(), folder)
    (row,) = told["ordersInData"]
    assert (row["recognisedAs"], row["code"]) == ("mri-lumbar-spine-without-contrast", "30679-5")
    fever = [each for each in told["fired"] if each["finding"] == "fever"]
    assert [row["resource_type"] for row in fever] == ["ServiceRequest"]


def test_the_day_decides_what_is_recent(folder: Folder) -> None:
    fever = record("Condition", concept(SNOMED, "386661006"), id="f", onsetDateTime="2019-03-01")
    folder.write("bundle.json", bundle(patient(), fever))
    now, then = folder.survey(), folder.survey(day=None)
    assert "fever" not in report(now, folder)["findings"]
    assert report(then, folder)["findings"]["fever"] == 1
    assert report(folder.survey(day=date(2019, 3, 2)), folder)["findings"]["fever"] == 1


def test_codes_that_nothing_knows_are_listed_without_words_of_the_record(folder: Folder) -> None:
    unknown = record("Condition", concept(SNOMED, "444814009", display="Viral sinusitis"), id="u")
    folder.write("bundle.json", bundle(patient(), unknown))
    done = folder.survey()
    assert report(done, folder)["unknownCodes"] == [
        {"type": "Condition", "system": "snomed-ct", "code": "444814009", "records": 1}
    ]
    shown = report(done, folder, show_text=True)["unknownCodes"]
    assert shown[0]["text"] == "Viral sinusitis"


def test_nothing_of_the_patient_is_in_the_report(folder: Folder) -> None:
    named = patient("secret-id", name=[{"family": "Secretname"}])
    told = record("Condition", {"text": "secret words"}, "Patient/secret-id", id="secret-record")
    cancer = record(
        "Condition",
        concept(SNOMED, "254837009", display="secret display"),
        "Patient/secret-id",
        id="secret-cancer",
    )
    folder.write("Secretname.json", bundle(named, told, cancer))
    page = as_markdown(as_json(folder.survey(), folder.content, show_text=False))
    assert "history-of-cancer" in page
    assert "secret" not in page.lower()


def test_a_crash_is_counted_with_its_place_and_without_its_words(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("Secretname has it")

    monkeypatch.setattr(run, "decide", broken)
    folder.write("Secretname.json", bundle(patient(), BREAST_CANCER))
    done = folder.survey()
    told = report(done, folder)
    (crash,) = told["crashes"]
    assert (crash["error"], crash["order"]) == ("ValueError", "all orders")
    assert "Secretname" not in json.dumps(told)
    assert not done.sound


def test_a_crash_on_one_order_does_not_hide_the_others(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(procedure: Any, findings: Any, content: Any) -> Any:
        if procedure.modality == "NM":
            raise ValueError
        return check(procedure, findings, content)

    check = safety.check
    monkeypatch.setattr(safety, "check", broken)
    folder.write("bundle.json", bundle(patient(), BREAST_CANCER))
    told = report(folder.survey(http_every=0), folder)
    assert {crash["order"].split(",")[0] for crash in told["crashes"]} == {"bone scan"}
    assert told["assessments"] == len(trial_orders()) - 2


def test_an_answer_that_differs_from_the_engine_is_a_fault(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.survey.service._sent", lambda subject, kind: [])
    folder.write("bundle.json", bundle(patient(), BREAST_CANCER, PACEMAKER))
    done = folder.survey()
    assert "other cards than the engine alone: hold-mri-device" in done.served.faults
    assert not done.sound


@pytest.mark.parametrize(("every", "calls"), [(0, 0), (1, 3), (2, 2)])
def test_every_nth_chart_goes_through_the_service(folder: Folder, every: int, calls: int) -> None:
    for name in ("one", "two", "three"):
        told = record("Condition", concept(SNOMED, "254837009"), f"Patient/{name}", id="c")
        folder.write(f"{name}.json", bundle(patient(name), told))
    assert folder.survey(http_every=every).served.calls == calls * len(trial_orders())


def test_the_trial_orders_are_all_recognised(folder: Folder) -> None:
    folder.write("bundle.json", bundle(patient(), BREAST_CANCER))
    done = folder.survey()
    assert len(trial_orders()) == len({each.name for each in trial_orders()}) == 14
    assert set(done.tally.seconds) == {each.name for each in trial_orders()}
