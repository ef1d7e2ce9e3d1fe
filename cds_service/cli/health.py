"""``imaging-advisor health``: whether the service on this machine answers, for health checks.

A container engine runs this every half minute beside the service, by ``python -m
cds_service.cli.health``: so it imports nothing that it does not need.
"""

import argparse
import os
import sys
from http.client import HTTPConnection, HTTPException
from typing import Any

from cds_service.settings import Settings, SettingsError

ALIVE, READY = "/livez", "/readyz"
HEALTHY, UNHEALTHY = 0, 1

_SECONDS = 4.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
"""The address by which this machine reaches what listens on all of its addresses."""


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "ask the service on this machine whether it answers"
    command = commands.add_parser(
        "health",
        help=about,
        description=f"{about.capitalize()}. It is sought where CDS_HOST and CDS_PORT say. Exit"
        " code 0: it answers; 1: it does not.",
    )
    _arguments(command)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Return 0 if the service answers 200 in time, else 1 with the reason on standard error.

    Raises:
        SettingsError: settings have wrong values.
    """
    settings = Settings.from_environment(os.environ)
    host = settings.host.strip("[]")
    host = _EVERYWHERE.get(host, host)
    path = READY if arguments.ready else ALIVE
    connection = HTTPConnection(host, settings.port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, HTTPException) as problem:
        reason = type(problem).__name__
        print(f"No answer from {host} port {settings.port} ({reason}).", file=sys.stderr)
        return UNHEALTHY
    finally:
        connection.close()
    if status != 200:  # noqa: PLR2004 - OK
        print(f"{path} was answered with {status}.", file=sys.stderr)
        return UNHEALTHY
    return HEALTHY


def main() -> int:
    """Run the command without the other commands of ``imaging-advisor``; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m cds_service.cli.health")
    _arguments(parser)
    try:
        return run(parser.parse_args())
    except SettingsError as problem:
        print(problem, file=sys.stderr)
        return UNHEALTHY


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ready", action="store_true", help="also whether calls may come here")


if __name__ == "__main__":
    sys.exit(main())
