"""What FHIR R4 has no element for: our extensions, each defined in the export itself."""

from collections.abc import Iterator
from typing import NamedTuple

from cds_service.export.namespace import Json, Namespace

_FHIR_VERSION = "4.0.1"
_ACTION = ("PlanDefinition.action",)


class Definition(NamedTuple):
    """One extension: where it stands, the type of its value, and what it means."""

    context: tuple[str, ...]
    type: str
    meaning: str


EXTENSIONS: dict[str, Definition] = {
    "document-version": Definition(
        ("ValueSet", "CodeSystem", "ConceptMap", "ActivityDefinition", "PlanDefinition"),
        "string",
        "Version of the one document the resource was made from. The version of the resource is"
        " that of the whole content.",
    ),
    "meaning": Definition(
        ("ValueSet",),
        "code",
        "positive, or negative where the codes say that something is not so.",
    ),
    "role": Definition(
        ("ValueSet",),
        "code",
        "include: a record with such a code counts. weak: it only raises the question."
        " exclude: it does not count, not even beside a code that does.",
    ),
    "lasting": Definition(
        ("ValueSet",), "boolean", "Whether what is past still holds: an implant, an operation."
    ),
    "phrase": Definition(
        ("ValueSet",),
        "string",
        "Words that count as a code of the set does, where they are found in clinical text.",
    ),
    "source": Definition(
        ("ValueSet.compose.include",),
        "string",
        "Label of the related artifact in which these codes were seen.",
    ),
    "label": Definition(
        ("ValueSet.compose.include.filter",),
        "string",
        "What the filtered codes mean, in short words.",
    ),
    "rating": Definition(
        _ACTION,
        "code",
        "Appropriateness of the procedure in the variant that encloses it: usually-appropriate,"
        " may-be-appropriate, may-be-appropriate-disagreement, usually-not-appropriate.",
    ),
    "seen-in": Definition(
        _ACTION,
        "code",
        "How the rating is known: two-sources, one-source, or inferred. An inferred rating must"
        " not be shown as the guideline's.",
    ),
    "precedence": Definition(
        _ACTION, "integer", "Where several variants apply, the lowest number decides."
    ),
    "effect": Definition(
        _ACTION,
        "code",
        "What a safety state does: hold, exclude, caution, ask, replace or urgent. The first state"
        " whose condition is true decides.",
    ),
    "off-by-default": Definition(
        ("PlanDefinition", *_ACTION),
        "boolean",
        "The rule has no effect unless a site switches it on.",
    ),
    "indicator": Definition(_ACTION, "code", "CDS Hooks indicator: critical, warning or info."),
    "card": Definition(_ACTION, "string", "Id of the card text that is shown."),
    "authored": Definition(
        ("PlanDefinition", *_ACTION),
        "string",
        "The rule as its authors wrote it, as JSON, with every field it has.",
    ),
    "finding": Definition(("DataRequirement",), "string", "Id of the finding that needs the data."),
    "clause": Definition(
        ("DataRequirement",),
        "integer",
        "Which clause of the finding's evidence needs the data, from 1.",
    ),
}
"""Every extension the export uses, by the last part of its address."""


def structure_definitions(space: Namespace, date: str) -> Iterator[Json]:
    """Yield the definition of each of our extensions."""
    for name, (context, value_type, meaning) in EXTENSIONS.items():
        made = space.resource(
            "StructureDefinition",
            name,
            name.replace("-", " ").capitalize(),
            date=date,
            description=meaning,
        )
        yield made | {
            "fhirVersion": _FHIR_VERSION,
            "kind": "complex-type",
            "abstract": False,
            "context": [{"type": "element", "expression": each} for each in context],
            "type": "Extension",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
            "derivation": "constraint",
            "differential": {"element": _elements(made["url"], value_type, meaning)},
        }


def _elements(url: str, value_type: str, meaning: str) -> list[Json]:
    return [
        {"id": "Extension", "path": "Extension", "short": meaning, "definition": meaning},
        {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
        {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
        {
            "id": "Extension.value[x]",
            "path": "Extension.value[x]",
            "min": 1,
            "type": [{"code": value_type}],
        },
    ]
