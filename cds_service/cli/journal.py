"""``imaging-advisor journal``: look after what the journal remembers."""

import argparse
from datetime import UTC, date, datetime, time
from typing import Any

from cds_service.cli.output import capital, complain, say
from cds_service.cli.startup import environment
from cds_service.cli.surroundings import at_home
from cds_service.fhir.dates import before, parse_duration
from cds_service.journal.errors import JournalMisconfigured, JournalUnavailable
from cds_service.journal.opening import DATABASE_FILE, open_store
from cds_service.journal.store import JournalStore
from cds_service.settings import Settings, variable


def add_to(commands: Any) -> None:
    """Add the command and its own commands to the parser's `commands`."""
    about = "look after the journal of consultations and feedback"
    command = commands.add_parser("journal", help=about, description=f"{capital(about)}.")
    parts = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_prune(parts)
    _add_export(parts)
    for name, work, about in (
        ("migrate", _migrate, "create the journal's tables or bring them up to date"),
        ("counts", _counts, "count what the journal holds"),
    ):
        part = parts.add_parser(name, help=about, description=f"{capital(about)}.")
        part.set_defaults(run=run, work=work)


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked with the journal in the settings; return 0, or 2 if it cannot be used.

    Raises:
        SettingsError: the environment has settings with wrong values.
    """
    settings = at_home(environment())
    if arguments.work is not _migrate and (missing := _missing(settings)):
        complain(missing)
        return 2
    try:
        store = open_store(settings)
        try:
            arguments.work(store, arguments)
        finally:
            store.close()
    except (JournalMisconfigured, JournalUnavailable) as problem:
        complain(str(problem))
        return 2
    return 0


def _missing(settings: Settings) -> str:
    """Return what to say where a journal is asked for that was never made, else nothing.

    Whoever looks in the wrong directory is not told of an empty journal that is made for it.
    """
    if settings.journal_url or settings.journal_dir is None:
        return ""
    try:
        (settings.journal_dir / DATABASE_FILE).stat()
    except FileNotFoundError:
        return (
            f"There is no journal in {settings.journal_dir}: {variable('journal_dir')} or"
            f" {variable('journal_url')} must be as the service has it."
        )
    except OSError:  # told in words by whoever opens it
        return ""
    return ""


def _add_prune(parts: Any) -> None:
    about = "delete old consultations together with their feedback"
    part = parts.add_parser("prune", help=about, description=f"{capital(about)}.")
    which = part.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--before", type=_day, metavar="DATE", help="delete what is from before this day, in UTC"
    )
    which.add_argument(
        "--older-than",
        dest="before",
        type=_ago,
        metavar="DURATION",
        help="delete what is older, as P13M or P90D",
    )
    part.set_defaults(run=run, work=_prune)


def _add_export(parts: Any) -> None:
    about = "print consultations with their cards and feedback, without patient data"
    part = parts.add_parser("export", help=about, description=f"{capital(about)}.")
    part.add_argument("--since", type=_day, metavar="DATE", help="from this day on, in UTC")
    part.add_argument("--until", type=_day, metavar="DATE", help="up to but without this day")
    part.add_argument(
        "--format",
        dest="form",
        choices=("jsonl", "csv"),
        default="jsonl",
        help="JSON, one consultation a line (default), or a table with a row for each card",
    )
    part.set_defaults(run=run, work=_export)


def _prune(store: JournalStore, arguments: argparse.Namespace) -> None:
    gone = store.prune(arguments.before)
    say(f"Deleted {gone['consultations']} consultations and {gone['feedback']} feedback events.")


def _export(store: JournalStore, arguments: argparse.Namespace) -> None:
    for line in store.export(arguments.since, arguments.until, arguments.form):
        say(line)


def _migrate(store: JournalStore, _arguments: argparse.Namespace) -> None:
    store.prepare()
    say("The journal's tables are up to date.")


def _counts(store: JournalStore, _arguments: argparse.Namespace) -> None:
    say(*(f"{name.replace('_', ' '):<20} {number:>10}" for name, number in store.counts().items()))


def _day(value: str) -> datetime:
    try:
        return _midnight(date.fromisoformat(value))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a day such as 2026-11-23; it is {value!r}"
        ) from None


def _ago(value: str) -> datetime:
    try:
        return _midnight(before(datetime.now(UTC).date(), parse_duration(value)))
    except (ValueError, OverflowError):
        said = f"must be an ISO 8601 duration such as P13M; it is {value!r}"
        raise argparse.ArgumentTypeError(said) from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
