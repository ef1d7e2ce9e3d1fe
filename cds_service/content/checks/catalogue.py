"""What the documents define and what they refer to, gathered once for all checks."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from cds_service.content.checks.references import Reference, references
from cds_service.content.issue import Issue, issue
from cds_service.content.load import Loaded
from cds_service.content.model import (
    Document,
    Estimates,
    Findings,
    OverrideReasons,
    Parameter,
    Parameters,
    Procedures,
    RadiationLevels,
    Recommendations,
    SafetyRule,
    Texts,
    Topic,
    ValueSet,
    Variants,
)
from cds_service.content.yaml_places import KeyPath

NO_RADIATION_LEVEL = "unknown"
"""What a procedure says whose radiation level is not published."""

_Kind = TypeVar("_Kind", bound=Document)


class Definition(NamedTuple):
    """That `path` defines the thing `id` of a kind at `where`; `within` tells equal ids apart."""

    kind: str
    id: str
    path: str
    where: KeyPath
    within: str = ""


@dataclass(slots=True)
class Catalogue:
    """All documents with their definitions and references."""

    loaded: Loaded
    definitions: list[Definition] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    known: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    active: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    parameters: dict[str, Parameter] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every file was read, so that what is missing is really missing."""
        return not self.loaded.unread

    @property
    def seen_in_unread(self) -> set[str]:
        """Return the ids that files which could not be read seem to define."""
        return {name for names in self.loaded.unread.values() for name in names}

    def each(self, kind: type[_Kind]) -> Iterator[tuple[str, _Kind]]:
        """Yield path and document of every document of a kind that is not retired."""
        for path, document in self.loaded.documents.items():
            if isinstance(document, kind) and document.status != "retired":
                yield path, document

    def is_active(self, path: str) -> bool:
        """Say whether the document at `path` is in use."""
        return self.loaded.documents[path].status == "active"

    def issue(self, path: str, where: KeyPath, code: str, message: str, hint: str = "") -> Issue:
        """Return the issue `code` about the value at `where` in `path`."""
        return issue(path, self.loaded.positions[path].at(where), code, message, hint)


def catalogue(loaded: Loaded) -> Catalogue:
    """Return what the documents in `loaded` define and refer to."""
    found = Catalogue(loaded)
    found.known["radiation-level"].add(NO_RADIATION_LEVEL)
    found.active["radiation-level"].add(NO_RADIATION_LEVEL)
    for path, document in loaded.documents.items():
        found.references += references(path, document)
        for definition in _definitions(path, document):
            found.definitions.append(definition)
            found.known[definition.kind].add(definition.id)
            if document.status == "active":
                found.active[definition.kind].add(definition.id)
        if isinstance(document, Parameters):
            found.parameters.update({each.id: each for each in document.parameters})
        if isinstance(document, Procedures):
            _add_words(document, found)
    for path, cases in loaded.cases.items():
        found.definitions.append(Definition("document", cases["id"], path, ("id",), "cases"))
    return found


def _add_words(document: Procedures, found: Catalogue) -> None:
    """Add the words by which selectors pick procedures."""
    for procedure in document.procedures:
        for kind, name in (
            ("modality", procedure.modality),
            ("body-region", procedure.body_region),
            ("contrast", procedure.contrast),
        ):
            found.known[kind].add(name)
            if document.status == "active":
                found.active[kind].add(name)


def _definitions(path: str, document: Document) -> Iterator[Definition]:
    yield Definition("document", document.id, path, ("id",), document.kind)
    for number, source in enumerate(document.sources):
        yield Definition("source", source.id, path, ("sources", number, "id"), path)
    match document:
        case ValueSet():
            yield Definition("value-set", document.id, path, ("id",))
        case Topic():
            yield Definition("topic", document.id, path, ("id",))
        case SafetyRule():
            yield Definition("safety-rule", document.id, path, ("id",))
            for number, state in enumerate(document.states):
                name, where = f"{document.id}.{state.id}", ("states", number, "id")
                yield Definition("safety-state", name, path, where, path)
        case RadiationLevels():
            for number, level in enumerate(document.levels):
                where = ("levels", number, "level")
                yield Definition("radiation-level", level.level, path, where)
        case OverrideReasons():
            for number, reason in enumerate(document.reasons):
                where = ("reasons", number, "code")
                yield Definition("override-reason", reason.code, path, where)
        case Texts():
            for number, card in enumerate(document.cards):
                where = ("cards", number, "id")
                yield Definition("card-text", card.id, path, where, document.language)
        case _:
            yield from _listed(path, document)


def _listed(path: str, document: Document) -> Iterator[Definition]:
    """Yield the definitions of a document that is one list of things with an id."""
    match document:
        case Findings():
            kind, key, ids = "finding", "findings", [each.id for each in document.findings]
        case Variants():
            kind, key, ids = "variant", "variants", [each.id for each in document.variants]
        case Procedures():
            kind, key, ids = "procedure", "procedures", [each.id for each in document.procedures]
        case Parameters():
            kind, key, ids = "parameter", "parameters", [each.id for each in document.parameters]
        case Estimates():
            kind, key, ids = "estimate", "estimates", [each.id for each in document.estimates]
        case Recommendations():
            kind, key = "recommendation", "recommendations"
            ids = [each.id for each in document.recommendations]
        case _:
            return
    for number, name in enumerate(ids):
        yield Definition(kind, name, path, (key, number, "id"))
