"""Code systems under one short name each, and codes in one spelling each.

Real charts name one code system in several ways (canonical URI, OID, edition URI). Matching is
always on the pair (system, code), never on the code alone: LOINC ``2106-3`` is also a CDC race
code. Aliases: FHIR R4 terminologies-systems, the NamingSystems of HL7 Terminology 7.0.1, the German
base profiles, and addresses that public FHIR data really carry.
"""

import re
from functools import lru_cache
from typing import NamedTuple

SYSTEM_URIS: dict[str, str] = {
    "icd-10-cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd-10": "http://hl7.org/fhir/sid/icd-10",
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

READ_SYSTEMS = frozenset({*SYSTEM_URIS, "icd-10-gm"})
"""Systems whose codes can count. ICD-10 of the WHO and ICD-10-GM are read as ICD-10-CM, see
`normal_code`; of the other systems that have a name here (``icd-9-cm``, ``icd-10-pcs``, ``ndc``)
content lists no codes."""

_OID_TO_SYSTEM = {
    "2.16.840.1.113883.6.90": "icd-10-cm",
    "2.16.840.1.113883.6.3": "icd-10-cm",
    "2.16.840.1.113883.6.4": "icd-10-pcs",
    "2.16.840.1.113883.6.2": "icd-9-cm",
    "2.16.840.1.113883.6.103": "icd-9-cm",
    "2.16.840.1.113883.6.104": "icd-9-cm",
    "2.16.840.1.113883.6.96": "snomed-ct",
    "2.16.840.1.113883.6.1": "loinc",
    "2.16.840.1.113883.6.88": "rxnorm",
    "2.16.840.1.113883.6.69": "ndc",
    "2.16.840.1.113883.6.73": "atc",
    "2.16.840.1.113883.3.26.1.1": "ncit",
    "2.16.840.1.113883.6.256": "radlex",
    "2.16.840.1.113883.6.12": "cpt",
    "2.16.840.1.113883.6.285": "hcpcs",
    "2.16.840.1.113883.6.14": "hcpcs",
}

# The spellings icd-10-sm and sctm stand in public FHIR data for ICD-10-CM and SNOMED CT.
_URI_TO_SYSTEM = {
    "hl7.org/fhir/sid/icd-10-cm": "icd-10-cm",
    "hl7.org/fhir/sid/icd-10-sm": "icd-10-cm",
    "hl7.org/fhir/sid/icd-10": "icd-10",
    "terminology.hl7.org/codesystem/icd10cm": "icd-10-cm",
    "terminology.hl7.org/codesystem/icd10": "icd-10-cm",
    "mimic.mit.edu/fhir/mimic/codesystem/mimic-diagnosis-icd10": "icd-10-cm",
    "fhir.de/codesystem/bfarm/icd-10-gm": "icd-10-gm",
    "fhir.de/codesystem/dimdi/icd-10-gm": "icd-10-gm",
    "cms.gov/medicare/coding/icd10": "icd-10-pcs",
    "terminology.hl7.org/codesystem/icd10pcs": "icd-10-pcs",
    "icd10data.com/icd10pcs": "icd-10-pcs",
    "hl7.org/fhir/sid/icd-9-cm": "icd-9-cm",
    "terminology.hl7.org/codesystem/icd9cm": "icd-9-cm",
    "mimic.mit.edu/fhir/mimic/codesystem/mimic-diagnosis-icd9": "icd-9-cm",
    "snomed.info/sct": "snomed-ct",
    "snomed.info/sctm": "snomed-ct",
    "loinc.org": "loinc",
    "loinc.org/rdf": "loinc",
    "nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "hl7.org/fhir/sid/ndc": "ndc",
    "whocc.no/atc": "atc",
    "fhir.de/codesystem/bfarm/atc": "atc",
    "fhir.de/codesystem/dimdi/atc": "atc",
    "ncicb.nci.nih.gov/xml/owl/evs/thesaurus.owl": "ncit",
    "ncithesaurus-stage.nci.nih.gov": "ncit",
    "radlex.org": "radlex",
    "ama-assn.org/go/cpt": "cpt",
    "cms.gov/medicare/coding/hcpcsreleasecodesets": "hcpcs",
    "terminology.hl7.org/codesystem/hcpcs-all-codes": "hcpcs",
    "nlm.nih.gov/research/umls/hcpcs": "hcpcs",
    "terminology.hl7.org/codesystem/v2-0074": "v2-0074",
}

_OID_SCHEME = "urn:oid:"
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*)){2,}", re.ASCII)
_SHARED_WITH_ICD_10_CM = 4
"""Characters up to which ICD-10-GM and ICD-10-CM refine WHO ICD-10 alike."""

# WHO ICD-10 (2019) and with it ICD-10-GM: systemic inflammatory response syndrome, R65.2 of
# non-infectious origin. ICD-10-CM: R65.2 is severe sepsis.
_OTHER_MEANING_IN_ICD_10_CM = ("R65",)
_GM_MARKS = "+*!\u2020"  # dagger, asterisk and secondary code, written behind the code


class Code(NamedTuple):
    """A code in a code system: short system name (or the unknown URI as it came) and code."""

    system: str
    value: str


@lru_cache(maxsize=1024)
def system_name(uri: str) -> str:
    """Return the short name of the code system `uri` stands for, or `uri` itself if unknown.

    A version behind ``|`` does not matter, nor does an OID without its ``urn:oid:``, of a system
    that is not known here either: charts and orders of one site carry both.
    """
    written = uri.strip()
    key = written.partition("|")[0].strip().lower()
    oid = key.removeprefix(_OID_SCHEME)
    if known := _OID_TO_SYSTEM.get(oid):
        return known
    if _OID.fullmatch(oid):
        return _OID_SCHEME + oid
    key = key.partition("://")[2] or key
    key = key.removeprefix("www.").rstrip("/")
    if key.startswith("snomed.info/sct/"):  # an edition or a version of SNOMED CT
        return "snomed-ct"
    return _URI_TO_SYSTEM.get(key, written)


@lru_cache(maxsize=65536)
def normal_code(system: str, code: str) -> Code:
    """Return the code as content spells it.

    ICD-10-CM and ATC lose dots, blanks and lower case, because charts carry ``C79.51``,
    ``C7951`` and ``c79.51`` for one thing. Other systems only lose surrounding blanks.

    WHO ICD-10 is formally another system; public guides use its URI for ICD-10-CM. Its codes become
    codes of ICD-10-CM, in charts and in content alike; content lists under ``icd-10`` only what
    ICD-10-CM does not have.

    A code of ICD-10-GM becomes the ICD-10-CM code of its first four characters: up to there both
    refine WHO ICD-10, and a code with five says at least what its first four say. Codes that mean
    something else in ICD-10-CM stay codes of ICD-10-GM, which no content lists.
    """
    value = code.strip().strip("\u200b")
    if system in ("icd-10-cm", "icd-10", "icd-10-gm", "atc"):
        value = "".join(value.replace(".", "").split()).upper()
    elif system in ("cpt", "hcpcs"):
        value = value.upper()
    if system == "icd-10-gm":
        value = value.rstrip(_GM_MARKS)
        if not value.startswith(_OTHER_MEANING_IN_ICD_10_CM):
            return Code("icd-10-cm", value[:_SHARED_WITH_ICD_10_CM])
    return Code("icd-10-cm" if system == "icd-10" else system, value)
