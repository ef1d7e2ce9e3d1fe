"""Sources as FHIR related artifacts, each with the place in it where to look."""

from collections.abc import Iterable

from cds_service.content.model import Citation, Head
from cds_service.export.namespace import Json

# R4 gives ValueSet, CodeSystem and ConceptMap no relatedArtifact; R5 does, and this is how an R4
# resource carries an element of R5 (FHIR, Extensions for Converting between Versions).
_FROM_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-{kind}.relatedArtifact"


def related(source: Citation, locator: str = "") -> Json:
    """Return `source` as a citation; `locator` is the statement's own place in it, if given."""
    made: Json = {"type": "citation"}
    if source.id:
        made["label"] = source.id
    return made | {
        "citation": f"{source.title.strip()}: {(locator or source.locator).strip()}",
        "url": source.url,
    }


def cited(document: Head, name: str, locator: str = "") -> list[Json]:
    """Return the source `name` of `document` as a list of one citation, or of none."""
    return [related(each, locator) for each in document.sources if each.id == name]


def as_extensions(kind: str, artifacts: Iterable[Json]) -> list[Json]:
    """Return related artifacts as extensions of a resource of type `kind`."""
    url = _FROM_R5.format(kind=kind)
    return [{"url": url, "valueRelatedArtifact": artifact} for artifact in artifacts]
