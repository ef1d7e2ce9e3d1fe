"""What the journal is told of a call: ids of content, codes and counts; patients as pseudonyms."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from cds_service.clients.model import Client
from cds_service.fhir.read import Json, objects, string
from cds_service.hooks.request import HookRequest
from cds_service.journal.events import Consultation, ConsultedOrder, ShownCard
from cds_service.journal.keys import SiteKey, is_uuid
from cds_service.uuid7 import uuid7

if TYPE_CHECKING:
    from cds_service.advisor import Consultation as Consulted
    from cds_service.engine.advice import Advice, Assessment


def event(
    call: HookRequest,
    consulted: "Consulted",
    body: Json,
    client: Client,
    service: str,
    content_version: str,
    seconds: float,
    key: SiteKey,
) -> Consultation:
    """Return the journal's event for an answered call.

    Cards and suggestions are recorded under the uuids of `body`, the answer as it was sent,
    because those are what feedback names. `seconds` is how long the answer took.
    """
    suppressed: set[str] = set()
    orders: list[ConsultedOrder] = []
    advised: list[tuple[Advice, str]] = []
    for assessment in consulted.assessments:
        order_key = key.pseudonym("order", assessment.order.reference, client.id)
        suppressed.update([each.rule_id for each in assessment.suppressed])
        orders.append(_order(assessment, order_key))
        advised += [(advice, order_key) for advice in assessment.advice]
    # in the order of the cards: the most urgent first
    advised.sort(key=lambda pair: pair[0].indicator.rank)
    shown = objects(body.get("cards"))
    return Consultation(
        id=uuid7(),
        at=datetime.now(UTC),
        client=client.id,
        hook=call.hook,
        service=service,
        hook_instance=call.hook_instance,
        patient_key=key.pseudonym("Patient", call.patient_id, client.id),
        content_version=content_version,
        orders=tuple(orders),
        cards=tuple([_card(*pair, card) for pair, card in zip(advised, shown, strict=False)]),
        suppressed=tuple(sorted(suppressed)),
        missing=not_checked(consulted),
        latency_ms=round(seconds * 1000, 1),
    )


def not_checked(consulted: "Consulted") -> tuple[str, ...]:
    """Return the resource types that were not read to the end for some order of the call."""
    unread = {kind for assessment in consulted.assessments for kind in assessment.not_checked}
    return tuple(sorted(unread))


def _order(assessment: "Assessment", order_key: str) -> ConsultedOrder:
    procedure, topic = assessment.recognised.procedure, assessment.topic
    return ConsultedOrder(
        order_key=order_key,
        procedure=procedure.id if procedure else "",
        variant=topic.variant.id if topic and topic.variant else "",
        rating=topic.rated_order.rating.value if topic and topic.rated_order else "",
        topic=topic.topic.topic.id if topic else "",
    )


def _card(advice: "Advice", order_key: str, shown: Json) -> ShownCard:
    return ShownCard(
        uuid=_uuid(shown.get("uuid")),
        card=advice.card,
        rule=advice.rule_id,
        indicator=advice.indicator.value,
        order_key=order_key,
        suggestions=tuple([_uuid(each.get("uuid")) for each in objects(shown.get("suggestions"))]),
    )


def _uuid(value: object) -> str:
    """Return a uuid in the journal's spelling; a card may have none in an older dialect."""
    text = string(value)
    if is_uuid(text):
        return text
    return str(UUID(text)) if text else str(uuid7())
