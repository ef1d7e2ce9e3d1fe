"""``imaging-advisor test``: the cases beside the content, for clinicians without pytest."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from cds_service.casebook import Outcome, run_case
from cds_service.cli.output import capital, complain, say
from cds_service.cli.startup import NO_PROOF, compiled, environment
from cds_service.content.cases import Case, CaseError, read_cases
from cds_service.content.check import check
from cds_service.content.library import Content
from cds_service.content.load import Loaded, content_directory, load


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "run the cases of clinical content and print what differs"
    command = commands.add_parser("test", help=about, description=f"{capital(about)}.")
    command.add_argument(
        "directory", nargs="?", type=Path, help="the content; else the one in use or shipped"
    )
    command.add_argument(
        "-k", dest="text", default="", metavar="TEXT", help="only cases with TEXT in name or path"
    )
    command.add_argument("-v", "--verbose", action="store_true", help="name the cases that hold")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the cases; return 1 if one fails, cannot be read, or there are none.

    Cases run with the published values of the content, never with a site's own, because that is
    what they were written for. A case still missing does not stop the others.

    Raises:
        ContentRefused: the content has errors other than missing cases.
        ContentNotFound: there is no such directory.
        SettingsError: the environment has settings with wrong values.
    """
    settings = replace(environment(), site_file=None)
    loaded = load(arguments.directory or content_directory(settings.cards_dir))
    problems = [each for each in check(loaded) if not each.code.startswith(NO_PROOF)]
    content = compiled(loaded, settings, problems).content
    cases, unreadable = _cases(loaded)
    chosen = [case for case in cases if _matches(arguments.text, case)]
    failed = len(unreadable)
    complain(*unreadable)
    for case in chosen:
        failures = _failures(case, content)
        if failures:
            failed += 1
            say(f"FAILED {case.path}: {case.name}", *(f"    {each}" for each in failures))
        elif arguments.verbose:
            say(f"ok     {case.path}: {case.name}")
    say(f"{len(chosen) + len(unreadable)} cases, {failed} failed")
    if not chosen and not unreadable:
        where = f" with {arguments.text!r} in name or path" if arguments.text else ""
        complain(f"There are no cases{where}: nothing was tested.")
    return 1 if failed or not chosen else 0


def _cases(loaded: Loaded) -> tuple[list[Case], list[str]]:
    """Return all cases, and a line for each file of cases that cannot be turned into charts."""
    cases: list[Case] = []
    unreadable: list[str] = []
    for path, document in loaded.cases.items():
        try:
            cases += read_cases(document, path)
        except CaseError as problem:
            unreadable.append(f"FAILED {problem}")
    return cases, unreadable


def _matches(text: str, case: Case) -> bool:
    return text.casefold() in f"{case.path}: {case.name}".casefold()


def _failures(case: Case, content: Content) -> tuple[str, ...]:
    try:
        outcome: Outcome = run_case(case, content)
    except ValueError as problem:  # its order is none
        return (str(problem),)
    return outcome.failures
