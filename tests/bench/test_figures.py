"""From measured figures to medians, ratios, the table, the aims, and a record to compare with."""

import json
import re
from dataclasses import replace

import pytest

from tests.bench.aims import aims
from tests.bench.cells import OURS, SIZES, Cell, Task, expected_seconds, plan
from tests.bench.figures import Measured, Run, spread
from tests.bench.record import OtherFormat, changes, from_json, to_json
from tests.bench.run import length, turned
from tests.bench.table import markdown, text_table, title

USUAL = Cell(100, True, 8)


def measured(rate: float, *, p50: float = 2.0, p99: float = 6.0, cpu: float = 1.0) -> Measured:
    return Measured(rate=rate, p50=p50, p99=p99, cpu_ms=cpu, peak_mib=80.0, generator=0.1)


def run_of(*figures: tuple[Cell, str, list[Measured]]) -> Run:
    run = Run()
    for cell, server, rounds in figures:
        for each in rounds:
            run.add(cell, server, each)
    return run


def verdicts(run: Run) -> dict[str, bool]:
    return {aim.text: aim.met for aim in aims(run)}


def test_a_spread_is_the_median_between_the_least_and_the_most() -> None:
    found = spread([5.0, 1.0, 3.0])
    assert (found.median, found.least, found.most) == (3.0, 1.0, 5.0)


def test_ratios_are_of_the_same_round_so_a_slow_moment_hits_both() -> None:
    run = run_of(
        (USUAL, OURS, [measured(300), measured(30)]), (USUAL, "a", [measured(100), measured(10)])
    )
    found = run.ratio(USUAL, OURS, "a")
    assert found is not None
    assert (found.least, found.median, found.most) == (3.0, 3.0, 3.0)


def test_a_cell_with_a_failed_call_is_invalid_and_says_why() -> None:
    broken = replace(measured(100), faults={"status": 2})
    run = run_of((USUAL, OURS, [measured(300), broken]), (USUAL, "a", [measured(100)] * 2))
    assert run.faults(USUAL, OURS) == {"status": 2}
    assert run.ratio(USUAL, OURS, "a") is None
    assert aims(run) == []
    assert re.search(r"ours +invalid +status 2", text_table(run))
    assert "| ours | invalid | status 2 |" in markdown(run, [])


@pytest.mark.parametrize(
    ("size", "other", "enough"),
    [
        (10, "a", 1.3),
        (100, "a", 2.5),
        (1000, "a", 4.0),
        (10, "d", 0.6),
        (100, "d", 0.6),
        (1000, "d", 0.6),
        (10_000, "d", 0.6),
        (100, "c", 15.0),
    ],
)
def test_each_ratio_has_its_aim(size: int, other: str, enough: float) -> None:
    cell = Cell(size, True, 8)
    text = f"requests/s at {size:,} resources, against ({other}), at least {enough} x"
    for factor, met in ((1.01, True), (0.99, False)):
        rates = [measured(100 * enough * factor)]
        run = run_of((cell, OURS, rates), (cell, other, [measured(100)]))
        assert verdicts(run)[text] is met


@pytest.mark.parametrize(("p99", "met"), [(9.9, True), (10.1, False)])
def test_the_tail_with_one_client_is_at_most_five_medians(p99: float, met: bool) -> None:
    run = run_of((Cell(1000, True, 1), OURS, [measured(1, p50=2.0, p99=p99)]))
    assert verdicts(run) == {"p99 with one client at 1,000 resources, at most 5 x p50": met}


@pytest.mark.parametrize(("cpu", "met"), [(118.0, True), (122.0, False)])
def test_the_cost_of_a_resource_is_nearly_the_same_in_a_large_chart(cpu: float, met: bool) -> None:
    small, large = (USUAL, OURS, [measured(1, cpu=1.0)]), Cell(10_000, True, 8)
    run = run_of(small, (large, OURS, [measured(1, cpu=cpu)]))
    assert verdicts(run) == {"CPU per resource at 10,000, at most 1.2 x that at 100": met}


@pytest.mark.parametrize(("seconds", "met"), [(0.99, True), (1.0, False)])
def test_the_service_is_ready_in_less_than_a_second(seconds: float, met: bool) -> None:
    assert verdicts(Run(startup={OURS: seconds, "a": 0.3})) == {"ready in less than 1.0 s": met}


