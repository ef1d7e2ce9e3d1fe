"""``imaging-advisor check``: every problem of clinical content, for its authors."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

from cds_service.cli.output import capital, complain, counted, say, say_json
from cds_service.cli.startup import environment
from cds_service.content.check import check
from cds_service.content.issue import RULES, Issue
from cds_service.content.load import Loaded, content_directory, load
from cds_service.site.problems import SITE_RULES


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "check clinical content and print every problem with its place"
    command = commands.add_parser("check", help=about, description=f"{capital(about)}.")
    command.add_argument(
        "directory", nargs="?", type=Path, help="the content; else the one in use or shipped"
    )
    command.add_argument("--explain", metavar="CODE", help="say what an issue code means")
    command.add_argument("--json", action="store_true", help="print the problems as JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check a content directory; return 1 if it has errors.

    Raises:
        ContentNotFound: there is no such directory.
        SettingsError: the environment has settings with wrong values.
    """
    if arguments.explain is not None:
        return _explain(arguments.explain.strip().upper())
    loaded = load(arguments.directory or content_directory(environment().cards_dir))
    issues = check(loaded)
    errors = sum(1 for each in issues if each.severity == "error")
    if arguments.json:
        say_json(_as_json(loaded, issues, errors))
    else:
        say(*map(str, issues))
        say(summary(loaded, issues))
    return 1 if errors else 0


def summary(loaded: Loaded, issues: list[Issue]) -> str:
    """Return how many errors and warnings there are, in how many documents."""
    errors = sum(1 for each in issues if each.severity == "error")
    documents = len({*loaded.documents, *loaded.cases, *loaded.unread})
    warnings = counted(len(issues) - errors, "warning")
    return f"{counted(errors, 'error')}, {warnings} in {counted(documents, 'document')}"


def _as_json(loaded: Loaded, issues: list[Issue], errors: int) -> dict[str, Any]:
    return {
        "contentVersion": loaded.content_version,
        "documents": len({*loaded.documents, *loaded.cases, *loaded.unread}),
        "errors": errors,
        "warnings": len(issues) - errors,
        "issues": [msgspec.to_builtins(each) for each in issues],
    }


def _explain(code: str) -> int:
    rules = RULES | SITE_RULES
    rule = rules.get(code)
    if rule is None:
        complain(f"There is no issue code {code}. The codes are: {', '.join(sorted(rules))}")
        return 1
    say(f"{code} ({rule.severity}): {rule.meaning}")
    return 0
