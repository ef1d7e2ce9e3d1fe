"""Every vignette against the oracle, and what must hold whatever the vignette."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from cds_service.casebook import chart
from cds_service.engine import safety
from cds_service.engine.advice import Assessment
from cds_service.engine.evidence import read_chart, with_order
from cds_service.engine.findings import Findings
from cds_service.engine.policy import Policy
from cds_service.render.cards import cards
from tests.vignettes.advised import ALL_CARDS, assessed, in_words, shipped
from tests.vignettes.factors import COMBINED_BY_THREE, FACTORS, Row, covered, factors, pairs, threes
from tests.vignettes.oracle import MAX_CARDS, RANKS, Card, Oracle, Patient, expected
from tests.vignettes.oracle_tables import FLAG_SOURCES, RED_FLAGS, STUDIES
from tests.vignettes.vignette import Vignette, vignettes

SAYS_WHAT_TO_DO = (
    "Question to answer", "Questions to answer", "What to do", "What to find out", "What can help",
    "What to tell the patient", "Please check for", "Alternative", "No alternative is left",
)  # fmt: skip
"""The paragraphs by which a card without a suggestion still leads somewhere."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A vignette, everything advised on it, and what a site without a policy is shown."""

    vignette: Vignette
    whole: Assessment
    shown: Assessment

    @property
    def advised(self) -> list[Card]:
        return [in_words(advice) for advice in self.whole.advice]

    @property
    def cards(self) -> list[dict[str, Any]]:
        return cards([self.shown], shipped(), lambda: "id")


@cache
def judged() -> tuple[Judged, ...]:
    """Return every vignette with what is advised on it."""
    return tuple(
        Judged(vignette, assessed(vignette, ALL_CARDS), assessed(vignette))
        for vignette in vignettes()
    )


def listed(found: list[str]) -> str:
    return f"{len(found)} vignettes, the first: " + "\n".join(found[:5])


def differences(vignette: Vignette, advised: list[Card]) -> str:
    """Return how what was advised differs from what the oracle calls for, or nothing."""
    wanted = expected(vignette.row)
    extra = [card for card in advised if card not in wanted]
    missing = [card for card in wanted if card not in advised]
    return (
        f"{vignette}\n  not called for: {extra}\n  missing: {missing}" if extra or missing else ""
    )


def test_there_are_enough_vignettes_and_every_possible_pair_of_levels_meets() -> None:
    met, wanted = covered(pairs())
    assert met == wanted
    assert len(vignettes()) >= 400


def test_every_three_groups_of_hazards_orders_and_flags_meet() -> None:
    groups = {name: {level.group for level in factors()[name]} for name in COMBINED_BY_THREE}
    met = {tuple(row[name].group for name in COMBINED_BY_THREE) for row in threes()}
    assert met == set(product(*(groups[name] for name in COMBINED_BY_THREE)))


def test_the_vignettes_are_the_same_every_time() -> None:
    def names(rows: list[Row]) -> list[list[str]]:
        return [[level.id for level in row.values()] for row in rows]

    assert names(list(pairs())) == names(list(pairs()))
    assert len({vignette.number for vignette in vignettes()}) == len(vignettes())


def test_every_level_of_flag_and_hazard_matters_to_the_oracle_or_is_a_near_miss() -> None:
    silent = {"none", "cancer-refuted", "cancer-family-history", "old-retention", "old-infection",
              "povidone-iodine", "egfr-45"}  # fmt: skip
    base = vignettes()[0].row
    plain = {name: levels[0] for name, levels in factors().items()}
    assert base.keys() == plain.keys()
    orders = factors()["order"]
    for name in ("flag", "hazard"):
        for level in factors()[name]:
            changes = any(
                expected({**plain, "order": order, name: level})
                != expected({**plain, "order": order})
                for order in orders
            )
            assert changes is (level.id not in silent | {"metformin-and-egfr-45", "thoracic-pain"})


def test_the_advice_on_every_vignette_is_what_the_oracle_calls_for() -> None:
    wrong = [said for each in judged() if (said := differences(each.vignette, each.advised))]
    assert not wrong, listed(wrong)


def test_nothing_is_proposed_that_the_oracle_rules_out() -> None:
    wrong = [
        f"{each.vignette}: {card}"
        for each in judged()
        for card in each.advised
        if any(
            name in STUDIES and Patient(each.vignette.row).rules_out(name) for name in card.accept
        )
    ]
    assert not wrong, listed(wrong)


def test_every_proposed_study_is_one_the_oracle_knows() -> None:
    known = {*STUDIES, "priority stat", "remove the order"}
    assert {name for each in judged() for card in each.advised for name in card.accept} <= known


