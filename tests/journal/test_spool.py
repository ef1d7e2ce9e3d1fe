"""The spool keeps events on disk, in order, and tells when it cannot."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from cds_service.journal import spool as spool_module
from cds_service.journal.events import Consultation
from cds_service.journal.spool import SET_ASIDE, Spool
from tests.journal.events import consultation


class RefusedError(Exception):
    """Raised by a sink that can never take an event."""


class Sink:
    """Takes events as the database does; idempotent by id."""

    def __init__(self) -> None:
        self.events: dict[object, Consultation] = {}
        self.refuses: set[object] = set()
        self.down = False

    def write(self, batch: Sequence[Consultation]) -> None:
        if self.down:
            raise ConnectionError
        if any(event.id in self.refuses for event in batch):
            raise RefusedError
        for event in batch:
            self.events.setdefault(event.id, event)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def open_spool(directory: Path) -> Iterator[Callable[[int], Spool]]:
    opened: list[Spool] = []

    def make(max_bytes: int = 1_000_000) -> Spool:
        opened.append(Spool(directory, max_bytes))
        return opened[-1]

    yield make
    for spool in opened:
        spool.seal()


@pytest.fixture
def spool(open_spool: Callable[..., Spool]) -> Spool:
    return open_spool()


@pytest.fixture
def sink() -> Sink:
    return Sink()


def drain(spool: Spool, sink: Sink) -> int:
    return sum(spool.drain(sink.write, RefusedError))


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("consultations-*.jsonl"))


def test_events_come_back_in_their_order_and_then_nothing_is_left(
    spool: Spool, directory: Path, sink: Sink
):
    events = [consultation() for _ in range(500)]
    for start in range(0, 500, 50):
        assert spool.append(events[start : start + 50]) == 50
        spool.seal()
    assert not spool.caught_up()
    assert drain(spool, sink) == 500
    assert list(sink.events.values()) == events
    assert spool.caught_up()
    assert (segments(directory), spool.size()) == ([], 0)


def test_segments_are_limited_in_size(spool: Spool, directory: Path, sink: Sink, monkeypatch):
    monkeypatch.setattr(spool_module, "_SEGMENT_BYTES", 5_000)
    for _ in range(50):
        spool.append([consultation()])
    assert len(segments(directory)) > 5
    assert drain(spool, sink) == 50


def test_a_full_spool_takes_no_more_and_drops_nothing_older(
    open_spool, directory: Path, sink: Sink
):
    events = [consultation() for _ in range(10)]
    line = len(msgspec.json.encode(events[0])) + 1
    spool = open_spool(3 * line + 10)
    assert spool.append(events[:2]) == 2
    assert spool.append(events[2:]) == 1
    assert spool.append(events[3:]) == 0
    assert drain(spool, sink) == 3
    assert list(sink.events.values()) == events[:3]
    assert spool.append(events[3:5]) == 2


def test_a_spool_takes_what_fills_it_to_the_last_byte(open_spool):
    event = consultation()
    assert open_spool(len(msgspec.json.encode(event)) + 1).append([event]) == 1


def test_a_disk_that_takes_only_part_of_a_batch_leaves_no_half_line(
    spool: Spool, directory: Path, sink: Sink, monkeypatch
):
    first, second = consultation(), consultation()
    assert spool.append([first]) == 1

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert spool.append([second]) == 0
    monkeypatch.undo()
    assert drain(spool, sink) == 1
    assert spool.number_set_aside == 0


def test_while_the_database_is_down_everything_stays(spool: Spool, directory: Path, sink: Sink):
    events = [consultation() for _ in range(3)]
    spool.append(events)
    sink.down = True
    with pytest.raises(ConnectionError):
        drain(spool, sink)
    assert len(segments(directory)) == 1
    sink.down = False
    assert drain(spool, sink) == 3


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(b"{\n", id="a half line"),
        pytest.param(b"\xff\xfe\x00\n", id="no text"),
        pytest.param(b'{"id":"no uuid"}\n', id="another shape"),
        pytest.param(b"[" * 5000 + b"\n", id="deep nesting"),
    ],
)
def test_a_damaged_line_is_set_aside_and_the_others_go_on(
    spool: Spool, directory: Path, sink: Sink, damage: bytes
):
    events = [consultation(), consultation()]
    spool.append(events)
    spool.seal()
    (segment,) = segments(directory)
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(lines[0] + damage + lines[1])
    sink.down = True
    with pytest.raises(ConnectionError):
        drain(spool, sink)
    sink.down = False
    assert drain(spool, sink) == 2
    assert list(sink.events.values()) == events
    assert (directory / SET_ASIDE).read_bytes() == damage
    assert spool.number_set_aside == 1


def test_an_event_that_is_refused_for_good_is_set_aside(spool: Spool, directory: Path, sink: Sink):
    events = [consultation() for _ in range(5)]
    spool.append(events)
    sink.refuses = {events[2].id}
    assert drain(spool, sink) == 4
    assert (directory / SET_ASIDE).read_bytes() == msgspec.json.encode(events[2]) + b"\n"


def test_a_line_cut_off_by_a_crash_costs_only_itself(open_spool, directory: Path, sink: Sink):
    before = open_spool()
    before.append([consultation(), consultation()])
    before.seal()
    (segment,) = segments(directory)
    segment.write_bytes(segment.read_bytes()[:-40])
    after = open_spool()
    after.append([consultation()])
    assert drain(after, sink) == 2
    assert after.number_set_aside == 1


def _append_and_wait(directory: Path, started, stop) -> None:
    spool = Spool(directory, 1_000_000)
    spool.append([consultation()])
    started.set()
    stop.wait(120)
    os._exit(0)


def test_the_segment_of_a_living_process_is_left_alone_and_of_a_dead_one_read(
    spool: Spool, directory: Path, sink: Sink
):
    fresh = multiprocessing.get_context("spawn")
    started, stop = fresh.Event(), fresh.Event()
    other = fresh.Process(target=_append_and_wait, args=(directory, started, stop))
    other.start()
    assert started.wait(60)
    spool.append([consultation()])
    assert drain(spool, sink) == 1
    assert spool.caught_up()
    assert len(segments(directory)) == 1
    stop.set()
    other.join(60)
    other.close()
    assert drain(spool, sink) == 1
    assert segments(directory) == []


def test_directory_and_files_are_readable_by_us_alone(spool: Spool, directory: Path):
    spool.append([consultation()])
    spool.set_aside([b"x"])
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
