"""Cases beside the content: a chart in a few words, and what has to be advised on it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from cds_service.content.short_forms import order_resource, patient_resource, record_resource
from cds_service.fhir.read import Json


class CaseError(ValueError):
    """A case that cannot be turned into a chart; its text is for the author."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its sentence, what it is about, the chart and order, and what is expected.

    `missing` maps a FHIR resource type to the state its source is in instead of complete.
    `beside` are the other orders of the same call.
    """

    name: str
    path: str
    about: tuple[str, ...]
    fires: bool
    as_of: date
    resources: tuple[Json, ...]
    order: Json
    missing: dict[str, str]
    expect: dict[str, Any]
    beside: tuple[Json, ...] = ()


def read_cases(document: Json, path: str) -> list[Case]:
    """Return the cases of one cases document.

    Raises:
        CaseError: a short form is not understood.
    """
    return [_case(case, document, path) for case in document["cases"]]


def _case(case: Json, document: Json, path: str) -> Case:
    given = case["given"]
    try:
        records = [
            record_resource(record, number)
            for number, record in enumerate(given.get("records", []))
        ]
        return Case(
            name=case["name"],
            path=path,
            about=tuple(case["about"]),
            fires=case["fires"],
            as_of=date.fromisoformat(case["as-of"] if "as-of" in case else document["as-of"]),
            resources=(patient_resource(given.get("patient", {})), *records),
            order=order_resource(given.get("order", {})),
            missing=dict(given.get("missing", {})),
            expect=case["expect"],
            beside=tuple(
                {**order_resource(other), "id": f"beside-{number}"}
                for number, other in enumerate(given.get("beside", []))
            ),
        )
    except (KeyError, ValueError) as problem:
        raise CaseError(f"{path}: case {case['name']!r}: {problem}") from problem
