"""Does a topic speak about an order, and what does its guideline say."""

from cds_service.content.expression import State
from cds_service.content.library import Content, TopicContent
from cds_service.content.model import Procedure
from cds_service.engine.advice import TopicAssessment
from cds_service.engine.findings import Findings
from cds_service.engine.ratings import rate, table
from cds_service.engine.variants import select
from cds_service.fhir.codes import SYSTEM_URIS
from cds_service.fhir.dates import age_in_years
from cds_service.fhir.glance import resource_name, whole
from cds_service.fhir.orders import DraftOrder
from cds_service.fhir.read import codes, objects, same_reference


def assess(
    topic: TopicContent,
    procedure: Procedure,
    order: DraftOrder,
    findings: Findings,
    content: Content,
) -> TopicAssessment:
    """Return what `topic` makes of an order for `procedure`.

    Adult tables never apply to children; an order for something else is not the topic's question;
    a procedure of another region that the topic does not rate is not its question either.
    """
    own_region = procedure.body_region in topic.topic.own_regions
    if not own_region and not _rated_somewhere(topic, procedure):
        return TopicAssessment(topic, False, "the topic does not rate this procedure")
    adult = _adult(topic, findings, content)
    if adult is State.ABSENT:
        return TopicAssessment(topic, False, "the topic is for adults")
    indication = _indication(topic, order, findings, content, own_region=own_region)
    if indication is State.ABSENT:
        return TopicAssessment(
            topic, False, "the order is for another indication, or none is known"
        )
    if indication is State.UNKNOWN and not own_region:
        return TopicAssessment(topic, False, "it is not known whether the order is for this topic")
    selection = select(topic, findings)
    return TopicAssessment(
        topic,
        applies=True,
        certain=indication is State.PRESENT and adult is State.PRESENT,
        selection=selection,
        rated_order=rate(procedure, selection.applicable, topic, content),
        table=table(selection.selected, topic, content),
    )


def _rated_somewhere(topic: TopicContent, procedure: Procedure) -> bool:
    forms = procedure.may_be or (procedure.id,)
    return any(form in rows for rows in topic.tables.values() for form in forms)


def _adult(topic: TopicContent, findings: Findings, content: Content) -> State:
    """Say whether the patient is of the topic's age; unknown without a usable birth date."""
    born = findings.evidence.born
    if born is None:
        return State.UNKNOWN
    limit, _ = content.quantity(topic.topic.population.age_at_least)
    youngest, oldest = age_in_years(born, findings.evidence.as_of)
    if youngest >= limit:
        return State.PRESENT
    return State.ABSENT if oldest < limit else State.UNKNOWN


def _indication(
    topic: TopicContent,
    order: DraftOrder,
    findings: Findings,
    content: Content,
    *,
    own_region: bool,
) -> State:
    """Say whether the order is for the topic's complaint.

    Stated reasons in known code systems, and a site's own that it maps, decide. Without any, the
    chart does; for a procedure of the topic's own region an unspecific complaint (backache) is
    taken for the specific one.
    """
    indication = topic.topic.indication
    fitting_sets = set(indication.reason_value_sets)
    if own_region:
        fitting_sets.update(indication.own_region_reason_value_sets)
    stated = {code for reason in order.reasons for code in reason.codes}
    for resource in findings.chart.resources if order.reason_references else ():
        name = resource_name(resource)
        if any(same_reference(ref, name) for ref in order.reason_references):
            concepts = objects(whole(resource).get("code"))
            stated.update(code for concept in concepts for code in codes(concept))
    understood = {
        code
        for code in stated
        if code.system in SYSTEM_URIS or content.index.memberships(code)  # or mapped by the site
    }
    if understood:
        fitting = any(
            member.value_set in fitting_sets
            for code in understood
            for member in content.index.memberships(code)
        )
        if not fitting:
            return State.ABSENT
    if own_region and findings.suspected(indication.finding):
        return State.PRESENT
    return findings.state(indication.finding)
