"""Events on local disk for the time in which the database is down.

Events are lines of JSON in segments, files that are only ever appended to. Whoever appends holds
a lock on the segment, so that other processes on the same directory leave it alone; the lock ends
with the process, and what a killed process left is read by the next. A segment is deleted once
all its events are in the database: a crash in between stores them again, which changes nothing.
"""

import fcntl
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from cds_service.journal.events import Consultation

SET_ASIDE = "set-aside.jsonl"
"""File for lines that cannot be read or stored, kept for whoever looks into it."""

_SEGMENT = re.compile(r"consultations-[0-9]{20}-[0-9a-f]{8}\.jsonl")
_SEGMENT_BYTES = 1024 * 1024
_AT_ONCE = 200

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Consultation)


class Spool:
    """Events waiting in `directory`, at most `max_bytes` of them; safe to share between threads.

    With `fsync`, what `append` returned survives a loss of power and not only a killed process.
    """

    def __init__(self, directory: Path, max_bytes: int, *, fsync: bool = True) -> None:
        """Make `directory`, readable by us alone.

        Raises:
            OSError: it cannot be made or written.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._max_bytes = max_bytes
        self._fsync = fsync
        self._lock = threading.RLock()
        self._active: BinaryIO | None = None
        self._ours: set[Path] = set()
        self._last = 0
        self.number_set_aside = 0
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(f"{directory} cannot be written")

    def append(self, batch: Iterable[Consultation]) -> int:
        """Keep `batch` in its order; return how many of its events found room.

        Older events are never dropped for newer ones. A full or failing disk takes none.
        """
        with self._lock:
            room = self._max_bytes - self.size()
            kept: list[bytes] = []
            for event in batch:
                line = _encoder.encode(event) + b"\n"
                room -= len(line)
                if room < 0:
                    break
                kept.append(line)
            return len(kept) if kept and self._write(b"".join(kept)) else 0

    def size(self) -> int:
        """Return how many bytes the directory holds, lines set aside included."""
        return sum(_size(path) for path in self._files()) + _size(self._directory / SET_ASIDE)

    def caught_up(self) -> bool:
        """Say whether nothing waits that was appended here; other processes may have more."""
        with self._lock:
            self._ours = {path for path in self._ours if path.exists()}
            return not self._ours

    def drain(
        self,
        write: Callable[[Sequence[Consultation]], None],
        refused: type[Exception],
    ) -> Iterator[int]:
        """Hand the waiting events to `write`, oldest first; yield how many were after each segment.

        What is not an event any more is set aside, and so is an event for which `write` raises
        `refused`. Any other error of `write` ends this; all stays as it is and may be tried again.
        """
        self.seal()
        for path in self._files():
            try:
                segment = path.open("rb")
            except FileNotFoundError:  # another process has dealt with it
                continue
            with segment:
                if not _locked(segment):
                    continue
                done, aside = 0, list[bytes]()
                for batch in _batches(_events(segment, aside), _AT_ONCE):
                    done += _hand_over(batch, write, refused, aside)
                self.set_aside(aside)
                path.unlink(missing_ok=True)
            yield done

    def seal(self) -> None:
        """End the segment in use: what comes next goes to a new one."""
        with self._lock:
            if self._active:
                self._active.close()
                self._active = None

    def set_aside(self, lines: Sequence[bytes]) -> None:
        """Count `lines` and keep them out of the way, as far as there is room."""
        if not lines:
            return
        with self._lock:
            self.number_set_aside += len(lines)
            added = b"".join(line.rstrip(b"\n") + b"\n" for line in lines)
            if self.size() + len(added) > self._max_bytes:
                return
            flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
            descriptor = os.open(self._directory / SET_ASIDE, flags, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(added)

    def set_aside_event(self, event: Consultation) -> None:
        """Keep an event out of the way that the database does not take."""
        self.set_aside([_encoder.encode(event)])

    def _write(self, data: bytes) -> bool:
        try:
            file = self._active or self._new_segment()
            start = file.tell()
            try:
                if file.write(data) != len(data):
                    raise OSError("the disk is full")
                if self._fsync:
                    os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), start)
                raise
            if file.tell() >= _SEGMENT_BYTES:
                self.seal()
        except OSError:
            self.seal()
            return False
        return True

    def _new_segment(self) -> BinaryIO:
        """Return a new segment, which has its name only once it is locked."""
        self._last = max(time.time_ns(), self._last + 1)
        name = f"consultations-{self._last:020d}-{secrets.token_hex(4)}.jsonl"
        draft = self._directory / f"{name}.new"
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        file = os.fdopen(descriptor, "ab", buffering=0)
        _locked(file)
        draft.rename(self._directory / name)
        if self._fsync:
            _sync_directory(self._directory)
        self._active = file
        self._ours.add(self._directory / name)
        return file

    def _files(self) -> list[Path]:
        """Return the segments, oldest first."""
        try:
            found = [path for path in self._directory.iterdir() if _SEGMENT.fullmatch(path.name)]
        except OSError:
            return []
        return sorted(found)


def _hand_over(
    batch: Sequence[Consultation],
    write: Callable[[Sequence[Consultation]], None],
    refused: type[Exception],
    aside: list[bytes],
) -> int:
    try:
        write(batch)
    except refused:
        if len(batch) > 1:
            return sum(_hand_over([event], write, refused, aside) for event in batch)
        aside.append(_encoder.encode(batch[0]))
        return 0
    return len(batch)


def _events(segment: BinaryIO, aside: list[bytes]) -> Iterator[Consultation]:
    for line in segment:
        try:
            yield _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            aside.append(line)


def _batches(events: Iterable[Consultation], most: int) -> Iterator[list[Consultation]]:
    batch: list[Consultation] = []
    for event in events:
        batch.append(event)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
