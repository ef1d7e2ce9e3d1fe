"""``imaging-advisor survey``: what the advisor makes of a set of FHIR records."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from cds_service.advisor import today
from cds_service.cli.output import complain, inert, say
from cds_service.cli.startup import environment, open_content
from cds_service.hooks.json_body import encode
from cds_service.survey.report import as_json, as_markdown
from cds_service.survey.run import survey


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    command = commands.add_parser(
        "survey",
        help="try the advisor on a set of FHIR records and say what fired, and why",
        description="Put a set of imaging orders to every chart in files, folders and archives"
        " (Bundles, single resources, NDJSON; .json, .ndjson, .gz, .tgz, .zip), through the engine"
        " and in part through the whole service. Prints for each finding the codes that made it"
        " fire, so that a clinician can check them, and which codes nothing knows. Nothing leaves"
        " this machine.",
    )
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
    command.add_argument(
        "--as-of",
        type=_day,
        metavar="DATE",
        help="the day of assessment, as 2026-11-23; else the day of each chart's last record",
    )
    command.add_argument(
        "--http-every",
        type=int,
        default=10,
        metavar="N",
        help="send every Nth chart through the service too (default 10; 0 for none)",
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="write the counts there too")
    command.add_argument(
        "--show-text",
        action="store_true",
        help="show how records name their codes, and the names of files with a crash: may show"
        " what clinicians typed about patients",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the report as Markdown; return 1 if something crashed or the service disagrees.

    Raises:
        ContentRefused: the content has errors.
        SettingsError: settings are wrong or do not fit the content.
    """
    content = open_content(environment())
    try:
        done = survey(
            tuple(arguments.paths), content, arguments.as_of, today(), arguments.http_every
        )
    except FileNotFoundError as missing:
        complain(f"There is no file or folder {missing}.")
        return 1
    report = as_json(done, content, show_text=arguments.show_text)
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.format(encode(report), indent=2) + b"\n")
    say(*(inert(line) for line in as_markdown(report).splitlines()))
    return 0 if done.sound else 1


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{written!r} is no day; write it as 2026-11-23") from None
