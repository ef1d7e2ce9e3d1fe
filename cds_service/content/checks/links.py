"""Ids that are given twice, that nothing defines, or that nothing uses."""

from collections.abc import Iterator
from difflib import get_close_matches

from cds_service.content.checks.catalogue import Catalogue, Definition
from cds_service.content.checks.references import Reference
from cds_service.content.issue import Issue
from cds_service.content.library import (
    AFFIRMATIVE_ANSWER,
    NEGATIVE_ANSWER,
    ORDER_NOT_ASSESSED,
    PRESCRIPTION_LONGEST,
)
from cds_service.content.model import Parameters, Texts

RESOURCE_TYPES = (
    "Patient",
    "Condition",
    "Observation",
    "MedicationRequest",
    "MedicationStatement",
    "Procedure",
    "Device",
    "DeviceUseStatement",
    "AllergyIntolerance",
    "DiagnosticReport",
    "ImagingStudy",
    "ServiceRequest",
)
"""FHIR resource types that findings are read from; ServiceRequest is the order itself, too."""

USED_BY_THE_ENGINE = (
    ("value-set", AFFIRMATIVE_ANSWER),
    ("value-set", NEGATIVE_ANSWER),
    ("parameter", PRESCRIPTION_LONGEST),
    ("card-text", ORDER_NOT_ASSESSED),
)
"""Content that the engine itself relies on; no document has to name it."""

_TWICE = {
    "document": ("ID001", "document"),
    "finding": ("ID002", "finding"),
    "variant": ("ID003", "variant"),
    "procedure": ("ID004", "procedure"),
    "parameter": ("ID005", "parameter"),
    "recommendation": ("ID006", "recommendation"),
    "card-text": ("ID007", "card text"),
    "override-reason": ("ID008", "override reason"),
    "safety-state": ("ID009", "state"),
    "source": ("ID010", "source"),
    "radiation-level": ("ID011", "radiation level"),
    "estimate": ("ID012", "estimate"),
}
_UNKNOWN = {
    "value-set": ("REF001", "value set"),
    "parameter": ("REF002", "parameter"),
    "finding": ("REF003", "finding"),
    "variant": ("REF004", "variant"),
    "procedure": ("REF005", "procedure"),
    "card-text": ("REF006", "card text"),
    "override-reason": ("REF007", "override reason"),
    "topic": ("REF009", "topic"),
    "radiation-level": ("REF010", "radiation level"),
    "estimate": ("REF016", "estimate"),
}
_UNUSED = {
    "value-set": ("USE001", "value set"),
    "finding": ("USE002", "finding"),
    "card-text": ("USE003", "card text"),
    "parameter": ("USE004", "parameter"),
    "override-reason": ("USE005", "override reason"),
}
_NEEDED = (
    (
        "parameter",
        PRESCRIPTION_LONGEST,
        Parameters,
        "parameters",
        "to read prescriptions without an end",
    ),
    ("card-text", ORDER_NOT_ASSESSED, Texts, "cards", "where an order cannot be assessed"),
)
_WORDS_OF_PROCEDURES = ("modality", "body-region", "contrast")


def ids_are_given_once(content: Catalogue) -> Iterator[Issue]:
    """ID001 to ID012: an id stands for one thing of its kind."""
    first: dict[tuple[str, str, str], Definition] = {}
    for definition in content.definitions:
        if definition.kind not in _TWICE:
            continue
        key = (definition.kind, definition.within, definition.id)
        earlier = first.setdefault(key, definition)
        if earlier is definition or not definition.id:
            continue
        code, noun = _TWICE[definition.kind]
        line, _ = content.loaded.positions[earlier.path].at(earlier.where)
        name = definition.id.rpartition(".")[2] if noun == "state" else definition.id
        said = f"another {noun} has the id '{name}'"
        hint = f"first in {earlier.path}, line {line}"
        yield content.issue(definition.path, definition.where, code, said, hint)


