"""Work in a process of its own, beside the start of the service: on two cores it is ready sooner.

What such work needs goes away with its process, and does not stay in the memory of the service.
"""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from cds_service.content.issue import Issue
from cds_service.content.load import Loaded, content_directory, load
from cds_service.content.model import KINDS
from cds_service.content.yaml_places import Positions


def checked(loaded: Loaded) -> list[Issue]:
    """Return every problem of `loaded`, of reading and of meaning."""
    # a service checks in a process of its own: it starts sooner, and is smaller, without the rules
    from cds_service.content.check import check  # noqa: PLC0415

    return check(loaded)


class _Read(msgspec.Struct):
    """What was read, as one process tells another: documents by path, each with its kind."""

    content_version: str
    documents: dict[str, tuple[str, msgspec.Raw]]
    texts: dict[str, str]
    problems: list[Issue]


class Reading:
    """Content that a process of its own reads and checks, from now on; only in one thread."""

    def __init__(self, configured: Path | None) -> None:
        """Begin with the content in the directory `configured`, or else the shipped one."""
        self._configured = configured
        self._child, self._pipe = _fork(lambda: _told(configured))

    def result(self) -> tuple[Loaded, list[Issue]]:
        """Return the documents, and every problem of them; only once.

        Raises:
            ContentNotFound: there is no content.
        """
        with os.fdopen(self._pipe, "rb") as pipe:
            said = pipe.read()
        os.waitpid(self._child, 0)
        if not said:  # it found nothing, or was killed: then it is done here, or told
            loaded = load(content_directory(self._configured))
            return loaded, checked(loaded)
        read = msgspec.msgpack.decode(said, type=_Read)
        loaded = Loaded(
            content_directory(self._configured),
            content_version=read.content_version,
            documents={path: _document(*told) for path, told in read.documents.items()},
            positions={path: Positions(text) for path, text in read.texts.items()},
        )
        return loaded, read.problems


def _document(kind: str, told: msgspec.Raw) -> Any:
    return msgspec.msgpack.decode(told, type=KINDS[kind])


def _told(configured: Path | None) -> bytes:
    """Return what a `Reading` of the content needs to know."""
    loaded = load(content_directory(configured))
    problems = checked(loaded)
    encode = msgspec.msgpack.encode
    return encode(
        _Read(
            loaded.content_version,
            {
                path: (each.kind, msgspec.Raw(encode(each)))
                for path, each in loaded.documents.items()
            },
            {path: each.text for path, each in loaded.positions.items()},
            problems,
        )
    )


@contextmanager
def done_beside(work: Callable[[], object], longest: float) -> Iterator[None]:
    """Do `work` beside the block, and wait for it `longest` seconds after that; only in one thread.

    Nobody learns what it raises, or that it goes on.
    """

    def silently() -> bytes:
        work()
        return b""

    child, reading = _fork(silently)
    try:
        yield
        ended, _, _ = select.select([reading], [], [], longest)
        if ended:
            os.waitpid(child, 0)
    finally:
        os.close(reading)


def _fork(work: Callable[[], bytes]) -> tuple[int, int]:
    """Begin `work` in a process of its own; return its id, and where to read what it returns."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)  # so that it ends when nobody waits for it any more
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(work())
    finally:
        os._exit(0)
