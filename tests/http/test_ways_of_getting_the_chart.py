"""The same chart, prefetched, read from a FHIR server, or half and half: the same cards."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.short_forms import PATIENT
from cds_service.gather.templates import KEYS
from tests.fhir_server import FhirServer
from tests.hook_request import (
    BACK_PAIN,
    BONE_SCAN,
    BREAST_CANCER,
    FEVER,
    MRI_WITHOUT,
    PACEMAKER,
    SELECT,
    order,
    prefetch,
    request,
    resources,
)

CHARTS = {
    "red flags": resources(BREAST_CANCER, BACK_PAIN, FEVER),
    "red flags and pacemaker": resources(BREAST_CANCER, BACK_PAIN, FEVER, PACEMAKER),
    "uncomplicated": resources(BACK_PAIN, patient={}),
    "contrast reaction": resources(
        BREAST_CANCER, BACK_PAIN, {"allergy": "snomed-ct 407976008", "text": "Gadobutrol"}
    ),
    "steroids": resources(
        BACK_PAIN, {"medication": "rxnorm 8640", "started": "2026-01-10", "text": "Prednisone"}
    ),
}
TOKEN = "a-token-for-tests"


@pytest.fixture
def reader(serve: Callable[..., FlaskClient]) -> Iterator[FlaskClient]:
    """Return a client of the service with time enough for a busy test machine."""
    yield serve(fhir_deadline=10.0)


def said(service: FlaskClient, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cards without the ids that are new in every answer."""
    response = service.post(SELECT, json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    cards: list[dict[str, Any]] = response.get_json()["cards"]
    for card in cards:
        del card["uuid"]
        for suggestion in card.get("suggestions", []):
            del suggestion["uuid"]
    return cards


def access(server: FhirServer) -> dict[str, Any]:
    """Return the members by which a client lets us read its FHIR server."""
    return {
        "fhirServer": server.base_url,
        "fhirAuthorization": {
            "access_token": TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.read",
            "subject": "advisor",
            "patient": PATIENT,
        },
    }


@pytest.mark.parametrize("code", [MRI_WITHOUT, BONE_SCAN])
@pytest.mark.parametrize("name", CHARTS)
def test_the_three_ways_give_the_same_cards(reader: FlaskClient, name: str, code: str) -> None:
    chart, draft = CHARTS[name], order(code)
    prefetched = said(reader, request(draft, chart))
    with FhirServer(chart, token=TOKEN) as server:
        read = said(reader, request(draft, chart, prefetch={}, **access(server)))
        assert {call.resource_type for call in server.requests} == set(KEYS)
    with FhirServer(chart, token=TOKEN) as server:
        half = prefetch(chart, without=("conditions", "devices", "allergies"))
        mixed = said(reader, request(draft, chart, prefetch=half, **access(server)))
        asked = {call.resource_type for call in server.requests}
        assert asked == {"Condition", "Device", "AllergyIntolerance"}
    assert read == prefetched
    assert mixed == prefetched
    # contrast is not offered after a reaction to it, and MRI without contrast is right
    assert bool(prefetched) is ((name, code) != ("contrast reaction", MRI_WITHOUT))


def test_pages_are_read_to_the_end(reader: FlaskClient) -> None:
    filler = [{"condition": "snomed-ct 38341003", "text": f"Hypertension {n}"} for n in range(60)]
    chart = resources(*filler, BREAST_CANCER, BACK_PAIN)
    with FhirServer(chart, token=TOKEN, page_size=20) as server:
        cards = said(reader, request(order(), chart, prefetch={}, **access(server)))
    assert "history of cancer" in cards[0]["summary"]


@pytest.mark.parametrize("fault", ["500", "html", "truncated", "redirect", "next-elsewhere"])
def test_a_source_that_fails_is_named_and_never_reassures(reader: FlaskClient, fault: str) -> None:
    filler = [{"condition": "snomed-ct 38341003"} for _ in range(60)]
    chart = resources(*filler, BACK_PAIN, patient={})
    with FhirServer(
        chart,
        token=TOKEN,
        misbehave={"Condition": fault},
        elsewhere="http://127.0.0.2:9/fhir",
        page_size=20,
    ) as server:
        (card,) = said(reader, request(order(), chart, prefetch={}, **access(server)))
    assert "could not be assessed" in card["summary"]
    assert "problem list" in card["detail"]


def test_without_the_patient_and_without_access_the_answer_is_412(reader: FlaskClient) -> None:
    chart = CHARTS["red flags"]
    response = reader.post(SELECT, json=request(order(), chart, prefetch={}))
    assert response.status_code == 412
    outcome = response.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert "patient" in outcome["issue"][0]["details"]["text"].lower()


def test_no_fhir_server_is_asked_for_an_order_that_is_not_imaging(reader: FlaskClient) -> None:
    chart = CHARTS["red flags"]
    with FhirServer(chart, token=TOKEN) as server:
        body = request(order("loinc 718-7"), chart, prefetch={}, **access(server))
        assert said(reader, body) == []
        assert server.requests == []


def test_a_server_that_is_not_on_the_list_is_never_asked(
    serve: Callable[..., FlaskClient],
) -> None:
    chart = CHARTS["red flags"]
    with FhirServer(chart, token=TOKEN) as server:
        listed = serve(fhir_servers=("https://ehr.example",))
        response = listed.post(SELECT, json=request(order(), chart, prefetch={}, **access(server)))
        assert response.status_code == 412
        assert server.requests == []
