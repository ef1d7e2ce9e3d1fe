"""Where every key and value of a YAML file starts, for those who have to tell of a problem.

What `strict_yaml` and this module share in going through a text is here.
"""

from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import (
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

Place = tuple[int, int]
"""Line and column, counted from 1."""
KeyPath = tuple[str | int, ...]
"""The keys and numbers that lead from the top of a file to a value."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 60
TOP: Place = (1, 1)


class CannotGoOn(Exception):  # noqa: N818 - it reads as what happened
    """Raised when the rest of a file cannot be read."""


class Positions:
    """Line and column, counted from 1, of every key and value of one file.

    Only a problem has a place to be told: the text is gone through for that when one is asked for.
    """

    def __init__(self, text: str = "") -> None:
        """Keep the `text` of the file."""
        self.text = text
        self._places: _Places | None = None

    def at(self, path: KeyPath) -> Place:
        """Return where the value at `path` starts, or else its nearest parent's value."""
        values = self._of_parts().values
        return next((values[path[:n]] for n in range(len(path), -1, -1) if path[:n] in values), TOP)

    def key(self, path: KeyPath) -> Place:
        """Return where the key at the end of `path` starts, or else the nearest parent's value."""
        return self._of_parts().keys.get(path) or self.at(path)

    def _of_parts(self) -> "_Places":
        if self._places is None:
            self._places = _Places(self.text)
        return self._places


class _Places:
    """Where the values and keys of one file start, as far as it can be read.

    It goes through the text as `_Reader` does: of a key given twice it keeps the first.
    """

    def __init__(self, text: str) -> None:
        self.values: dict[KeyPath, Place] = {}
        self.keys: dict[KeyPath, Place] = {}
        try:
            self.next = LOADER(text).get_event
            while (event := self.next()) is not None:
                if isinstance(event, DocumentStartEvent):
                    self._value(self.next(), ())
                    return
        except (yaml.YAMLError, CannotGoOn):
            return

    def _value(self, event: Any, path: KeyPath) -> None:
        self.values[path] = place(event)
        if len(path) > MAX_DEPTH:
            raise CannotGoOn
        if isinstance(event, MappingStartEvent):
            while not isinstance(event := self.next(), MappingEndEvent):
                self._part(event, path)
        elif isinstance(event, SequenceStartEvent):
            number = 0
            while not isinstance(event := self.next(), SequenceEndEvent):
                self._value(event, (*path, number))
                number += 1

    def _part(self, event: Any, path: KeyPath) -> None:
        """Go through a key of a mapping and its value."""
        if not isinstance(event, ScalarEvent):
            raise CannotGoOn
        here = (*path, event.value)
        if here in self.keys:
            skip_value(self.next)
            return
        self.keys[here] = place(event)
        self._value(self.next(), here)


def skip_value(next_event: "Callable[[], Any]") -> None:
    """Read past one value and keep nothing of it."""
    depth = 0
    while True:
        event = next_event()
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth == 0:
            return


def place(event: Event) -> Place:
    """Return where `event` starts."""
    return counted_from_one(event.start_mark)


def counted_from_one(mark: Any) -> Place:
    """Return the place of a parser's mark, which counts from 0 and may be missing."""
    return (mark.line + 1, mark.column + 1) if mark is not None else TOP