def test_the_table_shows_medians_and_ratios_of_every_server_in_every_cell() -> None:
    other = Cell(10, False, 1)
    run = run_of(
        (USUAL, OURS, [measured(300), measured(320), measured(310)]),
        (USUAL, "a", [measured(100)] * 3),
        (USUAL, "d", [measured(500)] * 3),
        (other, "a", [measured(50)]),
    )
    run.startup = {OURS: 0.8}
    lines = text_table(run).splitlines()
    row = next(line.split() for line in lines if line.startswith("ours"))
    assert row[:6] == ["ours", "310", "300-320", "3.10", "3.00-3.20", "0.62"]
    assert row[6:] == ["2.00", "6.00", "1.00", "80"]
    assert title(USUAL) in lines
    assert "10 resources, no card, 1 client" in lines
    assert "Seconds from start to ready: ours 0.80" in lines
    assert "The load generator took at most 0.10 of one core." in lines


def test_the_markdown_has_tables_of_one_width_and_the_aims() -> None:
    run = run_of((USUAL, OURS, [measured(300)]), (USUAL, "a", [measured(100)]))
    run.facts = {"day": "2026-11-26", "cores": 2}
    page = markdown(run, aims(run))
    widths = {line.count("|") for line in page.splitlines() if line.startswith("| ours")}
    heads = {line.count("|") for line in page.splitlines() if line.startswith("| server | req")}
    assert widths == heads == {11}
    assert "| requests/s at 100 resources, against (a), at least 2.5 x | 3.00 x | met |" in page


def test_a_run_comes_back_from_its_record() -> None:
    broken = replace(measured(1), faults={"read": 1})
    run = run_of((USUAL, OURS, [measured(300)]), (USUAL, "a", [broken]))
    run.startup, run.facts = {OURS: 0.5}, {"python": "3.13"}
    again = from_json(to_json(run))
    assert (again.rounds, again.startup, again.facts) == (run.rounds, run.startup, run.facts)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "cells": 3}'])
def test_what_is_not_the_record_of_a_run_is_refused(text: str) -> None:
    with pytest.raises(OtherFormat):
        from_json(text)


def test_two_runs_are_compared_by_their_ratios() -> None:
    before = run_of((USUAL, OURS, [measured(200)]), (USUAL, "a", [measured(100)]))
    # a machine half as fast, on which the service gained a quarter
    now = run_of((USUAL, OURS, [measured(125)]), (USUAL, "a", [measured(50)]))
    (line,) = changes(from_json(to_json(before)), now)
    assert line.split() == ["hit-100-c8", "x", "(a)", "2.00", "->", "2.50", "+25.0%"]


def test_the_record_is_json_with_every_round_and_every_aim() -> None:
    run = run_of((USUAL, OURS, [measured(300)] * 5), (USUAL, "a", [measured(100)] * 5))
    record = json.loads(to_json(run))
    assert [len(cell["rounds"]) for cell in record["cells"]] == [5, 5]
    assert [aim["met"] for aim in record["aims"]] == [True]


def test_the_usual_run_measures_what_the_aims_need() -> None:
    tasks = {task.cell: task.servers for task in plan()}
    assert {"a", "c", "d", OURS} <= set(tasks[Cell(100, True, 8)])
    assert {"a", "d", OURS} <= set(tasks[Cell(10_000, True, 8)])
    for size in (100, 1000):
        assert OURS in tasks[Cell(size, True, 1)]
    for size in (10, 100, 1000):
        assert {"a", "d", OURS} <= set(tasks[Cell(size, False, 8)])
    assert expected_seconds(plan(), 5, 2) < 30 * 60


def test_a_full_run_measures_every_server_in_every_cell() -> None:
    tasks = plan(full=True)
    assert len(tasks) == len(SIZES) * 2 * 3
    assert {len(task.servers) for task in tasks} == {5}


def test_a_run_takes_longer_with_more_rounds_and_larger_charts() -> None:
    small, large = Task(Cell(10, True, 8), (OURS, "a")), Task(Cell(10_000, True, 8), (OURS, "a"))
    assert expected_seconds([small], 5, 2) < expected_seconds([small], 10, 2)
    assert expected_seconds([small], 5, 2) < expected_seconds([large], 5, 2)


def test_each_round_begins_with_another_server() -> None:
    order = [list(turned((OURS, "a", "d"), number)) for number in range(4)]
    assert order == [[OURS, "a", "d"], ["a", "d", OURS], ["d", OURS, "a"], [OURS, "a", "d"]]


@pytest.mark.parametrize(
    ("one_call", "workers", "seconds"),
    [(0.001, 1, 2), (0.5, 1, 12), (0.5, 2, 6), (100.0, 1, 30)],
)
def test_a_slow_server_is_measured_longer(one_call: float, workers: int, seconds: float) -> None:
    assert length(Cell(100, True, 8), 2, one_call, workers) == seconds
