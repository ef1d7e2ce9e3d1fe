"""Which study the text of an order names."""

import pytest

from cds_service.content.language import order_text_reader, text_index
from cds_service.text.order_text import NamedStudy
from tests.text.test_labelled_set import procedures

OPEN = {"unspecified", "not-applicable"}
GIVEN = {"with", "without-and-with", "with-possibly-without"}


@pytest.mark.parametrize(
    ("text", "study"),
    [
        ("MRI L-spine w/wo", ("MR", "lumbar-spine", "without-and-with")),
        ("mri lumber spine wihtout contrast", ("MR", "lumbar-spine", "none")),
        ("CT T/L spine", ("CT", "thoracic-and-lumbar-spine", "")),
        ("lumbar xrays w/ flexion extension", ("DX", "lumbar-spine", "none")),
        ("MRI lumbar with sedation", ("MR", "lumbar-spine", "")),
        ("NM bone scan WB", ("NM", "whole-body", "not-applicable")),
        ("Bone scan", ("NM", "bone-area-not-stated", "not-applicable")),
        ("CTA chest PE protocol", ("CT", "chest", "with-possibly-without")),
        ("CT lumbar myelogram", ("CT", "lumbar-spine", "intrathecal")),
        ("MRI C and L spine +/- contrast", ("MR", "cervical-and-lumbar-spine", "")),
        ("MRI", ("MR", "", "")),
    ],
)
def test_modality_region_and_contrast_are_read(text, study, read):
    assert read.studies.read(text) == NamedStudy(*study)


@pytest.mark.parametrize(
    "text",
    [
        "PT eval and treat",
        "CT guided biopsy L2",
        "refer to neurosurgery",
        "CT surgery consult",
        "MRI or CT lumbar spine",
        "MRI safety questionnaire",
        "lumbar brace",
        "",
    ],
)
def test_what_is_no_one_imaging_study_names_none(text, read):
    study = read.studies.read(text)
    assert study is None or not study.modality


def test_regions_without_a_common_name_stay_open(read):
    assert read.studies.read("MRI brain and hip").body_region == ""


@pytest.mark.parametrize("study", procedures(), ids=lambda study: study["id"])
def test_the_names_of_a_procedure_do_not_contradict_it(study, read):
    for name in study.get("names", []):
        found = read.studies.read(name)
        assert found is not None, name
        assert found.modality == study["modality"], name
        assert found.body_region in ("", study["body-region"]) or vague(study, found), name
        assert contrast_agrees(study["contrast"], found.contrast), name


def vague(study, found):
    """Say whether the procedure leaves open which region it is of, among those of the name."""
    if study["body-region"] == "spine-level-not-stated":
        return found.body_region.endswith("-spine")
    return study["body-region"] == "region-not-stated"


def contrast_agrees(procedure, name):
    """Say whether a name says nothing else about contrast; angiography may say more or less."""
    return name in ("", procedure) or procedure in OPEN or {procedure, name} <= GIVEN


def test_without_content_nothing_is_read():
    assert order_text_reader(None).read("MRI lumbar spine") is None
    assert text_index([], None).mentions("fever") == ()
