"""The questions to the journal's tables, in SQL that SQLite and PostgreSQL understand alike.

Each reads the period once and groups it in several ways; a row says in its first column which way
it belongs to. There are at most as many rows as there are steps, and kinds of orders, cards and
reasons: what the database sends does not grow with the number of calls.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Executable,
    Float,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    case,
    column,
    exists,
    func,
    literal,
    null,
    select,
    true,
    union_all,
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

STEP, WHOLE, KIND, REASON = "step", "whole", "kind", "reason"
"""What a row is about: one step of time, the whole period, one kind, or one reason."""

PERCENTILES = (50, 95, 99)
ORDER_KIND = ("client", "topic", "variant", "procedure", "rating")
CARD_KIND = (
    *("client", "topic", "variant", "procedure"),
    *("card", "rule", "indicator", "offers", "outcome"),
)
REASON_KIND = ("rule", "card", "reason_system", "reason_code")

_ONCE = "MATERIALIZED"  # or each way of grouping would read the period again
_INCOMPLETE = case((sql_cast(consultations.c.missing, Text) != "[]", 1), else_=0)


def calls(view: View, dialect: str) -> CompoundSelect[Any]:
    """Return for each step and the whole: number of calls, incomplete ones, and `PERCENTILES`.

    The percentiles of the answer times are nearest ranks: the least time that so many of the
    calls did not exceed.
    """
    source, number, conditions = _in_steps(view, dialect)
    each = (
        select(
            number.label("number"),
            consultations.c.latency_ms,
            _INCOMPLETE.label("incomplete"),
            _rank(consultations.c.latency_ms, number).label("place"),
            func.count().over(partition_by=number).label("calls"),
            _rank(consultations.c.latency_ms).label("place_in_whole"),
            func.count().over().label("calls_in_whole"),
        )
        .select_from(source)
        .where(*conditions)
        .cte("answered")
        .prefix_with(_ONCE)
    )
    counts = (func.count(), func.sum(each.c.incomplete))
    whole = _percentiles(each.c.place_in_whole, each.c.calls_in_whole, each.c.latency_ms)
    return union_all(
        select(
            literal(STEP),
            each.c.number,
            *counts,
            *_percentiles(each.c.place, each.c.calls, each.c.latency_ms),
        ).group_by(each.c.number),
        select(literal(WHOLE), sql_cast(null(), Integer), *counts, *whole),
    )


def orders(view: View, dialect: str) -> CompoundSelect[Any]:
    """Return for each step and each `ORDER_KIND`: orders, those with a card, and incomplete ones.

    An order is incomplete if a source of the chart could not be read to the end.
    """
    source, number, conditions = _in_steps(view, dialect)
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
            _INCOMPLETE.label("incomplete"),
        )
        .select_from(
            source.join(
                consultation_orders, consultation_orders.c.consultation_id == consultations.c.id
            )
        )
        .where(*conditions)
        .cte("ordered")
        .prefix_with(_ONCE)
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


def missing_sources(view: View, dialect: str) -> Executable:
    """Return for each resource type that could not be read to the end: in how many calls."""
    unpack = func.json_each if dialect == "sqlite" else func.json_array_elements_text
    listed = unpack(consultations.c.missing).table_valued("value")
    source, number = sql_cast(listed.c.value, Text), func.count().label("number")
    return (
        select(source, number)
        .select_from(consultations.join(listed, true()))
        .where(*_in_period(view), _INCOMPLETE == 1)
        .group_by(source)
        .order_by(number.desc(), source)
    )


def versions(view: View) -> Select[Any]:
    """Return each version of the content: its first and last call of the period, and how many."""
    at, version = consultations.c.at, consultations.c.content_version
    first = func.min(at, type_=UtcTime)
    return (
        select(version, first, func.max(at, type_=UtcTime), func.count())
        .where(*_in_period(view))
        .group_by(version)
        .order_by(first, version)
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


def _cards(view: View, dialect: str) -> CTE:
    """Return every card of the period, with the order it is about and the outcome that counts."""
    source, number, conditions = _in_steps(view, dialect)
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
        .prefix_with(_ONCE)
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


def _in_steps(
    view: View, dialect: str
) -> tuple[FromClause, ColumnElement[int], list[ColumnElement[bool]]]:
    """Return the calls, the number of the step in which each was, and the conditions of the view.

    SQLite looks up the calls of each step by their index, and takes a worse way when it is told the
    period besides. PostgreSQL would compare each call with each step; it has a function that finds
    the step by halving.
    """
    if dialect != "sqlite":
        # as in the store: it takes long to import, and most journals are files
        from sqlalchemy.dialects.postgresql import array  # noqa: PLC0415

        bounds = array([literal(since, UtcTime) for since, _ in view.spans])
        number = func.width_bucket(consultations.c.at, bounds, type_=Integer) - 1
        return consultations, number, _in_period(view)
    rows = [(number, *span) for number, span in enumerate(view.spans)]
    named = (column("number", Integer), column("since", UtcTime), column("until", UtcTime))
    steps = values(*named, name="steps").data(rows).cte("steps")
    at = consultations.c.at
    within = and_(at >= steps.c.since, at < steps.c.until)
    return steps.join(consultations, within), steps.c.number, _filters(view)


def _in_period(view: View) -> list[ColumnElement[bool]]:
    """Return the conditions of the period and the filters."""
    at = consultations.c.at
    return [at >= view.since, at < view.until, *_filters(view)]


def _filters(view: View) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters, without that of the period."""
    chosen = ((consultations.c.client, view.client), (consultations.c.hook, view.hook))
    return [named == value for named, value in chosen if value]


def _rank(value: ColumnElement[float], within: ColumnElement[Any] | None = None) -> Any:
    return func.row_number().over(partition_by=within, order_by=value)


def _percentiles(
    place: ColumnElement[int], number: ColumnElement[int], value: ColumnElement[float]
) -> list[ColumnElement[float]]:
    return [
        func.min(case((place * 100 >= share * number, value)), type_=Float) for share in PERCENTILES
    ]


def _or_empty(named: ColumnElement[str]) -> ColumnElement[str]:
    return func.coalesce(named, "").label(named.key)
