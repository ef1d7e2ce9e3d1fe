"""How often a wrong password may be tried, in each process of the service."""

import threading
import time
from collections.abc import Callable
from math import ceil

MOST = 5
"""Wrong passwords for one name within the `WINDOW`."""
WINDOW = 60.0
"""Seconds."""


class Throttle:
    """Counts wrong passwords by name, for whoever holds its lock `checking`.

    All names that are not known count as one, so that its memory is bounded by the list of people.
    The lock is held from the question to the count. So one password is checked at a time: none is
    tried while another is not counted yet, and of a hash, which costs a tenth of a second, there
    is one at most: advice comes first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, list[float]] = {}
        self.checking = threading.Lock()

    def wait(self, name: str) -> int:
        """Return for how many seconds `name` may not be tried; 0 for not at all."""
        recent = self._recent(name)
        return 0 if len(recent) < MOST else ceil(recent[0] + WINDOW - self._clock())

    def wrong(self, name: str) -> None:
        """Note a wrong password."""
        self._wrong[name] = [*self._recent(name), self._clock()]

    def right(self, name: str) -> None:
        """Forget the wrong ones."""
        self._wrong.pop(name, None)

    def _recent(self, name: str) -> list[float]:
        since = self._clock() - WINDOW
        return [at for at in self._wrong.get(name, ()) if at > since][-MOST:]
