"""An end to waiting for a database server that has stopped answering.

Time limits of PostgreSQL are kept by the server, and those of TCP by a peer that answers no more:
neither helps when the server hangs. So whoever holds a connection for too long has it cut off.
"""

import os
import socket
import threading
import time
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, event, exc

DEADLINE = "deadline"
"""Name in the ``info`` of a connection: until when (monotonic seconds) it may be in use."""

_LINE = "line"
_LOOK_EVERY = 0.25


class Patience:
    """Cuts off connections of `engine` that are in use for more than `seconds`.

    A connection is tried out when it is taken from the pool, within the same time.
    """

    def __init__(self, engine: Engine, seconds: float) -> None:
        """Watch from the first connection on, in a thread that lives as long as the process."""
        self._engine = engine
        self._seconds = seconds
        self._in_use: WeakSet[Any] = WeakSet()
        self._lock = threading.Lock()
        self._watching = False
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "checkin", self._given_back)
        event.listen(engine, "invalidate", self._given_back)
        event.listen(engine, "close", self._closed)

    def _connected(self, connection: Any, record: Any) -> None:
        # A duplicate can be cut off safely: its number is ours until we close it.
        record.info[_LINE] = socket.socket(fileno=os.dup(connection.fileno()))

    def _taken(self, connection: Any, record: Any, _fairy: object) -> None:
        record.info[DEADLINE] = time.monotonic() + self._seconds
        with self._lock:
            self._in_use.add(record)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="journal-patience", daemon=True).start()
        try:
            alive = self._engine.dialect.do_ping(connection)
        except Exception:
            alive = False
        if not alive:
            raise exc.InvalidatePoolError  # the pool makes a new one

    def _given_back(self, _connection: Any, record: Any, *_more: object) -> None:
        with self._lock:
            self._in_use.discard(record)

    def _closed(self, _connection: Any, record: Any) -> None:
        self._given_back(None, record)
        if line := record.info.pop(_LINE, None):
            line.close()

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY)
            now = time.monotonic()
            with self._lock:
                late = [each for each in self._in_use if each.info.get(DEADLINE, now) < now]
                for record in late:
                    self._in_use.discard(record)
                    if line := record.info.get(_LINE):
                        _cut_off(line)


def _cut_off(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
