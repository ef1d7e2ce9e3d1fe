"""Each token is good for one call."""

import threading
from datetime import timedelta

import pytest

from cds_service.clients.replays import MemoryReplays, ReplaysUnavailable
from tests.clients.tokens import NOW

SOON = NOW + timedelta(minutes=5)


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.mark.conformance(203)
def test_a_token_is_used_once_and_issuers_do_not_disturb_each_other(clock):
    replays = MemoryReplays(clock=clock)
    assert replays.first_use("a", "1", SOON)
    assert not replays.first_use("a", "1", SOON)
    assert replays.first_use("b", "1", SOON)
    assert replays.first_use("a", "2", SOON)


def test_a_token_is_forgotten_once_it_has_expired(clock):
    replays = MemoryReplays(clock=clock)
    replays.first_use("a", "later", SOON + timedelta(hours=1))
    replays.first_use("a", "sooner", SOON)
    clock.now = SOON
    replays.first_use("a", "new", SOON + timedelta(hours=1))
    assert len(replays) == 2
    assert not replays.first_use("a", "later", SOON + timedelta(hours=1))


def test_when_memory_is_full_no_token_is_forgotten_early(clock):
    replays = MemoryReplays(capacity=2, clock=clock)
    replays.first_use("a", "1", SOON)
    replays.first_use("a", "2", SOON)
    with pytest.raises(ReplaysUnavailable):
        replays.first_use("a", "3", SOON)
    assert not replays.first_use("a", "1", SOON)
    clock.now = SOON
    assert replays.first_use("a", "3", SOON + timedelta(minutes=5))


def test_of_many_calls_at_once_with_one_token_one_is_the_first(clock):
    replays, answers = MemoryReplays(clock=clock), []
    start = threading.Barrier(16)

    def call():
        start.wait()
        answers.append(replays.first_use("a", "1", SOON))

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 15 + [True]


def test_the_same_call_may_come_again_and_another_may_not(clock):
    replays = MemoryReplays(clock=clock)
    assert replays.first_use("a", "1", SOON, "call 1")
    assert replays.first_use("a", "1", SOON, "call 1")
    assert not replays.first_use("a", "1", SOON, "call 2")
    assert not replays.first_use("a", "1", SOON)
    assert replays.first_use("a", "2", SOON)
    assert not replays.first_use("a", "2", SOON, "call 1")
    clock.now = SOON + timedelta(seconds=1)
    assert replays.first_use("a", "1", SOON + timedelta(hours=1), "call 3")
