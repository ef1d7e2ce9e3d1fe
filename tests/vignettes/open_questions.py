"""Where the oracle and the engine differ and the engine has still to be changed, or the oracle."""

from tests.vignettes.factors import Row
from tests.vignettes.oracle import Oracle
from tests.vignettes.oracle_tables import STUDIES


def rated_where_the_topic_is_not_certain(oracle: Oracle) -> bool:
    """A rated alternative on a safety card, although age or complaint is not known.

    Decision 4: a topic speaks only when it is sure what the order is for.
    """
    return oracle.question == "open" and bool(oracle.applicable)


def radiographs_beside_a_held_mri(oracle: Oracle) -> bool:
    """A contrast card that offers radiographs while the card of the hold offers CT.

    Decision 5: radiographs are not offered in place of a held MRI.
    """
    held = "MR" in oracle.patient.ruled_out and "gadolinium" in oracle.patient.ruled_out
    with_contrast = [name for name in oracle.ordered if STUDIES[name] == ("MR", "lumbar", "vein")]
    return held and bool(with_contrast) and bool({5, 6} & set(oracle.applicable[:1]))


def two_holds_without_an_alternative(oracle: Oracle) -> bool:
    """Two devices hold MRI, nothing rated stands in, and their two cards leave no room for STAT."""
    holds = [hazard for hazard in oracle.patient.hazards if hazard.kind == "hold-mri"]
    return len(holds) > 1 and (oracle.question != "certain" or not oracle.applicable)


QUESTIONS = (
    rated_where_the_topic_is_not_certain,
    radiographs_beside_a_held_mri,
    two_holds_without_an_alternative,
)


def open_question(row: Row) -> bool:
    """Say whether one of the open questions bears on the vignette of `row`."""
    oracle = Oracle(row)
    return any(question(oracle) for question in QUESTIONS)
