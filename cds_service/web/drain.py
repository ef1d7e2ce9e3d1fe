"""An orderly end: say that no more calls should come, and answer those that did.

When the service is to end, ``/readyz`` turns 503 and it goes on answering: for `notice` seconds in
any case, so that a gateway sees it, and then until no call is in flight, for at most `grace`
seconds. Connections are closed after their next answer, so that clients look for another one.

    drain = Drain(notice=5, grace=10)
    server = HttpServer(drain.counting(app), ...)
    ...
    drain.begin()
    drain.wait()
    server.stop()
    journal.close()   # after the last call, so that its record is written
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_QUIET = 0.25
"""Seconds without any call after which none is on its way from a queue, or to its client."""
_STEP = 0.02


class Drain:
    """Counts calls in flight, and waits for them when the service is to end.

    `notice` and `grace` are seconds.
    """

    def __init__(self, *, notice: float = 0.0, grace: float = 10.0) -> None:
        self._notice = notice
        self._grace = grace
        self._lock = threading.Lock()
        self._in_flight = 0
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether the service is about to end."""
        return self._draining

    @property
    def in_flight(self) -> int:
        """Return the number of calls that are being answered."""
        return self._in_flight

    def begin(self) -> None:
        """Say from now on that no more calls should come."""
        self._draining = True

    def without_notice(self) -> None:
        """Leave out the notice: nobody is there to whom it would be of use."""
        self._notice = 0.0

    def wait(self, hurry: Callable[[], bool] = lambda: False) -> int:
        """Return the calls still in flight when all are answered, or the grace is over.

        When `hurry` says so, there is no more notice and no more waiting.
        """
        end_of_notice = time.monotonic() + self._notice
        while time.monotonic() < end_of_notice and not hurry():
            time.sleep(_STEP)
        end = time.monotonic() + self._grace
        quiet_since = time.monotonic()
        while (now := time.monotonic()) < end and not hurry():
            if self._in_flight:
                quiet_since = now
            elif now - quiet_since >= _QUIET:
                break
            time.sleep(_STEP)
        return self._in_flight

    def counting(self, application: "WSGIApplication") -> "WSGIApplication":
        """Return `application` with its calls counted until the last byte is handed over."""

        def counted(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            self._count(1)
            try:
                return _Counted(application(environ, start), self)
            except BaseException:
                self._count(-1)
                raise

        return counted

    def done(self) -> None:
        """Count one call less; only the response of a counted call says so."""
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._in_flight += change


class _Counted:
    """The body of a response; closing it ends the call (PEP 3333, Buffering and Streaming)."""

    def __init__(self, body: Iterable[bytes], drain: Drain) -> None:
        self._body = body
        self._drain = drain
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Close the body, once."""
        if self._closed:
            return
        self._closed = True
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._drain.done()
