"""Dates as charts carry them: whole, partial, with and without a zone, and wrong."""

from datetime import date

import pytest

from cds_service.fhir.dates import (
    Duration,
    Span,
    age_in_years,
    before,
    on_or_after,
    parse_date,
    parse_duration,
)


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2026-11-21", date(2026, 11, 21), date(2026, 11, 21)),
        ("2026-11-21T23:30:00Z", date(2026, 11, 21), date(2026, 11, 21)),
        ("2026-11-21T08:00:00.123456-05:00", date(2026, 11, 21), date(2026, 11, 21)),
        ("2026-11-21T08:00", date(2026, 11, 21), date(2026, 11, 21)),
        ("2026-11-21 08:00:00", date(2026, 11, 21), date(2026, 11, 21)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2019", date(2019, 1, 1), date(2019, 12, 31)),
        (" 2019-03-01 ", date(2019, 3, 1), date(2019, 3, 1)),
    ],
)
def test_a_date_is_the_span_of_days_it_may_mean(written: str, first: date, last: date) -> None:
    assert parse_date(written) == Span(first, last)


@pytest.mark.parametrize(
    "written", ["", "yesterday", "2026-13", "2026-02-30", "0000", 20261121, None, True, ["2026"]]
)
def test_what_is_no_date_is_nothing(written: object) -> None:
    assert parse_date(written) is None


def test_a_partial_date_may_leave_a_window_open() -> None:
    cutoff = date(2026, 8, 24)
    assert on_or_after(parse_date("2026-11"), cutoff) is True
    assert on_or_after(parse_date("2026-07"), cutoff) is False
    assert on_or_after(parse_date("2026-08"), cutoff) is None
    assert on_or_after(None, cutoff) is None


@pytest.mark.parametrize(
    ("written", "duration"),
    [("P90D", Duration(0, 90)), ("P6W", Duration(0, 42)), ("P1Y6M", Duration(18, 0))],
)
def test_durations_are_calendar_durations(written: str, duration: Duration) -> None:
    assert parse_duration(written) == duration


@pytest.mark.parametrize("written", ["P", "90", "PT5H", "P-1D", "", "6 weeks"])
def test_other_durations_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        parse_duration(written)


def test_going_back_months_stays_inside_the_month() -> None:
    assert before(date(2026, 3, 31), Duration(1, 0)) == date(2026, 2, 28)
    assert before(date(2024, 2, 29), Duration(12, 0)) == date(2023, 2, 28)
    assert before(date(2026, 11, 22), Duration(0, 90)) == date(2026, 8, 24)


def test_an_age_is_known_as_exactly_as_the_birth_date() -> None:
    day = date(2026, 11, 22)
    assert age_in_years(Span(date(1961, 11, 22), date(1961, 11, 22)), day) == (65, 65)
    assert age_in_years(Span(date(1961, 11, 23), date(1961, 11, 23)), day) == (64, 64)
    assert age_in_years(Span(date(1961, 1, 1), date(1961, 12, 31)), day) == (64, 65)
