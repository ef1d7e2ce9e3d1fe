"""Codes as a site writes them, in the one spelling in which they are looked up."""

from difflib import get_close_matches

from cds_service.content.checks.code_shapes import (
    icd_10_cm_is_shaped,
    loinc_is_valid,
    other_shape,
    snomed_ct_is_valid,
)
from cds_service.fhir.codes import READ_SYSTEMS, SYSTEM_URIS, Code, normal_code, system_name

TEXT = "text"
"""The system of a row that maps a whole text of the order instead of a code."""

_ALIKE = 0.7


def local_code(system: str, code: str) -> Code:
    """Return the code by which an order or a record with that system is looked up.

    `system` is an address, a short name, any other name that records carry, or empty.
    """
    return normal_code(system_name(system), code) if system else Code("", code.strip())


def written_system(system: str) -> str:
    """Return the system as it is written into orders: the address of a short name or an OID."""
    named = system_name(system)
    return SYSTEM_URIS.get(system) or (named if named.startswith("urn:oid:") else system)


def text_key(text: str) -> str:
    """Return `text` as orders' texts are compared: in lower case, with single blanks."""
    return " ".join(text.casefold().split())


def mistyped_system(system: str) -> str:
    """Return the short name that `system` seems to mean and is not, or the empty string."""
    if not system or ":" in system or system in READ_SYSTEMS:
        return ""
    near = get_close_matches(system.lower(), SYSTEM_URIS, n=1, cutoff=_ALIKE)
    return near[0] if near else ""


def misshapen(code: Code) -> tuple[str, str] | None:
    """Return issue code and hint if a code does not look like one of its standard system."""
    if code.system == "snomed-ct" and not snomed_ct_is_valid(code.value):
        return "CODE003", "its check digit is wrong"
    if code.system == "loinc" and not loinc_is_valid(code.value):
        return "CODE004", "its check digit is wrong"
    if code.system == "icd-10-cm" and not icd_10_cm_is_shaped(_dotted(code.value)):
        return "CODE005", "written as A00 or A00.1"
    shape = other_shape(code.system, code.value)
    return ("CODE009", f"written as {shape}") if shape else None


def _dotted(value: str) -> str:
    """Return an ICD-10-CM code with the dot that look-ups leave out."""
    category = 3
    return value if len(value) <= category else f"{value[:category]}.{value[category:]}"
