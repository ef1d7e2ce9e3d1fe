"""The keys of the CDS Clients: agreed in advance, or fetched from agreed addresses and kept.

A token can make this service fetch only what the site listed, and not often: otherwise anyone
could aim its requests at other machines, or have it call one without pause.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cds_service.clients.fetch import KeySetUnavailable, by_id, fetch_key_set
from cds_service.clients.jwk import Key
from cds_service.clients.model import Client
from cds_service.clients.refusal import Refusal, TokenRefused
from cds_service.log import logger

_log = logger(__name__)
_FRESH = 3600.0
"""Seconds for which fetched keys are used without asking again."""
_KEPT = 24 * 3600.0
"""Seconds for which fetched keys are used while their address does not answer."""
_BETWEEN_REFETCHES = 60.0
_BETWEEN_FAILURES = 60.0
_BETWEEN_FIRST_FAILURES = 10.0

KeysById = Mapping[str, tuple[Key, ...]]


@dataclass(slots=True)
class _Fetched:
    """The last key set that an address gave, and when it last gave none."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: KeysById = field(default_factory=dict)
    fetched_at: float | None = None
    failed_at: float | None = None

    def usable(self, since: float) -> bool:
        """Say whether a key set was fetched after `since`."""
        return self.fetched_at is not None and self.fetched_at > since

    def found(self, key_id: str, since: float) -> tuple[Key, ...] | None:
        """Return the keys with this id, if they were fetched after `since`."""
        return self.keys.get(key_id) if self.usable(since) else None


class KeySets:
    """Finds the key of a token; threads may share it. `fetch` raises `KeySetUnavailable`."""

    def __init__(
        self,
        fetch: Callable[[str], KeysById] = fetch_key_set,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._sources: dict[tuple[str, str], _Fetched] = {}
        self._refetched: dict[str, float] = {}

    def key(self, client: Client, key_id: str, algorithm: str, jku: object = None) -> Key:
        """Return the key of `client` with this ``kid`` for signatures by `algorithm`.

        An address in the token (`jku`) is used only if it is agreed with the client. Where the
        site agreed on no such addresses at all, it is ignored, and the agreed key set is used. A
        ``kid`` not yet known is looked for again once a minute at most (CDS Hooks 2.0.1, Trusting
        CDS Clients).

        Raises:
            TokenRefused: there is no such key, or it cannot be had.
        """
        url = self._address(client, jku)
        if url is None:
            found = by_id(client.jwks or ()).get(key_id)
        else:
            found = self._fetched(client, url, key_id)
        if not found:
            raise TokenRefused(Refusal.UNKNOWN_KEY, client)
        for key in found:
            if key.fits(algorithm):
                return key
        raise TokenRefused(Refusal.KEY_DOES_NOT_FIT, client)

    @staticmethod
    def _address(client: Client, jku: object) -> str | None:
        """Return where the keys are to be fetched, or None if they were agreed in advance."""
        if jku is not None and client.jku_allowed:
            if not isinstance(jku, str) or jku not in (*client.jku_allowed, client.jwks_url):
                raise TokenRefused(Refusal.KEY_SET_NOT_ALLOWED, client)
            return jku
        if client.jwks is None and client.jwks_url is None:
            raise TokenRefused(Refusal.KEY_SET_NOT_ALLOWED, client)
        return client.jwks_url

    def _fetched(self, client: Client, url: str, key_id: str) -> tuple[Key, ...] | None:
        with self._lock:
            source = self._sources.setdefault((client.issuer, url), _Fetched())
        known = source.found(key_id, self._clock() - _KEPT)
        if known and source.usable(self._clock() - _FRESH):
            return known
        # One call asks. Others wait, and then need not ask; with an old key they need not wait.
        if not source.lock.acquire(blocking=not known):
            return known
        try:
            self._bring_up_to_date(client, url, source, key_id)
        finally:
            source.lock.release()
        if not source.usable(self._clock() - _KEPT):
            raise TokenRefused(Refusal.KEY_SET_UNAVAILABLE, client)
        return source.found(key_id, self._clock() - _KEPT)

    def _bring_up_to_date(self, client: Client, url: str, source: _Fetched, key_id: str) -> None:
        fresh = source.usable(self._clock() - _FRESH)
        if fresh and (key_id in source.keys or not self._may_refetch(client.issuer)):
            return
        now = self._clock()
        wait = _BETWEEN_FAILURES if source.usable(now - _KEPT) else _BETWEEN_FIRST_FAILURES
        if source.failed_at is not None and now - source.failed_at < wait:
            return
        try:
            source.keys = self._fetch(url)
        except KeySetUnavailable as problem:
            source.failed_at = self._clock()
            _log.warning("key set not fetched", client=client.id, outcome=str(problem))
        else:
            source.fetched_at, source.failed_at = now, None

    def _may_refetch(self, issuer: str) -> bool:
        now = self._clock()
        with self._lock:
            last = self._refetched.get(issuer)
            if last is not None and now - last < _BETWEEN_REFETCHES:
                return False
            self._refetched[issuer] = now
            return True
