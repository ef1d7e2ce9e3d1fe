"""The entry point: which command is asked for, and what its failure looks like."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from cds_service import __version__
from cds_service.cli.output import Unreadable, complain, counted
from cds_service.cli.startup import ContentRefused
from cds_service.content.load import ContentNotFound
from cds_service.hooks.errors import RequestRefused
from cds_service.settings import SettingsError

COMMANDS = (
    "serve",
    "reload",
    "health",
    "example",
    "explain",
    "lint",
    "check",
    "test",
    "survey",
    "content",
    "coverage",
    "value-sets",
    "export",
    "config",
    "clients",
    "journal",
    "insights",
    "settings",
)
"""The commands, each with a module of its name, in the order in which the help lists them."""

DONE, FAILED, NOT_STARTED = 0, 1, 2
"""Exit codes: as asked; with a result that is not good; not even begun."""


def parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of the command line for `commands`; each one's module adds its own part."""
    whole = argparse.ArgumentParser(
        prog="imaging-advisor",
        description="Advises on imaging orders while they are written (a CDS Hooks service).",
        epilog="Settings come from the environment: see 'imaging-advisor settings'.",
    )
    whole.add_argument("--version", action="version", version=f"imaging-advisor {__version__}")
    parts = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands:
        module: Any = import_module(f"cds_service.cli.{name.replace('-', '_')}")
        module.add_to(parts)
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` and return the exit code: 0, 1 for failure, 2 if not started.

    Raises:
        SystemExit: the arguments are wrong (code 2), or ask for help or the version (code 0).
    """
    given = list(sys.argv[1:] if argv is None else argv)
    # only what the command needs is imported: a service starts sooner, and its workers are smaller
    asked = [name for name in COMMANDS if given[:1] == [name]]
    gc.disable()  # imports make only what stays: to look through it is a tenth of their time
    try:
        whole = parser(asked or COMMANDS)
    finally:
        gc.freeze()
        gc.enable()
    arguments = whole.parse_args(given)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except Unreadable as problem:
        complain(str(problem))
        return FAILED
    except RequestRefused as refused:
        complain(f"The request was refused ({refused.status} {refused.issue_code}): {refused.text}")
        if refused.diagnostics:
            complain(f"  {refused.diagnostics}")
        return FAILED
    except ContentRefused as refused:
        complain(*map(str, refused.issues))
        errors = sum(1 for each in refused.issues if each.severity == "error")
        said = counted(errors, "error")
        complain(f"The clinical content and the site file have {said}: nothing is used.")
        return NOT_STARTED
    except ContentNotFound as problem:
        complain(f"There is no clinical content: {problem}.")
        return NOT_STARTED
    except SettingsError as problem:
        complain(str(problem))
        return NOT_STARTED
    except BrokenPipeError:
        # whoever read our output has seen enough; nothing more may be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    return code
