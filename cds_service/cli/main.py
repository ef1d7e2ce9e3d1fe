"""The entry point: which command is asked for, and what its failure looks like."""

import argparse
import gc
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from cds_service import __version__
from cds_service.cli.output import complain
from cds_service.cli.startup import ContentRefused
from cds_service.content.load import ContentNotFound
from cds_service.hooks.errors import RequestRefused
from cds_service.settings import SettingsError

COMMANDS = (
    "serve",
    "reload",
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
    "settings",
)
"""The commands; each is in a module of its name that is imported only when it is needed."""

DONE, FAILED, NOT_STARTED = 0, 1, 2
"""Exit codes: as asked; with a result that is not good; not even begun."""


def parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of the command line; each command's module adds its own part."""
    whole = argparse.ArgumentParser(
        prog="imaging-advisor",
        description="Advises on imaging orders while they are written (a CDS Hooks service).",
        epilog="Settings come from the environment: see 'imaging-advisor settings'.",
    )
    whole.add_argument("--version", action="version", version=f"imaging-advisor {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    collects = gc.isenabled()
    gc.disable()  # nothing that an import makes is ever freed
    try:
        for name in names:
            import_module(f"cds_service.cli.{name.replace('-', '_')}").add_to(commands)
    finally:
        if collects:
            gc.enable()
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` and return the exit code: 0, 1 for failure, 2 if not started.

    Raises:
        SystemExit: the arguments are wrong (code 2), or ask for help or the version (code 0).
    """
    words = sys.argv[1:] if argv is None else argv
    asked = words[0] if words else ""
    arguments = parser([asked] if asked in COMMANDS else COMMANDS).parse_args(words)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except RequestRefused as refused:
        complain(f"The request was refused ({refused.status} {refused.issue_code}): {refused.text}")
        if refused.diagnostics:
            complain(f"  {refused.diagnostics}")
        return FAILED
    except ContentRefused as refused:
        complain(*map(str, refused.issues))
        errors = sum(1 for each in refused.issues if each.severity == "error")
        complain(f"The clinical content and the site file have {errors} errors: nothing is used.")
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
