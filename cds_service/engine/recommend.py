"""The rules of a topic: does one speak about an order, and on what grounds."""

from collections.abc import Iterable

from cds_service.content.expression import State, evaluate
from cds_service.content.model import Procedure, Recommendation
from cds_service.engine.advice import TopicAssessment
from cds_service.engine.findings import Findings
from cds_service.engine.result import Result
from cds_service.fhir.orders import DraftOrder


def why_not(
    rule: Recommendation,
    procedure: Procedure,
    order: DraftOrder,
    topic: TopicAssessment,
    findings: Findings,
    *,
    held: str,
) -> str:
    """Return why `rule` does not speak about the order, or the empty string if it does.

    `held` says why a safety rule alone decides what is done instead, if one does: then rules that
    would order another procedure are silent.
    """
    if not rule.orders.matches(procedure):
        return "another procedure is ordered"
    selection = topic.selection
    selected = {variant.id for variant in selection.selected} if selection else set()
    if rule.unsettled:
        if topic.certain and selected:
            return "the variant is settled"
        if topic.certain and not (selection and selection.unsettled):
            return "no variant is left open"
    elif not topic.certain:
        return "it is not certain what the order is for"
    if rule.variants and not selected:
        return "no variant is settled"
    if rule.variants and not selected <= set(rule.variants):
        return "another variant decides"
    rated = topic.rated_order.rating if topic.rated_order else None
    if rule.rated and rated not in rule.rated:
        return "the order is rated otherwise or not at all"
    return _not_now(rule, order, findings, held=held)


def _not_now(rule: Recommendation, order: DraftOrder, findings: Findings, *, held: str) -> str:
    """Return why a rule that fits order and variant does not speak, or the empty string."""
    state = State.PRESENT
    if rule.findings is not None:
        state = evaluate(rule.findings, findings.state, findings.suspected)
    if state is State.ABSENT:
        return "its findings do not hold"
    if state is State.UNKNOWN:
        return "its findings are not all known"
    if order.priority in rule.unless_priority:
        return "the order already has that priority"
    if held and (rule.remedy.order or rule.remedy.best_rated):
        return held
    return ""


def grounds(rule: Recommendation, topic: TopicAssessment, findings: Findings) -> tuple[Result, ...]:
    """Return the present findings on which `rule` speaks: its own, else those of the variant.

    A rule about what is not settled rests on the red flags that a record only suggests. The
    complaint itself comes last, since it is the least news to the reader.
    """
    if rule.unsettled:
        flags = [findings[name] for name in topic.topic.topic.red_flags]
        return tuple(flag for flag in flags if flag.suspected)
    affirmed_by = findings.content.dependence.affirmed_by
    name = topic.topic.topic.id
    names: Iterable[str] = affirmed_by[f"{name}#{rule.id}"]
    if not names:
        selected = topic.selection.selected if topic.selection else ()
        names = [each for variant in selected for each in affirmed_by[f"{name}/{variant.id}"]]
    complaint = topic.topic.topic.indication.finding
    found = findings.present([*names, *topic.topic.topic.supporting])
    return tuple(sorted(found, key=lambda result: result.finding.id == complaint))