def test_nothing_is_proposed_that_a_safety_rule_holds_or_excludes() -> None:
    wrong = []
    for each in judged():
        proposed = [study for advice in each.whole.advice for study in advice.proposal.procedures]
        if proposed:
            case, content = each.vignette.case, shipped()
            read = chart(case, content)
            evidence = read_chart(read, content, case.as_of)
            known = with_order(evidence, each.whole.order, each.whole.recognised, content)
            findings = Findings(content, read, known, each.whole.recognised.procedure)
            wrong += [
                f"{each.vignette}: {study.id} against {verdict.rule.id}"
                for study in proposed
                for verdict in safety.check(study, findings, content)
                if not verdict.suggestable
            ]
    assert not wrong, listed(wrong)


def test_imaging_is_never_called_needless_with_a_flag_on_record_or_a_source_unread() -> None:
    wrong = []
    spoke = 0
    for each in judged():
        if "not-needed" in [card.kind for card in each.advised]:
            spoke += 1
            patient = Patient(each.vignette.row)
            if patient.unread & FLAG_SOURCES or patient.has(*RED_FLAGS) or patient.open:
                wrong.append(str(each.vignette))
    assert spoke > 50
    assert not wrong, listed(wrong)


def test_no_order_gets_more_than_two_cards_and_the_most_urgent_are_shown() -> None:
    wrong = []
    for each in judged():
        shown = [in_words(advice) for advice in each.shown.advice]
        hidden = [card for card in each.advised if card not in shown]
        loudest = min((RANKS.index(card.urgency) for card in hidden), default=len(RANKS))
        if len(shown) > MAX_CARDS or any(RANKS.index(c.urgency) > loudest for c in shown):
            wrong.append(f"{each.vignette}: shown {shown}, hidden {hidden}")
        if len(each.advised) > len(shown) < MAX_CARDS:
            wrong.append(f"{each.vignette}: a card is hidden without need")
    assert not wrong, listed(wrong)


def test_an_emergency_never_loses_its_card() -> None:
    wrong = []
    due = 0
    for each in judged():
        if "stat" in [card.kind for card in expected(each.vignette.row)]:
            due += 1
            shown = [in_words(advice).kind for advice in each.shown.advice]
            if "stat" not in shown:
                wrong.append(f"{each.vignette}: {shown}")
    assert due > 200
    assert not wrong, listed(wrong)


def test_every_card_offers_something_or_says_what_to_find_out() -> None:
    wrong = [
        f"{each.vignette}: {card['summary']}"
        for each in judged()
        for card in each.cards
        if not card.get("suggestions")
        and not any(f"**{paragraph}" in card["detail"] for paragraph in SAYS_WHAT_TO_DO)
    ]
    assert not wrong, listed(wrong)


def test_no_card_calls_anything_safe() -> None:
    wrong = []
    for each in judged():
        for card in each.cards:
            offered = [s["label"] for s in card.get("suggestions", [])]
            text = "\n".join([card["summary"], card["detail"], *offered])
            if re.search(r"(?<!MR )\bsafe(ly)?\b", text, re.IGNORECASE):
                wrong.append(f"{each.vignette}: {card['summary']}")
    assert not wrong, listed(wrong)


def test_the_oracle_notices_every_rule_that_is_off() -> None:
    speaking: dict[str, Vignette] = {}
    for each in judged():
        if not differences(each.vignette, each.advised):
            for advice in each.whole.advice:
                speaking.setdefault(advice.rule_id, each.vignette)
    assert len(speaking) > 40
    for rule, vignette in speaking.items():
        off = Policy(max_cards_per_order=99, rules_off=frozenset({rule}))
        advised = [in_words(advice) for advice in assessed(vignette, off).advice]
        assert differences(vignette, advised), f"{rule} is off, and nobody sees it"


def test_the_oracle_is_written_without_the_service() -> None:
    for path in sorted(FACTORS.parent.glob("oracle*.py")):
        imported = [
            name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        ]
        assert not [name for name in imported if name and name.startswith("cds_service")], path


def test_a_hazard_in_a_source_that_was_not_read_is_not_denied() -> None:
    row = {**{name: levels[0] for name, levels in factors().items()}}
    levels = {level.id: level for level in factors()["hazard"]}
    unread = next(x for x in factors()["completeness"] if x.id == "devices-failed")
    pacemaker = Oracle({**row, "hazard": levels["pacemaker"], "completeness": unread})
    assert not pacemaker.patient.ruled_out
    assert "Device" in pacemaker.patient.unread
