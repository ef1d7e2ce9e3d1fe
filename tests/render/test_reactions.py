"""What happened to the patient stands beside the allergy on the card, as harmless text."""

from typing import Any

import pytest

from cds_service.content.compile import compile_content
from cds_service.content.library import Content
from cds_service.content.load import Loaded
from cds_service.content.local import Local
from cds_service.content.phrasebook import ENGLISH, Phrasebook
from cds_service.engine.items import Item
from cds_service.engine.reactions import Reaction
from cds_service.engine.verdict import Verdict
from cds_service.render.words import record
from tests.hook_request import SELECT, order, request, resources

ALLERGY = {"allergy": "snomed-ct 407976008", "text": "Gadobutrol"}


@pytest.fixture(scope="module")
def german(loaded: Loaded) -> Content:
    return compile_content(loaded.documents.values(), "0", Local(language="de"))


def told(*reactions: Reaction, book: Phrasebook = ENGLISH, **more: Any) -> str:
    facts: dict[str, Any] = {
        "reference": "AllergyIntolerance/a",
        "resource_type": "AllergyIntolerance",
        "label": "Gadobutrol",
        "when": "",
        "value": (),
        "verdict": Verdict.FOR,
        "remarks": (),
        "from_text": False,
        **more,
    }
    return record(Item(**facts, reactions=reactions), book)


def test_what_how_severe_and_when() -> None:
    one = Reaction(("Anaphylaxis",), "severe", "2019-05-17")
    assert told(one) == "Gadobutrol (reaction: Anaphylaxis, severe, 2019-05-17)"
    assert told(Reaction(("Hives",))) == "Gadobutrol (reaction: Hives)"
    assert told() == "Gadobutrol"
    assert told(one, when="2020-01-01", from_text=True) == (
        "Gadobutrol, 2020-01-01 (reaction: Anaphylaxis, severe, 2019-05-17; found in text only)"
    )


def test_many_are_counted() -> None:
    many = [Reaction(tuple("abcde"), "severe"), *(Reaction((each,)) for each in "fgh")]
    assert told(*many) == (
        "Gadobutrol (reaction: a, b and 3 more, severe; reaction: f; and 2 more)"
    )


def test_in_german(german: Content) -> None:
    said = told(Reaction(("Anaphylaxis",), "severe", "2019"), book=german.phrasebook)
    assert said == "Gadobutrol (Reaktion: Anaphylaxis, schwer, 2019)"


def test_hostile_words_of_a_reaction_arrive_inert(service: Any) -> None:
    hostile = (
        "<img src=x onerror=alert(1)> [x](javascript:y) {suggested}\n# *now* https://x.example"
    )
    chart = resources(ALLERGY)
    chart[-1]["reaction"] = [{"manifestation": [{"text": hostile}], "severity": hostile}]
    body = request(order("loinc 24587-8", reasons=["snomed-ct 25064002"]), chart)
    (card,) = service.post(SELECT, json=body).get_json()["cards"]
    assert (
        r"reaction: &lt;img src=x onerror=alert(1)&gt; \[x\](javascript:y) {suggested}"
        r" \# \*now\* https\://x.example)"
    ) in card["detail"]
    assert "img" not in card["summary"]


def test_a_reaction_of_enormous_length_is_cut(service: Any) -> None:
    chart = resources(ALLERGY)
    chart[-1]["reaction"] = [{"manifestation": [{"text": f"{n}" * 5000} for n in range(9)]}] * 9
    body = request(order("loinc 24587-8", reasons=["snomed-ct 25064002"]), chart)
    (card,) = service.post(SELECT, json=body).get_json()["cards"]
    assert len(card["detail"]) < 3000
