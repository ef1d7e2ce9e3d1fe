"""The questions about advice: orders and cards, and what clinicians decided, by step and by kind.

They are in SQL that SQLite and PostgreSQL understand alike. Each reads the period once and groups
it in several ways; a row says in its first column which way it belongs to. There are at most as
many rows as there are steps, and kinds of orders, cards and reasons: what the database sends does
not grow with the number of calls.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast

from cds_service.journal.export import known_card
from cds_service.journal.insights.selection import INCOMPLETE, ONCE, STEP, in_steps
from cds_service.journal.insights.view import View
from cds_service.journal.schema import (
    cards,
    consultation_orders,
    consultations,
    feedback,
    suggestions,
)

MOST_KINDS = 20_000
"""Most kinds of orders or cards that are read; kinds come out of the content, so it is a guard."""
MOST_REASONS = 200
"""Most kinds of reasons that are read: clients choose the codes."""

KIND, REASON = "kind", "reason"
"""What a row is about that is not about a step: one kind, or one reason."""

ORDER_KIND = ("client", "topic", "variant", "procedure", "rating")
CARD_KIND = (
    *("client", "topic", "variant", "procedure"),
    *("card", "rule", "indicator", "offers", "outcome"),
)
REASON_KIND = ("rule", "card", "reason_code")


def orders(view: View, dialect: str) -> CompoundSelect[Any]:
    """Return for each step and each `ORDER_KIND`: orders, those with a card, and incomplete ones.

    An order is incomplete if a source of the chart could not be read to the end.
    """
    source, number, conditions = in_steps(view, dialect)
    carded = (
        exists()
        .where(
            cards.c.consultation_id == consultation_orders.c.consultation_id,
            cards.c.order_key == consultation_orders.c.order_key,
        )
        .correlate(consultation_orders)
    )
    each = (
        select(
            number.label("number"),
            consultations.c.client,
            *(consultation_orders.c[name] for name in ORDER_KIND[1:]),
            case((carded, 1), else_=0).label("with_card"),
            INCOMPLETE.label("incomplete"),
        )
        .select_from(
            source.join(
                consultation_orders, consultation_orders.c.consultation_id == consultations.c.id
            )
        )
        .where(*conditions)
        .cte("ordered")
        .prefix_with(ONCE)
    )
    counts = (func.count(), func.sum(each.c.with_card), func.sum(each.c.incomplete))
    return union_all(
        _grouped(STEP, each, ("number",), ("number", *ORDER_KIND), counts),
        _grouped(KIND, each, ORDER_KIND, ("number", *ORDER_KIND), counts),
    )


def shown_cards(view: View, dialect: str) -> CompoundSelect[Any]:
    """Return for each step with outcome, each `CARD_KIND` and each `REASON_KIND`: how many cards.

    A card counts once, by what its client decided last. Of two outcomes decided in one instant an
    acceptance wins, then what was received last. Reasons are those of cards overridden.
    """
    each = _cards(view, dialect)
    every = ("number", *CARD_KIND, *REASON_KIND[2:])
    counts = (func.count().label("cards"),)
    overridden = each.c.outcome == "overridden"
    reasons = _grouped(REASON, each, REASON_KIND, every, counts, overridden, most=MOST_REASONS)
    return union_all(
        _grouped(STEP, each, ("number", "outcome"), every, counts),
        _grouped(KIND, each, CARD_KIND, every, counts),
        reasons,
    )


def unmatched(view: View) -> Select[Any]:
    """Return how much feedback was received in the period about cards that are not known."""
    conditions = [feedback.c.received_at >= view.since, feedback.c.received_at < view.until]
    if view.client:
        conditions.append(feedback.c.client == view.client)
    return select(func.count()).select_from(feedback).where(*conditions, ~known_card())


def _cards(view: View, dialect: str) -> CTE:
    """Return every card of the period, with the order it is about and the outcome that counts."""
    source, number, conditions = in_steps(view, dialect)
    offers = exists().where(suggestions.c.card_uuid == cards.c.uuid).correlate(cards)
    twin = consultation_orders.alias()  # several drafts without an id have one key
    place = (
        select(func.min(twin.c.position))
        .where(
            twin.c.consultation_id == cards.c.consultation_id,
            twin.c.order_key == cards.c.order_key,
        )
        .correlate(cards)
        .scalar_subquery()
    )
    answer = feedback.alias()
    decided_last = (
        select(answer.c.id)
        .where(answer.c.card == cards.c.uuid, answer.c.client == consultations.c.client)
        .order_by(
            answer.c.outcome_at.desc(),
            case((answer.c.outcome == "accepted", 1), else_=0).desc(),
            answer.c.received_at.desc(),
            answer.c.id,
        )
        .limit(1)
        .correlate(cards, consultations)
        .scalar_subquery()
    )
    return (
        select(
            number.label("number"),
            consultations.c.client,
            *(_or_empty(consultation_orders.c[name]) for name in ORDER_KIND[1:4]),
            cards.c.card,
            cards.c.rule,
            cards.c.indicator,
            case((offers, 1), else_=0).label("offers"),
            *(_or_empty(feedback.c[name]) for name in ("outcome", *REASON_KIND[2:])),
        )
        .select_from(source.join(cards, cards.c.consultation_id == consultations.c.id))
        .outerjoin(
            consultation_orders,
            and_(
                consultation_orders.c.consultation_id == cards.c.consultation_id,
                consultation_orders.c.position == place,
            ),
        )
        .outerjoin(feedback, feedback.c.id == decided_last)
        .where(*conditions)
        .cte("shown")
        .prefix_with(ONCE)
    )


def _grouped(
    part: str,
    each: CTE,
    by: tuple[str, ...],
    every: tuple[str, ...],
    counts: Iterable[ColumnElement[Any]],
    condition: ColumnElement[bool] | None = None,
    most: int = MOST_KINDS,
) -> Select[Any]:
    """Return a row for each group `by`, the most frequent first, no more than `most`.

    It has the columns `every`, empty where they do not tell the groups apart, and the `counts`.
    """
    told = (
        each.c[name] if name in by else sql_cast(null(), each.c[name].type).label(name)
        for name in every
    )
    keys = [each.c[name] for name in by]
    groups = select(literal(part).label("part"), *told, *counts).group_by(*keys)
    if condition is not None:
        groups = groups.where(condition)
    limited: FromClause = groups.order_by(func.count().desc(), *keys).limit(most).subquery()
    return select(limited)


def _or_empty(named: ColumnElement[str]) -> ColumnElement[str]:
    return func.coalesce(named, "").label(named.key)
