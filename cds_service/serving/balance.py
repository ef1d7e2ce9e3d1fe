"""Connections move from a worker whose calls wait to one that has time.

The kernel deals new connections out to the workers by chance, and an EHR's gateway keeps its few
connections for hours: most of them may come to one worker, whose calls then wait while another
idles. A worker that finds it so in two turns asks one client, with an answer, to connect again
(RFC 9112, 9.6, ``Connection: close``), and goes on so until it is over. By chance a connection may
come back; after some turns all have about the same to do. Where all are busy, nothing moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_BUSY = 0.5
"""Part of the time for which a worker must have had no free slot before it lets go of a client."""
_APART = 0.15
"""By how much more of the time another worker must have had one."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a worker did until `at`, in seconds of one clock.

    `full` is for how many seconds it had no free slot; `waits` is how many calls had to wait.
    """

    at: float = 0.0
    full: float = 0.0
    waits: int = 0


class Balance:
    """Says in one worker when a connection is to be closed with its next answer."""

    def __init__(self) -> None:
        self._own = Load()
        self._others: tuple[Load, ...] = ()
        self._uneven = False
        self._due = False

    def look(self, own: Load, others: Sequence[Load]) -> None:
        """Compare what this worker and the `others` did since the last time.

        A worker that has told nothing since then is not counted: it may be ending.
        """
        busy = _part(self._own, own)
        told = zip(self._others, others, strict=False)
        least = min((_part(before, now) for before, now in told if now.at > before.at), default=1.0)
        waited = own.waits > self._own.waits
        self._own, self._others = own, tuple(others)
        uneven = waited and busy >= _BUSY and busy - least >= _APART
        # the turns of two workers are not the same: when calls begin to come, one sees it earlier
        self._due = uneven and self._uneven
        self._uneven = uneven

    def moves_one(self) -> bool:
        """Say whether the connection of the answer that is being sent is to be closed."""
        due, self._due = self._due, False
        return due


def _part(before: Load, now: Load) -> float:
    passed = now.at - before.at
    # the successor of a worker begins anew
    return max(0.0, now.full - before.full) / passed if passed > 0 else 0.0
