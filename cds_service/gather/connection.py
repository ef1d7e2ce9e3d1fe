"""A session whose reads another thread can end.

The deadline between two chunks does not bound a TLS handshake, a header or a chunk size that
drips in byte by byte. Shutting the socket does, so that no thread outlives its request.
"""

import contextlib
import socket
import threading
from typing import Any

from cds_service.fhir.pinned import ReadOnlySession


class EndableSession(ReadOnlySession):
    """A read-only session for several threads; closing it ends all reads still going on."""

    def __init__(self) -> None:
        super().__init__()
        self._sockets = _Sockets()

    def connect(self, host: str, port: int, options: Any) -> socket.socket:
        """Return a new connection to the pinned server, and remember its socket.

        Raises:
            FhirUnavailable: there is none, or the session goes elsewhere or nowhere.
        """
        sock = super().connect(host, port, options)
        self._sockets.add(sock)
        return sock

    def close(self) -> None:
        """Shut all sockets, in whatever thread they are being read."""
        self._sockets.shut()
        super().close()


class _Sockets:
    """Second handles on open sockets: shutting one ends the connection under the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._over = False

    def add(self, sock: socket.socket) -> None:
        with self._lock:
            self._handles.append(sock.dup())
            over = self._over
        if over:  # to connect took longer than the whole call had
            self.shut()

    def shut(self) -> None:
        with self._lock:
            self._over = True
            handles, self._handles = self._handles, []
        for handle in handles:
            with contextlib.suppress(OSError):  # the other side was faster
                handle.shutdown(socket.SHUT_RDWR)
            handle.close()
