"""The journal is told of each card under the order it is about."""

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from cds_service.advisor import Advisor
from cds_service.advisor import Consultation as Consulted
from cds_service.clients.model import LOCAL
from cds_service.content.library import Content
from cds_service.fhir.read import Json
from cds_service.hooks.json_body import decode_call
from cds_service.hooks.request import HookRequest, read_request
from cds_service.journal.events import Consultation
from cds_service.journal.keys import SiteKey
from cds_service.settings import Settings
from cds_service.web.recording import event
from tests.conftest import AS_OF
from tests.faulty_order import fail_for
from tests.hook_request import (
    BACK_PAIN,
    BREAST_CANCER,
    FEVER,
    PACEMAKER,
    RADIOGRAPH,
    order,
    request,
    resources,
)

KEY = SiteKey(b"k" * 32)


def consulted(
    content: Content, records: tuple[Json, ...] = (BREAST_CANCER, BACK_PAIN, FEVER, PACEMAKER)
) -> tuple[HookRequest, Consulted]:
    """Return a call with two orders, the later of which gets the most urgent card."""
    drafts = [{**order(RADIOGRAPH), "id": "radiograph"}, {**order(), "id": "mri"}]
    chart = resources(*records)
    settings = Settings()
    body = json.dumps(request(drafts, chart)).encode()
    call = read_request(decode_call(body, settings), frozenset({"order-select"}))
    return call, Advisor(content, settings, clock=lambda: AS_OF).consult(call)


def recorded(call: HookRequest, found: Consulted, cards: list[Json]) -> Consultation:
    return event(call, found, {"cards": cards}, LOCAL, "s", "v", 0.01234, KEY)


def test_each_card_is_recorded_as_it_was_shown_and_with_its_order(content: Content) -> None:
    call, found = consulted(content)
    told = recorded(call, found, found.cards)
    by_order = {
        KEY.pseudonym("order", each.order.reference, LOCAL.id): each for each in found.assessments
    }
    assert [each.order_key for each in told.orders] == list(by_order)
    assert len(told.cards) == len(found.cards) == 2
    assert [each.order_key for each in told.cards] == [each.order_key for each in told.orders][::-1]
    for card, shown in zip(told.cards, found.cards, strict=True):
        assert (card.uuid, card.indicator) == (shown["uuid"], shown["indicator"])
        assert card.suggestions == tuple(each["uuid"] for each in shown.get("suggestions", ()))
        advice = {(each.rule_id, each.card) for each in by_order[card.order_key].advice}
        assert (card.rule, card.card) in advice
    assert told.latency_ms == 12.3


def test_uuids_are_recorded_in_one_spelling_and_made_where_a_card_has_none(
    content: Content,
) -> None:
    call, found = consulted(content)
    given = str(uuid4())
    told = recorded(call, found, [{"uuid": f" {given.upper()}"}, {"summary": "no uuid"}])
    assert told.cards[0].uuid == given
    assert UUID(told.cards[1].uuid).version == 7


def test_a_card_with_an_id_that_is_no_uuid_is_not_recorded(content: Content) -> None:
    call, found = consulted(content)
    with pytest.raises(ValueError, match="UUID"):
        recorded(call, found, [{"uuid": "Ann Example"}])


@pytest.mark.parametrize("chart", [(BREAST_CANCER, BACK_PAIN, FEVER, PACEMAKER), ()])
@pytest.mark.parametrize("faulty", ["radiography", "mri"])
def test_an_order_that_could_not_be_assessed_is_recorded_with_its_own_card(
    content: Content, monkeypatch: pytest.MonkeyPatch, faulty: str, chart: tuple[Json, ...]
) -> None:
    fail_for(monkeypatch, faulty)
    call, found = consulted(content, chart)
    (good,), (bad,) = found.assessments, found.not_assessed
    told = recorded(call, found, found.cards)
    assert len(told.cards) == len(found.cards) == len(good.advice) + 1
    for card, shown in zip(told.cards, found.cards, strict=True):
        assert (card.uuid, card.card) == (shown["uuid"], shown["source"]["topic"]["code"])
    good_key, bad_key = (
        KEY.pseudonym("order", each.order.reference, LOCAL.id) for each in (good, bad)
    )
    assert [each.order_key for each in told.orders] == [good_key, bad_key]
    assert [each.order_key for each in told.cards] == [*[good_key] * len(good.advice), bad_key]
    card, of_order = told.cards[-1], told.orders[-1]
    assert (card.card, card.rule) == ("order-not-assessed", "order-not-assessed")
    assert (card.indicator, card.suggestions) == ("info", ())
    assert (of_order.topic, of_order.variant) == ("order-not-assessed", "order-not-assessed")
    assert faulty in of_order.procedure
    assert of_order.rating == ""


def test_without_a_fault_no_order_is_recorded_as_not_assessed(content: Content) -> None:
    call, found = consulted(content)
    assert found.not_assessed == ()
    told = recorded(call, found, found.cards)
    assert "order-not-assessed" not in repr(told)


@pytest.mark.parametrize("change", [lambda cards: cards[:-1], lambda cards: [*cards, cards[0]]])
def test_nothing_is_recorded_where_cards_cannot_be_told_apart(
    content: Content, change: Callable[[list[Json]], list[Json]]
) -> None:
    call, found = consulted(content)
    with pytest.raises(ValueError, match="zip"):
        recorded(call, found, change(found.cards))
