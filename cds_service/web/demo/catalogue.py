"""What can be ordered and recorded on the order-entry page: procedures and codes of the content."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from cds_service.content.library import Content
from cds_service.content.model import Finding, Procedure
from cds_service.fhir.codes import SYSTEM_URIS
from cds_service.fhir.read import Json
from cds_service.web.demo.charts import DemoPatient

_PREFERRED_SYSTEMS = ("loinc", "snomed-ct", "radlex")
_FORMS = ("none", "without-and-with", "with", "unspecified")
_RECORD_KINDS = (
    "Condition",
    "Device",
    "AllergyIntolerance",
    "MedicationRequest",
    "Procedure",
    "Observation",
)
_WORD = re.compile(r"[a-z0-9]+")


def catalogue(content: Content, patients: Iterable[DemoPatient]) -> Json:
    """Return procedures and reasons to choose from, sorted as they are offered.

    procedures: id, title, code (a Coding, null where the content has no code), words (search words
    that are not in the title); the studies of a topic first.
    reasons: key (``system code``), coding.
    """
    rated = {name for topic in content.topics for table in topic.tables.values() for name in table}
    procedures = sorted(
        (each for each in content.procedures.values() if each.codes or each.names),
        key=lambda each: (each.id not in rated, *_place(each)),
    )
    return {
        "procedures": [_procedure(each, content) for each in procedures],
        "reasons": [
            {"key": f"{system} {code}", "coding": _coding(system, code, label)}
            for (system, code), label in sorted(
                _reasons(content, patients).items(), key=lambda each: (each[1].casefold(), each[0])
            )
        ],
    }


def records(content: Content) -> Json:
    """Return what can be added to a chart: by resource type, the codings that findings read."""
    found: dict[str, dict[tuple[str, str], str]] = {kind: {} for kind in _RECORD_KINDS}
    for finding in content.findings.values():
        for kind, system, code, label in _readable(finding, content):
            found[kind].setdefault((system, code), label)
    return {
        kind: [
            _coding(system, code, label)
            for (system, code), label in sorted(
                codes.items(), key=lambda each: (each[1].casefold(), each[0])
            )
        ]
        for kind, codes in found.items()
    }


def _procedure(procedure: Procedure, content: Content) -> Json:
    codes = sorted(
        (code for code in content.codes_of_procedure[procedure.id] if code.system in SYSTEM_URIS),
        key=lambda code: _rank(code.system),
    )
    said = set(_WORD.findall(procedure.title.lower()))
    words = dict.fromkeys(
        word for name in procedure.names for word in _WORD.findall(name) if word not in said
    )
    first = next(iter(codes), None)
    return {
        "id": procedure.id,
        "title": procedure.title,
        "code": _coding(first.system, first.value, procedure.title) if first else None,
        "words": " ".join(words),
    }


def _place(procedure: Procedure) -> tuple[str, str, int, str]:
    """Return where a procedure stands among others: forms of one study together."""
    contrast = procedure.contrast
    form = _FORMS.index(contrast) if contrast in _FORMS else len(_FORMS)
    return procedure.modality, procedure.body_region, form, procedure.title


def _rank(system: str) -> int:
    preferred = _PREFERRED_SYSTEMS
    return preferred.index(system) if system in preferred else len(preferred)


def _reasons(content: Content, patients: Iterable[DemoPatient]) -> dict[tuple[str, str], str]:
    """Return the reasons that topics know, and those of the orders to try, by system and code."""
    sets = [
        name
        for each in content.topics
        for name in (
            *each.topic.indication.reason_value_sets,
            *each.topic.indication.own_region_reason_value_sets,
        )
    ]
    found = {(system, code): label for system, code, label in _codes(sets, content)}
    for patient in patients:
        for order in patient.orders:
            if order.because:
                system, _, code = order.reason.partition(" ")
                found.setdefault((system, code), order.because)
    return found


def _readable(finding: Finding, content: Content) -> Iterator[tuple[str, str, str, str]]:
    for clause in finding.evidence:
        for kind in clause.origin:
            if kind in _RECORD_KINDS:
                for code in _codes(clause.value_sets, content):
                    yield kind, *code


def _codes(value_sets: Iterable[str], content: Content) -> Iterator[tuple[str, str, str]]:
    """Yield system, code and label of what is in the value sets; blocks of codes are left out."""
    for name in value_sets:
        for group in content.value_sets[name].concepts:
            for concept in group.codes:
                if concept.role != "exclude" and "-" not in _dashless(group.system, concept.code):
                    yield group.system, concept.code, concept.label


def _dashless(system: str, code: str) -> str:
    """Return `code` without the check digit of LOINC, whose dash means no block."""
    return code.rpartition("-")[0] if system == "loinc" else code


def _coding(system: str, code: str, label: str) -> dict[str, Any]:
    return {"system": SYSTEM_URIS.get(system, system), "code": code, "display": label}
