"""Tokens are used once: stores that remember which were."""

import hashlib
import math
import time
from importlib import import_module
from typing import Any, Protocol

from cds_service.journal.errors import JournalMisconfigured, JournalUnavailable

KEPT_LONGER = 300
"""Seconds a token is remembered after it expired: clocks differ, and verifiers allow for that."""

_TIMEOUT = 1.0


class Replays(Protocol):
    """A store of used tokens, one for all processes that serve one address."""

    def first_use(self, issuer: str, jti: str, expires: float, call: str = "") -> bool:
        """Say whether the token is new, and remember it until after it expires.

        `expires` is the token's ``exp``, in seconds since 1970. `call` is the proxy's name of the
        call, if it has one: a token is new to the call that used it, should that come again. Ask
        only after the signature was checked, or a forged token uses up a real one.

        Raises:
            JournalUnavailable: the store cannot tell now.
        """
        ...


def token_key(issuer: str, jti: str) -> str:
    """Return one key of fixed length for the token: the claims come from outside."""
    parts = (issuer.encode(), jti.encode())
    return hashlib.sha256(b"".join(len(part).to_bytes(4) + part for part in parts)).hexdigest()


class RedisReplays:
    """Used tokens in Redis, for sites that run several processes without PostgreSQL."""

    def __init__(self, url: str) -> None:
        # only for sites that have it: to import it takes longer than all else of the journal
        redis: Any = import_module("redis")
        self._error: type[Exception] = redis.RedisError
        try:
            self._redis = redis.Redis.from_url(
                url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
            )
        except ValueError:
            raise JournalMisconfigured("The Redis URL must be redis://… or rediss://….") from None

    def first_use(self, issuer: str, jti: str, expires: float, call: str = "") -> bool:
        """Say whether the token is new, and remember it until after it expires (see `Replays`).

        Raises:
            JournalUnavailable: Redis cannot be reached.
        """
        seconds = max(1, math.ceil(expires - time.time()) + KEPT_LONGER)
        try:
            key = f"imaging-advisor:token:{token_key(issuer, jti)}"
            used_by = b"call " + call.encode() if call else b"1"
            if self._redis.set(key, used_by, nx=True, ex=seconds):
                return True
            return bool(call) and self._redis.get(key) == used_by
        except self._error as problem:
            reason = f"The store of used tokens cannot be used ({type(problem).__name__})."
            raise JournalUnavailable(reason) from None

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
