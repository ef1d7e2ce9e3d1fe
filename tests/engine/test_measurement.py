"""Measured values as laboratories send them: units, comparators, words, and the latest day."""

from datetime import date
from decimal import Decimal

import pytest

from cds_service.casebook import assess
from cds_service.content.cases import read_cases
from cds_service.content.library import Content
from cds_service.engine.estimates import estimated
from cds_service.engine.measurement import Measurement, against_threshold, read_measurement
from cds_service.engine.verdict import Verdict
from cds_service.fhir.dates import Span, parse_date

DAY = Span(date(2026, 11, 20), date(2026, 11, 20))


def egfr(**observation: object) -> Measurement | None:
    return read_measurement({"resourceType": "Observation", **observation})


@pytest.mark.parametrize(
    ("written", "value", "comparator", "unit"),
    [
        (">60", "60", ">", ""),
        ("> 60 mL/min/1.73m2", "60", ">", "mL/min/1.73m2"),
        ("≥ 90 mL/min/{1.73_m2}", "90", ">=", "mL/min/{1.73_m2}"),
        ("<=15 mL/min/1.73 m2", "15", "<=", "mL/min/1.73 m2"),
        (" 38.6 Cel ", "38.6", "", "Cel"),
        ("1.4 mg/dL", "1.4", "", "mg/dL"),
    ],
)
def test_a_value_that_is_written_as_text_is_read(written, value, comparator, unit):
    found = egfr(valueString=written)
    assert found is not None
    assert (found.value, found.comparator, found.unit) == (Decimal(value), comparator, unit)


@pytest.mark.parametrize(
    "written", ["NEG", "not HIV positive", "3/5", "38 to 39 Cel", "1,4 mg/dL", "", "about 40"]
)
def test_words_that_are_no_number_are_no_measurement(written):
    assert egfr(valueString=written) is None


def test_a_quantity_whose_value_came_as_text_is_read_like_one():
    found = egfr(valueQuantity={"value": ">60", "unit": "mL/min/1.73m2"})
    assert found is not None
    assert (found.value, found.comparator, found.unit) == (Decimal(60), ">", "mL/min/1.73m2")


@pytest.mark.parametrize(
    ("value", "comparator", "above", "verdict"),
    [
        ("29", "", False, Verdict.FOR),
        ("30", "", False, Verdict.AGAINST),
        ("30", "<", False, Verdict.FOR),
        ("30", "<=", False, Verdict.INCONCLUSIVE),
        ("45", "<", False, Verdict.INCONCLUSIVE),
        ("60", ">", False, Verdict.AGAINST),
        ("15", ">", False, Verdict.INCONCLUSIVE),
        ("38.0", "", True, Verdict.AGAINST),
        ("38.1", "", True, Verdict.FOR),
        ("38.0", ">", True, Verdict.FOR),
        ("38.0", ">=", True, Verdict.INCONCLUSIVE),
        ("37.0", ">", True, Verdict.INCONCLUSIVE),
        ("39.0", "<", True, Verdict.INCONCLUSIVE),
        ("37.0", "<", True, Verdict.AGAINST),
    ],
)
def test_a_comparator_settles_only_what_it_says(value, comparator, above, verdict):
    threshold = Decimal("38.0") if above else Decimal(30)
    assert against_threshold([Decimal(value)], comparator, threshold, above=above)[0] is verdict


@pytest.mark.parametrize(
    ("creatinine", "age", "gender", "published"),
    [
        # the R package tabletools, calculate_egfr_ckdepi, Examples: 95.2 and 79.2
        ("0.8", 70, "male", 95),
        ("0.8", 70, "female", 79),
        # public tests that quote the calculator of kidney.org: 71 and 82
        ("1.2", 55, "male", 71),
        ("1.1", 50, "male", 82),
    ],
)
def test_the_estimate_agrees_with_published_examples(
    creatinine, age, gender, published, content: Content
):
    estimate = content.estimates["ckd-epi-2021"]
    born = Span(date(2026 - age, 1, 1), date(2026 - age, 1, 1))
    measured = Measurement(Decimal(creatinine), "mg/dL")
    assert estimated(measured, estimate, content, born, DAY, gender) == [published]


