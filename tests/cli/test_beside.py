"""What processes of their own do for a service that starts."""

import os
import signal
import time

import pytest

from cds_service.cli import beside
from cds_service.cli.beside import Reading, done_beside
from cds_service.cli.startup import ContentRefused, compiled
from cds_service.content.check import check
from cds_service.content.load import ContentNotFound, content_directory, load
from cds_service.settings import Settings


@pytest.fixture
def broken(small):
    (small / "one.yaml").write_text("kind: value-sett\n", encoding="utf-8")
    return small


def test_what_another_process_reads_is_what_is_read_here():
    here = load(content_directory())
    there, problems = Reading(None).result()
    assert problems == check(here)
    assert there.documents == here.documents
    assert list(there.documents) == list(here.documents)
    assert (there.root, there.content_version) == (here.root, here.content_version)
    path = next(iter(here.documents))
    assert there.positions.keys() == here.positions.keys()
    assert there.positions[path].at(("id",)) == here.positions[path].at(("id",)) != (1, 1)


def test_every_problem_is_told_as_the_check_in_one_process_tells_it(broken):
    loaded, problems = Reading(broken).result()
    assert problems == check(load(broken)) != []
    with pytest.raises(ContentRefused) as refused:
        compiled(loaded, Settings(), problems)
    assert refused.value.issues == tuple(problems)


def test_a_reader_that_was_killed_does_no_harm(broken):
    reading = Reading(broken)
    os.kill(reading._child, signal.SIGKILL)
    assert reading.result()[1] == check(load(broken)) != []


def test_content_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ContentNotFound):
        Reading(tmp_path / "none").result()


@pytest.fixture
def begun(monkeypatch):
    """Return the processes that were begun, of which the tests around have others."""
    found = []
    fork = beside._fork

    def told(work):
        child, reading = fork(work)
        found.append(child)
        return child, reading

    monkeypatch.setattr(beside, "_fork", told)
    return found


def test_work_beside_is_done_when_the_block_is_left(tmp_path, begun):
    with done_beside((tmp_path / "done").touch, longest=60):
        pass
    assert (tmp_path / "done").exists()
    (child,) = begun
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)


def test_work_that_fails_stops_nothing():
    def fail():
        raise KeyError("of the work")

    with done_beside(fail, longest=60):
        made = "made"
    assert made == "made"


def test_work_that_takes_too_long_is_left_alone(tmp_path, begun):
    def work():
        while not (tmp_path / "go").exists():
            time.sleep(0.01)
        (tmp_path / "done").touch()

    with done_beside(work, longest=0.01):
        pass
    assert not (tmp_path / "done").exists()
    (tmp_path / "go").touch()
    (child,) = begun
    os.waitpid(child, 0)
    assert (tmp_path / "done").exists()


def test_a_reader_for_whom_nobody_waits_ends_by_itself():
    reading = Reading(None)
    os.close(reading._pipe)
    assert os.waitpid(reading._child, 0)[0] == reading._child
