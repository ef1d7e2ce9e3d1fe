"""The check of content beside its compilation: on two cores a service is ready sooner.

What the check needs for its work goes away with its process, and does not stay in the memory of the
service.
"""

import os
from collections.abc import Callable
from typing import TypeVar

import msgspec

from cds_service.content.check import check
from cds_service.content.issue import Issue
from cds_service.content.load import Loaded

T = TypeVar("T")


def checked_beside(
    loaded: Loaded, make: Callable[[], T], refuse: Callable[[list[Issue]], object]
) -> T:
    """Return what `make` returns if the check of `loaded` finds no error; only in one thread.

    If it does, `refuse` is called with all that it found, and must raise. What `make` raises
    counts only where the check finds no error: content with errors can fail anyhow.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _check_and_end(loaded, writing)
    os.close(writing)
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
    problems = msgspec.json.decode(said, type=list[Issue]) if said else check(loaded)
    if any(each.severity == "error" for each in problems):
        refuse(problems)
    if failed is not None:
        raise failed
    return made[0]


def _check_and_end(loaded: Loaded, writing: int) -> None:
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(msgspec.json.encode(check(loaded)))
    finally:
        os._exit(0)
