"""Where the oracle and the engine differ, and the engine has still to change, or the oracle."""

from tests.vignettes.factors import Row
from tests.vignettes.oracle import Oracle
from tests.vignettes.oracle_tables import STUDIES

OFFERS_A_RATED_STUDY = {
    "hold-mri",
    "contrast-reaction",
    "gadolinium-pregnancy",
    "pregnancy-radiation",
}


def rated_where_the_topic_is_not_certain(oracle: Oracle) -> bool:
    """A safety card offers what ACR rates for adults with back pain, and neither may be so.

    Decision 4: a topic speaks only when it is sure what the order is for.
    """
    kinds = {card.kind for card in oracle.cards()}
    return oracle.guideline.question == "open" and bool(
        oracle.guideline.applicable and kinds & OFFERS_A_RATED_STUDY
    )


def radiographs_beside_a_held_mri(oracle: Oracle) -> bool:
    """A contrast card offers radiographs, and the card of the hold on the same order offers CT.

    Decision 5: radiographs are not offered in place of a held MRI.
    """
    held = {"MR", "gadolinium"} <= oracle.patient.ruled_out
    gadolinium = any(STUDIES[name] == ("MR", "lumbar", "vein") for name in oracle.ordered)
    return held and gadolinium and bool({5, 6} & set(oracle.guideline.applicable[:1]))


def two_holds_leave_no_room_for_the_emergency(oracle: Oracle) -> bool:
    """Two devices hold MRI, no study is rated to stand in, and STAT comes third of two cards."""
    holds = [card for card in oracle.cards() if card.kind == "hold-mri"]
    devices = [hazard for hazard in oracle.patient.hazards if hazard.kind == "hold-mri"]
    return len(devices) > 1 and any(not card.accept for card in holds)


def advice_is_open(row: Row) -> bool:
    """Say whether an open question bears on what is advised on `row`."""
    oracle = Oracle(row)
    return rated_where_the_topic_is_not_certain(oracle) or radiographs_beside_a_held_mri(oracle)
