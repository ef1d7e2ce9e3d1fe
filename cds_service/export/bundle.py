"""The whole content as one FHIR R4 Bundle, the same for the same content."""

import json
from collections.abc import Iterator
from typing import TypeVar

from cds_service.content.load import Loaded
from cds_service.content.model import (
    CodeMap,
    Document,
    Estimates,
    Findings,
    ImagingCategories,
    Parameters,
    Procedures,
    RadiationLevels,
    SafetyRule,
    Topic,
    ValueSet,
    ValueSetExpansions,
)
from cds_service.export import logic, procedures, safety, topics, valuesets
from cds_service.export.extensions import structure_definitions
from cds_service.export.namespace import Json, Namespace

MANIFEST = "manifest"

_KINDS = (
    "Library",
    "PlanDefinition",
    "ActivityDefinition",
    "CodeSystem",
    "ConceptMap",
    "StructureDefinition",
    "ValueSet",
)
"""Types of resources in the order in which they stand in the Bundle."""

_Kind = TypeVar("_Kind", bound=Document)


def bundle(loaded: Loaded, base: str) -> Json:
    """Return all of `loaded`, which has no errors, as a Bundle of type collection.

    Each resource has the status of its document. Findings and parameters are those in use.

    Raises:
        pydantic.ValidationError: a resource is not valid FHIR, which is a fault of this program.
    """
    space = Namespace(base, loaded.content_version)
    made = sorted(_resources(space, loaded), key=_place)
    made.insert(0, _manifest(space, made))
    entries = [
        {"fullUrl": resource["url"], "resource": valid(resource)}
        for resource in sorted(made, key=_place)
    ]
    return {
        "resourceType": "Bundle",
        "id": f"content-{loaded.content_version}",
        "type": "collection",
        "entry": entries,
    }


def written(made: Json) -> str:
    """Return a resource as JSON text that ends with a line break."""
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def valid(resource: Json) -> Json:
    """Return `resource` as the strict models of FHIR R4 write it.

    Raises:
        pydantic.ValidationError: it does not have the structure of its type.
    """
    # Only the export needs these models at run time, and they cost time to import.
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415

    model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    ordered: Json = json.loads(model.model_dump_json())
    return ordered


def _resources(space: Namespace, loaded: Loaded) -> Iterator[Json]:
    documents = list(loaded.documents.values())
    latest = max(document.effective for document in documents)
    listed = _each(documents, Procedures)
    by_id = {each.id: each for document in listed for each in document.procedures}
    levels = {
        each.level: each
        for document in _active(documents, RadiationLevels)
        for each in document.levels
    }
    parameters = _active(documents, Parameters)
    values = {
        each.id: each for document in _each(documents, Parameters) for each in document.parameters
    }
    sets = {document.id: document for document in _each(documents, ValueSet)}
    expansions = _active(documents, ValueSetExpansions)
    library = space.canonical("Library", logic.LIBRARY)

    for value_set in sets.values():
        yield from valuesets.value_sets(space, value_set, expansions)
    for categories in _each(documents, ImagingCategories):
        yield valuesets.order_categories(space, categories)
    if listed:
        yield procedures.catalogue(space, listed, levels, latest)
    for document in listed:
        yield from procedures.activities(space, document)
    for code_map in _each(documents, CodeMap):
        yield procedures.code_map(space, code_map)
    for topic in _each(documents, Topic):
        yield topics.plan(space, topics.gathered(topic, documents), by_id, values, sets, library)
    for rule in _each(documents, SafetyRule):
        yield safety.plan(space, rule, by_id, library)
    stated = logic.Stated(_active(documents, Findings), parameters, _active(documents, Estimates))
    yield logic.library(space, stated, sets, latest)
    yield from structure_definitions(space, latest)


def _manifest(space: Namespace, resources: list[Json]) -> Json:
    """Return the library that lists all `resources` with their versions."""
    made = space.resource(
        "Library",
        MANIFEST,
        "Clinical content of the imaging-order advisor",
        date=max(str(resource["date"]) for resource in resources),
        description="Decision support for clinicians, not validated in patients. Missing data is"
        " unknown, never 'no'. Nothing here says that a patient, a device or a study is safe.",
    )
    kind = {"system": "http://terminology.hl7.org/CodeSystem/library-type"}
    return made | {
        "type": {"coding": [kind | {"code": "asset-collection"}]},
        "relatedArtifact": [
            {"type": "composed-of", "resource": f"{each['url']}|{space.version}"}
            for each in resources
        ],
    }


def _place(resource: Json) -> tuple[int, str]:
    return _KINDS.index(resource["resourceType"]), resource["id"]


def _each(documents: list[Document], kind: type[_Kind]) -> list[_Kind]:
    return [document for document in documents if isinstance(document, kind)]


def _active(documents: list[Document], kind: type[_Kind]) -> list[_Kind]:
    return [document for document in _each(documents, kind) if document.status == "active"]
