"""A service with agreed clients: tokens in, the client's own shape out, feedback kept."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.advisor import Advisor
from cds_service.app import create_app
from cds_service.clients.read import read_clients
from cds_service.content.library import Content
from cds_service.journal.insights.view import View
from cds_service.journal.journal import Journal
from cds_service.journal.opening import open_journal
from cds_service.settings import Settings
from cds_service.web.operations import operations
from tests.clients.tokens import BASE, ISSUER, Pair, ec_pair, token
from tests.conftest import AS_OF
from tests.faulty_order import fail_for
from tests.fhir_server import FhirServer, wait_until
from tests.hook_request import (
    BACK_PAIN,
    BONE_SCAN,
    BREAST_CANCER,
    FEVER,
    SELECT,
    order,
    request,
    resources,
)

CHART = resources(BREAST_CANCER, BACK_PAIN, FEVER)
FEEDBACK = f"{SELECT}/feedback"


@dataclass
class Site:
    """A service, the key of its one client, and its journal."""

    http: FlaskClient
    pair: Pair
    journal: Journal

    def headers(self, path: str) -> dict[str, str]:
        now = int(time.time())
        signed = token(self.pair, audience=BASE + path, iat=now, exp=now + 300)
        return {"Authorization": f"Bearer {signed}"}

    def post(self, path: str, body: Any) -> Any:
        return self.http.post(path, json=body, headers=self.headers(path))

    def cards(self, body: Any) -> Any:
        response = self.post(SELECT, body)
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json()


@pytest.fixture
def site(content: Content, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Return a maker of services with one client; the rest of its agreement is given."""
    opened: list[Journal] = []

    def make(**agreed: Any) -> Site:
        pair = ec_pair("ehr-1")
        client = {"id": "ehr", "title": "The EHR", "issuer": ISSUER, "jwks": {"keys": [pair.jwk]}}
        settings = Settings(base_url=BASE, journal_dir=tmp_path, fhir_deadline=10.0)
        journal = open_journal(settings)
        opened.append(journal)
        advisor = Advisor(content, settings, clock=lambda: AS_OF)
        clients = read_clients({"clients": [{**client, **agreed}]})
        parts = operations(settings, advisor, clients=clients, journal=journal)
        return Site(create_app(settings, advisor, parts).test_client(), pair, journal)

    yield make
    for journal in opened:
        journal.close()


def eventually(read: Callable[[], Any], wanted: Any) -> None:
    """Wait until the journal's writer has done what it does a moment later."""
    wait_until(lambda: read() == wanted)
    assert read() == wanted


def test_without_a_token_nothing_is_answered(site: Callable[..., Site]) -> None:
    service = site()
    response = service.http.post(SELECT, json=request(order(), CHART))
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.get_json()["resourceType"] == "OperationOutcome"


def test_discovery_is_open_and_a_token_is_good_for_one_call(site: Callable[..., Site]) -> None:
    service = site()
    assert service.http.get("/cds-services").status_code == 200
    headers = service.headers(SELECT)
    answers = [
        service.http.post(SELECT, json=request(order(), CHART), headers=headers) for _ in "12"
    ]
    assert [answer.status_code for answer in answers] == [200, 401]


