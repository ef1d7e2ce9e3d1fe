"""What was agreed with a client, over HTTP: tokens, dialect, annotation and feedback."""

import copy
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.advisor import Advisor
from cds_service.app import create_app
from cds_service.clients.read import read_clients
from cds_service.content.library import Content
from cds_service.journal.opening import open_journal
from cds_service.settings import Settings
from cds_service.web.operations import operations
from tests.clients.tokens import BASE, Pair, ec_pair, token
from tests.conformance.exchange import CONTRAST, SITUATIONS, Json, actions, draft, without_ids
from tests.conformance.openapi import checked
from tests.conftest import AS_OF
from tests.hook_request import SELECT, SIGN

conformance = pytest.mark.conformance

RATING = "http://fhir.org/argonaut/Extension/pama-rating"
CONSULT = f"{RATING}-consult-id"
MAPPED = {
    "mri-lumbar-spine-without-and-with-contrast": [
        {"system": "urn:com.epic.cdshooks.action.code.system.preference-list-item", "code": "4711"}
    ]
}
AGREED: dict[str, Json] = {
    "plain": {"dialect": "2.0"},
    "old": {"dialect": "1.0"},
    "new": {"dialect": "3.0"},
    "epic": {"dialect": "epic", "order_codes": MAPPED},
    "rated": {"dialect": "2.0", "annotation": {"mechanism": "G-TEST"}},
    "rated-epic": {"dialect": "epic", "annotation": {"mechanism": "G-TEST"}},
    "rated-sandbox": {"dialect": "sandbox", "annotation": {"mechanism": "G-TEST"}},
}
ANNOTATED = ("rated", "rated-epic", "rated-sandbox")


def issuer(name: str) -> str:
    return f"https://{name}.example/fhir"


class Site:
    """A service with authentication, the clients in `AGREED`, and a journal."""

    def __init__(self, http: FlaskClient, pair: Pair) -> None:
        self.http = http
        self.pair = pair

    def token(self, name: str, path: str, **changes: Any) -> str:
        now = int(time.time())
        times = {"iat": now, "exp": now + 300, "iss": issuer(name), "audience": BASE + path}
        return token(self.pair, **{**times, **changes})

    def post(self, name: str, body: Any, path: str = "", **changes: Any) -> Any:
        path = path or (SIGN if body.get("hook") == "order-sign" else SELECT)
        headers = {"Authorization": f"Bearer {self.token(name, path, **changes)}"}
        return self.http.post(path, json=body, headers=headers)

    def ask(self, name: str, body: Json) -> Json:
        answer = self.post(name, body)
        assert answer.status_code == 200, answer.text
        whole: Json = answer.get_json()
        return whole

    def report(self, name: str, *items: Any) -> Any:
        return self.post(name, {"feedback": list(items)}, f"{SELECT}/feedback")


