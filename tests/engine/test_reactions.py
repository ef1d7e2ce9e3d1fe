"""What the record of an allergy says happened: its own words, whatever shape they are in."""

from itertools import permutations
from typing import Any

import pytest

from cds_service.engine.reactions import Reaction, reactions
from cds_service.fhir.read import Json, texts


def read(*told: Any) -> tuple[Reaction, ...]:
    return reactions({"reaction": list(told)}, lambda concept: list(texts(concept)))


def seen(words: str, **more: Any) -> Json:
    return {"manifestation": [{"text": words}], **more}


@pytest.mark.parametrize(
    ("reaction", "expected"),
    [
        (seen("Anaphylaxis"), Reaction(("Anaphylaxis",))),
        (seen("Hives", severity="mild"), Reaction(("Hives",), "mild")),
        (
            seen("Hives", severity="Severe", onset="2019-05-17T08:30:00+02:00"),
            Reaction(("Hives",), "severe", "2019-05-17"),
        ),
        (seen("Hives", onset="2019-05"), Reaction(("Hives",), "", "2019-05")),
        (seen("Hives", onset="long ago", severity="awful"), Reaction(("Hives",))),
        (
            {"manifestation": [{"coding": [{"code": "39579001", "display": "Anaphylaxis"}]}]},
            Reaction(("Anaphylaxis",)),
        ),
        (
            {"manifestation": [{"text": "Hives"}, {"text": "Wheezing"}, {"text": "Hives"}]},
            Reaction(("Hives", "Wheezing")),
        ),
        (
            {"manifestation": {"text": "a short of it", "coding": [{"display": "long"}]}},
            Reaction(("a short of it",)),
        ),
    ],
)
def test_what_is_recorded_is_told_and_nothing_else(reaction: Json, expected: Reaction) -> None:
    assert read(reaction) == (expected,)


@pytest.mark.parametrize(
    "reaction",
    [
        None,
        {},
        "Anaphylaxis",
        {"severity": "severe"},
        {"manifestation": []},
        {"manifestation": [None, {}, {"coding": [{"code": "39579001"}]}], "severity": "severe"},
        {"manifestation": [{"text": "  "}], "onset": "2019"},
        {"manifestation": [{"extension": [{"url": "x", "valueCode": "unknown"}]}]},
        seen("Anaphylaxis", modifierExtension=[{"url": "x", "valueBoolean": True}]),
    ],
)
def test_a_reaction_without_a_name_or_that_cannot_be_relied_on_is_left_out(reaction: Any) -> None:
    assert read(reaction) == ()
    assert read(reaction, seen("Hives")) == (Reaction(("Hives",)),)


def test_the_worst_comes_first_then_the_latest_in_whatever_order_they_were_sent() -> None:
    told = [
        seen("a", severity="severe", onset="2012"),
        seen("b", severity="severe"),
        seen("c", severity="moderate", onset="2020-01-01"),
        seen("d", severity="mild", onset="2021"),
        seen("e", onset="2022"),
        seen("f", onset="2022"),
    ]
    for order in permutations(told):
        assert "".join(each.manifestations[0] for each in read(*order)) == "abcdef"
    assert len(read(*told, *told)) == len(told)
