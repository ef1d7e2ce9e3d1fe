"""What the journal is told of a call: ids of content, codes and counts; patients as pseudonyms."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from cds_service.clients.model import Client
from cds_service.content.library import ORDER_NOT_ASSESSED
from cds_service.content.model import Indicator, Procedure
from cds_service.fhir.read import Json, objects, string
from cds_service.hooks.request import HookRequest
from cds_service.journal.events import Consultation, ConsultedOrder, ShownCard
from cds_service.journal.keys import SiteKey, is_uuid
from cds_service.render.cards import in_order_of_cards
from cds_service.uuid7 import uuid7

if TYPE_CHECKING:
    from cds_service.advisor import Consultation as Consulted
    from cds_service.engine.advice import Assessment


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
    because those are what feedback names. An order that a fault of ours left without advice is
    recorded with its card too. `seconds` is how long the answer took.

    Raises:
        ValueError: the cards of `body` are not those of `consulted`, or one has an odd uuid.
    """
    suppressed: set[str] = set()
    orders: list[ConsultedOrder] = []
    keys: dict[str, str] = {}
    for assessment in consulted.assessments:
        reference = assessment.order.reference
        keys[reference] = key.pseudonym("order", reference, client.id)
        suppressed.update([each.rule_id for each in assessment.suppressed])
        orders.append(_order(assessment, keys[reference]))
    told = [
        _Told(advice.card, advice.rule_id, advice.indicator, keys[assessment.order.reference])
        for advice, assessment in in_order_of_cards(consulted.assessments)
    ]
    for each in consulted.not_assessed:
        order_key = key.pseudonym("order", each.order.reference, client.id)
        orders.append(_order_not_assessed(each.procedure, order_key))
        told.append(_Told(ORDER_NOT_ASSESSED, ORDER_NOT_ASSESSED, Indicator.INFO, order_key))
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
        cards=tuple([_card(each, card) for each, card in zip(told, shown, strict=True)]),
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


def _order_not_assessed(procedure: Procedure | None, order_key: str) -> ConsultedOrder:
    return ConsultedOrder(
        order_key=order_key,
        procedure=procedure.id if procedure else "",
        variant=ORDER_NOT_ASSESSED,
        topic=ORDER_NOT_ASSESSED,
    )


class _Told(NamedTuple):
    """What a card is, apart from how it was sent."""

    card: str
    rule: str
    indicator: Indicator
    order_key: str


def _card(told: _Told, shown: Json) -> ShownCard:
    return ShownCard(
        uuid=_uuid(shown.get("uuid")),
        card=told.card,
        rule=told.rule,
        indicator=told.indicator.value,
        order_key=told.order_key,
        suggestions=tuple([_uuid(each.get("uuid")) for each in objects(shown.get("suggestions"))]),
    )


def _uuid(value: object) -> str:
    """Return a uuid in the journal's spelling; a card may have none in an older dialect."""
    text = string(value)
    if is_uuid(text):
        return text
    return str(UUID(text)) if text else str(uuid7())
