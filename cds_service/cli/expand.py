"""``imaging-advisor value-sets expand``: freeze the descendants of listed codes into a file."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cds_service.cli.descendants import SYSTEM, Observed, expanded, listed_roles
from cds_service.cli.output import capital, complain, say, visible
from cds_service.cli.startup import environment
from cds_service.content import expansionfile
from cds_service.content.expansionfile import NotWritten
from cds_service.content.load import Loaded, content_directory, load
from cds_service.content.model import ValueSet
from cds_service.fhir.refusals import Problem, TerminologyUnavailable
from cds_service.fhir.terminology import Bounds, TerminologyServer

EXIT_CODES: dict[Problem, int] = {
    Problem.BAD_ADDRESS: 2,
    Problem.UNREACHABLE: 3,
    Problem.NOT_TRUSTED: 3,
    Problem.TIME_OUT: 3,
    Problem.NOT_FHIR: 4,
    Problem.REDIRECTED: 4,
    Problem.REFUSED: 5,
    Problem.FAILED: 5,
    Problem.TOO_COSTLY: 6,
    Problem.TOO_LARGE: 6,
    Problem.INCOMPLETE: 6,
    Problem.UNKNOWN_SYSTEM: 7,
    Problem.UNKNOWN_CODE: 7,
}
"""Exit code for each way a server can fail; 1 means that the file was left as it was."""


def add_to(actions: Any) -> None:
    """Add the action to the parser's `actions`."""
    about = "ask a FHIR terminology server for what lies below the listed SNOMED CT codes"
    action = actions.add_parser(
        "expand",
        help=about,
        description=f"{capital(about)} and freeze it into a file of the site.",
        epilog="Exit codes: 1 not written, 2 wrong call, 3 not reached, 4 not FHIR, 5 refused,"
        " 6 too costly or incomplete, 7 code system unknown to the server.",
    )
    action.add_argument("value_sets", nargs="*", metavar="VALUE-SET", help="only these value sets")
    action.add_argument("--tx", required=True, metavar="URL", help="base URL of the server")
    action.add_argument("--out", type=Path, metavar="FILE", help="the file; else standard output")
    action.add_argument(
        "--token-env", metavar="NAME", help="environment variable that holds a bearer token"
    )
    action.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="PEM file of the server's authorities"
    )
    action.add_argument(
        "--allow-shrink", action="store_true", help="replace a file although codes get lost"
    )
    action.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="longest wait for an answer"
    )
    action.add_argument(
        "--page", type=int, default=1000, metavar="CODES", help="codes asked for at a time"
    )
    action.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Expand the active value sets, or those named, and write them; return the exit code.

    Raises:
        ContentNotFound: there is no content.
        SettingsError: the environment has settings with wrong values.
    """
    loaded = load(content_directory(environment().cards_dir))
    try:
        chosen = _chosen(loaded, arguments.value_sets)
        token = _token(arguments.token_env)
        bounds = _bounds(arguments)
        if arguments.ca_file is not None and not arguments.ca_file.is_file():
            raise ValueError(f"there is no file {arguments.ca_file}")
    except ValueError as problem:
        complain(f"Not begun: {problem}.")
        return 2
    try:
        with TerminologyServer(arguments.tx, token, arguments.ca_file, bounds) as server:
            document, observed = expanded(server, chosen, arguments.out)
    except TerminologyUnavailable as problem:
        complain(f"Nothing was written: {visible(str(problem))}.")
        return EXIT_CODES[problem.problem]
    complain(*_notes(chosen, observed))
    if arguments.out is None:
        say(expansionfile.text(document).rstrip("\n"))
        return 0
    try:
        say(expansionfile.write(arguments.out, document, loaded, arguments.allow_shrink))
    except NotWritten as problem:
        complain(f"Not written: {problem}")
        if not arguments.allow_shrink:
            complain("If codes may get lost, say --allow-shrink.")
        return 1
    except OSError as problem:
        complain(f"Not written: {arguments.out}: {problem.strerror or 'no reason given'}")
        return 1
    number = sum(len(group.descendants) for each in document.expansions for group in each.groups)
    say(f"Wrote {number} codes of {len(document.expansions)} value sets.")
    return 0


def _chosen(loaded: Loaded, names: list[str]) -> list[ValueSet]:
    """Return the value sets to expand, by id.

    Raises:
        ValueError: one that is named is not in use.
    """
    active = {
        doc.id: doc
        for doc in loaded.documents.values()
        if isinstance(doc, ValueSet) and doc.status == "active"
    }
    if wrong := [name for name in names if name not in active]:
        raise ValueError(f"no value set {', '.join(map(repr, wrong))} is in use")
    chosen = [active[name] for name in sorted(names or active)]
    return [each for each in chosen if listed_roles(each)]


def _token(variable: str | None) -> str:
    if variable is None:
        return ""
    token = os.environ.get(variable, "").strip()
    if not token:
        raise ValueError(f"the environment variable {variable} is empty")
    return token


def _bounds(arguments: argparse.Namespace) -> Bounds:
    if not 0 < arguments.timeout <= 3600:  # noqa: PLR2004 - an hour
        raise ValueError("the timeout must be more than 0 and at most 3600 seconds")
    if not 0 < arguments.page <= 10_000:  # noqa: PLR2004 - what servers give at once at most
        raise ValueError("a page must have 1 to 10000 codes")
    return Bounds(seconds=arguments.timeout, page=arguments.page)


def _notes(chosen: list[ValueSet], observed: Observed) -> Iterator[str]:
    """Yield what whoever runs the command should know about the result."""
    others = {group.system for each in chosen for group in each.concepts} - {SYSTEM}
    if others:
        yield (
            f"As listed, not asked for: {', '.join(sorted(others))}. (An ingredient's products"
            " include creams and inhalers, which must not count as the medicine taken.)"
            if "rxnorm" in others
            else f"As listed, not asked for: {', '.join(sorted(others))}."
        )
    if not observed.versions:
        yield "The server does not state its release of the code system."
    if observed.unknown:
        yield f"{len(observed.unknown)} listed codes are not in the server's release:"
        yield from (f"  {each}" for each in observed.unknown)
