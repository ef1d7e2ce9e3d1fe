"""What an order asks for: its codes, its words, and what to make of it when they disagree."""

import pytest

from cds_service.content.library import Content
from cds_service.content.phrasebook import english
from cds_service.engine.recognise import FROM_TEXT, Recognised, recognise
from cds_service.fhir.orders import read_order

LOINC = "http://loinc.org"
PLAIN, BOTH, OPEN = "30679-5", "24967-2", "24968-0"
"""LOINC codes of lumbar MRI: without contrast, without and with, contrast not stated."""


def recognised(content: Content, *codes: str, text: str = "", **more: object) -> Recognised:
    concept: dict[str, object] = {"coding": [{"system": LOINC, "code": code} for code in codes]}
    if text:
        concept["text"] = text
    order = read_order({"resourceType": "ServiceRequest", "id": "o", "code": concept, **more})
    assert order is not None
    return recognise(order, content)


def named(found: Recognised) -> str:
    return found.procedure.id if found.procedure else ""


@pytest.mark.parametrize(
    ("text", "procedure"),
    [
        ("MRI L-spine w/wo", "mri-lumbar-spine-without-and-with-contrast"),
        ("mr lumbar spine w/o", "mri-lumbar-spine-without-contrast"),
        ("MRI L spine", "mri-lumbar-spine-contrast-unspecified"),
        ("XR LS spine 2-3 views", "radiography-lumbar-spine"),
        ("CT abdomen and pelvis with contrast", "ct-other-region-with-contrast"),
        ("MRI knee", "mri-other-region"),
        ("MRI", "mri-region-not-stated-contrast-unspecified"),
    ],
)
def test_an_order_in_words_only_is_recognised(text, procedure, content: Content):
    found = recognised(content, text=text)
    assert (named(found), found.told_by) == (procedure, FROM_TEXT)


@pytest.mark.parametrize("text", ["CBC with diff", "PT eval and treat", "refer to neurosurgery"])
def test_words_that_order_no_imaging_are_none_of_our_business(text, content: Content):
    found = recognised(content, text=text)
    assert (named(found), found.imaging) == ("", False)


def test_ultrasound_is_imaging_that_the_content_does_not_list(content: Content):
    found = recognised(content, text="US renal")
    assert (named(found), found.imaging) == ("", True)


def test_the_body_site_says_where_when_the_words_do_not(content: Content):
    site = [{"coding": [{"display": "Lumbar spine"}]}]
    found = recognised(content, text="MRI without contrast", bodySite=site)
    assert named(found) == "mri-lumbar-spine-without-contrast"


def test_words_make_a_vague_code_exact(content: Content):
    found = recognised(content, OPEN, text="MRI L-spine w/wo contrast")
    assert named(found) == "mri-lumbar-spine-without-and-with-contrast"
    assert found.told_by == f"loinc {OPEN}, and {FROM_TEXT}"


@pytest.mark.parametrize(
    "text", ["MRI lumbar spine w/wo", "CT lumbar spine", "MRI brain without contrast"]
)
def test_words_that_say_otherwise_than_the_code_leave_two_readings(text, content: Content):
    found = recognised(content, PLAIN, text=text)
    assert named(found) == ""
    assert found.imaging
    assert [english([each]).partition(":")[0] for each in found.said] == ["its code", "its text"]
    assert len(found.conflict) == 2


@pytest.mark.parametrize(
    "text",
    [
        "MR Lumbar spine WO contrast",
        "MRI lumbar spine",
        "MRI spine without contrast",
        "lower back MRI, patient is claustrophobic",
        "see note",
        "",
    ],
)
def test_words_that_say_the_same_or_less_contradict_nothing(text, content: Content):
    assert named(recognised(content, PLAIN, text=text)) == "mri-lumbar-spine-without-contrast"


def test_codes_that_contradict_each_other_leave_both_readings(content: Content):
    found = recognised(content, PLAIN, "30620-9")
    assert named(found) == ""
    assert set(found.conflict) == {
        "mri-lumbar-spine-without-contrast",
        "ct-lumbar-spine-without-contrast",
    }


def test_the_name_of_no_procedure_contradicts_its_own_codes(content: Content):
    for procedure in content.procedures.values():
        for code in content.codes_of_procedure[procedure.id]:
            concept = {"coding": [{"system": code.system, "code": code.value}]}
            for text in (procedure.title, *procedure.names):
                order = read_order(
                    {"resourceType": "ServiceRequest", "id": "o", "code": {**concept, "text": text}}
                )
                assert order is not None
                assert not recognise(order, content).said, (procedure.id, text)
            break
