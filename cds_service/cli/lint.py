"""``imaging-advisor lint``: what is odd in what an EHR sends, for its integration team."""

import argparse
from collections import Counter
from typing import Any

import msgspec

from cds_service.cli import requestfile
from cds_service.cli.output import counted, say, say_json, visible
from cds_service.cli.startup import environment, open_content
from cds_service.lint.remark import Severity
from cds_service.lint.request import lint


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    command = commands.add_parser(
        "lint",
        help="say what is odd in a request of a client",
        description="Say what is odd in a request, and what to do. error: we cannot use it."
        " warning: advice may be poorer. note: good to know. Nothing of the patient is printed but"
        " resource ids and codes.",
    )
    requestfile.add_to(command)
    command.add_argument("--json", action="store_true", help="print the remarks as JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every remark on a request; return 1 if one is an error.

    Raises:
        Unreadable: the file cannot be read.
        RequestRefused: it is no JSON object.
        ContentRefused: the content has errors.
        SettingsError: settings are wrong or do not fit the content.
    """
    settings = environment()
    body = requestfile.read(arguments.request, settings)
    remarks = lint(body, requestfile.HOOKS, open_content(settings))
    counts = Counter(remark.severity for remark in remarks)
    if arguments.json:
        say_json({"remarks": [msgspec.to_builtins(remark) for remark in remarks]})
    else:
        say(*(visible(str(remark)) for remark in remarks))
        say(", ".join(counted(counts[severity], severity) for severity in Severity))
    return 1 if counts[Severity.ERROR] else 0
