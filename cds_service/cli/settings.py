"""``imaging-advisor settings``: what can be set, and its defaults."""

import argparse
from typing import Any

from cds_service.cli.output import capital, say
from cds_service.setting_readers import MIB
from cds_service.settings import every_setting, variable


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "print the table of all settings"
    command = commands.add_parser("settings", help=about, description=f"{capital(about)}.")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table of all settings."""
    say(settings_table().rstrip("\n"))
    return 0


def settings_table() -> str:
    """Return the table of all settings in Markdown, as the README shows it."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, default, _, meaning in every_setting():
        rows.append(f"| `{variable(name)}` | {_shown(name, default)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _shown(name: str, default: object) -> str:
    if default in (None, "", ()):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    if name.endswith("_bytes") and isinstance(default, int):
        return f"`{default // MIB} MiB`"
    return f"`{default}`"
