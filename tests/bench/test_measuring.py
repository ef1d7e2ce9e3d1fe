"""Every measurement once, as small as it can be, with real servers and real load generators."""

import importlib
import json
import os
import re
from pathlib import Path

import pytest

from cds_service.settings import Settings
from cds_service.web.gate import threads_needed
from tests.bench import documentation, journal
from tests.bench import serving as bench_serving
from tests.bench.cells import OURS, TITLES, Cell, Task
from tests.bench.command import main
from tests.bench.figures import Measured, Run
from tests.bench.load import ask
from tests.bench.record import to_json
from tests.bench.run import WrongAnswer, measure
from tests.bench.serving import Model, NotReady, post, serving
from tests.bench.soak import soak
from tests.bench.stages import STAGES
from tests.bench.steady import Load, steady
from tests.journal.servers import missing

THREADS = threads_needed(Settings())
ONE = Model(workers=1, threads=THREADS)


EARLIER = Run(
    {
        (Cell(10, True, 8), OURS): [Measured(150, 1, 2, 1, 80)],
        (Cell(10, True, 8), "a"): [Measured(100, 1, 2, 1, 50)],
    }
)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls wait that a busy machine lets wait: here nothing is measured, only tried."""
    usual = bench_serving._environment
    monkeypatch.setattr(
        bench_serving, "_environment", lambda *given: {**usual(*given), "CDS_QUEUE_WAIT": "60"}
    )


def silent(_line: str) -> None:
    pass


def test_a_whole_run_measures_every_server_and_writes_its_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "run.json"
    before = tmp_path / "before.json"
    before.write_text(to_json(EARLIER), encoding="utf-8")
    options = ["--workers", "1", "--threads", str(THREADS), "--rounds", "1", "--seconds", "1"]
    files = ["--json", str(record), "--against", str(before)]
    assert main([*options, "--sizes", "10", *files]) == 0
    out, err = capsys.readouterr()
    assert f"4 cells, 1 rounds, 1 workers with {THREADS} threads: about " in err
    assert "10 resources, one card, 8 clients" in out
    assert "requests/s at 10 resources, against (a), at least 1.3 x" in out
    assert "invalid" not in out
    found = json.loads(record.read_text(encoding="utf-8"))
    assert set(found["startup"]) == set(TITLES)
    for cell in found["cells"]:
        (figures,) = cell["rounds"]
        assert figures["faults"] == {}
        assert min(figures[name] for name in ("rate", "p50", "p99", "cpu_ms", "peak_mib")) > 0
        assert figures["p50"] <= figures["p99"]
    assert found["facts"]["packages"]["granian"]
    assert re.search(r"^hit-10-c8 +x \(a\) +1\.50 -> ", out, re.MULTILINE)


def test_the_answer_of_a_baseline_is_the_answer_of_the_service(tmp_path: Path) -> None:
    (tmp_path / "hit-10.json").write_bytes(b'{"cards":[]}')
    with serving("c", ONE, tmp_path) as server:
        path = server.path(Cell(10, True, 1))
        assert post(server, path, b'{"prefetch":{}}') == (200, b'{"cards":[]}')


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_a_baseline_really_reads_what_it_is_sent(name: str, tmp_path: Path) -> None:
    (tmp_path / "hit-10.json").write_bytes(b"{}")
    with serving(name, ONE, tmp_path) as server:
        status, _ = post(server, server.path(Cell(10, True, 1)), b"{no JSON")
    assert status == 500


def test_the_strict_baseline_validates_every_resource(tmp_path: Path) -> None:
    (tmp_path / "hit-10.json").write_bytes(b"{}")
    odd = {"resourceType": "Observation", "status": 3}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": odd}]}
    with serving("c", ONE, tmp_path) as server:
        path = server.path(Cell(10, True, 1))
        status, _ = post(server, path, json.dumps({"prefetch": {"o": bundle}}).encode())
    assert status == 500


def test_calls_that_fail_make_a_cell_invalid(tmp_path: Path) -> None:
    (tmp_path / "hit-10.json").write_bytes(b"{}")
    body = tmp_path / "body"
    body.write_bytes(b"{no JSON")
    with serving("a", ONE, tmp_path) as server:
        load = ask(server.url(Cell(10, True, 1)), body, 2, 1, tmp_path)
    assert load.faults["status"] == load.requests > 0


def test_a_server_has_as_many_workers_as_asked_for_and_their_memory_is_known(
    tmp_path: Path,
) -> None:
    with serving("a", Model(workers=2, threads=1), tmp_path) as server:
        memory = server.memory()
        assert len(memory.pss) == len(memory.rss) == len(memory.peak_rss) == 2
        assert all(0 < one < two for one, two in zip(memory.pss, memory.rss, strict=True))
        assert server.cpu() > 0
        assert server.startup > 0
        process = server.process
    assert not process.is_running()


def test_a_server_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.bench.serving._BODY_LIMIT", "much")
    with (
        pytest.raises(NotReady, match="CDS_MAX_BODY_BYTES"),
        serving(OURS, ONE, tmp_path),
    ):
        pass


def test_a_request_that_does_not_get_its_card_stops_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing_to_say = {
        "hook": "order-select",
        "hookInstance": "7",
        "context": {"patientId": "1", "selections": [], "draftOrders": {}},
    }
    monkeypatch.setattr(
        "tests.bench.charts.request", lambda *_, **__: json.dumps(nothing_to_say).encode()
    )
    with pytest.raises(WrongAnswer):
        measure([Task(Cell(10, True, 1), (OURS,))], ONE, 1, 1)


def test_memory_is_read_again_and_again_over_many_requests() -> None:
    found = soak(ONE, 100, silent)
    assert (found.requests, found.failed) == (100, 0)
    assert [done for done, _ in found.memory][-1] == 100
    assert found.largest > 10
    assert found.drift > 0


def test_a_load_at_a_fixed_rate_is_sent_at_that_rate() -> None:
    load = Load(part=0.3, seconds=2, probe=1, settle=0.5)
    measured = steady(ONE, 10, load, [OURS, "a"], silent)
    assert [found.server for found in measured] == [OURS, "a"]
    for found in measured:
        assert found.failed == 0
        assert found.rate == pytest.approx(0.3 * found.capacity)
        assert 0 < found.requests <= 2.5 * found.rate
        assert found.p50 <= found.p99


@pytest.mark.parametrize(("stage", "module", "name"), STAGES)
def test_every_stage_of_the_profile_is_there(stage: str, module: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(module), name)), stage


def test_the_profile_says_where_the_time_of_a_request_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["profile", "--resources", "10", "--rounds", "5"]) == 0
    out, _ = capsys.readouterr()
    for stage, _, _ in STAGES:
        assert f"  {stage} " in out
    assert "json.loads of the bytes" in out
    assert "not there any more" not in out


@pytest.mark.parametrize("there", [True, False])
def test_the_journal_is_measured_on_each_database_that_there_is(
    there: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not there:
        monkeypatch.setattr("tests.bench.journal.postgres_binaries", lambda: None)
    elif journal.postgres_binaries() is None:
        missing("PostgreSQL (initdb and postgres)")
    assert main(["journal", "--batch", "2", "5", "--rounds", "2", "--stored", "3"]) == 0
    out, _ = capsys.readouterr()
    rows = re.findall(r"^  (SQLite|PostgreSQL) +([0-9]+)((?: +[0-9.]+)+)$", out, re.MULTILINE)
    databases = ["SQLite", "PostgreSQL"] if there else ["SQLite"]
    assert [(name, batch) for name, batch, _ in rows] == [
        (name, batch) for name in databases for batch in ("2", "5")
    ]
    for _, _, figures in rows:
        *stages, whole = map(float, figures.split())
        assert all(each >= 0 for each in stages)
        assert whole > 0
    assert "json.loads of a request of 10 resources: " in out


def test_what_cannot_be_measured_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}", encoding="utf-8")
    assert main(["--against", str(other)]) == 2
    assert "not the record of a run" in capsys.readouterr().err
    assert main(["--against", os.devnull]) == 2


def test_each_measurement_has_its_place_in_the_documentation() -> None:
    page = documentation.PAGE.read_text(encoding="utf-8")
    for name in ("bench", "growth", "soak", "steady"):
        filled = documentation.filled(page, name, "FIGURES")
        assert filled.count("FIGURES") == 1
        assert documentation.filled(filled, name, "OTHERS").count("FIGURES") == 0


def test_a_page_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="bench:begin"):
        documentation.filled("# Performance\n", "bench", "FIGURES")
