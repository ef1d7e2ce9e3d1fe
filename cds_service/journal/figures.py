"""How the journal does, in numbers, for monitoring."""

import threading
from typing import Literal, get_args

from msgspec import Struct

Counted = Literal[
    "recorded",
    "written",
    "spooled",
    "replayed",
    "lost",
    "feedback_new",
    "feedback_repeated",
    "feedback_refused",
]


class Figures(Struct, frozen=True, kw_only=True):
    """Counts since the start, and what is pending now.

    Of the consultations `recorded`, each was `written`, `spooled` (and `replayed` later), `lost`,
    `set_aside` because the database will not take it, or is still `pending` in memory.
    `lag_seconds` is the age of the oldest consultation that is not in the database yet.
    """

    recorded: int
    written: int
    spooled: int
    replayed: int
    lost: int
    set_aside: int
    feedback_new: int
    feedback_repeated: int
    feedback_refused: int
    pending: int
    spool_bytes: int
    lag_seconds: float
    reachable: bool


class Counts:
    """Numbers that several threads count up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[Counted, int] = {}

    def add(self, name: Counted, number: int = 1) -> None:
        """Add `number` to the count `name`."""
        with self._lock:
            self._numbers[name] = self._numbers.get(name, 0) + number

    def now(self) -> dict[Counted, int]:
        """Return all counts."""
        with self._lock:
            return {name: self._numbers.get(name, 0) for name in get_args(Counted)}
