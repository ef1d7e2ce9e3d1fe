"""How far a text asserts what it mentions, with the shipped cues."""

import pytest

DENIED = [
    "no fever",
    "denies fever",
    "Patient denies headache, nausea, fever",
    "without fever or chills",
    "neg for fever",
    "fever: no",
    "fever ruled out",
    "no cough, vomiting, or fever",
    "afebrile",
    "fever no.",
    "fever - none",
    "fever: none so far",
    "lacks fever",
]
DOUBTED = [
    "?fever",
    "fever?",
    "r/o fever",
    "possible fever",
    "cannot exclude fever",
    "fever not ruled out",
    "strain vs fever",
    "may have fever",
    "fever is not excluded",
    "fever remains a possibility",
]
PAST = [
    "hx of fever",
    "fever in 2012",
    "fever (2012)",
    "fever resolved",
    "fever 10 years ago",
    "fever in her 40s",
]
FAMILY = ["mother has fever", "FHx fever", "fever (sister)", "dad - fever"]
IF_EVER = ["return if fever", "RTC if cough or fever", "watch for fever", "if fever develops, call"]
SAID = [
    "fever",
    "+fever",
    "new fever",
    "3-day history of fever",
    "no improvement in fever",
    "no cough but fever",
    "no cough. Fever",
    "Clinical history: fever",
    "mother reports fever",
    "presents with fever",
    "fever for the past 2 weeks",
    "MRI not possible, fever",
]
CASES = {
    "absent": DENIED,
    "possible": DOUBTED,
    "historical": PAST,
    "family": FAMILY,
    "hypothetical": IF_EVER,
    "present": SAID,
}


@pytest.mark.parametrize(
    ("text", "assertion"), [(text, name) for name, texts in CASES.items() for text in texts]
)
def test_a_cue_says_how_far_a_fever_is_asserted(text, assertion, says):
    assert says(text, "fever") == {assertion}


def test_a_list_is_denied_as_long_as_it_is_a_list(says):
    text = "No pacemaker, ICD, cochlear implant, or aneurysm clip"
    for name in ("pacemaker", "implantable-defibrillator", "cochlear-implant", "aneurysm-clip"):
        assert says(text, name) == {"absent"}


def test_a_complaint_after_a_denial_is_not_denied(says):
    assert says("no fever, back pain", "low-back-pain") == {"present"}
    assert says("no fever, back pain for 3 weeks", "low-back-pain") == {"present"}
    assert says("denies fever, back pain", "low-back-pain") == {"absent"}


def test_what_is_sought_is_sought_together_and_a_symptom_is_not(says):
    text = "?cauda equina, cord compression, urinary retention"
    assert says(text, "cord-compression-myelopathy") == {"possible"}
    assert says(text, "urinary-retention") == {"present"}


def test_a_new_cue_ends_a_denial(says):
    text = "denies fever, r/o mets"
    assert says(text, "fever") == {"absent"}
    assert says(text, "bone-metastasis") == {"possible"}


def test_a_history_inside_a_list_of_denials_is_denied(says):
    assert says("Denies fever, hx of cancer, IVDU", "active-malignancy") == {"absent"}
    assert says("denies fever, hx breast cancer", "active-malignancy") == {"historical"}


def test_a_cue_after_a_comma_is_about_the_last_thing(says):
    text = "low back pain, discitis ruled out"
    assert says(text, "low-back-pain") == {"present"}
    assert says(text, "spinal-infection") == {"absent"}


def test_what_stands_between_two_things_is_about_what_follows_it(says):
    assert says("back pain suspected discitis", "low-back-pain") == {"present"}


def test_past_operations_and_implants_still_hold_until_they_are_removed(says):
    assert says("s/p CRT-D 2015", "implantable-defibrillator") == {"present"}
    assert says("ICD removed 2019", "implantable-defibrillator") == {"historical"}
    assert says("hx lumbar fusion", "prior-lumbar-surgery") == {"present"}
    assert says("hx of discitis", "spinal-infection") == {"historical"}