def test_creatinine_in_moles_gives_the_same_estimate(content: Content):
    estimate = content.estimates["ckd-epi-2021"]
    born = Span(date(1956, 1, 1), date(1956, 1, 1))
    mass = estimated(Measurement(Decimal("2.4"), "mg/dL"), estimate, content, born, DAY, "male")
    moles = estimated(Measurement(Decimal("212.2"), "umol/L"), estimate, content, born, DAY, "male")
    assert mass == moles == [28]


def test_an_unknown_gender_gives_both_estimates(content: Content):
    estimate = content.estimates["ckd-epi-2021"]
    born = Span(date(1956, 1, 1), date(1956, 1, 1))
    measured = Measurement(Decimal("2.0"), "mg/dL")
    assert estimated(measured, estimate, content, born, DAY, "unknown") == [26, 35]


@pytest.mark.parametrize(
    ("value", "unit", "born", "day"),
    [
        ("2.0", "", "1956", DAY),  # without a unit
        ("2.0", "mg/g", "1956", DAY),  # a ratio, not a concentration
        ("0", "mg/dL", "1956", DAY),
        ("2.0", "mg/dL", "", DAY),  # no birth date
        ("2.0", "mg/dL", "2012-05-01", DAY),  # a child
        ("2.0", "mg/dL", "1956", None),  # undated
    ],
)
def test_without_what_it_takes_nothing_is_estimated(value, unit, born, day, content: Content):
    estimate = content.estimates["ckd-epi-2021"]
    measured = Measurement(Decimal(value), unit)
    assert estimated(measured, estimate, content, parse_date(born), day, "male") == []


def kidney(records: list[dict[str, object]], content: Content, **patient: str) -> str:
    """Return the state of *eGFR below 30* for a chart with `records`."""
    given = {
        "patient": {"birth-date": "1956-01-01", "gender": "male", **patient},
        "records": records,
        "order": {"code": "loinc 24964-9", "reasons": []},
    }
    document = {
        "as-of": "2026-11-23",
        "cases": [
            {"name": "kidney", "about": [], "fires": True, "given": given, "expect": {}},
        ],
    }
    (case,) = read_cases(document, "kidney")
    return assess(case, content).findings["egfr-below-30"].state.value


def lab(code: str, value: str, day: str) -> dict[str, object]:
    return {"observation": f"loinc {code}", "value": value, "date": day}


EGFR, CREATININE = "98979-8", "2160-0"


def test_the_latest_value_decides_and_not_the_worst(content: Content):
    unit = "mL/min/{1.73_m2}"
    records = [lab(EGFR, f"22 {unit}", "2026-11-02"), lab(EGFR, f"64 {unit}", "2026-11-20")]
    assert kidney(records, content) == "absent"
    assert kidney([*records, lab(EGFR, f"24 {unit}", "2026-11-21")], content) == "present"


def test_on_one_day_the_lowest_value_decides(content: Content):
    unit = "mL/min/{1.73_m2}"
    races = [lab("48643-1", f"34 {unit}", "2026-11-20"), lab("48642-3", f"28 {unit}", "2026-11-20")]
    assert kidney(races, content) == "present"


def test_a_reported_estimate_comes_before_one_of_ours_on_the_same_day(content: Content):
    both = [
        lab(CREATININE, "2.4 mg/dL", "2026-11-20"),
        lab(EGFR, "41 mL/min/{1.73_m2}", "2026-11-20"),
    ]
    assert kidney(both, content) == "absent"
    assert kidney(both[:1], content) == "present"


def test_a_newer_creatinine_comes_before_an_older_estimate(content: Content):
    records = [
        lab(EGFR, "64 mL/min/{1.73_m2}", "2026-11-02"),
        lab(CREATININE, "2.4 mg/dL", "2026-11-20"),
    ]
    assert kidney(records, content) == "present"


def test_where_sex_decides_and_is_not_known_the_kidneys_are_a_question(content: Content):
    records = [lab(CREATININE, "2.0 mg/dL", "2026-11-20")]
    assert kidney(records, content, gender="female") == "present"
    assert kidney(records, content, gender="male") == "absent"
    assert kidney(records, content, gender="unknown") == "unknown"


def test_no_value_or_one_without_unit_is_unknown_and_never_normal(content: Content):
    assert kidney([], content) == "unknown"
    assert kidney([lab(EGFR, "64", "2026-11-20")], content) == "unknown"
    assert kidney([lab(EGFR, "64 mL/min/{1.73_m2}", "2024-01-01")], content) == "unknown"
