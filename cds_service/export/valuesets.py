"""Value sets: one ValueSet for what counts, one for what only suggests, one for what never counts.

A FHIR value set knows no degrees, so each role of a code has a set of its own: ``fever`` holds the
codes that count, ``fever.suggestive`` those that only raise the question, ``fever.excluded`` those
that keep a record from counting. Ids of content hold no dots, so the names cannot collide.
"""

from collections.abc import Iterable, Iterator

from cds_service.content.model import ImagingCategories, ValueSet, ValueSetExpansions
from cds_service.export.citations import as_extensions, related
from cds_service.export.compose import EXCLUDE, INCLUDE, ROLES, WEAK, compose, entries, uri
from cds_service.export.namespace import Json, Namespace
from cds_service.export.rights import copyright_of

SUFFIXES = {INCLUDE: "", WEAK: ".suggestive", EXCLUDE: ".excluded"}

_TITLES = {
    INCLUDE: "{title}",
    WEAK: "{title}: codes that only raise the question",
    EXCLUDE: "{title}: codes that do not count",
}
_VSAC = "http://cts.nlm.nih.gov/fhir/ValueSet/"


def value_sets(
    space: Namespace, document: ValueSet, expansions: list[ValueSetExpansions]
) -> Iterator[Json]:
    """Yield the value set of `document`, and those of its weak and excluded codes and phrases.

    The first is always there; the others are if they hold something. Descendants that
    `expansions` name count as in the service.
    """
    lines = entries(document, expansions)
    phrases = {
        INCLUDE: document.phrases,
        WEAK: document.suggestive_phrases,
        EXCLUDE: document.excluded_phrases,
    }
    for role in ROLES:
        content = compose(space, lines, role)
        if not content and not phrases[role] and role != INCLUDE:
            continue
        made = space.of_document(
            "ValueSet",
            document.id + SUFFIXES[role],
            document,
            _TITLES[role].format(title=document.title),
        )
        made["extension"] += [
            space.extension("role", valueCode=role),
            space.extension("meaning", valueCode=document.meaning),
            space.extension("lasting", valueBoolean=document.lasting),
            *(space.extension("phrase", valueString=phrase) for phrase in phrases[role]),
        ]
        made["extension"] += as_extensions("ValueSet", _related(document, expansions))
        yield made | copyright_of(line.system for line in lines) | content


def canonicals(
    space: Namespace, names: Iterable[str], documents: dict[str, ValueSet]
) -> Iterator[str]:
    """Yield the sets of `names` that count and those that only suggest: both are looked for."""
    for name in names:
        yield space.canonical("ValueSet", name + SUFFIXES[INCLUDE])
        if any(code.role == WEAK for group in documents[name].concepts for code in group.codes):
            yield space.canonical("ValueSet", name + SUFFIXES[WEAK])


def order_categories(space: Namespace, document: ImagingCategories) -> Json:
    """Return the categories by which an order says that it is for imaging."""
    grouped: dict[str, list[Json]] = {}
    for each in document.codes:
        grouped.setdefault(each.system, []).append({"code": each.code, "display": each.label})
    made = space.of_document("ValueSet", f"{document.kind}.{document.id}", document)
    made["extension"] += as_extensions("ValueSet", map(related, document.sources))
    includes = [{"system": uri(system), "concept": codes} for system, codes in grouped.items()]
    return made | copyright_of(grouped) | {"compose": {"include": includes}}


def _related(document: ValueSet, expansions: list[ValueSetExpansions]) -> Iterator[Json]:
    yield from map(related, document.sources)
    for made in expansions:
        if any(each.value_set == document.id and each.groups for each in made.expansions):
            said = f"{made.title}: expanded by {made.server}"
            yield {"type": "citation", "label": made.id, "citation": said}
    for each in document.vsac:
        yield {"type": "documentation", "display": each.title, "resource": _VSAC + each.oid}
