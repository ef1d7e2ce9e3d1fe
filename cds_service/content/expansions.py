"""A site's files of expansions: read as strictly as content, and compared before one is replaced.

SNOMED CT and other licensed hierarchies are not part of the shipped content. A site makes such a
file from its own terminology server; the service then reads the file and asks no server.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cds_service.content.checks import codes, expansions
from cds_service.content.checks.catalogue import catalogue
from cds_service.content.issue import Issue, issue
from cds_service.content.load import Loaded, read_into
from cds_service.content.model import ValueSetExpansions
from cds_service.fhir.codes import Code, normal_code

KIND = "value-set-expansions"
_CHECKS = (*expansions.CHECKS, *codes.CHECKS)


class Held(NamedTuple):
    """That a value set holds a code beyond those it lists."""

    value_set: str
    code: Code


def read_expansions(
    path: Path, loaded: Loaded, shown_as: str | None = None
) -> tuple[ValueSetExpansions | None, list[Issue]]:
    """Return the expansions in the file at `path`, and its problems with `loaded` as content.

    None is returned for a file that is no such document. Issues name the file as `shown_as`, or
    as `path`; one of severity error means that the file must not be used.

    Raises:
        OSError: the file cannot be opened.
    """
    name = shown_as or str(path)
    alone = Loaded(path.parent)
    read_into(path, name, alone)
    document = alone.documents.get(name)
    if not isinstance(document, ValueSetExpansions):
        if not alone.issues:
            hint = "make it with 'imaging-advisor value-sets expand'"
            alone.issues.append(issue(name, (1, 1), "SCHEMA001", f"this is no {KIND}", hint))
        return None, sorted(alone.issues)
    whole = Loaded(
        loaded.root,
        documents={**loaded.documents, name: document},
        positions={**loaded.positions, **alone.positions},
        unread=loaded.unread,
    )
    content = catalogue(whole)
    found = [each for rule in _CHECKS for each in rule(content) if each.path == name]
    return document, sorted({*alone.issues, *found})


def held(document: ValueSetExpansions) -> Iterator[Held]:
    """Yield every code that `document` adds to a value set."""
    for expansion in document.expansions:
        for group in expansion.groups:
            for descendant in group.descendants:
                yield Held(expansion.value_set, normal_code(group.system, descendant.code))
