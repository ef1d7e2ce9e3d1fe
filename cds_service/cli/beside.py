"""Work in a process of its own, beside the start of the service: on two cores it is ready sooner.

What such work needs goes away with its process, and does not stay in the memory of the service.
"""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from cds_service.content.issue import Issue
from cds_service.content.load import Loaded

T = TypeVar("T")


def checked(loaded: Loaded) -> list[Issue]:
    """Return every problem of `loaded`, of reading and of meaning."""
    # a service checks in a process of its own: it starts sooner, and is smaller, without the rules
    from cds_service.content.check import check  # noqa: PLC0415

    return check(loaded)


def checked_beside(
    loaded: Loaded, make: Callable[[], T], refuse: Callable[[list[Issue]], object]
) -> T:
    """Return what `make` returns if the check of `loaded` finds no error; only in one thread.

    If it does, `refuse` is called with all that it found, and must raise. What `make` raises
    counts only where the check finds no error: content with errors can fail anyhow.
    """
    child, reading = _fork(lambda: msgspec.json.encode(checked(loaded)))
    made: list[T] = []
    failed: Exception | None = None
    try:
        made.append(make())
    except Exception as fault:
        failed = fault
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    # a child that could not say anything was killed; then it is done here
    problems = msgspec.json.decode(said, type=list[Issue]) if said else checked(loaded)
    if any(each.severity == "error" for each in problems):
        refuse(problems)
    if failed is not None:
        raise failed
    return made[0]


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
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(work())
    finally:
        os._exit(0)
