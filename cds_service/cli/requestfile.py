"""Reading a request as the service reads it: from a file or standard input, with its limits."""

import argparse
import sys
from pathlib import Path
from typing import Any

from cds_service.cli.output import Unreadable
from cds_service.hooks.json_body import decode
from cds_service.hooks.request import HookRequest, read_request
from cds_service.settings import Settings
from cds_service.web.discovery import SERVICES

HOOKS = frozenset(service.hook for service in SERVICES)
"""The hooks that the services answer."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the argument that names the request."""
    command.add_argument("request", metavar="REQUEST.json", help="the request; - is standard input")


def read(name: str, settings: Settings) -> dict[str, Any]:
    """Return the JSON object in the file `name`, or on standard input if that is ``-``.

    Raises:
        Unreadable: the file cannot be read.
        RequestRefused: it holds no JSON object within the limits.
    """
    try:
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as problem:
        why = problem.strerror or "no reason given"
        raise Unreadable(f"{name} cannot be read: {why}.") from None
    return decode(body, settings)


def understood(body: dict[str, Any]) -> HookRequest:
    """Return the request in `body`, for whichever of our services it is meant.

    Raises:
        RequestRefused: it is none.
    """
    return read_request(body, HOOKS)
