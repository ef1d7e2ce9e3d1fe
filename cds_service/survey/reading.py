"""Every FHIR resource in files, folders and archives, whatever its wrapping.

Test exports come as Bundles, as single resources, as lists, as NDJSON, packed or not, and with
files among them that are no FHIR at all. What cannot be read is counted and left out.
"""

import gzip
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cds_service.fhir.read import Json, name_of, objects, string
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.json_body import decode
from cds_service.settings import Settings

_JSON = (".json",)
_LINES = (".ndjson", ".jsonl")
_PACKED = ".gz"
_TAR = (".tgz", ".tar.gz", ".tar")
_ZIP = (".zip",)
_BROKEN = (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, RuntimeError)
_BOM = b"\xef\xbb\xbf"
_LARGEST = 512 * 2**20
_LIMITS = Settings(max_body_bytes=_LARGEST)


@dataclass(frozen=True, slots=True)
class Page:
    """The resources of one file; `names` gives ``Type/id`` for each ``fullUrl`` in it."""

    origin: str
    resources: tuple[Json, ...]
    names: dict[str, str]


@dataclass(slots=True)
class Read:
    """What was read so far: files, resources by type, and files or lines that were not JSON."""

    files: int = 0
    unreadable: int = 0
    types: Counter[str] = field(default_factory=Counter)


def pages(paths: tuple[Path, ...], read: Read) -> Iterator[Page]:
    """Yield the resources in `paths` file by file, in a fixed order, and count them in `read`.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(path)
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                yield from _file(file, read)


def _file(file: Path, read: Read) -> Iterator[Page]:
    name = file.name.lower()
    try:
        if name.endswith(_TAR):
            with tarfile.open(file) as archive:
                for member in archive:
                    content = archive.extractfile(member) if _wanted(member.name) else None
                    if content is not None:
                        yield _page(f"{file}:{member.name}", content.read(), read)
        elif name.endswith(_ZIP):
            with zipfile.ZipFile(file) as packed:
                for inside in filter(_wanted, packed.namelist()):
                    yield _page(f"{file}:{inside}", packed.read(inside), read)
        elif _wanted(name):
            yield _page(str(file), file.read_bytes(), read)
    except _BROKEN:
        read.unreadable += 1


def _wanted(name: str) -> bool:
    return name.lower().removesuffix(_PACKED).endswith((*_JSON, *_LINES))


def _page(origin: str, body: bytes, read: Read) -> Page:
    read.files += 1
    name = origin.lower()
    if name.endswith(_PACKED):
        body, name = gzip.decompress(body), name.removesuffix(_PACKED)
    parts = body.splitlines() if name.endswith(_LINES) else [body]
    resources: list[Json] = []
    names: dict[str, str] = {}
    for part in parts:
        if written := part.removeprefix(_BOM).strip():
            try:
                # the decoder takes objects only, and a file may hold a list
                value = decode(b'{"all":' + written + b"}", _LIMITS)["all"]
            except RequestRefused:
                read.unreadable += 1
            else:
                _collect(value, resources, names)
    read.types.update(string(each.get("resourceType")) for each in resources)
    return Page(origin, tuple(resources), names)


def _collect(value: Any, resources: list[Json], names: dict[str, str]) -> None:
    """Add the resources in `value`: itself, those of a Bundle, or those somewhere inside it."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += reversed(item)
        elif isinstance(item, dict):
            kind = string(item.get("resourceType"))
            if kind == "Bundle":
                waiting += [_named(entry, names) for entry in reversed(objects(item.get("entry")))]
            elif kind in ("", "Parameters"):
                waiting += [each for each in item.values() if isinstance(each, dict | list)]
            else:
                resources.append(item)


def _named(entry: Json, names: dict[str, str]) -> Any:
    """Return the resource of a Bundle entry; one without an id gets that of its ``fullUrl``."""
    resource, url = entry.get("resource"), string(entry.get("fullUrl"))
    if isinstance(resource, dict) and string(resource.get("resourceType")) and url:
        if not string(resource.get("id")):
            resource = {**resource, "id": url.replace("/", ":").rpartition(":")[2]}
        names[url] = name_of(resource)
    return resource