def test_what_a_clinician_did_reaches_the_journal(site: Callable[..., Site]) -> None:
    service = site()
    (card,) = service.cards(request(order(), CHART))["cards"]
    done = {
        "card": card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
        "outcomeTimestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    for _ in "12":
        assert service.post(FEEDBACK, {"feedback": [done]}).status_code == 200
    eventually(lambda: service.journal.store.counts()["consultations"], 1)
    counts = service.journal.store.counts()
    assert counts["cards"] == 1
    assert counts["feedback"] == 1, "a repeat is the same event"
    (kept,) = service.journal.store.export(None, None, "jsonl")
    assert "add-contrast" in kept
    assert "case-patient" not in kept


def test_feedback_on_an_order_that_could_not_be_assessed_finds_its_card(
    site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_for(monkeypatch, "bone-scan")
    service = site()
    drafts = [{**order(BONE_SCAN), "id": "scan"}, {**order(), "id": "mri"}]
    good, faulty = service.cards(request(drafts, CHART))["cards"]
    assert faulty["source"]["topic"]["code"] == "order-not-assessed"
    now = datetime.now(UTC)
    at = now.isoformat().replace("+00:00", "Z")
    items = [
        {"card": good["uuid"], "outcome": "accepted", "outcomeTimestamp": at,
         "acceptedSuggestions": [{"id": good["suggestions"][0]["uuid"]}]},
        {"card": faulty["uuid"], "outcome": "overridden", "outcomeTimestamp": at},
    ]  # fmt: skip
    assert service.post(FEEDBACK, {"feedback": items}).status_code == 200
    eventually(lambda: service.journal.store.counts()["cards"], 2)
    found = service.journal.store.insights(
        View(first=(now - timedelta(days=1)).date(), last=now.date())
    )
    assert found.unmatched == 0
    told = {each.rule: (each.outcome, each.offers, each.topic) for each in found.cards}
    assert told == {
        "add-contrast": ("accepted", True, "low-back-pain"),
        "order-not-assessed": ("overridden", False, "order-not-assessed"),
    }
    assert {each.topic: each.with_card for each in found.orders} == {
        "low-back-pain": 1,
        "order-not-assessed": 1,
    }
    (kept,) = service.journal.store.export(None, None, "jsonl")
    assert "case-patient" not in kept


def test_a_bad_item_does_not_lose_the_good_ones(site: Callable[..., Site]) -> None:
    service = site()
    at = "2026-11-22T10:00:00Z"
    good = {"card": "1b1c3f6e-6f3a-4f6b-9d8a-000000000001", "outcome": "overridden"}
    body = {"feedback": [{**good, "outcomeTimestamp": at}, {"card": "x", "outcome": "ignored"}]}
    response = service.post(FEEDBACK, body)
    assert response.status_code == 400
    assert "1 of 2" in response.get_json()["issue"][0]["details"]["text"]
    assert service.journal.store.counts()["feedback"] == 1


def test_each_client_reads_its_own_dialect(site: Callable[..., Site]) -> None:
    epic = site(dialect="epic").cards(request(order(), CHART))["cards"][0]
    older = site(dialect="1.0").cards(request(order(), CHART))["cards"][0]
    assert epic["selectionBehavior"] == "any"
    assert epic["source"]["topic"]["code"] == "addcontrast"
    assert "overrideReasons" not in older
    assert epic["summary"] == older["summary"]


def test_no_private_member_is_ever_sent(site: Callable[..., Site]) -> None:
    for dialect in ("2.0", "1.0", "3.0", "epic", "sandbox"):
        text = str(site(dialect=dialect).cards(request(order(), CHART)))
        assert "'procedure':" not in text
        assert "'drafted':" not in text


def test_ratings_are_written_only_for_clients_that_agreed(site: Callable[..., Site]) -> None:
    plain = site().cards(request(order(), CHART))
    agreed = site(annotation={"mechanism": "G-TEST"}).cards(request(order(), CHART))
    assert "systemActions" not in plain
    assert "pama-rating" not in str(plain)
    (action,) = agreed["systemActions"]
    rating, mechanism, _consult = action["resource"]["extension"]
    assert rating["valueCodeableConcept"]["coding"][0]["code"] == "appropriate"
    assert mechanism["valueString"] == "G-TEST"
    assert {**action["resource"], "extension": None} == {**order(), "extension": None}


def test_a_client_may_name_only_its_own_fhir_server(site: Callable[..., Site]) -> None:
    with FhirServer(CHART, token="t") as server:
        access = {
            "fhirServer": server.base_url,
            "fhirAuthorization": {"access_token": "t", "token_type": "Bearer", "expires_in": 60},
            "prefetch": {},
        }
        own = site(fhir_servers=[server.base_url]).cards(request(order(), CHART, **access))
        assert len(own["cards"]) == 1
        asked = len(server.requests)
        stranger = site().post(SELECT, request(order(), CHART, **access))
        assert stranger.status_code == 412
        assert len(server.requests) == asked


def test_a_client_may_want_fewer_cards(site: Callable[..., Site]) -> None:
    quiet = site(disabled_cards=["add-contrast"]).cards(request(order(), CHART))
    assert quiet == {"cards": []}
