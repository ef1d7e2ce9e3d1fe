"""A priority that FHIR does not know is the client's text, and inert on a card."""

import json

import pytest

from cds_service.casebook import assess
from cds_service.content.cases import Case, read_cases
from cds_service.content.library import Content
from cds_service.content.load import load
from cds_service.render.cards import cards
from cds_service.uuid7 import new_id
from tests.conftest import CARDS

HOSTILE = "<img src=x onerror=alert(1)>"
CASES = [
    case
    for path, doc in load(CARDS).cases.items()
    if "safety" in path
    for case in read_cases(doc, path)
]


def rendered(case: Case, priority: str, content: Content) -> str:
    case.order["priority"] = priority
    shown = cards((assess(case, content),), content, new_id)
    texts = [(card["summary"], card.get("detail")) for card in shown]
    return json.dumps(texts)


def test_no_card_carries_it_as_it_came(content: Content) -> None:
    written = [rendered(case, HOSTILE, content) for case in CASES]
    assert not any("<img" in text for text in written)
    assert any("img src" in text for text in written), "no card names the priority at all"


@pytest.mark.parametrize("priority", ["routine", "urgent"])
def test_a_known_priority_is_named_in_words(content: Content, priority: str) -> None:
    assert any(priority in rendered(case, priority, content) for case in CASES)
