"""The parent process: forks workers, replaces those that die, reloads, and ends all in order."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cds_service.log import logger
from cds_service.serving.board import Board, Row, State
from cds_service.serving.signals import Signals, blocked, ends, restore
from cds_service.serving.site import SiteRefused
from cds_service.serving.worker import HURRY

_log = logger(__name__)

_NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_HELD_BACK = (*_NUMBERS, HURRY)
_STEP = 0.05
_REST = 1.0
_YOUNG = 5.0
_LONGEST_PAUSE = 10.0
_LAST_WRITES = 8.0
"""Seconds a worker gets after its grace: to hand over last answers and to flush the journal."""
NOT_STARTED = 2


@dataclass(slots=True)
class _Child:
    """The process of one worker: 0 while there is none, and when the next one is due."""

    pid: int = 0
    born: float = 0.0
    failures: int = 0
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Runs the workers of `board`.

    `work` is what a worker does, in its process, and returns its exit code. `reread` checks what
    is there now, keeps it for workers to come and returns its fingerprint; it raises `SiteRefused`.
    `told` is called after each reload with the problems, none if all workers use the new content.
    `let_go` closes what the parent holds of the address. `longest_end` is how many seconds calls in
    flight may take at the end.
    """

    board: Board
    work: Callable[[int], int]
    reread: Callable[[], str]
    told: Callable[[tuple[str, ...]], None]
    let_go: Callable[[], None]
    longest_end: float
    longest_reload: float = 60.0
    _children: list[_Child] = field(default_factory=list)
    _reloading_until: float | None = None
    _signals: Signals | None = None

    def run(self, content: str, ready: Callable[[], None]) -> int:
        """Serve `content` until told to end; `ready` is called when all workers answer.

        Return the exit code: 0, or that of a worker that could not start.
        """
        self.board.want(Row(os.getpid(), State.READY, 0, False, content))
        self._signals = signals = Signals(_NUMBERS)
        self._children = [_Child() for _ in range(self.board.workers)]
        try:
            for number in range(self.board.workers):
                self._fork(number)
            while not self._all_ready():
                signals.wait(_STEP)
                if self._asked_to_end(signals):
                    self._end(signals, signal.SIGINT)
                    return 0
                code = next((code for code in self._reap() if code), 0)
                if code:
                    self._end(signals, signal.SIGINT)
                    return code if code > 0 else NOT_STARTED
            ready()
            self._end(signals, self._watch(signals))
        finally:
            signals.close()
        return 0

    def _watch(self, signals: Signals) -> signal.Signals:
        """Return the signal by which the service is told to end."""
        while True:
            busy = self._reloading_until is not None or any(not each.pid for each in self._children)
            signals.wait(_STEP if busy else _REST)
            if how := self._asked_to_end(signals):
                return how
            for code in self._reap():
                _log.error("a worker ended and is replaced", status=code)
            for number, child in enumerate(self._children):
                if not child.pid and time.monotonic() >= child.due:
                    self._fork(number)
            if self._reloading_until is not None:
                self._look_at_reload(self._reloading_until)
            elif signals.take(signal.SIGHUP):
                self._reload()

    # --- workers

    def _fork(self, number: int) -> None:
        self.board.tell(number, Row(generation=self.board.wanted.generation))
        sys.stdout.flush()
        sys.stderr.flush()
        before = blocked(_HELD_BACK)
        pid = os.fork()
        if pid == 0:
            self._become_worker(number)
        restore(before)
        child = self._children[number]
        child.pid, child.born = pid, time.monotonic()

    def _become_worker(self, number: int) -> None:
        """Do the work of a worker in this new process, and never return."""
        code = 1
        try:
            if self._signals is not None:
                self._signals.close()
            code = self.work(number)
        except BaseException as fault:  # nothing may run on as a second parent
            _log.error("a worker failed", exception_type=type(fault).__name__)
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> list[int]:
        """Return the exit codes of workers that have ended since the last time."""
        codes = []
        for number, child in enumerate(self._children):
            if not child.pid or (code := ends(child.pid)) is None:
                continue
            codes.append(code)
            now = time.monotonic()
            child.pid = 0
            child.failures = child.failures + 1 if now - child.born < _YOUNG else 0
            pause = min(0.1 * 2**child.failures, _LONGEST_PAUSE) if child.failures else 0.0
            child.due = now + pause
            self.board.change(number, State.ENDED)
        return codes

    def _all_ready(self) -> bool:
        return all(row.state is State.READY for row in self.board.rows())

    def _send(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.pid:
                os.kill(child.pid, number)  # not waited for yet, so that the number is still its

    # --- new content

    def _reload(self) -> None:
        try:
            content = self.reread()
        except SiteRefused as refused:
            self._over(refused.problems)
            return
        wanted = self.board.wanted
        self.board.want(replace(wanted, generation=wanted.generation + 1, content=content))
        self._reloading_until = time.monotonic() + self.longest_reload
        self._send(signal.SIGHUP)

    def _look_at_reload(self, until: float) -> None:
        wanted = self.board.wanted
        rows = self.board.rows()
        if all(row.state is State.READY and row.generation == wanted.generation for row in rows):
            refused = any(row.refused for row in rows)
            self._over(("the files changed while they were read: try again",) if refused else ())
        elif time.monotonic() > until:
            self._over(("not every worker uses the new content yet",))

    def _over(self, problems: tuple[str, ...]) -> None:
        self._reloading_until = None
        self.told(problems)

    # --- the end

    def _asked_to_end(self, signals: Signals) -> signal.Signals | None:
        for number in (signal.SIGTERM, signal.SIGINT):
            if signals.take(number):
                return number
        return None

    def _end(self, signals: Signals, how: signal.Signals) -> None:
        """End all workers in order; kill those that do not."""
        self._send(how)
        self.let_go()
        until = time.monotonic() + self.longest_end + _LAST_WRITES
        while any(child.pid for child in self._children):
            signals.wait(_STEP)
            self._reap()
            if self._asked_to_end(signals):
                self._send(HURRY)
            if time.monotonic() > until:
                self._send(signal.SIGKILL)
