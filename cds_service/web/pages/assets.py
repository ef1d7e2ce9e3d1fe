"""The static files of the pages, read once at start and addressed by what is in them."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

PREFIX = "/pages"
"""Address under which the files are served."""

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Media type by ending; a file with any other is not served."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent, also compressed (gzip)."""

    content: bytes
    compressed: bytes
    media_type: str


class Assets:
    """All files of one directory; an address holds a hash over all of them.

    One hash for all, so that a module may import its neighbour by a relative address and both are
    of one version.
    """

    def __init__(self, directory: Path) -> None:
        """Read the files of `directory`."""
        self._files = {
            path.relative_to(directory).as_posix(): _read(path)
            for path in sorted(directory.rglob("*"))
            if path.suffix in _KINDS
        }
        digest = hashlib.sha256()
        for name, asset in self._files.items():
            digest.update(f"{name}\0{len(asset.content)}\0".encode())
            digest.update(asset.content)
        self.version = digest.hexdigest()[:16]

    def find(self, name: str) -> Asset | None:
        """Return the file `name`, such as ``pages.css``, or None if there is none."""
        return self._files.get(name)

    def url(self, name: str) -> str:
        """Return the address of the file `name`.

        Raises:
            KeyError: there is no such file.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"{PREFIX}/{self.version}/{name}"


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, gzip.compress(content, mtime=0), _KINDS[path.suffix])
