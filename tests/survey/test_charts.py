"""Whose record is whose: charts by patient, whatever way the records point to the patient."""

from datetime import date

import pytest

from tests.survey.conftest import (
    BACK_PAIN,
    BREAST_CANCER,
    PACEMAKER,
    SNOMED,
    Folder,
    bundle,
    concept,
    patient,
    record,
)


def names(folder: Folder) -> list[list[str]]:
    return [
        sorted(str(each.get("id")) for each in subject.chart.resources[1:])
        for subject in folder.charts
        if not subject.single
    ]


@pytest.mark.parametrize(
    "pointer",
    ["Patient/one", "https://ehr.example/fhir/Patient/one", "Patient/one/_history/3", "urn:uuid:0"],
)
def test_a_record_finds_its_patient_by_any_reference(folder: Folder, pointer: str) -> None:
    told = record("Condition", concept(SNOMED, "254837009"), pointer, id="c")
    folder.write("bundle.json", bundle(patient(), told, urls=True))
    assert names(folder) == [["c"]]


def test_a_patient_without_id_is_known_by_its_full_url(folder: Folder) -> None:
    nameless = {"resourceType": "Patient", "birthDate": "1950-01-01"}
    told = record("Condition", concept(SNOMED, "254837009"), "urn:uuid:0", id="c")
    folder.write("bundle.json", bundle(nameless, told, urls=True))
    (subject,) = folder.charts
    assert subject.chart.resources[0]["birthDate"] == "1950-01-01"
    assert subject.chart.resources[1]["subject"] == {"reference": "Patient/0"}


def test_a_bulk_export_in_a_file_for_each_type_comes_together(folder: Folder) -> None:
    folder.write_lines("Patient.ndjson", patient("one"), patient("two"))
    other = {**BACK_PAIN, "id": "other", "subject": {"reference": "Patient/two"}}
    folder.write_lines("Condition.ndjson", BREAST_CANCER, BACK_PAIN, other)
    folder.write_lines("Device.ndjson", PACEMAKER)
    assert names(folder) == [["b", "c", "d"], ["other"]]


def test_two_files_with_a_patient_of_one_id_stay_two_charts(folder: Folder) -> None:
    folder.write("a.json", bundle(patient(), BREAST_CANCER))
    folder.write("b.json", bundle(patient(), BACK_PAIN))
    assert names(folder) == [["c"], ["b"]]


def test_a_single_record_has_a_chart_of_its_own_with_a_stand_in_patient(folder: Folder) -> None:
    folder.write("c.json", BREAST_CANCER)
    by_patient, single = folder.charts
    assert (by_patient.single, by_patient.stand_in) == (False, True)
    assert (single.single, single.stand_in) == (True, True)


def test_a_medication_that_a_prescription_points_to_comes_along(folder: Folder) -> None:
    folder.write("m.json", {"resourceType": "Medication", "id": "m", "code": {"text": "x"}})
    told = record(
        "MedicationRequest", {}, id="p", medicationReference={"reference": "Medication/m"}
    )
    folder.write("bundle.json", bundle(patient(), told))
    assert names(folder) == [["m", "p"]]


def test_records_of_nobody_are_counted_as_left_out(folder: Folder) -> None:
    nobody = {"resourceType": "Condition", "code": {"text": "Low back pain"}}
    group = {"resourceType": "Condition", "subject": {"reference": "Group/herd"}}
    folder.write("bundle.json", bundle(nobody, group))
    assert folder.charts == []
    assert folder.left_out == {"Condition": 2}


def test_the_day_of_the_last_record_is_known(folder: Folder) -> None:
    temperature = record("Observation", {}, id="o", effectivePeriod={"end": "2019-05-06T10:00:00Z"})
    folder.write("bundle.json", bundle(patient(), temperature, BREAST_CANCER))
    (subject,) = folder.charts
    assert subject.last_day == date(2019, 5, 6)


def test_every_source_of_a_chart_counts_as_read_to_the_end(folder: Folder) -> None:
    folder.write("bundle.json", bundle(patient(), BREAST_CANCER))
    (subject,) = folder.charts
    assert all(subject.chart.source(kind).complete for kind in folder.content.resource_types)
