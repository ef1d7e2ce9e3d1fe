"""Reading a directory of clinical content into documents, without stopping at a problem."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from cds_service.content import schema, strict_yaml
from cds_service.content.issue import Issue, issue
from cds_service.content.model import KINDS, Document
from cds_service.content.yaml_places import Positions

_NOT_CONTENT = ("schemas",)
_LOOKALIKES = (".yml", ".yaml")
_VERSION_LENGTH = 12
_ID = re.compile(r"""\b(?:id|code|level):\s*["']?([^\s"',}]+)""")
_WORDS_OF_TYPES = {
    "`int`": "a whole number",
    "`float`": "a number with a decimal point",
    "`str`": "a text",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a block of keys",
}


class ContentNotFound(Exception):  # noqa: N818 - it reads as what happened
    """There is no clinical content where it should be."""


@dataclass(slots=True)
class Loaded:
    """What was read from a content directory; every key is a path relative to it.

    `issues` are the problems of reading alone; `check` finds those of meaning. `unread` holds, for
    each file that could not be read, the ids it seems to define, so that one mistake in a file
    does not make every reference to it look wrong.
    """

    root: Path
    content_version: str = ""
    documents: dict[str, Document] = field(default_factory=dict)
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    positions: dict[str, Positions] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    unread: dict[str, frozenset[str]] = field(default_factory=dict)


def content_directory(configured: Path | None = None) -> Path:
    """Return the directory of the clinical content: `configured`, or else the shipped one.

    Raises:
        ContentNotFound: the configured directory does not exist, or nothing was shipped.
    """
    if configured is not None:
        if not configured.is_dir():
            raise ContentNotFound(f"the configured content directory {configured} is missing")
        return configured
    shipped = schema.shipped_content()
    if shipped is None:
        raise ContentNotFound(
            "the installation holds no clinical content; configure a content directory"
        )
    return shipped


def load(directory: Path) -> Loaded:
    """Return all documents and cases under `directory`, with every problem of reading them.

    Raises:
        ContentNotFound: `directory` does not exist.
    """
    if not directory.is_dir():
        raise ContentNotFound(f"the content directory {directory} is missing")
    loaded = Loaded(directory)
    digest = hashlib.sha256()
    own = len(directory.parts)
    for parts, path in sorted((path.parts[own:], path) for path in directory.rglob("*")):
        ignored = parts[0] in _NOT_CONTENT or any(part[0] == "." for part in parts)
        if ignored or path.suffix.lower() not in _LOOKALIKES or not path.is_file():
            continue
        name = "/".join(parts)
        if path.suffix == ".yaml":
            raw = path.read_bytes()
            digest.update(f"{name}\0{len(raw)}\0".encode())
            digest.update(raw)
            _read_into(raw, name, loaded)
        else:
            said = f"'{path.name}' would not be read"
            hint = f"name it '{path.stem}.yaml'"
            loaded.issues.append(issue(name, (1, 1), "FILE001", said, hint))
    if not (loaded.documents or loaded.cases or loaded.issues):
        said, hint = "there is no content here", "content is in files whose names end in .yaml"
        loaded.issues.append(issue(".", (1, 1), "FILE002", said, hint))
    loaded.content_version = digest.hexdigest()[:_VERSION_LENGTH]
    return loaded


def read_into(path: Path, name: str, loaded: Loaded) -> None:
    """Add the file at `path` to `loaded` under `name`, or the reasons why it cannot be.

    Raises:
        OSError: the file cannot be opened.
    """
    _read_into(path.read_bytes(), name, loaded)


def _read_into(raw: bytes, name: str, loaded: Loaded) -> None:
    data, positions, issues = strict_yaml.read_bytes(raw, name)
    loaded.positions[name] = positions
    if data is not None:
        wrong = schema.validate(data, positions, name)
        issues += wrong
        if not wrong and data["kind"] == "cases":
            loaded.cases[name] = data
        elif not wrong:
            try:
                document: Any = msgspec.convert(data, KINDS[data["kind"]], strict=True)
                loaded.documents[name] = document
            except msgspec.ValidationError as problem:
                place = positions.at(_place(str(problem)))
                issues.append(issue(name, place, "SCHEMA005", _sentence(str(problem))))
    if name not in loaded.documents and name not in loaded.cases:
        text = raw.decode("utf-8", errors="replace")
        loaded.unread[name] = frozenset(_ID.findall(text))
    loaded.issues += issues


def _place(message: str) -> tuple[str | int, ...]:
    """Return the path that a msgspec message ends with, e.g. ``$.variants[0].number``."""
    steps = re.findall(r"\.([a-z-]+)|\[(\d+)\]", message.rpartition("`$")[2])
    return tuple(key or int(index) for key, index in steps)


def _sentence(message: str) -> str:
    """Return a msgspec message in an author's words and without its path."""
    sentence = message.partition(" - at ")[0].lower()
    for written, words in _WORDS_OF_TYPES.items():
        sentence = sentence.replace(written, words)
    return sentence
