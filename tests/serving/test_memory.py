"""Memory that was freed goes back to the system, and requests end with their answers."""

import gc
import os
import subprocess
import sys
import weakref

import pytest

from cds_service.serving import allocator, collector, http


class Body:
    """Stands for what a server reads a body from: it holds the body."""


class Asked:
    """Stands for a request of werkzeug's, which is written into the environ that it holds."""

    def __init__(self, environ: dict[str, object]) -> None:
        self.environ = environ
        environ["werkzeug.request"] = self


class Protocol:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def response_bytes(self, _status: int, _headers: list[tuple[str, str]], body: bytes) -> None:
        self.sent.append(body)


def test_a_body_is_freed_with_the_answer_though_the_request_holds_itself() -> None:
    def application(environ, start):
        Asked(environ)
        start("200 OK", [])
        return [b"answered"]

    answer = http._answering(application, lambda: False)
    body, protocol = Body(), Protocol()
    watched = weakref.ref(body)
    gc.disable()
    try:
        answer(protocol, {"wsgi.input": body})
        del body
        assert watched() is None
    finally:
        gc.enable()
    assert protocol.sent == [b"answered"]


_FREED = """
from cds_service.serving import allocator
excess = allocator.Excess()
kept = [bytes(100_000) for _ in range(400)]  # 40 MB in pieces that the heap holds
before, last = allocator.resident(), kept[-1]
kept.clear()
tried = excess.look()
print(tried, before - allocator.resident() > 20_000_000)
"""


def test_large_memory_that_was_freed_is_given_back() -> None:
    # in a process of its own: one that has held much before gives back at other times
    said = subprocess.run(
        [sys.executable, "-c", _FREED], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["True", "True"]


def test_nothing_is_given_back_while_there_is_no_more_than_at_first() -> None:
    assert allocator.Excess().look() is False


def test_a_c_library_without_arenas_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _name: object())
    allocator.share_arenas()
    allocator.give_back()


@pytest.mark.parametrize("said", ["", "narenas:4"])
def test_the_environment_has_the_last_word_about_the_servers_allocator(said: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    if said:
        environ["_RJEM_MALLOC_CONF"] = said
    code = "import os, cds_service.serving.http; print(os.environ['_RJEM_MALLOC_CONF'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == said or (not said and "dirty_decay_ms" in done.stdout)


def test_a_paused_collector_collects_again_once_settled() -> None:
    before = gc.get_threshold()
    try:
        collector.pause()
        assert not gc.isenabled()
        collector.settle()
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
        gc.enable()
