"""What the journal is told of a call: ids of content, codes and counts; patients as pseudonyms."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cds_service.clients.model import Client
from cds_service.fhir.read import Json, objects, string
from cds_service.hooks.request import HookRequest
from cds_service.journal.events import Consultation, ConsultedOrder, ShownCard
from cds_service.journal.keys import SiteKey

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

    def pseudonym(kind: str, identity: str) -> str:
        return key.pseudonym(kind, identity, client.id)

    assessments = consulted.assessments
    missing = {kind for assessment in assessments for kind in assessment.not_checked}
    suppressed = {each.rule_id for assessment in assessments for each in assessment.suppressed}
    return Consultation(
        id=uuid4(),
        at=datetime.now(UTC),
        client=client.id,
        hook=call.hook,
        service=service,
        hook_instance=call.hook_instance,
        patient_key=pseudonym("Patient", call.patient_id),
        content_version=content_version,
        orders=tuple(
            _order(assessment, pseudonym("order", assessment.order.reference))
            for assessment in assessments
        ),
        cards=tuple(
            _card(advice, shown, pseudonym("order", assessment.order.reference))
            for (advice, assessment), shown in zip(
                _in_order(assessments), objects(body.get("cards")), strict=False
            )
        ),
        suppressed=tuple(sorted(suppressed)),
        missing=tuple(sorted(missing)),
        latency_ms=round(seconds * 1000, 1),
    )


def _in_order(
    assessments: "tuple[Assessment, ...]",
) -> "Iterator[tuple[Advice, Assessment]]":
    """Yield advice in the order of its cards: the most urgent first."""
    found = [(advice, assessment) for assessment in assessments for advice in assessment.advice]
    yield from sorted(found, key=lambda pair: pair[0].indicator.rank)


def _order(assessment: "Assessment", order_key: str) -> ConsultedOrder:
    procedure, topic = assessment.recognised.procedure, assessment.topic
    return ConsultedOrder(
        order_key=order_key,
        procedure=procedure.id if procedure else "",
        variant=topic.variant.id if topic and topic.variant else "",
        rating=topic.rated_order.rating.value if topic and topic.rated_order else "",
        topic=topic.topic.topic.id if topic else "",
    )


def _card(advice: "Advice", shown: dict[str, Any], order_key: str) -> ShownCard:
    return ShownCard(
        uuid=_uuid(shown.get("uuid")),
        card=advice.card,
        rule=advice.rule_id,
        indicator=advice.indicator.value,
        order_key=order_key,
        suggestions=tuple(_uuid(each.get("uuid")) for each in objects(shown.get("suggestions"))),
    )


def _uuid(value: object) -> str:
    """Return a uuid in the journal's spelling; a card may have none in an older dialect."""
    return str(UUID(string(value))) if string(value) else str(uuid4())
