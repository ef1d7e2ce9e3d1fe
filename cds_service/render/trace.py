"""The whole trace of a consultation as plain data, for a reader who wants to know why.

The keys are stable: `explain --json` prints them, and the text of `explain` is made from them
alone. Ids are those of the content, states and verdicts the words of the engine. A rating carries
``seenIn``; one that is ``inferred`` has ``citable`` false and is not the guideline's.

    contentVersion, asOf
    chart     null where no imaging order is selected, else
              patient, records (a number), sources: type, name, state, reason
    orders    one for each imaging order, the cards' own order kept:
        reference, title, codes, priority, status
        recognised     procedure (null if none), imaging, toldBy, conflict
        findings       id, title, phrase, category, state, suspected, reasons, unread,
                       records: reference, type, label, date, value, verdict, remark, reactions
                       (of an allergy: what, severity, onset), fromText, ofOrder
        topics         id, title, guideline, applies, certain, whyNot, ratedOrder,
                       variants: id, number, title, state, decides, why, present, against, unknown
                       table: ratings of the deciding variant, best first
        safety         verdicts on the ordered procedure:
                       rule, title, procedure, state, effect, note, findings, unread
        alternatives   every procedure a card proposes or holds back: procedure, rated,
                       proposedBy, heldBackFor, safety
        advice         rule, card, indicator, indicatorOfRule (more urgent where a site caps it),
                       accept, findings, variant, sources
        suppressed     rule, why
        notChecked     resource types that were not read to the end
        cards          the cards as they are sent (CDS Hooks)
"""

from datetime import date
from typing import Any, Protocol

from cds_service.content.expression import State, affirmed, leaves
from cds_service.content.library import Content
from cds_service.content.phrasebook import english
from cds_service.engine import safety
from cds_service.engine.advice import Advice, Assessment, TopicAssessment
from cds_service.engine.chart import Chart
from cds_service.engine.findings import Findings
from cds_service.engine.variants import VariantState
from cds_service.render.names import SOURCES
from cds_service.render.traceparts import (
    Trace,
    citation_row,
    finding_row,
    procedure_row,
    rated_row,
    verdict_row,
)


