"""What the processes of one service know of each other: a page of memory that they share.

Each worker writes its own row, the parent the head; all read everything. Nothing waits for
anybody. A row that is being written is read again (a sequence lock: odd while it is written).
"""

import mmap
import struct
import time
from dataclasses import dataclass, replace
from enum import IntEnum

from cds_service.serving.balance import Load

_HEAD = 256
_ROW = 320
_LOAD_AT = 256
_SEQUENCE = struct.Struct("=Q")
_FIELDS = struct.Struct("=IIBBH220s")
_LOAD = struct.Struct("=ddQ")
_LONGEST_TEXT = 220
_TRIES = 1000


class State(IntEnum):
    """What a worker does now."""

    STARTING = 0
    READY = 1
    DRAINING = 2
    ENDED = 3


@dataclass(frozen=True, slots=True)
class Row:
    """What a worker tells, or in the head what the parent wants.

    `content` is a fingerprint of the content, site and clients in use, with the content version
    first. `generation` counts the reloads: the last one that this worker finished, with or without
    success. `refused` says that it did without.
    """

    pid: int = 0
    state: State = State.STARTING
    generation: int = 0
    refused: bool = False
    content: str = ""

    @property
    def content_version(self) -> str:
        """Return the version of the clinical content in use."""
        return self.content.partition(" ")[0]


class Board:
    """The shared page for `workers` workers; to be made before they are forked."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._memory = mmap.mmap(-1, _HEAD + workers * _ROW)

    @property
    def wanted(self) -> Row:
        """Return what the parent wants: the content to be used, and in which reload it came."""
        return self._read(0)

    def want(self, row: Row) -> None:
        """Write the head; only the parent does."""
        self._write(0, row)

    def row(self, worker: int) -> Row:
        """Return what the worker with this number told last."""
        return self._read(_HEAD + worker * _ROW)

    def rows(self) -> list[Row]:
        """Return the rows of all workers."""
        return [self.row(worker) for worker in range(self.workers)]

    def tell(self, worker: int, row: Row) -> None:
        """Write the row of a worker: the worker itself, or the parent once that has ended."""
        self._write(_HEAD + worker * _ROW, row)

    def change(self, worker: int, state: State) -> None:
        """Write another state into the row of a worker."""
        self.tell(worker, replace(self.row(worker), state=state))

    def tell_load(self, worker: int, load: Load) -> None:
        """Write what a worker did so far; only the worker itself does."""
        at = _HEAD + worker * _ROW + _LOAD_AT
        _LOAD.pack_into(self._memory, at, load.at, load.full, load.waits)

    def loads(self, but: int) -> list[Load]:
        """Return what all workers but one did so far.

        One that is being written may be half old: then at most one connection moves for nothing.
        """
        return [
            Load(*_LOAD.unpack_from(self._memory, _HEAD + worker * _ROW + _LOAD_AT))
            for worker in range(self.workers)
            if worker != but
        ]

    def _read(self, at: int) -> Row:
        for attempt in range(_TRIES):
            (before,) = _SEQUENCE.unpack_from(self._memory, at)
            pid, generation, state, refused, length, text = _FIELDS.unpack_from(
                self._memory, at + _SEQUENCE.size
            )
            (after,) = _SEQUENCE.unpack_from(self._memory, at)
            if before == after and before % 2 == 0:
                content = text[:length].decode()
                return Row(pid, State(state), generation, bool(refused), content)
            if attempt:
                time.sleep(0.0005)  # the writer may have been killed in the middle
        return Row()

    def _write(self, at: int, row: Row) -> None:
        (before,) = _SEQUENCE.unpack_from(self._memory, at)
        odd = before | 1
        _SEQUENCE.pack_into(self._memory, at, odd)
        text = row.content.encode()[:_LONGEST_TEXT]
        fields = (row.pid, row.generation, row.state, row.refused, len(text), text)
        _FIELDS.pack_into(self._memory, at + _SEQUENCE.size, *fields)
        _SEQUENCE.pack_into(self._memory, at, odd + 1)
