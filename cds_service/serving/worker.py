"""One worker process: it answers calls until it is told to end, or to use other content."""

import contextlib
import gc
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask

from cds_service.app import create_app, put_in_force
from cds_service.log import logger
from cds_service.serving.allocator import Excess
from cds_service.serving.balance import Balance, Load
from cds_service.serving.board import Board, State
from cds_service.serving.collector import settle
from cds_service.serving.http import HttpServer
from cds_service.serving.signals import Signals, restore
from cds_service.serving.site import ReadSite, Site, SiteRefused
from cds_service.serving.stalled import StalledUploads
from cds_service.settings import Settings
from cds_service.web import metrics
from cds_service.web.drain import Drain
from cds_service.web.health import Check, Finding, Readiness
from cds_service.web.operations import Operations

_log = logger(__name__)

HURRY = signal.SIGUSR1
"""Tells a worker that ends to end at once."""

_NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, HURRY)
_LOOK_EVERY = 0.5
_LAST_ANSWERS = 3.0
"""Seconds for calls that came in the last moment: after that the journal is closed to feedback."""

OpenParts = Callable[[Site, int], AbstractContextManager[Operations]]
"""Opens what stands around the advice in the worker with this number."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker needs, made by the parent before the fork.

    `lifeline` is the reading end of a pipe whose other end only the parent holds: when that
    closes, the parent is gone and the worker ends too. `read_again` reads the site anew.
    """

    number: int
    settings: Settings
    site: Site
    board: Board
    listener: socket.socket
    lifeline: int
    figures: Path
    open_parts: OpenParts
    read_again: ReadSite

    def run(self) -> int:
        """Answer calls until told to end; return the exit code of the process."""
        metrics.shared_by_workers(self.figures, self.number)
        with self.open_parts(self.site, self.number) as parts:
            app = create_app(self.settings, self.site.advisor, parts)
            self._show_workers(parts)
            port = self.listener.getsockname()[1]
            stalled = StalledUploads(self.settings, port)
            balance = Balance()
            server = HttpServer(
                parts.drain.counting(app),
                self.listener,
                self.settings,
                lambda: parts.drain.draining or balance.moves_one(),
            )
            self.listener.close()  # the server has its own handle, and ends the listening with it
            settle()
            signals = Signals(_NUMBERS)
            server.start()
            restore(())
            # the reload before the fork: one that came since then has sent its signal
            generation = self.board.row(self.number).generation
            self._tell(State.READY, generation, self.site.fingerprint)
            if self._answer_until_told(signals, app, parts, stalled, balance):
                self._drain(signals, parts)
            server.stop(_LAST_ANSWERS)
        self.board.change(self.number, State.ENDED)
        return 0

    def _answer_until_told(
        self,
        signals: Signals,
        app: Flask,
        parts: Operations,
        stalled: StalledUploads,
        balance: Balance,
    ) -> bool:
        """Return True to end after a notice, False to end without."""
        excess = Excess()
        while True:
            orphaned = signals.wait(_LOOK_EVERY, self.lifeline)
            if orphaned:
                _log.error("the service's first process is gone: its worker ends")
                shutil.rmtree(self.figures, ignore_errors=True)
                parts.drain.begin()
                parts.drain.wait(lambda: True)
                return False
            if signals.take(signal.SIGTERM):
                return True
            if signals.take(signal.SIGINT):
                parts.drain.without_notice()
                return True
            if signals.take(signal.SIGHUP):
                self._use_again(app, parts)
            parts.metrics.publish()
            excess.look()
            own = Load(time.monotonic(), *parts.gate.load())
            self.board.tell_load(self.number, own)
            balance.look(own, self.board.loads(but=self.number))
            if ended := stalled.look(parts.gate.oldest_upload > _LOOK_EVERY):
                _log.warning("request bodies did not arrive in time", lost=ended)

    def _drain(self, signals: Signals, parts: Operations) -> None:
        parts.drain.begin()
        self.board.change(self.number, State.DRAINING)

        def hurry() -> bool:
            signals.wait(0)
            return signals.take(HURRY)

        left = parts.drain.wait(hurry)
        if left:
            _log.warning("calls in flight were not answered", lost=left)

    def _use_again(self, app: Flask, parts: Operations) -> None:
        """Read the site anew and answer with it, if it is what the parent has checked."""
        wanted = self.board.wanted
        row = self.board.row(self.number)
        if wanted.generation == row.generation:
            return
        try:
            site = self.read_again()
            if site.fingerprint != wanted.content:
                raise SiteRefused(("the files changed while they were read",))
            parts.registry.replace(site.clients)
            put_in_force(app, site.advisor, parts)
        except (SiteRefused, ValueError) as refused:
            _log.error("new content was not used", exception_type=type(refused).__name__)
            self._tell(State.READY, wanted.generation, row.content, refused=True)
            return
        self._tell(State.READY, wanted.generation, site.fingerprint)
        del site
        gc.unfreeze()  # the content before is let go
        settle()

    def _tell(self, state: State, generation: int, content: str, *, refused: bool = False) -> None:
        row = self.board.row(self.number)
        self.board.tell(
            self.number,
            replace(
                row,
                pid=os.getpid(),
                state=state,
                generation=generation,
                content=content,
                refused=refused,
            ),
        )

    def _show_workers(self, parts: Operations) -> None:
        def shown() -> list[dict[str, str]]:
            return [
                {"state": row.state.name.lower(), "content_version": row.content_version}
                for row in self.board.rows()
            ]

        def versions() -> list[str]:
            rows = self.board.rows()
            return [
                row.content_version for row in rows if row.state in (State.READY, State.DRAINING)
            ]

        parts.health.workers = shown
        parts.health.add("workers", workers_check(self.board, parts.drain))
        parts.metrics.watch_content(versions)


def workers_check(board: Board, drain: Drain) -> Check:
    """Return the check of all workers: the service is ready once each has begun to answer.

    The kernel hands connections to a worker that still starts, too, and there they wait. Later one
    that is being replaced degrades the service.
    """
    begun = False

    def check() -> Finding:
        nonlocal begun
        ready = sum(row.state is State.READY for row in board.rows())
        if ready >= board.workers or drain.draining:
            begun = True
            return Finding(Readiness.READY)
        lacking = Readiness.DEGRADED if begun else Readiness.UNREADY
        return Finding(lacking, f"{ready} of {board.workers} workers answer calls")

    return check


def close_all(sockets: list[socket.socket], but: socket.socket) -> None:
    """Close the listening sockets of other workers."""
    for each in sockets:
        if each is not but:
            with contextlib.suppress(OSError):
                each.close()
