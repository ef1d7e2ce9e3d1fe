"""HTTP in one worker: granian on a socket that listens already.

granian's own processes are not used, only its server of one process: which workers there are, and
what happens to them, is the supervisor's business. Its classes for that are not documented, so
that its version is held to one minor release and every path here is tested with real processes.
"""

import asyncio
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

from cds_service.serving.allocator import share_arenas
from cds_service.settings import Settings

share_arenas()  # granian's allocator is set up by its import

from granian import _futures, _granian  # noqa: E402
from granian.http import HTTP1Settings  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

_futures_of: Any = _futures
_native: Any = _granian  # its type stubs are those of an older release
_NO_TLS: tuple[Any, ...] = (False, None, None, None, "tls1.3", None, [], False)
_IO_THREADS = 1
_IDLE_THREAD_SECONDS = 30
_BASE: dict[str, Any] = {
    # not the environment of the process: it holds secrets, and is no business of a request
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


class HttpServer:
    """Answers the connections of `listener` with `application`, in threads of its own.

    `closing` says whether connections are to be closed after their next answer.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        listener: socket.socket,
        settings: Settings,
        closing: "Callable[[], bool]" = lambda: False,
    ) -> None:
        self._stopped = threading.Event()
        self._signal = _native.WorkerSignal()
        self._signal.add_cb(self._stopped.set)
        self._loop = asyncio.new_event_loop()
        holder = _native.SocketHolder(os.dup(listener.fileno()), False, settings.backlog)
        http1 = HTTP1Settings(header_read_timeout=settings.idle_timeout * 1000)
        self._worker = _native.WSGIWorker(
            1,
            (None, holder),
            None,
            _IO_THREADS,
            _IO_THREADS,
            settings.threads,
            _IDLE_THREAD_SECONDS,
            settings.connections,
            "1",
            http1,
            None,
            None,
            *_NO_TLS,
            (None, None),
        )
        self._answer = _answering(application, closing)

    def start(self) -> None:
        """Accept connections from now on; return at once."""
        scheduler = _futures_of._new_cbscheduler(self._loop, self._answer, impl_asyncio=True)
        self._worker.serve_mtr(scheduler, self._loop, self._signal)

    def stop(self, seconds: float) -> bool:
        """Accept no more, and say whether all calls in flight were answered within `seconds`."""
        self._signal.set()
        return self._stopped.wait(seconds)


def _answering(application: "WSGIApplication", closing: "Callable[[], bool]") -> Any:
    """Return what granian calls for each request: the whole answer is handed over in one piece."""

    def answer(protocol: Any, scope: dict[str, Any]) -> int:
        status, headers = "500", list[tuple[str, str]]()

        def start(line: str, fields: list[tuple[str, str]], _error: Any = None) -> Any:
            nonlocal status, headers
            status, headers = line, fields

        environ = {**_BASE, **scope}
        body = application(environ, start)
        try:
            whole = b"".join(body)
            if closing():
                headers.append(("Connection", "close"))
            number = int(status[:3])
            protocol.response_bytes(number, headers, whole)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
            environ.clear()  # werkzeug writes a request into it that holds it: body and all
        return number

    return answer
