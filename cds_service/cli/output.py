"""Writing to the terminal: whole lines, JSON, and chart text without control characters."""

import sys
import unicodedata
from typing import Any

import msgspec

from cds_service.hooks.json_body import encode


class Unreadable(Exception):  # noqa: N818 - it reads as what happened
    """Raised when a file that the command line names cannot be read; the text says why."""


def say(*lines: str) -> None:
    """Write `lines` to standard output."""
    for line in lines:
        print(line)


def complain(*lines: str) -> None:
    """Write `lines` to standard error."""
    for line in lines:
        print(line, file=sys.stderr)


def say_json(value: Any) -> None:
    """Write `value` as indented JSON to standard output, numbers spelled as they were read."""
    print(msgspec.json.format(encode(value), indent=2).decode())


def counted(number: int, name: str) -> str:
    """Return how many there are of `name`, a word that takes an s: ``1 error``, ``2 errors``."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def inert(text: str) -> str:
    """Return `text` with a blank for each character by which text could control a terminal."""
    return "".join(char if unicodedata.category(char)[0] != "C" else " " for char in text)


def visible(text: str) -> str:
    """Return `text` inert and on one line, each run of blanks as one."""
    return " ".join(inert(text).split())
