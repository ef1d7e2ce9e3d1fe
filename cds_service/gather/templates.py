"""Prefetch templates, derived from what the content reads.

Only the subset of CDS Hooks 2.0 "Prefetch query restrictions" is used, no parameter is given
twice, and there are no status filters, whose names differ between FHIR versions. Keys never
change between releases, because sites type them in by hand.
"""

from functools import lru_cache

KEYS = {
    "Patient": "patient",
    "Condition": "conditions",
    "Observation": "observations",
    "MedicationRequest": "medications",
    "Procedure": "procedures",
    "Device": "devices",
    "DeviceUseStatement": "deviceUse",
    "AllergyIntolerance": "allergies",
    "DiagnosticReport": "imagingReports",
    "ImagingStudy": "imagingStudies",
    "ServiceRequest": "orders",
}
"""Prefetch key by FHIR resource type, in publishing order."""

PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105 - a placeholder, no secret
PAGE_SIZE = 200
OBSERVATION_PAGE_SIZE = 500
"""Vital signs are measured many times a day; laboratory values must not fall off the page."""
MAX_CODE_LIST = 2000
"""Characters a list of codes stays below; EHRs and proxies cut longer addresses."""

_IMAGING_REPORTS = "http://terminology.hl7.org/CodeSystem/v2-0074|RAD,http://loinc.org|LP29684-5"
"""Radiology as FHIR R4 (v2 table 0074) and US Core (LOINC part) write the category."""
_LOINC = "http://loinc.org|"
_TYPES = {key: kind for kind, key in KEYS.items()}


@lru_cache(maxsize=16)
def _templates(
    resource_types: tuple[str, ...], codes: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    found = [(KEYS["Patient"], f"Patient/{PATIENT_TOKEN}")]
    for kind, key in KEYS.items():
        if kind == "Patient" or kind not in resource_types:
            continue
        search = f"{kind}?patient={PATIENT_TOKEN}"
        if kind == "DiagnosticReport":
            search = f"{search}&category={_IMAGING_REPORTS}"
        if kind != "Observation":
            found.append((key, f"{search}&_count={PAGE_SIZE}"))
            continue
        for number, values in enumerate(_code_lists(codes), start=1):
            numbered = key if number == 1 else f"{key}{number}"
            newest = f"_sort=-date&_count={OBSERVATION_PAGE_SIZE}"
            found.append((numbered, f"{search}&code={values}&{newest}"))
    return tuple(found)


def prefetch_templates(
    resource_types: tuple[str, ...], observation_codes: tuple[str, ...]
) -> dict[str, str]:
    """Return the template of each prefetch key (CDS Hooks 2.0, Prefetch Template).

    The patient is always asked for. Observations are asked for by code, of LOINC where it does
    not say another system as ``address|code``, in as many keys as the length of the lists needs,
    and not at all without codes.
    """
    return dict(_templates(tuple(resource_types), tuple(observation_codes)))


def resource_type_of(key: str) -> str | None:
    """Return the FHIR resource type a published key asks for, or None for any other key."""
    return _TYPES.get(key) or _TYPES.get(key.rstrip("0123456789"))


def _code_lists(codes: tuple[str, ...]) -> list[str]:
    """Return `codes` as search values, each shorter than the limit; order and repeats are gone."""
    lists: list[str] = []
    for token in sorted({code if "|" in code else f"{_LOINC}{code}" for code in codes}):
        longer = f"{lists[-1]},{token}" if lists else ""
        if lists and len(longer) < MAX_CODE_LIST:
            lists[-1] = longer
        else:
            lists.append(token)
    return lists
