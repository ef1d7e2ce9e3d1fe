"""Content is checked in a process of its own while it is compiled."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from cds_service.cli.beside import checked_beside, done_beside
from cds_service.content.check import check
from cds_service.content.load import load


class Refused(Exception):  # noqa: N818 - it reads as what happened
    pass


def refuse(problems):
    raise Refused([str(each) for each in problems])


@pytest.fixture
def broken(small):
    (small / "one.yaml").write_text("kind: value-sett\n", encoding="utf-8")
    return load(small)


def test_what_was_made_is_returned_if_there_is_no_error(small):
    assert checked_beside(load(small), lambda: "made", refuse) == "made"


def test_every_problem_is_told_as_the_check_in_one_process_tells_it(broken):
    with pytest.raises(Refused) as refused:
        checked_beside(broken, lambda: "made", refuse)
    assert refused.value.args[0] == [str(each) for each in check(broken)]


def test_content_with_errors_is_refused_even_if_it_could_not_be_made(broken):
    def fail():
        raise KeyError("of broken content")

    with pytest.raises(Refused):
        checked_beside(broken, fail, refuse)


def test_what_fails_for_another_reason_is_raised(small):
    def fail():
        raise KeyError("of the program")

    with pytest.raises(KeyError, match="of the program"):
        checked_beside(load(small), fail, refuse)


def test_a_check_that_was_killed_is_done_again(broken):
    def kill():
        thread = threading.get_native_id()
        children = Path(f"/proc/{os.getpid()}/task/{thread}/children").read_text(encoding="ascii")
        (child,) = map(int, children.split())
        os.kill(child, signal.SIGKILL)
        return "made"

    with pytest.raises(Refused):
        checked_beside(broken, kill, refuse)


def test_work_beside_is_done_when_the_block_is_left(tmp_path):
    with done_beside((tmp_path / "done").touch, longest=60):
        pass
    assert (tmp_path / "done").exists()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_work_that_fails_stops_nothing():
    def fail():
        raise KeyError("of the work")

    with done_beside(fail, longest=60):
        made = "made"
    assert made == "made"


def test_work_that_takes_too_long_is_left_alone(tmp_path):
    def work():
        while not (tmp_path / "go").exists():
            time.sleep(0.01)
        (tmp_path / "done").touch()

    with done_beside(work, longest=0.01):
        pass
    assert not (tmp_path / "done").exists()
    (tmp_path / "go").touch()
    os.waitpid(-1, 0)
    assert (tmp_path / "done").exists()
