"""What calls of one worker hold: places that nobody waits for, and slots that they wait for."""

import threading
import time
from collections import deque


class Places:
    """A number of equal places that nobody waits for."""

    def __init__(self, number: int) -> None:
        self._number = self._free = number
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Return how many places are taken now."""
        return self._number - self._free

    def take(self) -> bool:
        """Say whether there was a place; it is taken then."""
        with self._lock:
            if self._free <= 0:
                return False
            self._free -= 1
            return True

    def give(self) -> None:
        """Give a place back."""
        with self._lock:
            self._free += 1


class Slots:
    """Slots for which threads wait in the order in which they came, for `longest` seconds.

    `waits` is how many threads had to wait so far.
    """

    def __init__(self, slots: int, queue: int, longest: float) -> None:
        """Let `queue` threads wait at most."""
        self._free = slots
        self._queue = queue
        self._longest = longest
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._returning: deque[threading.Event] = deque()
        self._full = 0.0
        self._full_since = 0.0
        self.waits = 0

    @property
    def waiting(self) -> int:
        """Return how many threads that have not begun wait now."""
        return len(self._waiting)

    def full_seconds(self) -> float:
        """Return for how many seconds no slot was free so far."""
        with self._lock:
            return self._full + (0.0 if self._free else time.monotonic() - self._full_since)

    def take(self) -> str:
        """Return "" with a slot, or why there is none: ``queue`` or ``wait``."""
        with self._lock:
            if self._free > 0:
                self._take_free()
                return ""
            if len(self._waiting) >= self._queue:
                return "queue"
            turn = threading.Event()
            self._waiting.append(turn)
            self.waits += 1
        if turn.wait(self._longest):
            return ""
        with self._lock:
            if turn not in self._waiting:  # it came in the last moment
                return ""
            self._waiting.remove(turn)
            return "wait"

    def take_back(self) -> None:
        """Wait for a slot before those who have not begun, however long it takes.

        There is always one in the end: no call keeps a slot while it waits for anything.
        """
        with self._lock:
            if self._free > 0:
                self._take_free()
                return
            turn = threading.Event()
            self._returning.append(turn)
        turn.wait()

    def give(self) -> None:
        """Give the slot to the next, or back."""
        with self._lock:
            line = self._returning or self._waiting
            if line:
                line.popleft().set()
                return
            if not self._free:
                self._full += time.monotonic() - self._full_since
            self._free += 1

    def _take_free(self) -> None:
        self._free -= 1
        if not self._free:
            self._full_since = time.monotonic()