class Consulted(Protocol):
    """What one request came to: the chart, what was decided on each order, and the cards."""

    @property
    def as_of(self) -> date:
        """The day on which look-backs end."""

    @property
    def chart(self) -> Chart | None:
        """The chart, or None where no imaging order is selected."""

    @property
    def assessments(self) -> tuple[Assessment, ...]:
        """What was decided on each imaging order."""

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards of all orders, most urgent first."""


def trace(consultation: Consulted, content: Content) -> Trace:
    """Return how `consultation` came about."""
    chart = consultation.chart
    if chart:
        unread = {kind for each in consultation.assessments for kind in each.evidence.unread}
        chart = chart.without_text_of(unread)
    cards = _cards_by_order(consultation)
    return {
        "contentVersion": content.version,
        "asOf": consultation.as_of.isoformat(),
        "chart": _chart(chart, content) if chart else None,
        "orders": [
            _order(assessment, cards[place], chart, content)
            for place, assessment in enumerate(consultation.assessments)
            if chart is not None
        ],
    }


def _cards_by_order(consultation: Consulted) -> list[list[dict[str, Any]]]:
    """Return the cards of each assessment: they are sent most urgent first over all orders.

    Cards of orders that could not be assessed stand behind them, and belong to no assessment.
    """
    owners = [
        (advice.indicator.rank, place)
        for place, assessment in enumerate(consultation.assessments)
        for advice in assessment.advice
    ]
    owners.sort(key=lambda owner: owner[0])
    cards: list[list[dict[str, Any]]] = [[] for _ in consultation.assessments]
    for (_, place), card in zip(owners, consultation.cards[: len(owners)], strict=True):
        cards[place].append(card)
    return cards


def _chart(chart: Chart, content: Content) -> Trace:
    return {
        "patient": chart.patient_id,
        "records": len(chart.resources),
        "sources": [
            {
                "type": kind,
                "name": english([SOURCES[kind]]),
                "state": chart.source(kind).state.value,
                "reason": chart.source(kind).reason,
            }
            for kind in content.resource_types
        ],
    }


def _order(
    assessment: Assessment, cards: list[dict[str, Any]], chart: Chart, content: Content
) -> Trace:
    order, recognised = assessment.order, assessment.recognised
    return {
        "reference": order.reference,
        "title": order.texts[0] if order.texts else "",
        "codes": [{"system": code.system, "code": code.value} for code in order.codes],
        "priority": order.priority,
        "status": order.status,
        "recognised": {
            "procedure": procedure_row(recognised.procedure, content),
            "imaging": recognised.imaging,
            "toldBy": recognised.told_by,
            "conflict": list(recognised.conflict),
        },
        "findings": [finding_row(result) for result in assessment.findings.values()],
        "topics": [_topic(topic, assessment, content) for topic in assessment.topics],
        "safety": [verdict_row(verdict) for verdict in assessment.safety],
        "alternatives": _alternatives(assessment, chart, content),
        "advice": [_advice(advice) for advice in assessment.advice],
        "suppressed": [{"rule": each.rule_id, "why": each.why} for each in assessment.suppressed],
        "notChecked": list(assessment.not_checked),
        "cards": cards,
    }


def _topic(topic: TopicAssessment, assessment: Assessment, content: Content) -> Trace:
    selection = topic.selection
    selected = selection.selected if selection else ()
    return {
        "id": topic.topic.topic.id,
        "title": topic.topic.topic.title,
        "guideline": citation_row(topic.topic.topic.guideline),
        "applies": topic.applies,
        "certain": topic.certain,
        "whyNot": topic.why_not,
        "ratedOrder": rated_row(topic.rated_order, content),
        "variants": [
            _variant(state, assessment, decides=state.variant in selected)
            for state in (selection.states if selection else ())
        ],
        "table": [rated_row(rated, content) for rated in topic.table],
    }


def _variant(state: VariantState, assessment: Assessment, *, decides: bool) -> Trace:
    """Return a variant with the findings behind its state: for it, against it, not known."""
    variant, findings = state.variant, assessment.findings
    named = [*leaves(variant.when), *([variant.split.finding] if variant.split else [])]
    speaking = set(affirmed(variant.when))
    wanted = variant.split.state if variant.split else ""
    present = [name for name in named if findings[name].state is State.PRESENT]
    if wanted == State.PRESENT.value and variant.split:
        speaking.add(variant.split.finding)
    return {
        "id": variant.id,
        "number": variant.number,
        "title": variant.title,
        "state": state.state.value,
        "decides": decides,
        "why": state.why,
        "present": [name for name in present if name in speaking],
        "against": [name for name in present if name not in speaking],
        "unknown": [name for name in named if findings[name].state is State.UNKNOWN],
    }


def _alternatives(assessment: Assessment, chart: Chart, content: Content) -> list[Trace]:
    """Return every procedure that a card proposes or that was held back, with all its verdicts."""
    decided = dict(assessment.findings)
    ordered = assessment.recognised.procedure
    findings = Findings(content, chart, assessment.evidence, ordered, decided)
    proposed: dict[str, list[str]] = {}
    held: dict[str, list[str]] = {}
    for advice in assessment.advice:
        for procedure in advice.proposal.procedures:
            proposed.setdefault(procedure.id, []).append(advice.rule_id)
        for verdict in advice.held:
            held.setdefault(verdict.procedure.id, []).append(advice.rule_id)
    topic = assessment.topic
    rows = {rated.procedure.id: rated for rated in topic.table} if topic else {}
    return [
        {
            "procedure": procedure_row(content.procedures[name], content),
            "rated": rated_row(rows.get(name), content),
            "proposedBy": proposed.get(name, []),
            "heldBackFor": held.get(name, []),
            "safety": [
                verdict_row(verdict)
                for verdict in safety.check(content.procedures[name], findings, content)
            ],
        }
        for name in dict.fromkeys([*proposed, *held])
    ]


def _advice(advice: Advice) -> Trace:
    proposal = advice.proposal
    return {
        "rule": advice.rule_id,
        "card": advice.card,
        "indicator": advice.indicator.value,
        "indicatorOfRule": (advice.rule.indicator or advice.indicator).value,
        "accept": {
            "order": [procedure.id for procedure in proposal.procedures],
            "priority": proposal.priority,
            "remove": proposal.remove,
        },
        "findings": [result.finding.id for result in advice.evidence],
        "variant": advice.variant.id if advice.variant else None,
        "sources": [citation_row(citation) for citation in advice.citations],
    }
