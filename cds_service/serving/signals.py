"""Signals as things to look at between two steps, not as interruptions of a step."""

import os
import select
import signal
import socket
from collections.abc import Iterable
from types import FrameType


class Signals:
    """Notes signals from its making on; only the main thread may have one."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._come: set[int] = set()
        self._numbers = frozenset(numbers)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in self._numbers:
            signal.signal(number, self._note)

    def wait(self, seconds: float, *descriptors: int) -> bool:
        """Wait for a signal, or for one of `descriptors` to be readable; say whether one is."""
        watched = [self._reader.fileno(), *descriptors]
        ready, _, _ = select.select(watched, [], [], seconds)
        try:
            while self._reader.recv(4096):
                pass
        except BlockingIOError:
            pass
        return any(descriptor in ready for descriptor in descriptors)

    def take(self, number: signal.Signals) -> bool:
        """Say whether the signal has come since this was asked last."""
        if number not in self._come:
            return False
        self._come.discard(number)
        return True

    def close(self) -> None:
        """Give the signals back to what they do by themselves."""
        signal.set_wakeup_fd(-1)
        for number in self._numbers:
            signal.signal(number, signal.SIG_DFL)
        self._reader.close()
        self._writer.close()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._come.add(number)


def blocked(numbers: Iterable[signal.Signals]) -> set[signal.Signals | int]:
    """Hold `numbers` back in this thread until `restore`; return what was held back before."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, numbers))


def restore(before: Iterable[signal.Signals | int]) -> None:
    """Let signals come as they did before `blocked`."""
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ends(pid: int) -> int | None:
    """Return the exit code of the child `pid` if it has ended, negative for a signal."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None
