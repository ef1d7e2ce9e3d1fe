"""The synthetic patients: valid FHIR, obviously made up, and together every card there is."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient

from cds_service.advisor import Advisor
from cds_service.content.library import Content
from cds_service.fhir.codes import SYSTEM_URIS
from cds_service.gather.templates import KEYS
from cds_service.hooks.request import read_request
from cds_service.settings import Settings
from cds_service.web.demo.charts import DemoPatient, TriedOrder, demo_patients

TODAY = date(2026, 11, 26)
DAYS = (TODAY, date(2028, 2, 29), date(2031, 1, 1))
"""Days on which the charts have to give the same: no look-back may depend on the year."""


def request(patient: DemoPatient, order: TriedOrder, day: date, content: Content) -> dict[str, Any]:
    procedure = content.procedures[order.procedure]
    (first, *_) = procedure.codes
    draft: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "id": "draft",
        "status": "draft",
        "intent": "order",
        "priority": order.priority,
        "subject": {"reference": f"Patient/{patient.id}"},
        "code": {
            "coding": [{"system": SYSTEM_URIS[first.system], "code": first.code}],
            "text": order.text or procedure.title,
        },
    }
    if order.reason:
        system, _, code = order.reason.partition(" ")
        draft["reasonCode"] = [{"coding": [{"system": SYSTEM_URIS[system], "code": code}]}]
    resources = patient.resources(day)
    prefetch: dict[str, Any] = {
        key: {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"resource": each} for each in resources if each["resourceType"] == kind],
        }
        for kind, key in KEYS.items()
    }
    return {
        "hook": "order-select",
        "hookInstance": "5b1f3c66-2a0e-4d4a-9a57-0c1de2f7a001",
        "context": {
            "userId": "Practitioner/demo",
            "patientId": patient.id,
            "selections": ["ServiceRequest/draft"],
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]},
        },
        "prefetch": {**prefetch, "patient": resources[0]},
    }


@pytest.fixture(scope="module")
def given(content: Content) -> Callable[[date], Iterator[tuple[str, TriedOrder, list[str]]]]:
    """Return what gives, for a day, each patient's id and order with the cards that came."""

    def each_order(day: date) -> Iterator[tuple[str, TriedOrder, list[str]]]:
        advisor = Advisor(content, Settings(), lambda: day)
        for patient in demo_patients().values():
            for order in patient.orders:
                call = read_request(
                    request(patient, order, day, content), frozenset({"order-select"})
                )
                found = advisor.consult(call).assessments
                yield patient.id, order, [a.card for each in found for a in each.advice]

    return each_order


def every_card(content: Content, *indicators: str) -> set[str]:
    """Return the cards that are on, of these indicators or of any."""
    rules = [state for rule in content.safety_rules for state in rule.states if state.card]
    rules += [each for topic in content.topics for each in topic.recommendations]
    return {
        each.card
        for each in rules
        if not indicators or (each.indicator and each.indicator.value in indicators)
    }


def test_every_record_is_valid_fhir() -> None:
    for patient in demo_patients().values():
        for resource in patient.resources(TODAY):
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_there_are_many_patients_and_all_say_that_they_are_made_up() -> None:
    assert len(demo_patients()) >= 12
    for patient in demo_patients().values():
        assert patient.name.startswith("Test Patient ")
        for resource in patient.resources(TODAY):
            assert resource["meta"]["tag"][0]["code"] == "HTEST"


def test_every_record_has_an_id_of_its_own_and_is_the_patients() -> None:
    seen: set[str] = set()
    for patient in demo_patients().values():
        _, *records = patient.resources(TODAY)
        for record in records:
            owner = record.get("subject") or record["patient"]
            assert owner == {"reference": f"Patient/{patient.id}"}
            name = f"{record['resourceType']}/{record['id']}"
            assert name not in seen
            seen.add(name)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_every_order_to_try_gives_the_cards_it_says_on_any_day(
    given: Callable[[date], Iterator[tuple[str, TriedOrder, list[str]]]], day: date
) -> None:
    wrong = [
        (patient, order.procedure, sorted(cards))
        for patient, order, cards in given(day)
        if sorted(cards) != sorted(order.cards)
    ]
    assert wrong == []


def test_the_patients_give_every_card_that_is_on(
    given: Callable[[date], Iterator[tuple[str, TriedOrder, list[str]]]], content: Content
) -> None:
    shown = {card for _, _, cards in given(TODAY) for card in cards}
    assert every_card(content, "critical", "warning") - shown == set()
    assert every_card(content) - shown == set()


def test_some_orders_are_left_alone() -> None:
    quiet = [order for each in demo_patients().values() for order in each.orders if not order.cards]
    assert len(quiet) >= 5


def test_dates_move_with_the_day() -> None:
    patient = demo_patients()["fever"]

    def fever(day: date) -> str:
        found = [each for each in patient.resources(day) if "valueQuantity" in each]
        return str(
            next(each for each in found if each["valueQuantity"]["value"] == 38.6)[
                "effectiveDateTime"
            ]
        )

    assert fever(TODAY) == "2026-11-25"
    assert fever(TODAY + timedelta(days=10)) == "2026-12-05"


def test_the_page_serves_the_chart_of_today(serve: Callable[..., FlaskClient]) -> None:
    chart = serve(demo=True).get("/demo/charts/fever").json
    assert chart is not None
    assert chart["resources"][0]["name"][0]["text"] == "Test Patient Fever"
    assert chart["orders"][0]["procedure"] == "mri-lumbar-spine-without-contrast"
