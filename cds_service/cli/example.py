"""``imaging-advisor example``: a ready request about a demo patient, to try the service with.

Dates are counted back from today, so that the answer is the same on any day.
"""

import argparse
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cds_service.advisor import today
from cds_service.cli.output import say_json
from cds_service.content.cases import PATIENT, order_resource, patient_resource, record_resource
from cds_service.fhir.read import Json, name_of
from cds_service.gather.templates import KEYS
from cds_service.hooks.draft_orders import ORDER_SELECT

DEFAULT = "pacemaker"

_INSTANCE = "5b1f3c66-2a0e-4d4a-9a57-0c1de2f7a001"
_LUMBAR_MRI = {"code": "loinc 30679-5", "text": "MRI lumbar spine without IV contrast"}
_BONE_SCAN = {"code": "loinc 39818-0", "text": "Bone scan whole body"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A demo patient: in one sentence, at what age, and what is on record and ordered.

    In `records` a date is written as ``-14``, that many days ago.
    """

    sentence: str
    age: int
    records: tuple[Json, ...]
    order: Json


_BACK_PAIN = {"condition": "snomed-ct 279039007", "text": "Low back pain", "onset": "-15"}
_CANCER_AND_FEVER = (
    {
        "condition": "snomed-ct 254837009",
        "text": "Breast cancer, in remission",
        "clinical-status": "remission",
        "onset": "-2800",
    },
    _BACK_PAIN,
    {
        "observation": "loinc 8310-5",
        "text": "Body temperature",
        "value": "38.6 Cel",
        "date": "-1",
    },
)

SCENARIOS: dict[str, Scenario] = {
    "pacemaker": Scenario(
        "Breast cancer in remission, two weeks of back pain, a fever yesterday, and a pacemaker of"
        " unknown MR status: lumbar MRI without contrast.",
        58,
        (*_CANCER_AND_FEVER, {"device": "snomed-ct 14106009", "text": "Cardiac pacemaker"}),
        _LUMBAR_MRI,
    ),
    "add-contrast": Scenario(
        "The same patient without a pacemaker: lumbar MRI without contrast.",
        58,
        _CANCER_AND_FEVER,
        _LUMBAR_MRI,
    ),
    "bone-scan": Scenario(
        "The same patient without a pacemaker: whole-body bone scan.",
        58,
        _CANCER_AND_FEVER,
        _BONE_SCAN,
    ),
    "uncomplicated": Scenario(
        "Two weeks of back pain and no red flag on record: lumbar MRI without contrast.",
        42,
        (_BACK_PAIN,),
        _LUMBAR_MRI,
    ),
    "emergency": Scenario(
        "Saddle numbness and urinary retention since yesterday: a routine lumbar MRI.",
        42,
        (
            {**_BACK_PAIN, "onset": "-5"},
            {"condition": "snomed-ct 449813001", "text": "Saddle numbness", "onset": "-1"},
            {"condition": "snomed-ct 267064002", "text": "Urinary retention", "onset": "-1"},
        ),
        {**_LUMBAR_MRI, "priority": "routine"},
    ),
}
"""The demo patients by name."""


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    command = commands.add_parser(
        "example",
        help="print a ready request about a demo patient",
        description="Print a ready order-select request about a demo patient.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:<14} {each.sentence}" for name, each in SCENARIOS.items()),
    )
    command.add_argument("name", nargs="?", default=DEFAULT, choices=tuple(SCENARIOS))
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the request; return 0."""
    say_json(request(arguments.name, today()))
    return 0


def request(name: str, day: date) -> Json:
    """Return the request about the demo patient `name` on the day `day`.

    Every prefetch key we publish is filled, with a Bundle without entries where nothing is on
    record (CDS Hooks 2.0.1, Calling a CDS Service).

    Raises:
        KeyError: there is no demo patient of that name.
    """
    scenario = SCENARIOS[name]
    patient = patient_resource({"birth-date": f"{day.year - scenario.age}-01-01"})
    records = [
        record_resource(_dated(record, day), number)
        for number, record in enumerate(scenario.records, start=1)
    ]
    order = order_resource(scenario.order)
    prefetch: Json = {
        key: _bundle([each for each in records if each["resourceType"] == kind])
        for kind, key in KEYS.items()
    }
    return {
        "hook": ORDER_SELECT,
        "hookInstance": _INSTANCE,
        "context": {
            "userId": "Practitioner/example",
            "patientId": PATIENT,
            "selections": [name_of(order)],
            "draftOrders": {**_bundle([order]), "type": "collection"},
        },
        "prefetch": {**prefetch, KEYS["Patient"]: patient},
    }


def _dated(record: Json, day: date) -> Json:
    return {
        key: (day - timedelta(days=int(value[1:]))).isoformat() if value.startswith("-") else value
        for key, value in record.items()
    }


def _bundle(resources: list[Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": resource} for resource in resources],
    }
