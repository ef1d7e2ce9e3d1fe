"""Mistyped codes are found by their check digit or shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.content.checks.code_shapes import (
    icd_10_cm_is_shaped,
    loinc_is_valid,
    other_shape,
    snomed_ct_is_valid,
)

SNOMED_CT = ["279039007", "22298006", "363679005", "394451000119106", "571891000119109"]
LOINC = ["30679-5", "8310-5", "2106-3", "24968-0", "LA6576-8", "97513-6"]


@pytest.mark.parametrize("code", SNOMED_CT)
def test_real_snomed_ct_ids_are_accepted(code):
    assert snomed_ct_is_valid(code)


@pytest.mark.parametrize(
    "code", ["", "12345", "0279039007", "279039007 ", "2790x9007", "279039008"]
)
def test_what_is_no_snomed_ct_id_is_refused(code):
    assert not snomed_ct_is_valid(code)


@given(st.sampled_from(SNOMED_CT), st.data())
def test_one_wrong_digit_of_a_snomed_ct_id_is_always_found(code, data):
    place = data.draw(st.integers(0, len(code) - 1))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))
    assert not snomed_ct_is_valid(code[:place] + digit + code[place + 1 :])


@given(st.sampled_from(SNOMED_CT), st.data())
def test_two_swapped_digits_of_a_snomed_ct_id_are_always_found(code, data):
    place = data.draw(st.integers(0, len(code) - 2))
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or not snomed_ct_is_valid(swapped)


@pytest.mark.parametrize("code", LOINC)
def test_real_loinc_codes_are_accepted(code):
    assert loinc_is_valid(code)


@given(st.sampled_from(LOINC[:4]), st.data())
def test_one_wrong_digit_of_a_loinc_code_is_always_found(code, data):
    place = data.draw(st.sampled_from([i for i, c in enumerate(code) if c.isdigit()]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))
    assert not loinc_is_valid(code[:place] + digit + code[place + 1 :])


@pytest.mark.parametrize("code", ["", "30679", "30679-", "306795", "LX30679-5"])
def test_what_is_no_loinc_code_is_refused(code):
    assert not loinc_is_valid(code)


@pytest.mark.parametrize(
    "code", ["C79.51", "M54.50", "S32.009A", "Z85", "C7A.00", "C00-C14", "O9A.11", "QA0.0101"]
)
def test_icd_10_cm_codes_and_blocks_are_accepted(code):
    assert icd_10_cm_is_shaped(code)


@pytest.mark.parametrize("code", ["C7951", "c79.51", "C79.", "79.51", "C79.51234", "C00-14"])
def test_what_is_no_icd_10_cm_code_is_refused(code):
    assert not icd_10_cm_is_shaped(code)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("cpt", "72148"),
        ("hcpcs", "G0297"),
        ("radlex", "RPID541"),
        ("rxnorm", "8640"),
        ("atc", "L04"),
        ("atc", "A10BA02"),
        ("ncit", "C106045"),
        ("icd-10", "B24"),
        ("icd-10", "M49.0"),
        ("icd-10", "A15-A19"),
        ("https://example.org/local", "anything"),
    ],
)
def test_codes_of_other_systems_are_accepted(system, code):
    assert other_shape(system, code) == ""


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("cpt", "7214"),
        ("hcpcs", "72148"),
        ("radlex", "541"),
        ("rxnorm", "C8640"),
        ("atc", "L4"),
        ("icd-10", "B2"),
        ("icd-10", "M490"),
        ("icd-10", "M49.0*"),
        ("icd-10", "E14.74"),
    ],
)
def test_the_right_shape_is_named_for_the_wrong_one(system, code):
    assert other_shape(system, code)
