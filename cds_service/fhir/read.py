"""Tolerant accessors for FHIR JSON.

Real resources carry an object where a list belongs, null inside lists, empty objects and missing
elements. Every accessor here returns something usable or nothing, and never raises: one odd
element costs only itself.
"""

from collections.abc import Iterator
from typing import Any

from cds_service.fhir.codes import Code, normal_code, system_name

Json = dict[str, Any]

_CERTAINTY = "/icd-10-gm-diagnosesicherheit"


def objects(value: object) -> list[Json]:
    """Return the JSON objects in `value`, whether it is one object, a list or anything else."""
    if isinstance(value, dict):
        return [value] if value else []
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict) and item]
    return []


def child(parent: object, name: str) -> Json:
    """Return the first object under `name`, or an empty object."""
    found = objects(parent.get(name)) if isinstance(parent, dict) else []
    return found[0] if found else {}


def string(value: object) -> str:
    """Return `value` without surrounding blanks if it is a string, else the empty string."""
    return value.strip() if isinstance(value, str) else ""


def codes(concept: object) -> Iterator[Code]:
    """Yield the codes of a CodeableConcept, a Coding, or a list of either, in their order."""
    for item in objects(concept):
        for coding in objects(item["coding"]) if "coding" in item else [item]:
            system, code = coding.get("system"), coding.get("code")
            if not (isinstance(system, str) and isinstance(code, str) and code.strip()):
                continue
            if _asserted(coding):
                yield normal_code(system_name(system), code)


def texts(concept: object) -> Iterator[str]:
    """Yield the human texts of a CodeableConcept or a list of them: text first, then displays."""
    for item in objects(concept):
        if text := string(item.get("text")):
            yield text
        for coding in objects(item.get("coding")):
            if display := string(coding.get("display")):
                yield display


def status_code(value: object) -> str:
    """Return a status as one lower-case word from a code (STU3, DSTU2) or a CodeableConcept."""
    if isinstance(value, str):
        return value.strip().lower()
    for item in objects(value):
        for coding in objects(item.get("coding")):
            if code := string(coding.get("code")):
                return code.lower()
        if text := string(item.get("text")):
            return text.lower()
    return ""


def reference(value: object) -> str:
    """Return the literal reference in a Reference (or a bare string), or the empty string."""
    if isinstance(value, dict):
        value = value.get("reference")
    return string(value)


def same_reference(left: str, right: str) -> bool:
    """Say whether two references name one resource: relative, absolute, versioned or bare id."""
    return bool(left) and bool(right) and local_name(left) == local_name(right)


def patient_id(value: str) -> str:
    """Return the bare id in ``123``, ``Patient/123`` or ``https://ehr.example/Patient/123``."""
    return local_name(value).rpartition("/")[2]


def name_of(resource: Json) -> str:
    """Return ``Type/id`` of a resource, or ``Type`` where it has no id."""
    kind, identity = string(resource.get("resourceType")), string(resource.get("id"))
    return f"{kind}/{identity}" if identity else kind


def entries(bundle: Json) -> list[Json]:
    """Return the resources in a Bundle, search notes (OperationOutcome) included."""
    return [child(entry, "resource") for entry in objects(bundle.get("entry"))]


def _asserted(coding: Json) -> bool:
    """Say whether a coding says that its diagnosis is so.

    German records write beside an ICD-10-GM code how certain it is: G assured, V suspected,
    A excluded, Z state after (extension ``icd-10-gm-diagnosesicherheit``, fhir.de base profiles).
    """
    for extension in objects(coding.get("extension")):
        if string(extension.get("url")).endswith(_CERTAINTY):
            value = string(child(extension, "valueCoding").get("code")) or string(
                extension.get("valueCode")
            )
            return value.upper() in ("", "G")
    return True


def local_name(ref: str) -> str:
    """Return the last two parts of a reference, ``Type/id``, without version and server."""
    path = ref.partition("/_history")[0].partition("|")[0].rstrip("/")
    if path.startswith(("urn:", "#")):
        return path
    return "/".join(path.split("/")[-2:])
