"""What the load generators report is read exactly."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench import load
from tests.bench.load import Load, LoadFailed, measured_only, percentile, read_report


def corrected(latencies: Counter[int], interval: int) -> Counter[int]:
    """Add the samples that wrk adds, as its source says: ascending, from twice the interval."""
    found = Counter(latencies)
    for micro in range(2 * interval, max(found) + 1):
        added = micro - interval
        while found[micro] and added > interval:
            found[added] += found[micro]
            added -= interval
    return +found


def report(latencies: dict[int, int], requests: int, duration: int, **errors: int) -> str:
    none = dict.fromkeys(("connect", "read", "write", "timeout", "status"), 0)
    return json.dumps(
        {
            "requests": requests,
            "duration": duration,
            "errors": {**none, **errors},
            "latency": latencies,
        }
    )


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=40).map(Counter),
    st.integers(1, 120),
)
def test_the_samples_that_wrk_adds_are_taken_out_again(
    latencies: Counter[int], interval: int
) -> None:
    assert measured_only(corrected(latencies, interval), interval) == latencies


def test_a_report_of_wrk_gives_what_the_requests_really_took() -> None:
    took = Counter({1000: 98, 5000: 2})
    duration = 107_000  # one client, 100 requests: 1,070 µs between two of them
    sent = corrected(took, duration // 100)
    assert sent.total() > 100
    found = read_report(report(sent, 100, duration), clients=1)
    assert found == Load(100, 0.107, took, {}, 0.0)
    assert percentile(found.latencies, 0.5) == 1.0
    assert percentile(found.latencies, 0.99) == 5.0


def test_a_report_without_added_samples_is_taken_as_it_is() -> None:
    took = {1000: 98, 5000: 2}
    assert read_report(report(took, 100, 107_000), clients=1).latencies == took


def test_failed_calls_are_counted_by_what_went_wrong() -> None:
    found = read_report(report({1000: 10}, 10, 10_000, status=3, read=1), clients=1)
    assert found.faults == {"status": 3, "read": 1}


def test_latencies_that_cannot_be_understood_are_refused() -> None:
    with pytest.raises(LoadFailed, match="version of wrk"):
        read_report(report({1000: 99}, 10, 10_000), clients=1)


def test_the_percentile_of_nothing_is_nothing() -> None:
    assert percentile({}, 0.99) == 0.0


@pytest.mark.parametrize(("part", "expected"), [(0.5, 0.05), (0.99, 0.099), (1.0, 0.1)])
def test_a_percentile_is_exact(part: float, expected: float) -> None:
    assert percentile(dict.fromkeys(range(1, 101), 1), part) == expected


def test_a_missing_load_generator_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    body = tmp_path / "body"
    with pytest.raises(LoadFailed, match="apt-get install wrk"):
        load.ask("http://127.0.0.1:1/", body, 1, 1, tmp_path)


def test_a_server_that_is_not_there_is_no_measurement(tmp_path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"{}")
    with pytest.raises(LoadFailed, match="Connection refused"):
        load.ask("http://127.0.0.1:1/", body, 1, 1, tmp_path)
