"""Imaging procedures: what each is, what may be ordered, and the optional maps to them."""

from collections.abc import Iterable, Iterator

from cds_service.content.model import CodeMap, Procedure, Procedures, RadiationLevel
from cds_service.export.citations import as_extensions, related
from cds_service.export.compose import uri
from cds_service.export.namespace import Json, Namespace
from cds_service.export.rights import copyright_of

CATALOGUE = "imaging-procedures"
"""The code system whose codes are the ids of the procedures."""

_PROPERTIES: tuple[tuple[str, str, str], ...] = (
    ("status", "code", "draft, active or retired; only active procedures are used."),
    ("modality", "string", "Modality, as DICOM abbreviates it."),
    ("body-region", "string", "Region that is imaged."),
    ("contrast", "string", "What the procedure says of contrast."),
    ("radiation-level", "string", "Relative radiation level, or unknown."),
    ("adult-dose", "string", "Band of the effective dose of an adult at that level."),
    ("child-dose", "string", "Band of the effective dose of a child at that level."),
    ("suggestable", "boolean", "Whether it may be proposed as best rated."),
    ("may-be", "code", "A precise procedure that a vague order may mean."),
)


def catalogue(
    space: Namespace, documents: Iterable[Procedures], levels: dict[str, RadiationLevel], date: str
) -> Json:
    """Return the code system of all procedures, with what rules select them by."""
    made = space.resource(
        "CodeSystem",
        CATALOGUE,
        "Imaging procedures",
        date=date,
        description="What an imaging order may mean. The codes are ids of this content only; the"
        " codes under which a procedure is ordered are in its ActivityDefinition.",
    )
    concepts = [
        _concept(procedure, document.status, levels)
        for document in documents
        for procedure in document.procedures
    ]
    return made | {
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts),
        "property": [
            {"code": code, "type": sort, "description": said} for code, sort, said in _PROPERTIES
        ],
        "concept": sorted(concepts, key=lambda each: str(each["code"])),
    }


def activities(space: Namespace, document: Procedures) -> Iterator[Json]:
    """Yield each procedure of `document` as the definition of a request for it.

    Its codes are in the order of the content: the first of a system is the one to write.
    """
    for procedure in document.procedures:
        used = {code.source for code in procedure.codes}
        made = space.of_document("ActivityDefinition", procedure.id, document, procedure.title)
        codings = [{"system": uri(code.system), "code": code.code} for code in procedure.codes]
        made |= {
            "usage": "May be proposed where it is rated best."
            if procedure.suggestable
            else "Recognised where it is ordered; proposed only where a rule names it.",
            "topic": [{"coding": [concept(space, procedure.id)], "text": procedure.title}],
            "kind": "ServiceRequest",
            "intent": "proposal",
            "code": ({"coding": codings} if codings else {}) | {"text": procedure.title},
            "bodySite": [{"text": procedure.body_region.replace("-", " ")}],
        }
        made |= copyright_of(code.system for code in procedure.codes)
        if sources := [related(each) for each in document.sources if each.id in used]:
            made["relatedArtifact"] = sources
        yield made


def concept(space: Namespace, procedure: str) -> Json:
    """Return the coding of a procedure's id in our own code system."""
    return {
        "system": space.url("CodeSystem", CATALOGUE),
        "version": space.version,
        "code": procedure,
    }


def code_map(space: Namespace, document: CodeMap) -> Json:
    """Return an optional map from order codes of one system to procedures.

    The content says that a code stands for a procedure, not that both mean the same, so the
    equivalence is ``relatedto``.
    """
    made = space.of_document("ConceptMap", document.id, document)
    made["extension"] += as_extensions("ConceptMap", map(related, document.sources))
    made |= copyright_of([document.system])
    if document.notice:
        made["copyright"] = "\n\n".join(filter(None, (made.get("copyright"), document.notice)))
    elements = []
    for mapped in document.codes:
        target = {"code": mapped.procedure, "equivalence": "relatedto"}
        said = "; ".join(
            filter(
                None,
                (
                    "" if mapped.status == "active" else f"code {mapped.status}",
                    mapped.note,
                    f"source: {mapped.source}" if mapped.source else "",
                ),
            )
        )
        elements.append(
            {"code": mapped.code, "target": [target | ({"comment": said} if said else {})]}
        )
    group = {
        "source": uri(document.system),
        "target": space.url("CodeSystem", CATALOGUE),
        "targetVersion": space.version,
        "element": elements,
    }
    return made | {"group": [group]}


def _concept(procedure: Procedure, status: str, levels: dict[str, RadiationLevel]) -> Json:
    level = levels.get(procedure.radiation_level)
    properties: list[Json] = [
        {"code": "status", "valueCode": status},
        {"code": "modality", "valueString": procedure.modality},
        {"code": "body-region", "valueString": procedure.body_region},
        {"code": "contrast", "valueString": procedure.contrast},
        {"code": "radiation-level", "valueString": procedure.radiation_level},
        {"code": "suggestable", "valueBoolean": procedure.suggestable},
    ]
    if level is not None:
        properties += [
            {"code": "adult-dose", "valueString": level.adult},
            {"code": "child-dose", "valueString": level.child},
        ]
    properties += [{"code": "may-be", "valueCode": each} for each in procedure.may_be]
    made: Json = {"code": procedure.id, "display": procedure.title, "property": properties}
    if procedure.names:
        made["designation"] = [{"value": name} for name in procedure.names]
    return made
