"""Charts put through the whole service over HTTP, as a client would send them."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from flask.testing import FlaskClient

from cds_service.advisor import Advisor
from cds_service.app import create_app
from cds_service.content.library import Content
from cds_service.engine.advice import Assessment
from cds_service.engine.policy import Policy
from cds_service.fhir.read import Json, name_of
from cds_service.gather.templates import KEYS
from cds_service.hooks.draft_orders import ORDER_SELECT
from cds_service.hooks.json_body import encode
from cds_service.settings import Settings
from cds_service.survey.charts import Subject

_OK, _TOO_LARGE = 200, 413
_LONGEST_SUMMARY = 139
_MOST_CARDS = 99
_INSTANCE = "6a2f0a54-7f6e-4c0c-8d50-2b7d3c9e1f02"


@dataclass(slots=True)
class Served:
    """What came of the calls: how many, and each way in which an answer was not as it should be."""

    calls: int = 0
    cards: int = 0
    faults: Counter[str] = field(default_factory=Counter)


class Service:
    """The whole service in this process, on the content and the day of a survey."""

    def __init__(self, content: Content) -> None:
        """Make the service with default settings, but every card shown."""
        self._day = date.min
        settings = Settings(log_level="CRITICAL")
        advisor = Advisor(content, settings, lambda: self._day, Policy(_MOST_CARDS))
        self._client: FlaskClient = create_app(settings, advisor).test_client()
        self._path = f"/cds-services/imaging-{ORDER_SELECT}"
        self.served = Served()

    def call(self, subject: Subject, order: Json, day: date, expected: Assessment) -> None:
        """Put `order` to the service with the chart as prefetch, and judge the answer.

        The answer should be 200 with the cards that the engine alone came to.
        """
        self._day = day
        body = encode(_request(subject, order))
        answer = self._client.post(self._path, data=body, content_type="application/json")
        self.served.calls += 1
        if answer.status_code == _TOO_LARGE:
            self.served.faults["413: the chart is larger than a request may be"] += 1
            return
        if answer.status_code != _OK:
            self.served.faults[f"status {answer.status_code}"] += 1
            return
        cards = json.loads(answer.data)["cards"]
        self.served.cards += len(cards)
        given = Counter(card["source"]["topic"]["code"] for card in cards)
        wanted = Counter(advice.card for advice in expected.advice)
        for name in (given - wanted) + (wanted - given):
            self.served.faults[f"other cards than the engine alone: {name}"] += 1
        if any(not 0 < len(card["summary"]) <= _LONGEST_SUMMARY for card in cards):
            self.served.faults["a summary of no or too many characters"] += 1


def _request(subject: Subject, order: Json) -> Json:
    patient = subject.chart.patient_id
    draft = {**order, "subject": {"reference": f"Patient/{patient}"}, "status": "draft"}
    return {
        "hook": ORDER_SELECT,
        "hookInstance": _INSTANCE,
        "context": {
            "userId": "Practitioner/example",
            "patientId": patient,
            "selections": [name_of(draft)],
            "draftOrders": _bundle([draft]),
        },
        "prefetch": {
            key: subject.chart.decoded()[0] if kind == "Patient" else _bundle(_sent(subject, kind))
            for kind, key in KEYS.items()
        },
    }


def _sent(subject: Subject, kind: str) -> list[Json]:
    """Return what a server would send in answer to a search for `kind`.

    Medications that prescriptions point to come along, as with ``_include``.
    """
    found = [each for each in subject.chart.decoded() if each["resourceType"] == kind]
    if found and kind == "MedicationRequest":
        found += [each for each in subject.chart.decoded() if each["resourceType"] == "Medication"]
    return found


def _bundle(resources: list[Json]) -> Json:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}
