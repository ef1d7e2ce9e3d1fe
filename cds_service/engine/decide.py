"""From chart and orders to advice: the way every order goes."""

from collections.abc import Callable
from datetime import date

from cds_service.content.library import SOURCE_TYPES, Content
from cds_service.engine.advice import Assessment
from cds_service.engine.chart import Chart
from cds_service.engine.decision import Decision
from cds_service.engine.evidence import Evidence, read_chart, with_order
from cds_service.engine.findings import Findings
from cds_service.engine.limit import limited
from cds_service.engine.policy import Policy
from cds_service.engine.recognise import recognise
from cds_service.engine.together import Together
from cds_service.fhir.orders import DraftOrder


def decide(
    chart: Chart,
    orders: tuple[DraftOrder, ...],
    content: Content,
    as_of: date,
    policy: Policy | None = None,
    on_fault: Callable[[DraftOrder, Exception], None] | None = None,
    beside: tuple[DraftOrder, ...] = (),
) -> tuple[Assessment, ...]:
    """Return the assessment of each order in `orders` on the day `as_of`.

    A fault of ours in one order need not cost the others their advice: where `on_fault` is given,
    it is told of the order and the fault, and the order is left out.

    `beside` are the draft orders of the same call: some rules are silent where several orders
    together ask for what they would. Without them each order is judged alone.

    Pure: the same arguments give the same result, and the order in which the chart lists its
    resources is irrelevant.
    """
    evidence = read_chart(chart, content, as_of)
    policy = policy or Policy()
    together = Together(beside, content)
    assessments = []
    for order in orders:
        try:
            assessments.append(_assess(order, chart, evidence, content, policy, together))
        except Exception as fault:
            if on_fault is None:
                raise
            on_fault(order, fault)
    return tuple(assessments)


def _assess(
    order: DraftOrder,
    chart: Chart,
    evidence: Evidence,
    content: Content,
    policy: Policy,
    together: Together,
) -> Assessment:
    recognised = recognise(order, content)
    known = with_order(evidence, order, recognised, content)
    chart = chart.without_text_of(known.unread)
    findings = Findings(content, chart, known, recognised.procedure)
    decision = Decision(order, recognised, findings, content, together)
    decision.consider(policy)
    shown, left_out = limited(decision.advice, decision.safety, policy)
    return Assessment(
        order=order,
        recognised=decision.recognised,
        findings=findings,
        evidence=known,
        safety=decision.safety,
        topics=tuple(decision.topics),
        advice=tuple(shown),
        suppressed=(*decision.suppressed, *left_out),
        not_checked=_not_checked(chart, known, content),
    )


def _not_checked(chart: Chart, evidence: Evidence, content: Content) -> tuple[str, ...]:
    """Return what was not read to the end; ``Patient`` stands for a missing birth date."""
    asked = {*content.resource_types, *evidence.unread}
    unread = [kind for kind in SOURCE_TYPES if kind in asked and chart.withholds(kind)]
    if evidence.born is None and "Patient" not in unread:
        unread.insert(0, "Patient")
    return tuple(unread)
