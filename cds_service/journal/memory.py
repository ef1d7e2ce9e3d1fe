"""Consultations in memory: a bounded queue that gives out batches."""

import threading
import time
from collections import deque

from cds_service.journal.events import Consultation

_MOST_AT_ONCE = 500


class Memory:
    """Consultations between the request that makes them and the thread that writes them.

    At most `size` wait. A batch is given out `interval` seconds after its first event came.
    """

    def __init__(self, size: int, interval: float) -> None:
        self._size = size
        self._interval = interval
        self._queue: deque[tuple[float, Consultation]] = deque()
        self._in_hand: list[tuple[float, Consultation]] = []
        self._filled = threading.Condition()
        self._closed = threading.Event()

    def put(self, event: Consultation) -> bool:
        """Take `event` without waiting; say False if there is no room or it is closed."""
        with self._filled:
            if len(self._queue) >= self._size or self._closed.is_set():
                return False
            self._queue.append((time.monotonic(), event))
            if len(self._queue) == 1:
                self._filled.notify()
            return True

    def take(self) -> list[Consultation] | None:
        """Wait for a batch and return it; None at the end. The batch before it is forgotten."""
        with self._filled:
            self._in_hand = []
            while not self._queue and not self._closed.is_set():
                self._filled.wait()
            enough = len(self._queue) >= _MOST_AT_ONCE
        if not enough:
            self._closed.wait(self._interval)
        with self._filled:
            number = min(len(self._queue), _MOST_AT_ONCE)
            self._in_hand = [self._queue.popleft() for _ in range(number)]
            return [event for _, event in self._in_hand] or None

    def close(self) -> None:
        """Take no more; what is here is given out without waiting."""
        self._closed.set()
        with self._filled:
            self._filled.notify_all()

    def rest(self) -> list[Consultation]:
        """Return and forget what waits, the batch in hand included: it may hang in a write."""
        with self._filled:
            rest = [event for _, event in (*self._in_hand, *self._queue)]
            self._queue.clear()
            return rest

    def pending(self) -> tuple[int, float]:
        """Return how many are not written, and since when (monotonic seconds) the oldest waits."""
        with self._filled:
            times = [at for at, _ in (*self._in_hand[:1], *list(self._queue)[:1])]
            number = len(self._in_hand) + len(self._queue)
        return number, min(times, default=time.monotonic())
