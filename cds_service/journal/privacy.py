"""What a client's words become before anything is written: pseudonyms, codes, or nothing.

Callers are expected to hand over pseudonyms already. Here is the last gate for what they forgot,
and for ids that clients make up, which could hold a name as well as a number.
"""

from datetime import UTC, datetime

from msgspec import structs

from cds_service.journal.events import Consultation, Feedback, Reported, identity
from cds_service.journal.keys import CommentCipher, SiteKey


def without_ids(event: Consultation, key: SiteKey) -> Consultation:
    """Return `event` with a pseudonym wherever an id of a patient or order was left."""
    keyed = key.pseudonym_once
    instance = key.identifier(event.hook_instance)
    patient = keyed("Patient", event.patient_key)
    orders = [keyed("order", order.order_key) for order in event.orders]
    cards = [keyed("order", card.order_key) for card in event.cards]
    if (
        instance == event.hook_instance
        and patient == event.patient_key
        and orders == [order.order_key for order in event.orders]
        and cards == [card.order_key for card in event.cards]
    ):
        return event  # as it should be: nothing was left
    return structs.replace(
        event,
        hook_instance=instance,
        patient_key=patient,
        orders=tuple(
            structs.replace(order, order_key=found)
            for order, found in zip(event.orders, orders, strict=True)
        ),
        cards=tuple(
            structs.replace(card, order_key=found)
            for card, found in zip(event.cards, cards, strict=True)
        ),
    )


def feedback_event(
    item: Reported, client: str, key: SiteKey, cipher: CommentCipher | None
) -> Feedback:
    """Return the event to store for `item`, its comment encrypted, or left out without `cipher`."""
    card = key.identifier(item.card)
    chosen = tuple(sorted({key.identifier(each) for each in item.suggestions}))
    reason = (key.identifier(item.reason_system), key.identifier(item.reason_code))
    event = identity(client, card, item.outcome, item.outcome_at, chosen, reason)
    return Feedback(
        id=event,
        card=card,
        client=client,
        outcome=item.outcome,
        outcome_at=item.outcome_at,
        received_at=datetime.now(UTC),
        suggestions=chosen,
        reason_system=reason[0],
        reason_code=reason[1],
        commented=bool(item.comment),
        comment=cipher.encrypt(item.comment, event) if cipher and item.comment else None,
    )
