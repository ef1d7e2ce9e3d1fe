"""How often a wrong password may be tried, in each process of the service."""

import threading
import time
from collections.abc import Callable

MOST = 5
"""Wrong passwords for one name within the `WINDOW`."""
WINDOW = 60.0
"""Seconds."""


class Throttle:
    """Counts wrong passwords by name; threads may share it.

    All names that are not known count as one, so that its memory is bounded by the list of people.
    One password is checked at a time: a hash costs a tenth of a second, and advice comes first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: dict[str, list[float]] = {}
        self.checking = threading.Lock()

    def wait(self, name: str) -> int:
        """Return for how many seconds `name` may not be tried; 0 for not at all."""
        with self._lock:
            recent = self._recent(name)
            return 0 if len(recent) < MOST else max(1, round(recent[0] + WINDOW - self._clock()))

    def wrong(self, name: str) -> None:
        """Note a wrong password."""
        with self._lock:
            self._wrong[name] = [*self._recent(name), self._clock()]

    def right(self, name: str) -> None:
        """Forget the wrong ones."""
        with self._lock:
            self._wrong.pop(name, None)

    def _recent(self, name: str) -> list[float]:
        since = self._clock() - WINDOW
        return [at for at in self._wrong.get(name, ()) if at > since][-MOST:]
