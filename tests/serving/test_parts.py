"""Small parts of serving that need no service."""

import os
import socket
import threading

import pytest

from cds_service.serving import cores
from cds_service.serving.board import Board, Row, State
from cds_service.serving.pidfile import AlreadyServed, PidFile, Status, running, status
from cds_service.serving.sockets import listeners
from cds_service.serving.worker import workers_check
from cds_service.web.drain import Drain
from cds_service.web.health import Finding, Readiness


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("max 100000", 1024),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("50000 100000", 1),
        ("", 1024),
    ],
)
def test_a_quota_of_the_control_group_counts(tmp_path, text, number):
    file = tmp_path / "cpu.max"
    file.write_text(text, encoding="ascii")
    assert cores._quota(file, tmp_path) == number


def test_an_old_control_group_counts_too(tmp_path):
    (tmp_path / "cpu.cfs_quota_us").write_text("300000\n", encoding="ascii")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n", encoding="ascii")
    assert cores._quota(tmp_path / "missing", tmp_path) == 3
    (tmp_path / "cpu.cfs_quota_us").write_text("-1\n", encoding="ascii")
    assert cores._quota(tmp_path / "missing", tmp_path) == 1024


def test_there_is_always_a_core():
    assert 1 <= cores.cores() <= len(os.sched_getaffinity(0))


def test_a_row_is_read_whole_while_another_process_writes_it():
    board = Board(1)
    rows = [
        Row(1, State.READY, 1, False, "a" * 40 + " " + "a" * 16),
        Row(2, State.DRAINING, 2, True, "b" * 12),
    ]
    board.tell(0, rows[0])
    child = os.fork()
    if child == 0:
        for number in range(20_000):
            board.tell(0, rows[number % 2])
        os._exit(0)
    seen = [board.row(0) for _ in range(20_000)]
    os.waitpid(child, 0)
    assert set(seen) <= set(rows)


def test_a_row_left_half_written_by_a_killed_process_is_mended_by_the_next():
    board = Board(1)
    board.tell(0, Row(1, State.READY, 1, False, "content"))
    board._memory[256] |= 1  # as if the writer had been killed in the middle
    board.tell(0, Row(2, State.STARTING))
    assert board.row(0) == Row(2, State.STARTING)


def test_what_no_row_has_room_for_is_cut_off():
    board = Board(1)
    board.tell(0, Row(content="x" * 1000))
    assert board.row(0).content == "x" * 220


def test_all_listeners_share_the_port_that_the_first_one_took():
    made = listeners("127.0.0.1", 0, 3, 16)
    ports = {each.getsockname()[1] for each in made}
    for each in made:
        each.close()
    assert len(ports) == 1


def test_an_address_in_use_is_an_error_even_if_it_could_be_shared():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            listeners("127.0.0.1", taken.getsockname()[1], 2, 16)


def test_the_pid_file_is_held_by_one_service_and_gone_with_it(tmp_path):
    path = tmp_path / "service.pid"
    assert running(path) is None
    held = PidFile(path)
    assert running(path) == os.getpid()
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(AlreadyServed):
        PidFile(path)
    told = Status(generation=3, problems=("one",), content=("a", "b"))
    held.tell(told)
    assert status(path) == told
    held.remove()
    assert running(path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_status_is_never_read_half(tmp_path):
    held = PidFile(tmp_path / "service.pid")
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            held.tell(Status(generation=number, problems=("x" * 5000,)))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            status(held.path)
    finally:
        stop.set()
        writer.join()
        held.remove()


def test_the_service_is_ready_once_each_worker_has_begun_to_answer():
    board, drain = Board(2), Drain()
    check = workers_check(board, drain)
    board.tell(0, Row(pid=1, state=State.READY))
    assert check() == Finding(Readiness.UNREADY, "1 of 2 workers answer calls")
    board.tell(1, Row(pid=2, state=State.READY))
    assert check().readiness is Readiness.READY


def test_a_worker_that_is_replaced_degrades_the_service():
    board, drain = Board(2), Drain()
    check = workers_check(board, drain)
    for number in (0, 1):
        board.tell(number, Row(pid=number + 1, state=State.READY))
    assert check().readiness is Readiness.READY
    board.change(1, State.ENDED)
    assert check() == Finding(Readiness.DEGRADED, "1 of 2 workers answer calls")


def test_workers_that_end_together_are_the_business_of_the_drain():
    board, drain = Board(2), Drain()
    drain.begin()
    assert workers_check(board, drain)().readiness is Readiness.READY
