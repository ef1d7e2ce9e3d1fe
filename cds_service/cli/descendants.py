"""What lies below the listed codes of value sets, as a terminology server tells it."""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cds_service.cli.output import visible
from cds_service.content.descent import nearest
from cds_service.content.expansions import KIND
from cds_service.content.model import (
    Citation,
    Expansion,
    SystemVersion,
    ValueSet,
    ValueSetExpansions,
)
from cds_service.fhir.refusals import Problem, TerminologyUnavailable
from cds_service.fhir.terminology import Filter, TerminologyServer

SYSTEM = "snomed-ct"
"""The code system that is expanded: its codes do not show their hierarchy and a server knows it."""

_UNSTATED = "not stated by the server"
_NO_ID = re.compile(r"[^a-z0-9]+")
_LIMITS = (
    "Made by a program from the listed codes and one release of the code system; nobody has read"
    " each code. Codes that later releases add are missing until it is made anew. It may hold"
    " licensed content: keep it with the site and do not pass it on."
)


@dataclass(slots=True)
class Observed:
    """What came up on the way: the server's releases, and the listed codes it does not have."""

    versions: set[str] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)


def expanded(
    server: TerminologyServer, value_sets: list[ValueSet], out: Path | None
) -> tuple[ValueSetExpansions, Observed]:
    """Return the document of what lies below the codes of `value_sets`, named after its file `out`.

    Raises:
        TerminologyUnavailable: it could not all be had.
    """
    observed = Observed()
    expansions = [_expansion(server, value_set, observed) for value_set in value_sets]
    return _document(server.base, out, expansions, observed), observed


def listed_roles(value_set: ValueSet) -> dict[str, str]:
    """Return the role of each code of the expanded system that `value_set` lists."""
    return {
        concept.code: concept.role
        for group in value_set.concepts
        if group.system == SYSTEM
        for concept in group.codes
    }


def _expansion(server: TerminologyServer, value_set: ValueSet, observed: Observed) -> Expansion:
    """Return what lies below the codes of `value_set`, less what lies below excluded ones.

    Servers are asked to leave out the excluded, and what is below them is asked for too, because
    not every server honours an exclusion.

    Raises:
        TerminologyUnavailable: it could not all be had.
    """
    roles = listed_roles(value_set)
    excluded = [code for code, role in roles.items() if role == "exclude"]
    below = {}
    without: list[Filter] = []
    for code in sorted(roles, key=lambda each: roles[each] != "exclude"):  # the excluded first
        found = _below(server, value_set, code, without, observed)
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
    observed: Observed,
) -> dict[str, str] | None:
    """Return the displays of all codes below `code`, or None if the server does not have it."""
    try:
        found = server.expand(SYSTEM, [Filter("concept", "is-a", code)], without)
    except TerminologyUnavailable as problem:
        if problem.problem is not Problem.UNKNOWN_CODE:
            said = f"{value_set.id} {code} {problem.said}"
            raise TerminologyUnavailable(problem.problem, said) from None
        observed.unknown.append(f"{value_set.id} {code}")
        return None
    observed.versions.update(found.versions)
    if not found.displays:
        observed.unknown.append(f"{value_set.id} {code}")
    return {each: visible(display) for each, display in found.displays.items() if each != code}


def _document(
    server: str, out: Path | None, expansions: list[Expansion], observed: Observed
) -> ValueSetExpansions:
    if len(observed.versions) > 1:
        raise TerminologyUnavailable(Problem.INCOMPLETE, "the release changed on the way")
    version = "".join(observed.versions) or _UNSTATED
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
