"""Memory that was freed goes back to the system, not into the stock of every thread.

A large body passes through two allocators: that of the C library, which gives each thread an arena
of its own, and jemalloc, which the HTTP server brings along and which keeps what was freed until
it is busy again. With some thirty threads either holds on to many bodies that nobody reads any
more. Where the C library is not glibc (musl has no arenas), what is asked of it here does nothing.
"""

import ctypes
import os
from pathlib import Path

_M_ARENA_MAX = -8  # mallopt(3)
_ARENAS = 2
_JEMALLOC = "_RJEM_MALLOC_CONF"
_KEPT = "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0"
_STATM = Path("/proc/self/statm")
_SLACK = 8 * 1024 * 1024


def share_arenas() -> None:
    """Let the threads of this process and of its children share what they allocate from.

    To be called before the HTTP server is imported. What the environment says about either
    allocator (``MALLOC_ARENA_MAX``, ``_RJEM_MALLOC_CONF``) is left as it is.
    """
    os.environ.setdefault(_JEMALLOC, _KEPT)
    if "MALLOC_ARENA_MAX" not in os.environ:
        _glibc("mallopt", _M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give pages that hold nothing back to the system."""
    _glibc("malloc_trim", 0)


class Excess:
    """Gives memory back while this process holds more than it did when it was made."""

    def __init__(self) -> None:
        self._settled = resident()

    def look(self) -> bool:
        """Give back what can be, if there may be anything; say whether it was tried."""
        if resident() <= self._settled + _SLACK:
            return False
        give_back()
        return True


def resident() -> int:
    """Return the bytes of this process that are in memory, 0 where the system does not say."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _glibc(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
