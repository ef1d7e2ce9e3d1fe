"""A session whose reads another thread can end.

The deadline between two chunks does not bound a TLS handshake, a header or a chunk size that
drips in byte by byte. Shutting the socket does, so that no thread outlives its request.
"""

import contextlib
import socket
import threading
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cds_service.fhir.client import ReadOnlySession


class EndableSession(ReadOnlySession):
    """A read-only session for several threads; closing it ends all reads still going on."""

    def __init__(self) -> None:
        super().__init__()
        self._sockets = _Sockets()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Return the response to `request`, remembering the socket it goes over."""
        _opened.set(self._sockets)
        return super().send(request, **kwargs)

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
        if over:  # the name look-up took longer than the whole call had
            self.shut()

    def shut(self) -> None:
        with self._lock:
            self._over = True
            handles, self._handles = self._handles, []
        for handle in handles:
            with contextlib.suppress(OSError):  # the other side was faster
                handle.shutdown(socket.SHUT_RDWR)
            handle.close()


_opened: ContextVar[_Sockets] = ContextVar("_opened")


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        _opened.get().add(sock)
        return sock


class _Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        _opened.get().add(sock)
        return sock


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
