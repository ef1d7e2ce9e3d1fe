"""An end to bodies that do not arrive: a client that sends too slowly is cut off.

The server reads a body in a thread that cannot be interrupted, and knows no time limit for it. But
the kernel knows of each connection when it sent and received last (``TCP_INFO``). A connection on
which we have received something since we last answered, and have not answered for the longest time
that a call can take, is one whose body does not come: its reading side is shut, and the thread
finds a body that broke off. Looked for only while a body is overdue; not needed behind a proxy
that reads whole requests before it passes them on.
"""

import contextlib
import os
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cds_service.settings import Settings

_HANDLES = Path("/proc/self/fd")
_INFO = struct.Struct("=B7x24I4Q")  # Linux, include/uapi/linux/tcp.h, struct tcp_info
_ESTABLISHED = 1
_BESIDES = 5.0
"""Seconds a call may take besides waiting in the queue and for FHIR."""


@dataclass(frozen=True, slots=True)
class _Connection:
    descriptor: int
    inode: str
    receiving: bool
    answered: int


class StalledUploads:
    """Ends the uploads on `port` that take longer than the settings allow."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._port = port
        # a call that is computed, or waits for FHIR, looks the same from outside
        call = settings.fhir_deadline + settings.queue_wait + _BESIDES
        self._longest = max(settings.body_timeout, call)
        self._seen: dict[str, tuple[float, int]] = {}

    def look(self, overdue: bool) -> int:
        """Return how many connections were ended; nothing is looked at unless `overdue`."""
        if not overdue:
            self._seen.clear()
            return 0
        now = time.monotonic()
        receiving = {each.inode: each for each in self._connections() if each.receiving}
        self._seen = {
            inode: self._seen[inode]
            if inode in self._seen and self._seen[inode][1] == each.answered
            else (now, each.answered)
            for inode, each in receiving.items()
        }
        late = [
            each for inode, each in receiving.items() if now - self._seen[inode][0] >= self._longest
        ]
        for each in late:
            _shut(each)
        return len(late)

    def _connections(self) -> Iterator[_Connection]:
        for handle in _HANDLES.iterdir():
            with contextlib.suppress(OSError):
                inode = str(handle.readlink())
                if inode.startswith("socket:"):
                    found = self._connection(int(handle.name), inode)
                    if found is not None:
                        yield found

    def _connection(self, descriptor: int, inode: str) -> _Connection | None:
        with socket.socket(fileno=os.dup(descriptor)) as handle:
            if handle.family not in (socket.AF_INET, socket.AF_INET6):
                return None
            if handle.getsockname()[1] != self._port:
                return None
            raw = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
            state, *fields = _INFO.unpack(raw)
            if state != _ESTABLISHED:
                return None
            last_sent, last_received = fields[9], fields[11]
            acknowledged, received = fields[-2:]
        receiving = received > 0 and last_received <= last_sent
        return _Connection(descriptor, inode, receiving, acknowledged)


def _shut(connection: _Connection) -> None:
    """Shut the reading side of a connection, unless its number belongs to another one by now."""
    with contextlib.suppress(OSError):
        if str((_HANDLES / str(connection.descriptor)).readlink()) == connection.inode:
            with socket.socket(fileno=os.dup(connection.descriptor)) as handle:
                handle.shutdown(socket.SHUT_RD)
