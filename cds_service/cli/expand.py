"""``imaging-advisor value-sets expand``: freeze the descendants of listed codes into a file."""

import argparse
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cds_service.cli.output import capital, complain, say, visible
from cds_service.cli.startup import environment
from cds_service.content import expansionfile
from cds_service.content.descent import nearest
from cds_service.content.expansionfile import NotWritten
from cds_service.content.expansions import KIND
from cds_service.content.load import Loaded, content_directory, load
from cds_service.content.model import (
    Citation,
    Expansion,
    SystemVersion,
    ValueSet,
    ValueSetExpansions,
)
from cds_service.fhir.refusals import Problem, TerminologyUnavailable
from cds_service.fhir.terminology import Bounds, Filter, TerminologyServer

SYSTEM = "snomed-ct"
"""The code system that is expanded: its codes do not show their hierarchy and a server knows it."""

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

_UNSTATED = "not stated by the server"
_NO_ID = re.compile(r"[^a-z0-9]+")
_LIMITS = (
    "Made by a program from the listed codes and one release of the code system; nobody has read"
    " each code. Codes that later releases add are missing until it is made anew. It may hold"
    " licensed content: keep it with the site and do not pass it on."
)


@dataclass(slots=True)
class _Progress:
    """What was found out on the way."""

    versions: set[str] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)


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
    progress = _Progress()
    try:
        with TerminologyServer(arguments.tx, token, arguments.ca_file, bounds) as server:
            expansions = [_expansion(server, value_set, progress) for value_set in chosen]
            document = _document(server.base, arguments.out, expansions, progress)
    except TerminologyUnavailable as problem:
        complain(f"Nothing was written: {visible(str(problem))}.")
        return EXIT_CODES[problem.problem]
    complain(*_notes(chosen, progress))
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
    say(f"Wrote {sum(map(_size, expansions))} codes of {len(expansions)} value sets.")
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
    return [each for each in chosen if _roles(each)]


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


def _roles(value_set: ValueSet) -> dict[str, str]:
    """Return the role of each code of the expanded system that `value_set` lists."""
    return {
        concept.code: concept.role
        for group in value_set.concepts
        if group.system == SYSTEM
        for concept in group.codes
    }


def _expansion(server: TerminologyServer, value_set: ValueSet, progress: _Progress) -> Expansion:
    """Return what lies below the codes of `value_set`, less what lies below excluded ones.

    Servers are asked to leave out the excluded, and what is below them is asked for too, because
    not every server honours an exclusion.

    Raises:
        TerminologyUnavailable: it could not all be had.
    """
    roles = _roles(value_set)
    excluded = [code for code, role in roles.items() if role == "exclude"]
    below = {}
    without: list[Filter] = []
    for code in sorted(roles, key=lambda each: roles[each] != "exclude"):  # the excluded first
        found = _below(server, value_set, code, without, progress)
        if found is None:
            continue
        below[code] = found
        if roles[code] == "exclude":
            without.append(Filter("concept", "is-a", code))
    unwanted = {each for code in excluded for each in below.get(code, ())}
    return Expansion(
        value_set=value_set.id,
        value_set_version=value_set.version,
        excluded=tuple(excluded),
        groups=nearest(SYSTEM, roles, below, unwanted),
    )


def _below(
    server: TerminologyServer,
    value_set: ValueSet,
    code: str,
    without: list[Filter],
    progress: _Progress,
) -> dict[str, str] | None:
    """Return the displays of all codes below `code`, or None if the server does not have it."""
    try:
        found = server.expand(SYSTEM, [Filter("concept", "is-a", code)], without)
    except TerminologyUnavailable as problem:
        if problem.problem is not Problem.UNKNOWN_CODE:
            said = f"{value_set.id} {code} {problem.said}"
            raise TerminologyUnavailable(problem.problem, said) from None
        progress.unknown.append(f"{value_set.id} {code}")
        return None
    progress.versions.update(found.versions)
    if not found.displays:
        progress.unknown.append(f"{value_set.id} {code}")
    return {each: visible(display) for each, display in found.displays.items() if each != code}


def _document(
    server: str, out: Path | None, expansions: list[Expansion], progress: _Progress
) -> ValueSetExpansions:
    if len(progress.versions) > 1:
        raise TerminologyUnavailable(Problem.INCOMPLETE, "the release changed on the way")
    version = "".join(progress.versions) or _UNSTATED
    today = date.today().isoformat()
    return ValueSetExpansions(
        kind=KIND,
        id=_NO_ID.sub("-", out.stem.lower()).strip("-")
        if out and _NO_ID.sub("", out.stem)
        else KIND,
        title=f"Descendants of listed codes, {today}",
        status="active",
        version="1.0.0",
        effective=today,
        sources=(
            Citation(
                id="terminology-server",
                title="ValueSet/$expand of the site's terminology server",
                url=server,
                locator=f"{SYSTEM} {version}, asked on {today}",
            ),
        ),
        limits=_LIMITS,
        server=server,
        code_systems=(SystemVersion(system=SYSTEM, version=version),),
        expansions=tuple(expansions),
    )


def _size(expansion: Expansion) -> int:
    return sum(len(group.descendants) for group in expansion.groups)


def _notes(chosen: list[ValueSet], progress: _Progress) -> Iterator[str]:
    """Yield what whoever runs the command should know about the result."""
    others = {group.system for each in chosen for group in each.concepts} - {SYSTEM}
    if others:
        yield (
            f"As listed, not asked for: {', '.join(sorted(others))}. (An ingredient's products"
            " include creams and inhalers, which must not count as the medicine taken.)"
            if "rxnorm" in others
            else f"As listed, not asked for: {', '.join(sorted(others))}."
        )
    if not progress.versions:
        yield "The server does not state its release of the code system."
    if progress.unknown:
        yield f"{len(progress.unknown)} listed codes are not in the server's release:"
        yield from (f"  {each}" for each in progress.unknown)
