"""Which tokens were used already: each is good for one call (CDS Hooks 2.0.1, ``jti``).

A proxy may send one call twice: a replica that was killed over it may have noted its token. Where
the proxy names each call (the setting ``call_id_header``), the name tells its repetition from a
replay.
"""

import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class ReplaysUnavailable(Exception):  # noqa: N818 - it reads as what happened
    """Raised when it cannot be known whether a token was used before."""


class Replays(Protocol):
    """Remembers which tokens were used."""

    def first_use(self, issuer: str, jti: str, expires: datetime, call: str = "") -> bool:
        """Remember the token until `expires`, and say whether this was its first use.

        `call` is the proxy's name of the call, if it has one: the same call may come again.
        Of two other calls with one token at the same moment, only one is told that it is the first.

        Raises:
            ReplaysUnavailable: it cannot be remembered or looked up; nothing was remembered.
        """
        ...


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryReplays:
    """Remembers tokens in the memory of this process: right for one process, not for several.

    When `capacity` tokens are remembered, further ones are not accepted until some expire:
    forgetting one early would let it be used again.
    """

    def __init__(self, capacity: int = 100_000, clock: Callable[[], datetime] = _now) -> None:
        self._capacity = capacity
        self._clock = clock
        self._used: dict[tuple[str, str], str] = {}
        self._by_expiry: list[tuple[datetime, tuple[str, str]]] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._used)

    def first_use(self, issuer: str, jti: str, expires: datetime, call: str = "") -> bool:
        """Remember the token until `expires`, and say whether this was its first use.

        The same `call`, unless it is empty, may come again.

        Raises:
            ReplaysUnavailable: too many tokens are remembered.
        """
        token = (issuer, jti)
        with self._lock:
            self._forget_expired()
            if token in self._used:
                return bool(call) and self._used[token] == call
            if len(self._used) >= self._capacity:
                raise ReplaysUnavailable("too many tokens are remembered")
            self._used[token] = call
            heapq.heappush(self._by_expiry, (expires, token))
            return True

    def _forget_expired(self) -> None:
        now = self._clock()
        while self._by_expiry and self._by_expiry[0][0] <= now:
            self._used.pop(heapq.heappop(self._by_expiry)[1], None)