def references_lead_somewhere(content: Catalogue) -> Iterator[Issue]:
    """REF001 to REF010, REF016: whatever a document names exists."""
    unread = content.seen_in_unread
    for reference in content.references:
        if reference.kind not in _UNKNOWN or reference.id in unread:
            continue
        known = content.known[reference.kind]
        if reference.id not in known:
            code, noun = _UNKNOWN[reference.kind]
            said = f"there is no {noun} '{reference.id}'"
            yield content.issue(
                reference.path, reference.where, code, said, nearest(reference.id, known)
            )


def sources_are_listed(content: Catalogue) -> Iterator[Issue]:
    """REF008: a source that is named is one of the document's own sources."""
    for reference in content.references:
        if reference.kind == "source":
            document = content.loaded.documents[reference.path]
            known = {source.id for source in document.sources}
            if reference.id not in known:
                said = f"this document lists no source '{reference.id}'"
                hint = nearest(reference.id, known) or "give it an entry under 'sources'"
                yield content.issue(reference.path, reference.where, "REF008", said, hint)


def resource_types_are_read(content: Catalogue) -> Iterator[Issue]:
    """REF011: findings come from the types of FHIR resource that are read."""
    for reference in content.references:
        if reference.kind == "resource-type" and reference.id not in RESOURCE_TYPES:
            said = f"findings are not read from '{reference.id}'"
            hint = f"allowed here: {', '.join(RESOURCE_TYPES)}"
            yield content.issue(reference.path, reference.where, "REF011", said, hint)


def active_content_stands_alone(content: Catalogue) -> Iterator[Issue]:
    """REF012: an active document refers to nothing that is a draft or retired."""
    for reference in content.references:
        if (
            content.is_active(reference.path)
            and reference.id in content.known[reference.kind]
            and reference.id not in content.active[reference.kind]
            and reference.kind != "source"
        ):
            said = f"'{reference.id}' is not in use, but this document is"
            hint = f"name active content, or make the {_noun(reference)} active"
            yield content.issue(reference.path, reference.where, "REF012", said, hint)


def the_engine_has_what_it_needs(content: Catalogue) -> Iterator[Issue]:
    """REF015: what the program itself names exists and is active."""
    if not content.complete:
        return
    for kind, name, document, key, use in _NEEDED:
        documents = content.loaded.documents.items()
        path = next((path for path, doc in documents if isinstance(doc, document)), None)
        if path is not None and name not in content.active[kind]:
            said = f"there is no active {kind.replace('-', ' ')} '{name}'"
            yield content.issue(path, (key,), "REF015", said, f"the program needs it {use}")


def selectors_fit_a_procedure(content: Catalogue) -> Iterator[Issue]:
    """REF014: the words that select procedures are words that procedures have."""
    if not content.complete:
        return
    for reference in content.references:
        kind = reference.kind
        if kind in _WORDS_OF_PROCEDURES and reference.id not in content.known[kind]:
            said = f"no procedure has the {kind.replace('-', ' ')} '{reference.id}'"
            hint = nearest(reference.id, content.known[kind])
            yield content.issue(reference.path, reference.where, "REF014", said, hint)


def everything_is_used(content: Catalogue) -> Iterator[Issue]:
    """USE001 to USE005: what is defined in an active document is used by something."""
    if not content.complete:
        return
    used = {(reference.kind, reference.id) for reference in content.references}
    used |= set(USED_BY_THE_ENGINE)
    for definition in content.definitions:
        if definition.kind not in _UNUSED or (definition.kind, definition.id) in used:
            continue
        if content.is_active(definition.path):
            code, noun = _UNUSED[definition.kind]
            said = f"nothing uses the {noun} '{definition.id}'"
            hint = "use it, or make it a draft or retired"
            yield content.issue(definition.path, definition.where, code, said, hint)


def nearest(name: str, known: set[str]) -> str:
    """Return a hint with the known id most like `name`, or the empty string."""
    near = get_close_matches(name, sorted(known), n=1)
    return f"Did you mean '{near[0]}'?" if near else ""


def _noun(reference: Reference) -> str:
    return _UNKNOWN.get(reference.kind, ("", "procedure"))[1]


CHECKS = (
    ids_are_given_once,
    references_lead_somewhere,
    sources_are_listed,
    resource_types_are_read,
    active_content_stands_alone,
    the_engine_has_what_it_needs,
    selectors_fit_a_procedure,
    everything_is_used,
)
