"""The smallest vignette of each fault that the vignettes once found in the advice."""

from tests.vignettes.advised import ALL_CARDS, assessed, in_words
from tests.vignettes.factors import Level, Row, factors
from tests.vignettes.oracle import Card, expected
from tests.vignettes.vignette import Vignette, vignette


def a_vignette(**chosen: str) -> Vignette:
    """Return the vignette of the levels named; of the other factors the first level."""

    def level(name: str) -> Level:
        levels = factors()[name]
        return next((each for each in levels if each.id == chosen.get(name)), levels[0])

    row: Row = {name: level(name) for name in factors()}
    return vignette(0, row)


def advised(case: Vignette) -> list[Card]:
    return [in_words(advice) for advice in assessed(case, ALL_CARDS).advice]


def test_no_rated_alternative_where_the_birth_date_is_not_known() -> None:
    case = a_vignette(setting="age-unknown", flag="fever", hazard="pacemaker", order="mri-none")
    assert advised(case) == expected(case.row)


def test_no_rated_alternative_where_the_complaint_is_not_known() -> None:
    case = a_vignette(
        setting="no-indication", flag="fever", hazard="pacemaker", completeness="problems-failed"
    )
    assert advised(case) == expected(case.row)


def test_a_held_mri_is_not_replaced_by_radiographs() -> None:
    case = a_vignette(
        setting="osteoporosis", hazard="pacemaker-and-both-contrasts", order="mri-both"
    )
    assert all(card.accept != ("radiography-lumbar-spine",) for card in advised(case))


def test_two_holds_never_hide_that_the_order_cannot_wait() -> None:
    case = a_vignette(
        setting="other-indication", flag="foot-drop", hazard="pacemaker-and-neurostimulator"
    )
    assert "stat" in [in_words(advice).kind for advice in assessed(case).advice]


def test_the_cards_of_one_order_agree_on_one_study() -> None:
    case = a_vignette(flag="epidural-abscess", hazard="aneurysm-clip", priority="stat")
    studies = {card.accept[0] for card in advised(case) if card.accept}
    assert len(studies) == 1
