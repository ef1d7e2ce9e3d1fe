"""The synthetic patients of the order-entry page, each a chart in FHIR R4.

They are written in ``charts/`` in the short forms of the content's cases (cards/README.md), by
group: ``also`` names a list of ``ordinary.yaml``, and ``orders`` are those to try, each with the
ids of the cards it gives. Days are counted back from the day of asking, so that look-backs give
the same on any day. No patient here is a real person.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from cds_service.content import strict_yaml
from cds_service.content.short_forms import dated, record_resource
from cds_service.fhir.read import Json

_DIRECTORY = Path(__file__).with_name("charts")
_GROUPS = ("back-pain.yaml", "implants.yaml", "contrast.yaml")


@dataclass(frozen=True, slots=True)
class TriedOrder:
    """An order worth trying on a patient, and the ids of the cards it gives.

    `reason` is ``system code``, `because` what it says where the content has no label for it;
    `text` is what the order says besides its code.
    """

    procedure: str
    cards: tuple[str, ...]
    reason: str = ""
    because: str = ""
    priority: str = "routine"
    text: str = ""


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """A synthetic patient: who that is, in a sentence what matters, and what is on record."""

    id: str
    name: str
    group: str
    gender: str
    age: int
    sentence: str
    records: tuple[Json, ...]
    orders: tuple[TriedOrder, ...]

    def resources(self, day: date) -> list[Json]:
        """Return the chart on `day`, the Patient first; every resource has an id of its own."""
        records = [
            self._own(record_resource(dated(record, day), number))
            for number, record in enumerate(self.records, start=1)
        ]
        return [self._patient(day), *records]

    def _patient(self, day: date) -> Json:
        given, _, family = self.name.rpartition("Patient ")
        return {
            "resourceType": "Patient",
            "id": self.id,
            "active": True,
            "meta": {"tag": [_SYNTHETIC]},
            "name": [{"text": self.name, "family": family, "given": [f"{given}Patient"]}],
            "gender": self.gender,
            "birthDate": f"{day.year - self.age}-01-01",
        }

    def _own(self, resource: Json) -> Json:
        """Return `resource` as this patient's; ids are unique among all patients."""
        subject = {"reference": f"Patient/{self.id}"}
        owner = next(name for name in ("subject", "patient") if name in resource)
        return {
            **resource,
            "id": f"{self.id}-{resource['id']}",
            "meta": {"tag": [_SYNTHETIC]},
            owner: subject,
        }


_SYNTHETIC = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


@cache
def demo_patients() -> dict[str, DemoPatient]:
    """Return the patients by id, in the order in which they are offered."""
    ordinary = _read("ordinary.yaml")
    return {
        each["id"]: _patient(each, document["group"], ordinary)
        for document in map(_read, _GROUPS)
        for each in document["patients"]
    }


def _read(name: str) -> Json:
    data, _, issues = strict_yaml.read(_DIRECTORY / name)
    if issues or not isinstance(data, dict):
        raise ValueError(f"{name}: {'; '.join(map(str, issues)) or 'is no mapping'}")
    return data


def _patient(written: Json, group: str, ordinary: Json) -> DemoPatient:
    fields = {name: written[name] for name in ("id", "name", "gender", "age", "sentence")}
    return DemoPatient(
        **fields,
        group=group,
        records=(*written["records"], *ordinary[written["also"]]),
        orders=tuple(
            TriedOrder(**{**order, "cards": tuple(order["cards"])}) for order in written["orders"]
        ),
    )
