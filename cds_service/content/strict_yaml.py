"""Strict reading of YAML, with the place of every key and value.

Default YAML readers turn ``00100`` into 64, ``no`` into false, ``1E10`` into a number and
``2026-11-23`` into a date, and keep the last of two equal keys. In clinical content each of these
changes a code or drops a rule unseen. Here only ``true``, ``false``, ``null`` and plain decimal
numbers are not text, and everything that can hide a mistake is refused.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from cds_service.content.issue import Issue, issue
from cds_service.content.yaml_places import (
    LOADER,
    MAX_DEPTH,
    TOP,
    CannotGoOn,
    Place,
    Positions,
    counted_from_one,
    place,
    skip_value,
)

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "": None}
_MAY_BEGIN_NUMBER = frozenset("-0123456789")
_BOM = b"\xef\xbb\xbf"


def read(path: Path, shown_as: str | None = None) -> tuple[Any | None, Positions, list[Issue]]:
    """Return the data of the YAML file at `path`, the places of its parts, and its problems.

    The data is None when the file cannot be read as a whole. A key given twice keeps its first
    value. Issues name the file as `shown_as`, or as `path`.

    Raises:
        OSError: the file cannot be opened.
    """
    return read_bytes(path.read_bytes(), shown_as or str(path))


def read_bytes(raw: bytes, name: str) -> tuple[Any | None, Positions, list[Issue]]:
    """Return what `read` returns, for what is in a file already read."""
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
    if "\t" in text:
        hint = "use blanks instead of tabs"
        lines = enumerate(text.split("\n"), start=1)
        places = [(number, line.index("\t") + 1) for number, line in lines if "\t" in line]
        return None, Positions(), [issue(name, place, "YAML004", "tab", hint) for place in places]
    return _Reader(text, name).document()


class _Reader:
    """Reads one file. A start reads 90,000 keys and values: each is touched as little as can be."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.text = text
        self.next: Callable[[], Any]  # gives events, which have no stubs
        self.issues: list[Issue] = []
        self.usable = True

    def document(self) -> tuple[Any | None, Positions, list[Issue]]:
        data = None
        try:
            documents = 0
            self.next = LOADER(self.text).get_event
            while (event := self.next()) is not None:
                if not isinstance(event, DocumentStartEvent):
                    continue
                documents += 1
                if documents > 1:
                    self._refuse(event, "YAML008", "a second document starts here", _ONE_FILE)
                    break
                data = self._value(self.next(), 0)
            if data is None and self.usable:
                self.issues.append(issue(self.name, TOP, "YAML002", "the file is empty"))
        except yaml.MarkedYAMLError as problem:
            place = counted_from_one(problem.problem_mark or problem.context_mark)
            words = str(problem.problem or problem.context or "not well-formed")
            self._cannot_read(place, words)
        except yaml.YAMLError:
            self._cannot_read(TOP, "the file holds characters that text must not have")
        except CannotGoOn:
            pass
        return (data if self.usable else None), Positions(self.text), self.issues

    def _cannot_read(self, place: Place, words: str) -> None:
        hint = "check the indentation, and quotes around text with a colon or a hash sign"
        self.issues.append(issue(self.name, place, "YAML003", words, hint))
        self.usable = False

    def _value(self, event: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            self._cannot_read(place(event), "nested too deeply")
            raise CannotGoOn
        if isinstance(event, AliasEvent):
            self._refuse(event, "YAML006", f"alias *{event.anchor}", "write the value out again")
            return None
        if event.anchor is not None or event.tag is not None:
            self._refuse_marks(event)
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(depth)
        return self._sequence(depth)

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        marks: list[Any] = []
        while not isinstance(event := self.next(), MappingEndEvent):
            if isinstance(event, AliasEvent):
                self._refuse(event, "YAML006", f"alias *{event.anchor}", "write the key out")
                raise CannotGoOn
            if not isinstance(event, ScalarEvent):
                hint = "put quotes around text that starts with a bracket or a brace"
                self._refuse(event, "YAML009", "this key is not a plain word", hint)
                raise CannotGoOn
            if event.anchor is not None or event.tag is not None:
                self._refuse_marks(event)
            key: str = event.value
            if key in found:
                first = marks[list(found).index(key)].line + 1
                said, hint = f"'{key}' is given twice", f"first given in line {first}"
                self.issues.append(issue(self.name, place(event), "YAML005", said, hint))
                skip_value(self.next)
                continue
            marks.append(event.start_mark)
            found[key] = self._value(self.next(), depth + 1)
        return found

    def _sequence(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := self.next(), SequenceEndEvent):
            found.append(self._value(event, depth + 1))
        return found

    def _refuse_marks(self, event: Any) -> None:
        """Note an anchor or a tag on `event`."""
        if event.anchor is not None:
            hint = "write the value out each time"
            self._refuse(event, "YAML006", f"anchor &{event.anchor}", hint)
        if event.tag is not None:
            hint = "leave the tag out; put quotes around text that starts with !"
            self._refuse(event, "YAML007", "tag on a value", hint)

    def _refuse(self, event: Event, code: str, message: str, hint: str) -> None:
        self.issues.append(issue(self.name, place(event), code, message, hint))
        self.usable = False


_ONE_FILE = "put each document in its own file"


def _scalar(event: Any) -> str | int | float | bool | None:
    """Return the value of a scalar: text, unless it is unquoted and one of the few exceptions."""
    text: str = event.value
    if not event.implicit[0] or event.tag is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _MAY_BEGIN_NUMBER and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
