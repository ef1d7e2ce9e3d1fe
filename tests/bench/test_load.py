"""What the load generators report is read exactly."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench import fixed_rate, load
from tests.bench.fixed_rate import Answered, failures, from_intended, read_log
from tests.bench.load import Load, LoadFailed, measured_only, percentile, read_report
from tests.bench.soak import portions, split
from tests.bench.steady import summary


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
    with pytest.raises(LoadFailed, match="apt-get install nghttp2-client"):
        fixed_rate.run([fixed_rate.times("http://127.0.0.1:1/", body, 1, 1)], tmp_path, 1)


def test_a_server_that_is_not_there_is_no_measurement(tmp_path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"{}")
    with pytest.raises(LoadFailed, match="Connection refused"):
        load.ask("http://127.0.0.1:1/", body, 1, 1, tmp_path)


def test_a_log_of_h2load_is_read_in_the_order_of_sending() -> None:
    log = "2000000\t200\t1500\n1000000\t503\t250\n3000000\t-1\t9\n"
    found = read_log(log)
    assert found == [Answered(1.0, 503, 0.25), Answered(2.0, 200, 1.5), Answered(3.0, -1, 0.009)]
    assert failures(found) == 2


def test_a_stalled_server_is_charged_for_the_calls_that_had_to_wait() -> None:
    # ten a second; the second call takes 300 ms, so the next two begin late
    calls = [
        Answered(0.0, 200, 5.0),
        Answered(0.1, 200, 300.0),
        Answered(0.4, 200, 5.0),
        Answered(0.405, 200, 5.0),
        Answered(0.41, 200, 5.0),
    ]
    assert [round(each) for each in from_intended(calls, 10)] == [5, 300, 205, 110, 15]


def test_a_late_first_call_does_not_make_the_others_early() -> None:
    calls = [Answered(0.05, 200, 1.0), Answered(0.1, 200, 1.0), Answered(0.2, 200, 1.0)]
    assert [round(each) for each in from_intended(calls, 10)] == [51, 1, 1]


def test_a_client_that_sent_nothing_has_no_latencies() -> None:
    assert from_intended([], 10) == []


def test_a_steady_load_is_summed_up_over_its_clients() -> None:
    each = [Answered(number / 10, 200, 4.0) for number in range(100)]
    other = [Answered(number / 10, 200 if number else 503, 8.0) for number in range(90)]
    found = summary([each, other], capacity=25, rate=20, seconds=10)
    assert (found.requests, found.failed) == (190, 1)
    assert round(found.p50) == 4
    assert round(found.p99) == 8
    assert round(found.short, 2) == 0.05


@pytest.mark.parametrize(("whole", "blocks"), [(100_000, 20), (7, 20), (20, 20)])
def test_a_long_load_is_split_without_loss(whole: int, blocks: int) -> None:
    parts = split(whole, blocks)
    assert sum(parts) == whole
    assert len(parts) == min(whole, blocks)
    assert sum(count for part in parts for _, count in portions(part)) == whole
