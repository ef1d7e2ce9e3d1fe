"""What a code counts as: exact codes, prefixes, blocks, and what is left out of them."""

import pytest
from msgspec.structs import replace

from cds_service.content.codeindex import CodeIndex
from cds_service.content.library import Content
from cds_service.content.model import Concept, ConceptGroup
from cds_service.fhir.codes import Code, normal_code


def counted(content: Content, system: str, code: str) -> dict[str, str]:
    return dict(content.index.memberships(normal_code(system, code)))


def test_a_block_holds_its_categories_and_no_others(shipped: Content) -> None:
    assert "external-cause-fall-transport" in counted(shipped, "icd-10-cm", "W01.0XXA")
    assert "external-cause-fall-transport" in counted(shipped, "icd-10-cm", "W19.XXXA")
    assert "external-cause-fall-transport" not in counted(shipped, "icd-10-cm", "W20.0XXA")


def test_a_category_with_a_letter_is_in_its_block(shipped: Content) -> None:
    """C4A stands between C43 and C44 in the release, and after both in the alphabet."""
    assert counted(shipped, "icd-10-cm", "C4A.9")["active-malignancy"] == "include"


def test_a_german_icd_code_counts_where_its_meaning_is_shared(shipped: Content) -> None:
    assert counted(shipped, "icd-10-gm", "C34.1")["active-malignancy"] == "include"
    assert counted(shipped, "icd-10-gm", "C90.00")["active-malignancy"] == "include"
    assert "sepsis" in counted(shipped, "icd-10-cm", "R65.20")
    assert counted(shipped, "icd-10-gm", "R65.2!") == {}


@pytest.mark.parametrize(
    ("system", "code", "value_set", "role"),
    [
        ("icd-10-gm", "B24", "hiv", "include"),
        ("icd-10", "B24", "hiv", "include"),
        ("icd-10", "b230", "hiv", "include"),
        ("icd-10", "B20.6", "hiv", "include"),
        ("icd-10-gm", "E14.74", "diabetes-with-complications", "include"),
        ("icd-10", "E14.74", "diabetes-with-complications", "include"),
        ("icd-10-gm", "E10.01", "diabetes-with-complications", "weak"),
        ("icd-10-gm", "Z35.8", "pregnancy-condition", "include"),
        ("icd-10-gm", "M49.06*", "spinal-infection", "include"),
    ],
)
def test_a_code_that_only_the_who_has_counts(
    shipped: Content, system: str, code: str, value_set: str, role: str
) -> None:
    assert counted(shipped, system, code)[value_set] == role
    assert shipped.index.label(normal_code(system, code))


def test_a_block_of_the_who_holds_its_categories(shipped: Content) -> None:
    block = Concept(code="A15-A19", label="Tuberculosis", descendants=True)
    groups = (ConceptGroup(system="icd-10", source="who", codes=(block,)),)
    index = CodeIndex([replace(shipped.value_sets["hiv"], id="tuberculosis", concepts=groups)])
    german = normal_code("icd-10-gm", "A17.8+")
    assert dict(index.memberships(german)) == {"tuberculosis": "include"}
    assert index.label(normal_code("icd-10", "a19.9")) == "Tuberculosis"
    assert index.memberships(normal_code("icd-10", "A20")) == ()


def test_a_late_effect_is_not_the_injury(shipped: Content) -> None:
    assert "spine-trauma" in counted(shipped, "icd-10-cm", "S32.010A")
    assert counted(shipped, "icd-10-cm", "S32.010S") == {}


def test_the_special_entry_decides_over_the_general_one(shipped: Content) -> None:
    assert counted(shipped, "icd-10-cm", "C43.9")["active-malignancy"] == "include"
    assert counted(shipped, "icd-10-cm", "C44.91")["active-malignancy"] == "weak"
    assert counted(shipped, "icd-10-cm", "Z94.0")["transplant"] == "include"
    assert counted(shipped, "icd-10-cm", "Z94.7")["transplant"] == "exclude"


def test_a_short_code_is_not_taken_for_its_descendants(shipped: Content) -> None:
    assert "low-back-pain" in counted(shipped, "icd-10-cm", "M54.50")
    assert "low-back-pain" not in counted(shipped, "icd-10-cm", "M54")


def test_the_number_of_another_system_counts_for_nothing(shipped: Content) -> None:
    assert shipped.index.memberships(Code("http://hospital.example", "254837009")) == ()
    assert shipped.index.memberships(Code("icd-10-cm", "254837009")) == ()


def test_a_code_has_a_name_even_where_only_its_block_is_listed(shipped: Content) -> None:
    assert shipped.index.label(Code("icd-10-cm", "W010XXA"))
    assert shipped.index.label(Code("icd-10-cm", "C50911"))
    assert shipped.index.label(Code("loinc", "718-7")) == ""


def test_an_index_of_nothing_knows_nothing() -> None:
    assert CodeIndex([]).memberships(Code("loinc", "8310-5")) == ()
