"""``imaging-advisor export fhir``: the clinical content as FHIR, for other systems."""

import argparse
from pathlib import Path
from typing import Any

from cds_service.cli.output import capital, complain, say
from cds_service.cli.startup import load_checked
from cds_service.export.bundle import bundle, written
from cds_service.export.namespace import DEFAULT_BASE, base_url


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "write the clinical content in a format of other systems"
    command = commands.add_parser("export", help=about, description=f"{capital(about)}.")
    formats = command.add_subparsers(title="formats", metavar="FORMAT", required=True)
    fhir = formats.add_parser(
        "fhir",
        help="one FHIR R4 Bundle of value sets, procedures, topics and rules",
        description="Write the content as one FHIR R4 Bundle: the same for the same content."
        " Thresholds are those of the content, not a site's own.",
    )
    fhir.add_argument(
        "directory", nargs="?", type=Path, help="the content; else the one in use or shipped"
    )
    fhir.add_argument("--out", metavar="FILE", type=Path, help="write to FILE, not the terminal")
    fhir.add_argument(
        "--base",
        metavar="URL",
        type=_base,
        default=DEFAULT_BASE,
        help=f"base of the canonical addresses (default: {DEFAULT_BASE})",
    )
    fhir.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the Bundle; return 1 if the file cannot be written.

    Raises:
        ContentRefused: the content has errors.
        ContentNotFound: there is no such directory.
        SettingsError: the environment has settings with wrong values.
    """
    loaded = load_checked(arguments.directory)
    made = bundle(loaded, arguments.base)
    text = written(made)
    if arguments.out is None:
        say(text.rstrip("\n"))
        return 0
    try:
        arguments.out.write_text(text, encoding="utf-8")
    except OSError as problem:
        complain(f"{arguments.out} cannot be written: {problem.strerror or 'no reason given'}.")
        return 1
    complain(f"{len(made['entry'])} resources of content {loaded.content_version} are written.")
    return 0


def _base(text: str) -> str:
    try:
        return base_url(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
