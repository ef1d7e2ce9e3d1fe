"""``imaging-advisor insights``: a synthetic journal to look at, and passwords for the page."""

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from cds_service.cli.output import capital, complain, say
from cds_service.cli.startup import environment
from cds_service.cli.surroundings import at_home
from cds_service.journal.errors import JournalMisconfigured, JournalUnavailable
from cds_service.journal.opening import open_store
from cds_service.journal.specimen import Specimen
from cds_service.journal.store import JournalStore
from cds_service.web.insights.users import new_line

_AT_ONCE = 1000


def add_to(commands: Any) -> None:
    """Add the command and its own commands to the parser's `commands`."""
    about = "prepare the page that shows how often cards fire"
    command = commands.add_parser("insights", help=about, description=f"{capital(about)}.")
    parts = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_seed(parts)
    about = "read a new password and print a person's line for CDS_INSIGHTS_USERS_FILE"
    part = parts.add_parser("password", help=about, description=f"{capital(about)}.")
    part.add_argument("name", help="the name to sign in with")
    part.set_defaults(run=run, work=_password)


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked; return 0, or 2 if it cannot be done.

    Raises:
        SettingsError: the environment has settings with wrong values.
    """
    try:
        arguments.work(arguments)
    except (JournalMisconfigured, JournalUnavailable, ValueError) as problem:
        complain(str(problem))
        return 2
    return 0


def _add_seed(parts: Any) -> None:
    about = "fill an empty journal with synthetic consultations, to look around"
    part = parts.add_parser("seed", help=about, description=f"{capital(about)}.")
    part.add_argument(
        "--into",
        type=Path,
        metavar="FILE",
        help="a new SQLite file; default: the journal in the settings, if it is empty",
    )
    for name, default, meaning in (
        ("calls", 2000, "how many consultations"),
        ("days", 90, "over how many days"),
        ("seed", 1, "another number makes another journal"),
    ):
        part.add_argument(
            f"--{name}",
            type=_number,
            default=default,
            metavar="N",
            help=f"{meaning}; default: {default}",
        )
    part.add_argument(
        "--until", type=_day, metavar="DATE", help="the last of these days, in UTC; default: today"
    )
    part.set_defaults(run=run, work=_seed)


def _seed(arguments: argparse.Namespace) -> None:
    until = arguments.until or datetime.now(UTC).date()
    specimen = Specimen(arguments.calls, until, arguments.days, arguments.seed)
    store = _store(arguments.into)
    try:
        if store.counts()["consultations"]:
            raise ValueError(
                "The journal is not empty: synthetic calls are never mixed with others."
            )
        events = specimen.events()
        while batch := list(islice(events, _AT_ONCE)):
            store.write([consultation for consultation, _ in batch])
            store.write_feedback([each for _, given in batch for each in given])
        counts = store.counts()
    finally:
        store.close()
    say(
        f"Wrote {counts['consultations']} synthetic consultations with {counts['cards']} cards and"
        f" {counts['feedback']} feedback events, up to {until}."
    )
    if arguments.into:
        file = arguments.into.resolve()
        say(f"To see them: CDS_JOURNAL_URL=sqlite:///{file} imaging-advisor serve")


def _store(into: Path | None) -> JournalStore:
    if into is None:
        return open_store(at_home(environment()))
    return JournalStore(URL.create("sqlite", database=str(into.resolve())))


def _password(arguments: argparse.Namespace) -> None:
    say(new_line(arguments.name, _read(getpass.getpass if sys.stdin.isatty() else _line)))


def _read(ask: Callable[[str], str]) -> str:
    """Return a password that was given twice in the same way.

    Raises:
        ValueError: the two differ.
    """
    password = ask("New password: ")
    if ask("Once more: ") != password:
        raise ValueError("The two passwords differ.")
    return password


def _line(_prompt: str) -> str:
    return sys.stdin.readline().rstrip("\n")


def _number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:8]) <= 1_000_000:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 to 1000000; it is {value!r}"
        )
    return int(value)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a day such as 2026-11-23; it is {value!r}"
        ) from None
