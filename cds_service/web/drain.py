"""An orderly end: say that no more calls should come, and answer those that did.

On SIGTERM ``/readyz`` turns 503 and the service goes on answering: for `notice` seconds in any
case, so that a gateway sees it, and then until no call is in flight, for at most `grace` seconds.
A second signal ends it at once.

    drain = Drain(notice=5, grace=10)
    app.wsgi_app = drain.counting(app.wsgi_app)
    signal.signal(signal.SIGTERM, drain.on_signal)
    try:
        server.run()      # ends when drained
    finally:
        server.close()    # the listener
        journal.close()   # after the last call, so that its record is written
"""

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from types import FrameType
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
        """Say from now on that no more calls should come. Takes no lock: fit for a signal."""
        self._draining = True

    def wait(self) -> int:
        """Return the calls still in flight when all are answered, or the grace is over."""
        time.sleep(self._notice)
        end = time.monotonic() + self._grace
        quiet_since = time.monotonic()
        while (now := time.monotonic()) < end:
            if self._in_flight:
                quiet_since = now
            elif now - quiet_since >= _QUIET:
                break
            time.sleep(_STEP)
        return self._in_flight

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Begin to drain, and end the server's loop when that is done; the second time, now.

        Raises:
            KeyboardInterrupt: the loop of the main thread is to end, which waitress understands.
        """
        if self._draining:
            raise KeyboardInterrupt
        self.begin()
        threading.Thread(target=self._end, args=(number,), name="drain", daemon=True).start()

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

    def _end(self, number: int) -> None:
        self.wait()
        # to the main thread itself: only there does it break the wait for sockets
        signal.pthread_kill(threading.main_thread().ident or 0, number)


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
