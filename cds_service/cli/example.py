"""``imaging-advisor example``: a ready request about a demo patient, to try the service with.

The demo patients are in ``example.yaml``. Their dates are counted back from today, so that the
answer is the same on any day.
"""

import argparse
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from cds_service.advisor import today
from cds_service.cli.output import say_json
from cds_service.content import strict_yaml
from cds_service.content.short_forms import (
    PATIENT,
    dated,
    order_resource,
    patient_resource,
    record_resource,
)
from cds_service.fhir.read import Json, name_of
from cds_service.gather.templates import KEYS
from cds_service.hooks.draft_orders import ORDER_SELECT

DEFAULT = "pacemaker"

_INSTANCE = "5b1f3c66-2a0e-4d4a-9a57-0c1de2f7a001"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A demo patient: in one sentence, at what age, and what is on record and ordered.

    In `records` a date is written as ``14 days ago``.
    """

    sentence: str
    age: int
    records: list[Json]
    order: Json


@cache
def scenarios() -> dict[str, Scenario]:
    """Return the demo patients by name."""
    written, _, _ = strict_yaml.read(Path(__file__).with_name("example.yaml"))
    return {name: Scenario(**each) for name, each in (written or {}).items()}


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    command = commands.add_parser(
        "example",
        help="print a ready request about a demo patient",
        description="Print a ready order-select request about a demo patient.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:<14} {each.sentence}" for name, each in scenarios().items()),
    )
    command.add_argument("name", nargs="?", default=DEFAULT, choices=tuple(scenarios()))
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
    scenario = scenarios()[name]
    patient = patient_resource({"birth-date": f"{day.year - scenario.age}-01-01"})
    records = [
        record_resource(dated(record, day), number)
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


def _bundle(resources: list[Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": resource} for resource in resources],
    }
