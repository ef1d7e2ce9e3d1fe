"""Strict reading of YAML, with the place of every key and value.

Default YAML readers turn ``00100`` into 64, ``no`` into false, ``1E10`` into a number and
``2026-11-23`` into a date, and keep the last of two equal keys. In clinical content each of these
changes a code or drops a rule unseen. Here only ``true``, ``false``, ``null`` and plain decimal
numbers are not text, and everything that can hide a mistake is refused.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cds_service.content.issue import Issue, issue

Place = tuple[int, int]
KeyPath = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "": None}
_MAX_DEPTH = 60
_BOM = b"\xef\xbb\xbf"


class Positions:
    """Line and column, counted from 1, of every key and value of one file."""

    def __init__(self) -> None:
        self._values: dict[KeyPath, Place] = {}
        self._keys: dict[KeyPath, Place] = {}

    def add(self, path: KeyPath, value: Place, key: Place | None = None) -> None:
        """Remember where the value at `path` starts, and its key if it has one."""
        self._values[path] = value
        if key is not None:
            self._keys[path] = key

    def at(self, path: KeyPath) -> Place:
        """Return where the value at `path` starts, or else its nearest parent's value."""
        return self._nearest(self._values, path)

    def key(self, path: KeyPath) -> Place:
        """Return where the key at the end of `path` starts, or else the nearest parent's value."""
        return self._keys.get(path) or self.at(path)

    @staticmethod
    def _nearest(places: dict[KeyPath, Place], path: KeyPath) -> Place:
        for end in range(len(path), -1, -1):
            if found := places.get(path[:end]):
                return found
        return (1, 1)


def read(path: Path, shown_as: str | None = None) -> tuple[Any | None, Positions, list[Issue]]:
    """Return the data of the YAML file at `path`, the places of its parts, and its problems.

    The data is None when the file cannot be read as a whole. A key given twice keeps its first
    value. Issues name the file as `shown_as`, or as `path`.

    Raises:
        OSError: the file cannot be opened.
    """
    name = shown_as or str(path)
    raw = path.read_bytes()
    if raw.startswith(_BOM):
        found = issue(
            name, (1, 1), "YAML001", "the file starts with a byte order mark", "save as plain UTF-8"
        )
        return None, Positions(), [found]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        column = problem.start - raw.rfind(b"\n", 0, problem.start)
        found = issue(
            name, (line, column), "YAML001", "this is not UTF-8 text", "save as plain UTF-8"
        )
        return None, Positions(), [found]
    return read_text(text, name)


def read_text(text: str, name: str) -> tuple[Any | None, Positions, list[Issue]]:
    """Return what `read` returns, for text that is already decoded."""
    tabs = [
        issue(name, (number, line.index("\t") + 1), "YAML004", "tab", "use blanks instead of tabs")
        for number, line in enumerate(text.split("\n"), start=1)
        if "\t" in line
    ]
    if tabs:
        return None, Positions(), tabs
    return _Reader(text, name).document()


class _RefusedError(Exception):
    """The rest of the file cannot be read."""


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.events: Iterator[Event] = yaml.parse(text, Loader=_LOADER)
        self.positions = Positions()
        self.issues: list[Issue] = []
        self.usable = True

    def document(self) -> tuple[Any | None, Positions, list[Issue]]:
        data = None
        try:
            documents = 0
            for event in self.events:
                if not isinstance(event, DocumentStartEvent):
                    continue
                documents += 1
                if documents > 1:
                    self._refuse(event, "YAML008", "a second document starts here", _ONE_FILE)
                    break
                data = self._value(next(self.events), ())
            if data is None and self.usable:
                self.issues.append(issue(self.name, (1, 1), "YAML002", "the file is empty"))
        except yaml.MarkedYAMLError as problem:
            place = _counted_from_one(problem.problem_mark or problem.context_mark)
            words = str(problem.problem or problem.context or "not well-formed")
            self._cannot_read(place, words)
        except yaml.YAMLError:
            self._cannot_read((1, 1), "the file holds characters that text must not have")
        except _RefusedError:
            pass
        return (data if self.usable else None), self.positions, self.issues

    def _cannot_read(self, place: Place, words: str) -> None:
        hint = "check the indentation, and quotes around text with a colon or a hash sign"
        self.issues.append(issue(self.name, place, "YAML003", words, hint))
        self.usable = False

    def _value(self, event: Event, path: KeyPath, key: Place | None = None) -> Any:
        self.positions.add(path, _place(event), key)
        if len(path) > _MAX_DEPTH:
            self._cannot_read(_place(event), "nested too deeply")
            raise _RefusedError
        if isinstance(event, AliasEvent):
            self._refuse(event, "YAML006", f"alias *{event.anchor}", "write the value out again")
            return None
        self._refuse_marks(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        return _scalar(event)

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            place = _place(event)
            if isinstance(event, AliasEvent):
                self._refuse(event, "YAML006", f"alias *{event.anchor}", "write the key out")
                raise _RefusedError
            if not isinstance(event, ScalarEvent):
                hint = "put quotes around text that starts with a bracket or a brace"
                self._refuse(event, "YAML009", "this key is not a plain word", hint)
                raise _RefusedError
            self._refuse_marks(event)
            key = str(event.value)
            if key in found:
                first = self.positions.key((*path, key))[0]
                self.issues.append(
                    issue(
                        self.name, place, "YAML005", f"'{key}' is given twice",
                        f"first given in line {first}",
                    )
                )  # fmt: skip
                self._skip_value()
                continue
            found[key] = self._value(next(self.events), (*path, key), place)
        return found

    def _sequence(self, path: KeyPath) -> list[Any]:
        found: list[Any] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            found.append(self._value(event, (*path, len(found))))
        return found

    def _skip_value(self) -> None:
        """Read past one value and keep nothing of it."""
        depth = 0
        for event in self.events:
            if isinstance(event, CollectionStartEvent):
                depth += 1
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return

    def _refuse_marks(self, event: Any) -> None:
        """Note an anchor or a tag on `event`."""
        if event.anchor is not None:
            hint = "write the value out each time"
            self._refuse(event, "YAML006", f"anchor &{event.anchor}", hint)
        if event.tag is not None:
            hint = "leave the tag out; put quotes around text that starts with !"
            self._refuse(event, "YAML007", "tag on a value", hint)

    def _refuse(self, event: Event, code: str, message: str, hint: str) -> None:
        self.issues.append(issue(self.name, _place(event), code, message, hint))
        self.usable = False


_ONE_FILE = "put each document in its own file"


def _place(event: Event) -> Place:
    return _counted_from_one(event.start_mark)


def _counted_from_one(mark: Any) -> Place:
    """Return the place of a parser's mark, which counts from 0 and may be missing."""
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _scalar(event: Any) -> str | int | float | bool | None:
    """Return the value of a scalar: text, unless it is unquoted and one of the few exceptions."""
    text = str(event.value)
    if not event.implicit[0] or event.tag is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
