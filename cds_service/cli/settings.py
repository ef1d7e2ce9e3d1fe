"""``imaging-advisor settings``: what can be set, and its defaults."""

import argparse
from typing import Any

from cds_service.cli.output import capital, say
from cds_service.settings import settings_table


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "print the table of all settings"
    command = commands.add_parser("settings", help=about, description=f"{capital(about)}.")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table of all settings, in Markdown as the README shows it."""
    say(settings_table().rstrip("\n"))
    return 0
