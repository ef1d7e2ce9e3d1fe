"""Writing to the terminal: whole lines, JSON, and chart text without control characters."""

import json
import sys
import unicodedata
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from cds_service.hooks.json_body import encode


class Unreadable(Exception):  # noqa: N818 - it reads as what happened
    """Raised when a file that the command line names cannot be read; the text says why."""


_speaks_json = False


def speak(log_format: str) -> None:
    """Write lines from now on as the log is written: ``json``, one object a line, or plain.

    Whoever collects the log of a service reads one stream of one shape.
    """
    global _speaks_json  # noqa: PLW0603 - as the log of the process is set up once
    _speaks_json = log_format == "json"


def say(*lines: str) -> None:
    """Write `lines` to standard output."""
    _write(lines, sys.stdout, "info")


def complain(*lines: str) -> None:
    """Write `lines` to standard error."""
    _write(lines, sys.stderr, "warning")


def _write(lines: tuple[str, ...], stream: TextIO, level: str) -> None:
    for line in lines:
        if not _speaks_json:
            print(line, file=stream)
            continue
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        for part in line.splitlines():
            told = {"module": __name__, "event": part, "level": level, "timestamp": at}
            print(json.dumps(told, ensure_ascii=False), file=stream)


def say_json(value: Any) -> None:
    """Write `value` as indented JSON to standard output, numbers spelled as they were read."""
    print(msgspec.json.format(encode(value), indent=2).decode())


def capital(text: str) -> str:
    """Return `text` as a sentence begins; names in it keep their capitals."""
    return text[:1].upper() + text[1:]


def counted(number: int, name: str) -> str:
    """Return how many there are of `name`, a word that takes an s: ``1 error``, ``2 errors``."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def inert(text: str) -> str:
    """Return `text` with a blank for each character by which text could control a terminal."""
    return "".join(char if unicodedata.category(char)[0] != "C" else " " for char in text)


def visible(text: str) -> str:
    """Return `text` inert and on one line, each run of blanks as one."""
    return " ".join(inert(text).split())
