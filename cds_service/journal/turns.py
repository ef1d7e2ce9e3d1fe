"""First come, first served, between the threads of one process."""

import threading
from collections import deque
from types import TracebackType

from cds_service.journal.errors import JournalUnavailable


class Turns:
    """A lock that threads get in the order in which they asked for it.

    With an ordinary lock, a thread that comes back at once can overtake one that waits.
    """

    def __init__(self, longest: float) -> None:
        """Let a thread wait for at most `longest` seconds."""
        self._longest = longest
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    def __enter__(self) -> None:
        """Wait for the turn.

        Raises:
            JournalUnavailable: it took too long.
        """
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(self._longest):
            return
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                raise JournalUnavailable("The journal's database is too busy.")
        # it came in the last moment

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _problem: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Give the turn to the next."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
