"""A sample of the vignettes through the whole service: what a clinician would see."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.gather.templates import KEYS
from tests.hook_request import SELECT, SIGN, prefetch, request
from tests.vignettes.advised import kind_of, shipped
from tests.vignettes.oracle import MAX_CARDS, RANKS, Card, expected
from tests.vignettes.vignette import Vignette, vignettes

SIZE = 40


def the_sample() -> list[Vignette]:
    """Return vignettes spread over all of them, with cards and, one in eight, without.

    A source read in part cannot be had from prefetch alone: such vignettes are left out.
    """
    fit = [
        vignette
        for vignette in vignettes()
        if vignette.row["completeness"].id != "problems-partial"
        and (bool(expected(vignette.row)) or vignette.number % 8 == 0)
    ]
    return fit[:: len(fit) // SIZE][:SIZE]


def answer(service: FlaskClient, vignette: Vignette) -> list[dict[str, Any]]:
    """Return the cards of the service; sources that were not read are not in the prefetch."""
    case = vignette.case
    without = tuple(KEYS[kind] for kind in case.missing)
    chart = list(case.resources)
    hook = "order-sign" if vignette.number % 2 else "order-select"
    body = request([case.order], chart, hook=hook)
    body["prefetch"] = prefetch(chart, without)
    response = service.post(SIGN if vignette.number % 2 else SELECT, json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    cards: list[dict[str, Any]] = response.get_json()["cards"]
    return cards


def in_words(card: dict[str, Any]) -> Card:
    """Return a card of the service in the words of the oracle."""
    accept = tuple(_accepted(suggestion) for suggestion in card.get("suggestions", []))
    return Card(kind_of(card["source"]["topic"]["code"]), card["indicator"], accept)


def _accepted(suggestion: dict[str, Any]) -> str:
    (action,) = suggestion["actions"]
    if action["type"] == "delete":
        return "remove the order"
    resource = action["resource"]
    changed = action["description"].startswith("Set the priority")
    if changed:
        return f"priority {resource['priority']}"
    text = resource["code"]["text"]
    return next(p.id for p in shipped().procedures.values() if p.title == text)


@pytest.mark.parametrize("vignette", the_sample(), ids=lambda each: f"vignette {each.number}")
def test_the_service_answers_a_vignette_as_the_oracle_would(
    service: FlaskClient, vignette: Vignette
) -> None:
    called_for = expected(vignette.row)
    shown = [in_words(card) for card in answer(service, vignette)]
    assert len(shown) == min(len(called_for), MAX_CARDS), vignette
    assert [card for card in shown if card not in called_for] == [], vignette
    hidden = [RANKS.index(card.urgency) for card in called_for if card not in shown]
    assert all(RANKS.index(card.urgency) <= min(hidden, default=9) for card in shown), vignette


def test_the_sample_has_forty_vignettes_of_many_kinds() -> None:
    sample = the_sample()
    assert len(sample) == SIZE
    assert len({card.kind for each in sample for card in expected(each.row)}) >= 12
