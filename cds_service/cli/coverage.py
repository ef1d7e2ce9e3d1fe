"""``imaging-advisor coverage``: what the clinical content covers, for review."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

from cds_service.cli.coveragepage import page
from cds_service.cli.output import capital, say, say_json
from cds_service.cli.startup import load_checked
from cds_service.content.coverage.report import coverage


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "show what the clinical content covers: rules, findings, ratings, codes, gaps"
    command = commands.add_parser("coverage", help=about, description=f"{capital(about)}.")
    command.add_argument(
        "directory", nargs="?", type=Path, help="the content; else the one in use or shipped"
    )
    command.add_argument("--json", action="store_true", help="print JSON, not Markdown")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the coverage of a content as a page of Markdown, or as JSON; return 0.

    Raises:
        ContentRefused: the content has errors.
        ContentNotFound: there is no such directory.
        SettingsError: the environment has settings with wrong values.
    """
    loaded = load_checked(arguments.directory)
    found = coverage(loaded)
    if arguments.json:
        say_json(msgspec.to_builtins(found))
    else:
        say(page(found).rstrip("\n"))
    return 0
