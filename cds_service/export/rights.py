"""Whose codes they are: the notices that a resource with codes must carry (see ``NOTICE``)."""

from collections.abc import Iterable

NOTICES: dict[str, str] = {
    "rxnorm": (
        "This product uses publicly available data courtesy of the U.S. National Library of"
        " Medicine (NLM), National Institutes of Health, Department of Health and Human Services;"
        " NLM is not responsible for the product and does not endorse or recommend this or any"
        " other product."
    ),
    "loinc": (
        "This material contains content from LOINC (http://loinc.org). LOINC is copyright ©"
        " Regenstrief Institute, Inc. and the LOINC Committee and is available at no cost under"
        " the license at http://loinc.org/license. LOINC® is a registered United States trademark"
        " of Regenstrief Institute, Inc."
    ),
    "snomed-ct": (
        "This material includes SNOMED Clinical Terms® (SNOMED CT®), used by permission of SNOMED"
        " International. All rights reserved. Use in production needs a SNOMED CT licence in the"
        " country of use."
    ),
    "cpt": (
        "CPT © American Medical Association. All rights reserved. CPT is a registered trademark of"
        " the American Medical Association."
    ),
    "icd-10-cm": (
        "Codes and titles of the International Classification of Diseases, Tenth Revision,"
        " Clinical Modification (ICD-10-CM), issued by the National Center for Health Statistics"
        " (NCHS), Centers for Disease Control and Prevention (CDC). ICD-10 is copyright the World"
        " Health Organization."
    ),
    "icd-10": (
        "Codes of the International Statistical Classification of Diseases and Related Health"
        " Problems, Tenth Revision (ICD-10), copyright the World Health Organization. The labels"
        " are this project's own; the classification itself is not included."
    ),
    "radlex": (
        "RadLex, Copyright 2014 The Radiological Society of North America (RSNA), all rights"
        " reserved. Used under the RadLex License, Version 2.0 (https://radlex.org)."
    ),
    "ncit": (
        "Codes of the NCI Thesaurus, produced by the U.S. National Cancer Institute (NCI) and open"
        " content."
    ),
    "hcpcs": (
        "Codes of the Healthcare Common Procedure Coding System, level II, maintained by the U.S."
        " Centers for Medicare & Medicaid Services (CMS)."
    ),
    "atc": (
        "The Anatomical Therapeutic Chemical classification is copyright the WHO Collaborating"
        " Centre for Drug Statistics Methodology. Only code prefixes are used, as matching rules;"
        " the classification itself is not included."
    ),
}
"""The notice for each code system that has an owner who asks for one."""


def copyright_of(systems: Iterable[str]) -> dict[str, str]:
    """Return the element ``copyright`` for codes of `systems` (short names), or nothing."""
    notices = [NOTICES[system] for system in sorted(set(systems)) if system in NOTICES]
    return {"copyright": "\n\n".join(notices)} if notices else {}
