"""Findings and parameters as a library: in full as JSON, and the data they need as requirements.

FHIR has no resource for a three-valued finding. So the JSON attachment carries every field of every
finding and parameter as it was written, and the data requirements say in terms of FHIR which
records to fetch for it.
"""

import base64
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from cds_service.content.model import (
    Clause,
    Estimates,
    Finding,
    Findings,
    Head,
    Parameters,
    ValueSet,
)
from cds_service.export.conditions import CONTEXT, newer, suspicion, variable
from cds_service.export.namespace import Json, Namespace
from cds_service.export.valuesets import canonicals

LIBRARY = "clinical-logic"

_LIBRARY_TYPE = "http://terminology.hl7.org/CodeSystem/library-type"
_CODED_IN = {
    "Device": "type",
    "DeviceUseStatement": "device.resolve().type",
    "MedicationRequest": "medication",
    "MedicationStatement": "medication",
    "ServiceRequest": "reasonCode",
}
_DATED_IN = {
    "Condition": "onset",
    "Observation": "effective",
    "Procedure": "performed",
    "MedicationRequest": "authoredOn",
    "MedicationStatement": "effective",
    "DeviceUseStatement": "timing",
    "DiagnosticReport": "effective",
    "ImagingStudy": "started",
    "ServiceRequest": "authoredOn",
    "AllergyIntolerance": "recordedDate",
}
_UNITS = {"Y": ("a", "years"), "M": ("mo", "months"), "W": ("wk", "weeks"), "D": ("d", "days")}
_UCUM = "http://unitsofmeasure.org"


class Stated(NamedTuple):
    """The documents that the library states in full."""

    findings: list[Findings]
    parameters: list[Parameters]
    estimates: list[Estimates]


def library(space: Namespace, stated: Stated, value_sets: dict[str, ValueSet], date: str) -> Json:
    """Return the library of all findings, parameters and estimates of `stated`."""
    made = space.resource(
        "Library",
        LIBRARY,
        "Findings and parameters",
        date=date,
        description="What is looked for in a chart, and the numbers that decide. The attachment"
        " holds every field. The data requirements name the records to fetch; a record without a"
        " usable date must be fetched too, because it leaves a finding unknown.",
    )
    known = [finding for document in stated.findings for finding in document.findings]
    windows = {
        each.id: each.value for document in stated.parameters for each in document.parameters
    }
    content = {
        "findings": [_written(each, doc) for doc in stated.findings for each in doc.findings],
        "parameters": [_written(each, doc) for doc in stated.parameters for each in doc.parameters],
        "estimates": [_written(each, doc) for doc in stated.estimates for each in doc.estimates],
    }
    written = msgspec.json.format(msgspec.json.encode(content), indent=1)
    made |= {
        "type": {"coding": [{"system": _LIBRARY_TYPE, "code": "logic-library"}]},
        "parameter": [*_context(), *(each for found in known for each in _variables(found))],
        "dataRequirement": [
            requirement
            for found in known
            for requirement in _requirements(space, found, value_sets, windows)
        ],
        "content": [
            {
                "contentType": "application/json",
                "data": base64.b64encode(written).decode(),
                "title": "Findings, parameters and estimates as written by their authors",
            }
        ],
    }
    return {key: value for key, value in made.items() if value}


def _written(part: msgspec.Struct, document: Head) -> dict[str, Any]:
    """Return every field of `part`, with the document and the source it cites there."""
    made: dict[str, Any] = msgspec.to_builtins(part)
    made["document"] = {"id": document.id, "version": document.version}
    cited = [msgspec.to_builtins(each) for each in document.sources if each.id == made["source"]]
    return made | ({"citation": cited} if cited else {})


def _context() -> Iterator[Json]:
    for name, held in CONTEXT.items():
        yield {
            "name": name,
            "use": "in",
            "min": 0,
            "max": "*" if held.many else "1",
            "documentation": held.meaning,
            "type": held.type,
        }


def _variables(finding: Finding) -> Iterator[Json]:
    """Yield the variables of `finding` that conditions are written in."""
    shared = {"use": "in", "min": 0, "max": "1", "type": "boolean"}
    yield shared | {
        "name": variable(finding.id),
        "documentation": f"{finding.title}: true is present, false is absent, empty is unknown.",
    }
    yield shared | {
        "name": suspicion(finding.id),
        "documentation": f"{finding.title}: true if there is inconclusive evidence on record.",
    }
    yield shared | {
        "name": newer(finding.id),
        "documentation": f"{finding.title}: true if it is present by a record that is newer than"
        " all that the rule in question rests on.",
    }


def _requirements(
    space: Namespace, finding: Finding, value_sets: dict[str, ValueSet], windows: dict[str, str]
) -> Iterator[Json]:
    for number, clause in enumerate(finding.evidence, 1):
        for kind in clause.origin:
            for filters in _code_filters(space, kind, clause, value_sets):
                made: Json = {
                    "extension": [
                        space.extension("finding", valueString=finding.id),
                        space.extension("clause", valueInteger=number),
                    ],
                    "type": kind,
                }
                if filters:
                    made["codeFilter"] = filters
                if dates := _date_filter(kind, windows.get(clause.look_back or "")):
                    made["dateFilter"] = dates
                yield made


def _code_filters(
    space: Namespace, kind: str, clause: Clause, value_sets: dict[str, ValueSet]
) -> Iterator[list[Json]]:
    """Yield the filters of one query each: FHIR joins the filters of one requirement by "and"."""
    about = list(canonicals(space, clause.value_sets, value_sets))
    if not about:
        yield []
    elif clause.asked_as:
        for question in canonicals(space, clause.asked_as, value_sets):
            for answer in about:
                yield [
                    {"path": "code", "valueSet": question},
                    {"path": "value", "valueSet": answer},
                ]
    else:
        path = _CODED_IN.get(kind, "code")
        yield from ([{"path": path, "valueSet": canonical}] for canonical in about)


def _date_filter(kind: str, window: str | None) -> list[Json]:
    """Return the filter for records not older than `window`; none if FHIR cannot say it.

    A duration of FHIR has one unit. A window of several units is left out: fetching too much is
    harmless, fetching too little is not.
    """
    path = _DATED_IN.get(kind)
    if path is None or window is None or not window[1:-1].isdigit():
        return []
    code, unit = _UNITS[window[-1]]
    duration = {"value": int(window[1:-1]), "unit": unit, "system": _UCUM, "code": code}
    return [{"path": path, "valueDuration": duration}]
