"""One vignette: a row of levels as a case with real FHIR in it."""

from dataclasses import dataclass
from functools import cache

from cds_service.content.cases import Case
from cds_service.content.short_forms import order_resource, patient_resource, record_resource
from cds_service.fhir.read import Json
from tests.conftest import AS_OF
from tests.vignettes.factors import Row, pairs, threes

BACK_PAIN = "snomed-ct 279039007"
ADULT = {"gender": "male", "birth-date": "1968-04-02"}
LOCAL_SYSTEM = "urn:example:local-orders"


@dataclass(frozen=True, slots=True)
class Vignette:
    """A number, the levels, and the case made of them."""

    number: int
    row: Row
    case: Case

    def __str__(self) -> str:
        return f"{self.number}: " + "; ".join(level.says for level in self.row.values())


@cache
def vignettes() -> tuple[Vignette, ...]:
    """Return every vignette: pairs first, then threes; each combination once."""
    rows = {tuple(level.id for level in row.values()): row for row in (*pairs(), *threes())}
    return tuple(vignette(number, row) for number, row in enumerate(rows.values(), 1))


def stated_reasons(row: Row) -> list[str]:
    """Return the codes of the reasons that the order states."""
    order = {key: value for level in row.values() for key, value in level.order.items()}
    return [*order.get("reasons", [BACK_PAIN]), *order.get("add-reasons", [])]


def vignette(number: int, row: Row) -> Vignette:
    """Return the vignette of `row`."""
    records = [record for level in row.values() for record in level.records]
    patient = {**ADULT, **row["hazard"].patient, **row["setting"].patient}
    case = Case(
        name=f"vignette {number}",
        path="tests/vignettes/factors.yaml",
        about=(),
        fires=True,
        as_of=AS_OF,
        resources=(
            patient_resource(patient),
            *(record_resource(record, place) for place, record in enumerate(records)),
        ),
        order=_order(row),
        missing=dict(row["completeness"].missing),
        expect={},
    )
    return Vignette(number, row, case)


def _order(row: Row) -> Json:
    written = {key: value for level in row.values() for key, value in level.order.items()}
    local = written.pop("local-code", "")
    resource = order_resource({**written, "reasons": stated_reasons(row)})
    if local:
        resource["code"] = {"coding": [{"system": LOCAL_SYSTEM, "code": local}]}
    return resource