@pytest.fixture(scope="module")
def site(content: Content, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from _site(content, tmp_path_factory.mktemp("journal"))


@pytest.fixture
def closed(content: Content, tmp_path: Path) -> Iterator[Site]:
    yield from _site(content, tmp_path, open_discovery=False)


def _site(content: Content, directory: Path, **more: Any) -> Iterator[Site]:
    pair = ec_pair("key-1")
    clients = read_clients(
        {
            "clients": [
                {
                    "id": name,
                    "title": name,
                    "issuer": issuer(name),
                    "jwks": {"keys": [copy.deepcopy(pair.jwk)]},
                    **agreed,
                }
                for name, agreed in AGREED.items()
            ]
        }
    )
    settings = Settings(base_url=BASE, journal_dir=directory, **more)
    advisor = Advisor(content, settings, clock=lambda: AS_OF)
    journal = open_journal(settings)
    parts = operations(settings, advisor, clients=clients, journal=journal)
    try:
        yield Site(checked(create_app(settings, advisor, parts).test_client()), pair)
    finally:
        journal.close()


# --- tokens ---------------------------------------------------------------------------------------


@conformance(25, 26, 192)
def test_discovery_is_open_or_closed_as_the_site_says(site: Site, closed: Site) -> None:
    path = "/cds-services"
    assert site.http.get(path).status_code == 200
    assert closed.http.get(path).status_code == 401
    for each in (site, closed):
        headers = {"Authorization": f"Bearer {each.token('plain', path)}"}
        assert each.http.get(path, headers=headers).status_code == 200


@conformance(171, 191, 192, 198, 200, 203)
def test_all_refusals_of_a_token_are_alike(site: Site) -> None:
    now = int(time.time())
    used = str(uuid.uuid4())
    assert site.post("plain", CONTRAST, jti=used).status_code == 200
    answers = [
        site.http.post(SELECT, json=CONTRAST),
        site.post("plain", CONTRAST, jti=used),
        site.post("unknown", CONTRAST),
        site.post("plain", CONTRAST, audience=BASE + SIGN),
        site.post("plain", CONTRAST, iat=now - 900, exp=now - 600),
        site.post("plain", CONTRAST, head={"kid": "other"}),
        site.http.post(SELECT, json=CONTRAST, headers={"Authorization": "Bearer x.y.z"}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}


@conformance(215)
def test_a_client_cannot_make_us_read_a_server_it_has_not_agreed(site: Site) -> None:
    access = {"access_token": "t", "token_type": "Bearer"}
    body = CONTRAST | {
        "prefetch": {},
        "fhirServer": "http://127.0.0.1:9/fhir",
        "fhirAuthorization": access,
    }
    assert site.post("plain", body).status_code == 412


# --- dialects -------------------------------------------------------------------------------------


@conformance(246)
@pytest.mark.parametrize("name", AGREED)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_dialect_gives_the_same_advice(site: Site, name: str, situation: str) -> None:
    def words(answer: Json) -> list[Any]:
        return [
            (card["summary"], card["detail"], card["indicator"], card["source"]["label"])
            for card in answer["cards"]
        ]

    body = SITUATIONS[situation]
    assert words(site.ask(name, body)) == words(site.ask("plain", body))


@conformance(107, 125, 146)
def test_a_client_of_1_0_gets_members_of_1_0_only(site: Site) -> None:
    deleted = []
    for body in SITUATIONS.values():
        whole = site.ask("old", body)
        assert set(whole) == {"cards"}
        for card in whole["cards"]:
            assert not {"uuid", "overrideReasons"} & set(card)
            assert "topic" not in card["source"]
            assert card.get("selectionBehavior", "at-most-one") == "at-most-one"
            assert "isRecommended" not in str(card.get("suggestions"))
        for action in actions(whole["cards"]):
            assert "resourceId" not in action
            deleted += [action["resource"]] if action["type"] == "delete" else []
    assert set(deleted) == {"ServiceRequest/case-order"}


@conformance(123, 126, 135, 139, 147)
def test_epic_gets_tick_boxes_with_one_action_each(site: Site) -> None:
    (card,) = site.ask("epic", CONTRAST)["cards"]
    assert card["selectionBehavior"] == "any"
    assert card["source"]["topic"]["code"].isalnum()
    created, removed = card["suggestions"]
    assert created["isRecommended"] is removed["isRecommended"] is True
    (create,), (remove,) = created["actions"], removed["actions"]
    assert (create["type"], remove["type"]) == ("create", "delete")
    assert create["resource"]["status"] == "draft"
    assert create["resource"]["subject"] == draft(CONTRAST)["subject"]
    assert create["resource"]["code"]["coding"] == MAPPED[next(iter(MAPPED))]
    assert remove["resourceId"] == "ServiceRequest/case-order"
    assert "MRI lumbar spine" in create["description"]


@conformance(225)
def test_epic_needs_no_content_type_because_every_detail_is_markdown(site: Site) -> None:
    for body in SITUATIONS.values():
        assert "content-type" not in json.dumps(site.ask("epic", body))


@conformance(138)
def test_a_client_of_3_0_gets_nothing_it_has_not_asked_for(site: Site) -> None:
    for body in SITUATIONS.values():
        assert "actionSelectionBehavior" not in json.dumps(site.ask("new", body))


# --- annotation -----------------------------------------------------------------------------------


def annotations(whole: Json) -> list[Json]:
    found: list[Json] = whole.get("systemActions", [])
    return found


def rating(resource: Json) -> list[Json]:
    """Return the codings of the one rating on an order."""
    (found,) = [each for each in resource["extension"] if each["url"] == RATING]
    codings: list[Json] = found["valueCodeableConcept"]["coding"]
    return codings


@conformance(161, 234)
@pytest.mark.parametrize("name", ["plain", "old", "new", "epic"])
def test_without_an_agreement_nothing_is_rated(site: Site, name: str) -> None:
    for body in SITUATIONS.values():
        assert "systemActions" not in json.dumps(site.ask(name, body))


@conformance(106, 159, 160, 228, 232, 244)
@pytest.mark.parametrize("name", ANNOTATED)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_rating_is_one_update_of_the_order_with_the_rating_first(
    site: Site, name: str, hook: str
) -> None:
    (action,) = annotations(site.ask(name, SITUATIONS["the order is right"] | {"hook": hook}))
    assert action["type"] == "update"
    assert action["description"]
    first, *finer = rating(action["resource"])
    assert first["system"] == "http://fhir.org/argonaut/CodeSystem/pama-rating"
    assert first["code"] == "appropriate"
    assert all(coding["system"] != first["system"] for coding in finer)


@conformance(162, 237, 241)
def test_a_rating_changes_nothing_else(site: Site) -> None:
    body = SITUATIONS["the order is right"]
    (action,) = annotations(site.ask("rated", body))
    resource = {**action["resource"], "extension": draft(body).get("extension")}
    resource = {name: value for name, value in resource.items() if value is not None}
    assert resource == draft(body)


@conformance(163, 242)
def test_an_order_that_carries_its_rating_is_left_alone(site: Site) -> None:
    body = copy.deepcopy(SITUATIONS["the order is right"])
    (action,) = annotations(site.ask("rated", body))
    draft(body)["extension"] = action["resource"]["extension"]
    assert "systemActions" not in site.ask("rated", body)


@conformance(164)
def test_no_card_only_repeats_the_rating(site: Site) -> None:
    whole = site.ask("rated", SITUATIONS["the order is right"])
    assert whole["cards"] == []
    assert whole["systemActions"]


@conformance(166, 238)
def test_the_public_sandbox_gets_the_actions_in_the_older_place_too(site: Site) -> None:
    whole = site.ask("rated-sandbox", SITUATIONS["the order is right"])
    assert whole["extension"]["systemActions"] == whole["systemActions"]
    assert "extension" not in site.ask("rated", SITUATIONS["the order is right"])


@conformance(235)
def test_every_consultation_has_an_id_of_its_own(site: Site) -> None:
    seen = set()
    for _ in range(3):
        (action,) = annotations(site.ask("rated", SITUATIONS["the order is right"]))
        seen |= {
            each["valueUri"] for each in action["resource"]["extension"] if each["url"] == CONSULT
        }
    assert len(seen) == 3


@conformance(91, 239, 240)
def test_what_cannot_be_rated_is_not_and_a_card_says_what_is_missing(site: Site) -> None:
    whole = site.ask("rated", SITUATIONS["a source failed"])
    assert "systemActions" not in whole
    (card,) = whole["cards"]
    assert card["indicator"] == "info"
    assert "could not be assessed" in card["summary"]
    assert "not supplied" in card["detail"] or "Could not be read" in card["detail"]


@conformance(243)
def test_a_suggested_order_carries_its_own_rating(site: Site) -> None:
    body = SITUATIONS["another study is better"]
    whole = site.ask("rated", body)
    (action,) = actions(whole["cards"])
    assert rating(action["resource"])[0]["code"] == "appropriate"
    assert without_ids(whole["cards"])[0]["indicator"] == "warning"


# --- feedback -------------------------------------------------------------------------------------


@pytest.fixture
def shown(site: Site) -> Json:
    (card,) = site.ask("plain", CONTRAST)["cards"]
    found: Json = card
    return found


def item(card: str, **more: Any) -> Json:
    return {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-22T08:00:00Z",
        **more,
    }


def accepted(card: Json) -> Json:
    return item(
        card["uuid"],
        outcome="accepted",
        acceptedSuggestions=[{"id": card["suggestions"][0]["uuid"]}],
    )


@conformance(174, 175, 187)
def test_feedback_is_taken_with_200_and_no_body(site: Site, shown: Json) -> None:
    for items in ([accepted(shown)], [item(shown["uuid"])], []):
        answer = site.report("plain", *items)
        assert (answer.status_code, answer.data) == (200, b"")


@conformance(183, 185)
def test_repeats_changes_of_mind_and_unknown_cards_are_taken(site: Site, shown: Json) -> None:
    override = item(shown["uuid"])
    for items in (
        [override],
        [override],
        [accepted(shown)],
        [item(str(uuid.uuid4()))],
        [item("1")],
    ):
        assert site.report("plain", *items).status_code == 200
    assert site.report("plain", override, accepted(shown), override).status_code == 200


@conformance(186)
def test_one_bad_item_is_named_and_the_others_are_kept(site: Site, shown: Json) -> None:
    answer = site.report("plain", item(shown["uuid"]), {"card": "x"}, item(shown["uuid"]))
    assert answer.status_code == 400
    issue = answer.get_json()["issue"][0]
    assert "1 of 3" in issue["details"]["text"]
    assert "feedback[1]" in issue["diagnostics"]


@conformance(177, 178, 180, 182)
@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "ignored"},
        {"outcome": "accepted"},
        {"outcome": "accepted", "acceptedSuggestions": []},
        {"overrideReason": {}},
        {"outcomeTimestamp": None},
        {"outcomeTimestamp": "yesterday"},
        {"card": None},
        {"card": 5},
    ],
    ids=repr,
)
def test_feedback_that_says_nothing_usable_is_refused(site: Site, shown: Json, wrong: Json) -> None:
    assert site.report("plain", {**item(shown["uuid"]), **wrong}).status_code == 400


@conformance(188)
def test_feedback_needs_a_token_for_itself_or_for_its_service(site: Site, shown: Json) -> None:
    path = f"{SELECT}/feedback"
    body = {"feedback": [item(shown["uuid"])]}
    assert site.http.post(path, json=body).status_code == 401
    for audience, status in ((BASE + path, 200), (BASE + SELECT, 200), (BASE + SIGN, 401)):
        assert site.post("plain", body, path, audience=audience).status_code == status


@conformance(174)
def test_the_analytics_address_of_old_clients_is_not_there(
    site: Site, serve: Callable[..., FlaskClient], shown: Json
) -> None:
    for http in (site.http, serve()):
        answer = http.post(f"/cds-services/imaging-order-select/analytics/{shown['uuid']}", json={})
        assert answer.status_code in (401, 404)
        assert answer.get_json()["resourceType"] == "OperationOutcome"
