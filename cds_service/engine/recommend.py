"""The rules of a topic: does one speak about an order, and on what grounds."""

from collections.abc import Iterator

from cds_service.content.expression import State, affirmed, evaluate
from cds_service.content.model import Procedure, Recommendation
from cds_service.engine.advice import TopicAssessment
from cds_service.engine.findings import Findings, Result
from cds_service.fhir.orders import DraftOrder


def why_not(
    rule: Recommendation,
    procedure: Procedure,
    order: DraftOrder,
    topic: TopicAssessment,
    findings: Findings,
    *,
    held: bool,
) -> str:
    """Return why `rule` does not speak about the order, or the empty string if it does.

    `held` says that a safety rule holds the order back or replaces it: then rules that would order
    another procedure are silent, because the safety card proposes the alternative.
    """
    selected = {variant.id for variant in topic.selection.selected} if topic.selection else set()
    open_variants = topic.selection.unsettled if topic.selection else ()
    rated = topic.rated_order.rating if topic.rated_order else None
    held_state = State.PRESENT
    if rule.findings is not None:
        held_state = evaluate(rule.findings, findings.state, findings.suspected)
    reasons = (
        (not rule.orders.matches(procedure), "another procedure is ordered"),
        (rule.unsettled and topic.certain and bool(selected), "the variant is settled"),
        (rule.unsettled and topic.certain and not open_variants, "no variant is left open"),
        (not rule.unsettled and not topic.certain, "it is not certain what the order is for"),
        (bool(rule.variants) and not selected, "no variant is settled"),
        (bool(rule.variants) and not selected <= set(rule.variants), "another variant decides"),
        (
            bool(rule.rated) and rated not in rule.rated,
            "the order is rated otherwise or not at all",
        ),
        (held_state is State.ABSENT, "its findings do not hold"),
        (held_state is State.UNKNOWN, "its findings are not all known"),
        (order.priority in rule.unless_priority, "the order already has that priority"),
        (
            held and bool(rule.remedy.order or rule.remedy.best_rated),
            "a safety rule holds the order or replaces it, and its card proposes the alternative",
        ),
    )
    return next((why for holds, why in reasons if holds), "")


def grounds(rule: Recommendation, topic: TopicAssessment, findings: Findings) -> tuple[Result, ...]:
    """Return the present findings on which `rule` speaks: its own, else those of the variant.

    A rule about what is not settled rests on the red flags that a record only suggests. The
    complaint itself comes last, since it is the least news to the reader.
    """
    if rule.unsettled:
        flags = [findings[name] for name in topic.topic.topic.red_flags]
        return tuple(flag for flag in flags if flag.suspected)
    names = list(affirmed(rule.findings)) or list(_of_variants(topic))
    complaint = topic.topic.topic.indication.finding
    found = findings.present([*names, *topic.topic.topic.supporting])
    return tuple(sorted(found, key=lambda result: result.finding.id == complaint))


def _of_variants(topic: TopicAssessment) -> Iterator[str]:
    for variant in topic.selection.selected if topic.selection else ():
        yield from affirmed(variant.when)
