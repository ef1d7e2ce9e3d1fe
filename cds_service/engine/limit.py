"""Which of the advice on one order is shown: the most urgent, one card for one remedy."""

from collections.abc import Iterable

from msgspec.structs import replace

from cds_service.content.model import SafetyState
from cds_service.engine.advice import Advice, Suppressed
from cds_service.engine.policy import Policy
from cds_service.engine.safety import SafetyVerdict

_RULES_OUT = ("hold", "exclude")
_SPEAKS_AGAINST = (*_RULES_OUT, "replace")


def limited(
    advice: Iterable[Advice], verdicts: tuple[SafetyVerdict, ...], policy: Policy
) -> tuple[list[Advice], list[Suppressed]]:
    """Return the advice to show, the most urgent first, and what is left out, each with why.

    Advice with the same remedy makes one card, which then rests on the evidence of both; it also
    names what else among `verdicts` rules the order out. How urgent the rules find it decides what
    stays; a cap only changes how it is shown.
    """
    kept: list[Advice] = []
    left_out: list[Suppressed] = []
    for each in sorted(advice, key=lambda one: one.indicator.rank):
        same = next((k for k in kept if _same_remedy(k, each)), None)
        if each.card in policy.disabled_cards:
            left_out.append(Suppressed(each.rule_id, "this site has switched the card off"))
        elif same is not None:
            joint = tuple(dict.fromkeys((*same.evidence, *each.evidence)))
            kept[kept.index(same)] = replace(same, evidence=joint)
            why = f"{same.rule_id} already offers the same remedy"
            left_out.append(Suppressed(each.rule_id, why))
        elif len(kept) >= policy.max_cards_per_order:
            why = "the order already has as many cards as the site wants"
            left_out.append(Suppressed(each.rule_id, why))
        else:
            kept.append(replace(each, also_against=_also_against(each, verdicts)))
    shown = [replace(each, indicator=policy.capped(each.card, each.indicator)) for each in kept]
    return shown, left_out


def _also_against(advice: Advice, verdicts: tuple[SafetyVerdict, ...]) -> tuple[SafetyVerdict, ...]:
    """Return what else speaks against the ordered procedure beside the rule of `advice`."""
    if _effect(advice) not in _RULES_OUT:
        return ()
    return tuple(
        verdict
        for verdict in verdicts
        if verdict.state is not None
        and verdict.state is not advice.rule
        and verdict.state.effect in _SPEAKS_AGAINST
    )


def _same_remedy(left: Advice, right: Advice) -> bool:
    """Say whether two pieces of advice would be accepted with the same change of the order."""
    first, second = left.proposal, right.proposal
    if left.none_left and right.none_left:  # two holds, and nothing to offer for either
        return _effect(left) == _effect(right) == "hold"
    if first.procedures and second.procedures:
        return first.procedures[0] == second.procedures[0]
    return not first.empty and first == second


def _effect(advice: Advice) -> str:
    return advice.rule.effect if isinstance(advice.rule, SafetyState) else ""
