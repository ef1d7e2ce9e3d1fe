"""Of years of measurements, which are made out and which are told."""

from datetime import date
from typing import Any

import pytest

from cds_service.content.library import Content
from cds_service.engine.advice import Assessment
from cds_service.engine.decide import decide
from cds_service.engine.glances import Glances
from cds_service.engine.verdict import Verdict
from cds_service.gather.chart import gather
from cds_service.hooks.json_body import decode_call, encode
from cds_service.hooks.request import read_request
from cds_service.settings import Settings
from tests.hook_request import BACK_PAIN, MRI_WITHOUT, MRI_WITHOUT_AND_WITH, order, resources
from tests.hook_request import request as hook_request

SETTINGS = Settings()
TODAY = date(2026, 11, 22)


def temperature(day: str, value: str = "36.8 Cel") -> dict[str, Any]:
    return {"observation": "loinc 8310-5", "value": value, "date": day}


def creatinine(day: str, value: str = "0.9 mg/dL", **more: Any) -> dict[str, Any]:
    return {"observation": "loinc 2160-0", "value": value, "date": day, **more}


def egfr(day: str, value: str) -> dict[str, Any]:
    return {"observation": "loinc 98979-8", "value": value, "date": day}


def assessed(content: Content, *records: dict[str, Any], code: str = MRI_WITHOUT) -> Assessment:
    body = encode(hook_request(order(code), resources(BACK_PAIN, *records)))
    call = read_request(decode_call(body, SETTINGS), frozenset({"order-select"}))
    (found,) = decide(gather(call, content, SETTINGS), call.orders, content, TODAY)
    return found


def days_told(assessment: Assessment, finding: str) -> list[str]:
    return [item.when for item in assessment.findings[finding].items]


OLD = [temperature(f"2024-{month:02}-03") for month in range(1, 13)]


def test_of_temperatures_before_the_look_back_only_the_newest_is_told(content: Content) -> None:
    assert days_told(assessed(content, *OLD), "fever") == ["2024-12-03"]


def test_a_temperature_inside_the_look_back_is_told_beside_it(content: Content) -> None:
    found = assessed(content, *OLD, temperature("2026-11-20", "38.9 Cel"))
    assert days_told(found, "fever") == ["2026-11-20", "2024-12-03"]
    assert found.findings["fever"].state == "present"


def test_a_day_that_may_lie_inside_the_look_back_is_looked_at(content: Content) -> None:
    found = assessed(content, *OLD, temperature("2026", "38.9 Cel"), temperature("2026-01-01"))
    assert days_told(found, "fever") == ["2026", "2026-01-01"]
    assert found.findings["fever"].state == "unknown"


def test_two_temperatures_of_the_newest_old_day_are_both_told(content: Content) -> None:
    found = assessed(content, *OLD, temperature("2024-12-03", "38.9 Cel"))
    assert days_told(found, "fever") == ["2024-12-03", "2024-12-03"]


def test_a_cancelled_measurement_is_not_the_newest(content: Content) -> None:
    found = assessed(content, *OLD, {**temperature("2025-06-01"), "status": "cancelled"})
    assert days_told(found, "fever") == ["2024-12-03"]


@pytest.mark.parametrize("value", ["38.9 Cel", "35.1 Cel"])
def test_a_temperature_beyond_one_bound_is_not_told_as_within_the_other(
    content: Content, value: str
) -> None:
    found = assessed(content, temperature("2026-11-22", value)).findings["abnormal-temperature"]
    assert [item.verdict for item in found.items] == [Verdict.FOR]


def test_a_normal_temperature_speaks_against_both_bounds(content: Content) -> None:
    found = assessed(content, temperature("2026-11-22")).findings["abnormal-temperature"]
    assert [item.verdict for item in found.items] == [Verdict.AGAINST, Verdict.AGAINST]


def test_the_latest_day_with_a_usable_value_decides(content: Content) -> None:
    records = [creatinine("2026-11-10", "4.8 mg/dL"), creatinine("2026-11-05")]
    unusable = {**creatinine("2026-11-15"), "status": "registered"}
    found = assessed(content, *records, unusable, code=MRI_WITHOUT_AND_WITH)
    assert days_told(found, "egfr-below-30") == ["2026-11-10"]
    assert found.findings["egfr-below-30"].state == "present"


def test_a_reported_estimate_of_the_latest_day_goes_before_a_creatinine(content: Content) -> None:
    records = [creatinine("2026-11-10", "4.8 mg/dL"), egfr("2026-11-10", "75 mL/min/{1.73_m2}")]
    found = assessed(content, *records, egfr("2026-11-05", "20 mL/min/{1.73_m2}"))
    assert found.findings["egfr-below-30"].state == "absent"
    later = assessed(content, *records, creatinine("2026-11-11", "4.8 mg/dL"))
    assert later.findings["egfr-below-30"].state == "present"


def test_years_of_values_are_not_made_out(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_out = []
    make_out = Glances.made_out

    def counted(self: Glances, resource: Any) -> Any:
        made_out.append(resource.head.effectiveDateTime)
        return make_out(self, resource)

    monkeypatch.setattr(Glances, "made_out", counted)
    years = [f"20{year:02}-05-{day:02}" for year in range(10, 26) for day in (1, 2)]
    found = assessed(content, *map(temperature, years), *map(creatinine, years))
    assert found.findings["fever"].state == "absent"
    assert found.findings["egfr-below-30"].state == "unknown"
    assert set(made_out) == {"2025-05-02"}
