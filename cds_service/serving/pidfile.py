"""Which process serves, and how its last reload went, for the commands that speak to it.

The file is locked for as long as the service lives, so that a number left over from a service that
was killed is never taken for one that runs. Beside it lies the status, replaced as a whole.
"""

import fcntl
import os
from pathlib import Path

import msgspec

from cds_service.settings import Settings


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the service says of itself.

    `generation` counts the reloads that are over; `problems` are those of the last one, and if
    there are any it changed nothing. `content` is the fingerprint of what each worker uses.
    """

    generation: int = 0
    problems: tuple[str, ...] = ()
    content: tuple[str, ...] = ()


class AlreadyServed(Exception):  # noqa: N818 - it reads as what happened
    """Raised when another service holds the file."""


def pid_path(settings: Settings) -> Path | None:
    """Return where the file lies: as set, or in the journal's directory; None if there is none."""
    if settings.pid_file is not None:
        return settings.pid_file
    if settings.journal_dir is None:
        return None
    return settings.journal_dir.expanduser() / f"service-{settings.port}.pid"


class PidFile:
    """The file of this service, from its making until `remove`; `reloads` are those told of."""

    def __init__(self, path: Path) -> None:
        """Write this process's number into `path`.

        Raises:
            AlreadyServed: a service that runs holds it.
            OSError: it cannot be written.
        """
        self.path = path
        self.reloads = 0
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.descriptor)
            raise AlreadyServed from None
        os.ftruncate(self.descriptor, 0)
        os.write(self.descriptor, f"{os.getpid()}\n".encode())
        self.tell(Status())

    def tell(self, status: Status) -> None:
        """Put `status` beside the file."""
        beside = _status_path(self.path)
        draft = beside.with_name(f"{beside.name}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(status))
        draft.replace(beside)

    def remove(self) -> None:
        """Take both files away and let go of the lock."""
        _status_path(self.path).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


def running(path: Path) -> int | None:
    """Return the number of the process that serves, or None if none does.

    Raises:
        OSError: the file is there and cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(descriptor, 32).strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)
    return None


def status(path: Path) -> Status:
    """Return what the service whose file is `path` says of itself.

    Raises:
        OSError: it says nothing, because it ends or has ended.
    """
    return msgspec.json.decode(_status_path(path).read_bytes(), type=Status)


def _status_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.status")
