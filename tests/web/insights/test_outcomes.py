"""What becomes of cards, whether a rule is worth a look, and how sure a share is."""

import pytest

from cds_service.content.library import Content
from cds_service.journal.insights.rates import Rate, per_hundred
from cds_service.journal.insights.result import Cards
from cds_service.journal.specimen import SCENES
from cds_service.web.insights.outcomes import Outcomes, opinion, total
from cds_service.web.metrics import rule_ids


def kind(outcome: str, number: int, offers: bool = True) -> Cards:
    what = dict.fromkeys(("client", "topic", "variant", "procedure", "card", "rule"), "x")
    return Cards(**what, indicator="info", offers=offers, outcome=outcome, number=number)  # type: ignore[arg-type]


def became(
    accepted: int = 0, overridden: int = 0, silent: int = 0, offers: bool = True
) -> Outcomes:
    return total(
        [
            kind("accepted", accepted, offers),
            kind("overridden", overridden, offers),
            kind("", silent, offers),
        ]
    )


def test_outcomes_add_up_to_the_cards():
    found = became(3, 4, 5)
    assert (found.cards, found.answered, found.open) == (12, 7, 5)
    assert found.rates == (Rate(3, 12), Rate(4, 12), Rate(5, 12))
    assert found.accepted_of_answered == Rate(3, 7)


def test_cards_with_nothing_to_accept_do_not_count_as_refused():
    asked = total([kind("overridden", 9, offers=False), kind("accepted", 1), kind("overridden", 3)])
    assert asked.accepted_of_acceptable == Rate(1, 4)
    assert asked.accepted_of_answered == Rate(1, 13)


def test_a_card_taken_that_offers_nothing_is_none_of_those_offered_and_taken():
    asked = total([kind("accepted", 5, offers=False), kind("overridden", 10)])
    assert asked.accepted_of_acceptable == Rate(0, 10)


@pytest.mark.parametrize(
    ("outcomes", "serious", "says"),
    [
        (became(silent=20), False, "No feedback arrives"),
        (became(overridden=19), False, "Too early"),
        (became(3, 60), False, "seldom accepted"),
        (became(5, 15), False, "nothing stands out"),  # a quarter, but of too few
        (became(40, 20), False, "nothing stands out"),
        (became(0, 40, offers=False), False, "it asks a question"),
        (became(5, 60), True, "about serious harm. Review"),
        (became(60, 5), True, "nothing stands out"),
        (became(9, 11), True, "nothing stands out"),  # overridden more often, but of too few
    ],
)
def test_the_remark_goes_by_what_is_certain(outcomes: Outcomes, serious: bool, says: str):
    assert says in opinion(outcomes, serious=serious)


def test_no_remark_ever_says_to_switch_a_card_about_serious_harm_off():
    for overridden in (0, 20, 500):
        said = opinion(became(1, overridden), serious=True)
        assert "quieter" not in said
        assert "switch" not in said


@pytest.mark.parametrize(
    ("number", "total", "low", "high"),
    # Newcombe, Stat Med 1998;17:857, table I, method 3
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_the_literature(number: int, total: int, low: float, high: float):
    assert Rate(number, total).interval == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_is_none():
    assert Rate(0, 0).share is None
    assert Rate(0, 0).interval is None
    assert per_hundred(3, 0) is None
    assert per_hundred(3, 12) == 25


def test_all_of_all_stays_below_one_whole():
    low, high = Rate(5, 5).interval or (0, 0)
    assert low == pytest.approx(0.5655, abs=5e-5)
    assert high == 1


def test_the_synthetic_journal_speaks_of_the_shipped_content(content: Content):
    variants = {each.id for topic in content.topics for each in topic.variants}
    presets = {reason.code for each in content.override_reasons.values() for reason in each}
    for scene in SCENES:
        assert scene.procedure in {"", *content.procedures}
        assert scene.variant in {"", *variants}
        if card := scene.card:
            assert card.card in content.texts
            assert card.rule in rule_ids(content)
            assert {code for code, _ in card.reasons} <= {"", *presets}
