"""Code systems under one short name each, and codes in one spelling each.

Real charts name one code system in several ways (canonical URI, OID, edition URI). Matching is
always on the pair (system, code), never on the code alone: LOINC ``2106-3`` is also a CDC race
code. Aliases: FHIR R4 terminologies-systems, HL7 NamingSystem OIDs.
"""

from functools import lru_cache
from typing import NamedTuple

SYSTEM_URIS: dict[str, str] = {
    "icd-10-cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "snomed-ct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "ncit": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "radlex": "http://radlex.org",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "v2-0074": "http://terminology.hl7.org/CodeSystem/v2-0074",
}
"""Short name of a code system, as used in content, and the URI we write into orders."""

_OID_TO_SYSTEM = {
    "2.16.840.1.113883.6.90": "icd-10-cm",
    "2.16.840.1.113883.6.96": "snomed-ct",
    "2.16.840.1.113883.6.1": "loinc",
    "2.16.840.1.113883.6.88": "rxnorm",
    "2.16.840.1.113883.6.73": "atc",
    "2.16.840.1.113883.3.26.1.1": "ncit",
    "2.16.840.1.113883.6.256": "radlex",
    "2.16.840.1.113883.6.12": "cpt",
    "2.16.840.1.113883.6.285": "hcpcs",
}

# WHO ICD-10 is formally another system; public guides use its URI for ICD-10-CM.
_URI_TO_SYSTEM = {
    "hl7.org/fhir/sid/icd-10-cm": "icd-10-cm",
    "hl7.org/fhir/sid/icd-10": "icd-10-cm",
    "terminology.hl7.org/codesystem/icd10cm": "icd-10-cm",
    "snomed.info/sct": "snomed-ct",
    "loinc.org": "loinc",
    "loinc.org/rdf": "loinc",
    "nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "whocc.no/atc": "atc",
    "ncicb.nci.nih.gov/xml/owl/evs/thesaurus.owl": "ncit",
    "ncithesaurus-stage.nci.nih.gov": "ncit",
    "radlex.org": "radlex",
    "ama-assn.org/go/cpt": "cpt",
    "cms.gov/medicare/coding/hcpcsreleasecodesets": "hcpcs",
    "terminology.hl7.org/codesystem/hcpcs-all-codes": "hcpcs",
    "nlm.nih.gov/research/umls/hcpcs": "hcpcs",
    "terminology.hl7.org/codesystem/v2-0074": "v2-0074",
}


class Code(NamedTuple):
    """A code in a code system: short system name (or the unknown URI as it came) and code."""

    system: str
    value: str


@lru_cache(maxsize=1024)
def system_name(uri: str) -> str:
    """Return the short name of the code system `uri` stands for, or `uri` itself if unknown."""
    key = uri.strip()
    if key.lower().startswith("urn:oid:"):
        return _OID_TO_SYSTEM.get(key[8:], key)
    key = key.lower().partition("://")[2] or key.lower()
    key = key.removeprefix("www.").rstrip("/")
    if key.startswith("snomed.info/sct/"):  # an edition or a version of SNOMED CT
        return "snomed-ct"
    return _URI_TO_SYSTEM.get(key, uri.strip())


@lru_cache(maxsize=65536)
def normal_code(system: str, code: str) -> Code:
    """Return the code as content spells it.

    ICD-10-CM and ATC lose dots, blanks and lower case, because charts carry ``C79.51``,
    ``C7951`` and ``c79.51`` for one thing. Other systems only lose surrounding blanks.
    """
    value = code.strip().strip("\u200b")
    if system in ("icd-10-cm", "atc"):
        value = value.replace(".", "").replace(" ", "").upper()
    elif system in ("cpt", "hcpcs"):
        value = value.upper()
    return Code(system, value)
