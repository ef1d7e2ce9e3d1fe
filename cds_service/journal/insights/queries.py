"""The questions to the journal's tables, in SQL that SQLite and PostgreSQL understand alike.

Each answer has at most as many rows as there are steps, or kinds of orders, cards and reasons:
what the database sends does not grow with the number of calls.
"""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    case,
    column,
    exists,
    func,
    select,
    true,
    values,
)
from sqlalchemy import cast as sql_cast

from cds_service.journal.export import known_card
from cds_service.journal.insights.view import View
from cds_service.journal.schema import (
    UtcTime,
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

PERCENTILES = (50, 95, 99)

_INCOMPLETE = sql_cast(consultations.c.missing, Text) != "[]"
_KIND = (
    consultation_orders.c.topic,
    consultation_orders.c.variant,
    consultation_orders.c.procedure,
)


def calls(view: View) -> Select[Any]:
    """Return for each step: its number, calls, and calls with an incomplete chart."""
    steps = _steps(view)
    return (
        select(steps.c.number, func.count(), _count(_INCOMPLETE))
        .join_from(steps, consultations, _within(steps))
        .where(*_chosen(view))
        .group_by(steps.c.number)
    )


def orders_over_time(view: View) -> Select[Any]:
    """Return for each step: its number, orders, and orders with a card."""
    steps = _steps(view)
    return (
        select(steps.c.number, func.count(), _count(_has_card()))
        .join_from(steps, consultations, _within(steps))
        .join(consultation_orders)
        .where(*_chosen(view))
        .group_by(steps.c.number)
    )


def cards_over_time(view: View) -> Select[Any]:
    """Return for each step: its number, cards, cards accepted, and cards overridden."""
    steps, outcome = _steps(view), _outcomes(view)
    return (
        select(
            steps.c.number,
            func.count(),
            _count(outcome.c.outcome == "accepted"),
            _count(outcome.c.outcome == "overridden"),
        )
        .join_from(steps, consultations, _within(steps))
        .join(cards)
        .outerjoin(outcome, outcome.c.card == cards.c.uuid)
        .where(*_chosen(view))
        .group_by(steps.c.number)
    )


def latencies(view: View, *, whole: bool) -> Select[Any]:
    """Return for each step, or for the `whole` period: its number, and the `PERCENTILES`.

    They are nearest ranks: the least time that so many of the calls did not exceed.
    """
    steps = _steps(view, whole=whole)
    ranked = (
        select(
            steps.c.number,
            consultations.c.latency_ms,
            func.row_number()
            .over(partition_by=steps.c.number, order_by=consultations.c.latency_ms)
            .label("rank"),
            func.count().over(partition_by=steps.c.number).label("calls"),
        )
        .join_from(steps, consultations, _within(steps))
        .where(*_chosen(view))
        .subquery()
    )
    reached = (
        func.min(case((ranked.c.rank * 100 >= share * ranked.c.calls, ranked.c.latency_ms)))
        for share in PERCENTILES
    )
    return select(ranked.c.number, *reached).group_by(ranked.c.number)


def kinds_of_orders(view: View) -> Select[Any]:
    """Return for each kind of order: client, topic, variant, procedure, rating, and counts."""
    kind = (consultations.c.client, *_KIND, consultation_orders.c.rating)
    return (
        select(
            *kind,
            func.count().label("number"),
            _count(_has_card()).label("with_card"),
            _count(_INCOMPLETE).label("incomplete"),
        )
        .join_from(consultations, consultation_orders)
        .where(*_in_period(view))
        .group_by(*kind)
        .limit(MOST_KINDS)
    )


def kinds_of_cards(view: View) -> Select[Any]:
    """Return for each kind of card: client, order, card, rule, outcome, and how many."""
    outcome = _outcomes(view)
    offers = exists().where(suggestions.c.card_uuid == cards.c.uuid).correlate(cards)
    first = consultation_orders.alias()  # several drafts without an id have one key
    place = (
        select(func.min(first.c.position))
        .where(
            first.c.consultation_id == cards.c.consultation_id,
            first.c.order_key == cards.c.order_key,
        )
        .correlate(cards)
        .scalar_subquery()
    )
    each = (
        select(
            consultations.c.client,
            *(func.coalesce(named, "").label(named.name) for named in _KIND),
            cards.c.card,
            cards.c.rule,
            cards.c.indicator,
            case((offers, 1), else_=0).label("offers"),
            func.coalesce(outcome.c.outcome, "").label("outcome"),
        )
        .join_from(consultations, cards)
        .outerjoin(
            consultation_orders,
            and_(
                consultation_orders.c.consultation_id == cards.c.consultation_id,
                consultation_orders.c.position == place,
            ),
        )
        .outerjoin(outcome, outcome.c.card == cards.c.uuid)
        .where(*_in_period(view))
        .subquery()
    )
    return select(*each.c, func.count().label("number")).group_by(*each.c).limit(MOST_KINDS)


def reasons(view: View) -> Select[Any]:
    """Return for each rule, card and reason of an override: how often; the frequent ones first."""
    outcome = _outcomes(view)
    kind = (cards.c.rule, cards.c.card, outcome.c.reason_system, outcome.c.reason_code)
    number = func.count().label("number")
    return (
        select(*kind, number)
        .join_from(outcome, cards, outcome.c.card == cards.c.uuid)
        .where(outcome.c.outcome == "overridden")
        .group_by(*kind)
        .order_by(number.desc(), *kind)
        .limit(MOST_REASONS)
    )


def missing_sources(view: View, dialect: str) -> Select[Any]:
    """Return for each resource type that could not be read to the end: in how many calls."""
    unpack = func.json_each if dialect == "sqlite" else func.json_array_elements_text
    listed = unpack(consultations.c.missing).table_valued("value")
    source, number = sql_cast(listed.c.value, Text), func.count().label("number")
    return (
        select(source, number)
        .select_from(consultations.join(listed, true()))
        .where(*_in_period(view), _INCOMPLETE)
        .group_by(source)
        .order_by(number.desc(), source)
    )


def versions(view: View) -> Select[Any]:
    """Return each version of the content: its first and last call of the period, and how many."""
    at = consultations.c.at
    return (
        select(
            consultations.c.content_version,
            func.min(at, type_=UtcTime),
            func.max(at, type_=UtcTime),
            func.count(),
        )
        .where(*_in_period(view))
        .group_by(consultations.c.content_version)
        .order_by(func.min(at), consultations.c.content_version)
    )


def clients(view: View) -> Select[Any]:
    """Return each client that called in the period, whichever is chosen, and how often."""
    return (
        select(consultations.c.client, func.count())
        .where(consultations.c.at >= view.since, consultations.c.at < view.until)
        .group_by(consultations.c.client)
        .order_by(consultations.c.client)
    )


def unmatched(view: View) -> Select[Any]:
    """Return how much feedback was received in the period about cards that are not known."""
    conditions = [feedback.c.received_at >= view.since, feedback.c.received_at < view.until]
    if view.client:
        conditions.append(feedback.c.client == view.client)
    return select(func.count()).select_from(feedback).where(*conditions, ~known_card())


def anything() -> Select[Any]:
    """Return one row if the journal holds any call."""
    return select(consultations.c.id).limit(1)


def _steps(view: View, *, whole: bool = False) -> CTE:
    """Return the steps as rows: number, and from when until before when each lasts."""
    spans = ((view.since, view.until),) if whole else view.spans
    rows = [(number, *span) for number, span in enumerate(spans)]
    named = (column("number", Integer), column("since", UtcTime), column("until", UtcTime))
    return values(*named, name="steps").data(rows).cte("steps")


def _within(steps: CTE) -> ColumnElement[bool]:
    return and_(consultations.c.at >= steps.c.since, consultations.c.at < steps.c.until)


def _chosen(view: View) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters, without that of the period."""
    conditions: list[ColumnElement[bool]] = []
    if view.client:
        conditions.append(consultations.c.client == view.client)
    if view.hook:
        conditions.append(consultations.c.hook == view.hook)
    return conditions


def _in_period(view: View) -> list[ColumnElement[bool]]:
    at = consultations.c.at
    return [at >= view.since, at < view.until, *_chosen(view)]


def _has_card() -> ColumnElement[bool]:
    return (
        exists()
        .where(
            cards.c.consultation_id == consultation_orders.c.consultation_id,
            cards.c.order_key == consultation_orders.c.order_key,
        )
        .correlate(consultation_orders)
    )


def _outcomes(view: View) -> Subquery:
    """Return what each card of the period came to: the outcome decided last by its client.

    Of two decided in one instant an acceptance wins, then what was received last.
    """
    accepted = case((feedback.c.outcome == "accepted", 1), else_=0)
    ranked = (
        select(
            feedback.c.card,
            feedback.c.outcome,
            feedback.c.reason_system,
            feedback.c.reason_code,
            func.row_number()
            .over(
                partition_by=feedback.c.card,
                order_by=(
                    feedback.c.outcome_at.desc(),
                    accepted.desc(),
                    feedback.c.received_at.desc(),
                    feedback.c.id,
                ),
            )
            .label("place"),
        )
        .join_from(consultations, cards)
        .join(
            feedback,
            and_(feedback.c.card == cards.c.uuid, feedback.c.client == consultations.c.client),
        )
        .where(*_in_period(view))
        .subquery()
    )
    return select(*ranked.c).where(ranked.c.place == 1).subquery("outcomes")


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return how often `condition` holds."""
    return func.sum(case((condition, 1), else_=0))

