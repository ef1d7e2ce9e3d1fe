"""The questions about calls: how many, how quick, from whom, with what missing and which content.

They are in SQL that SQLite and PostgreSQL understand alike.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Executable,
    Float,
    Integer,
    Select,
    Text,
    case,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy import cast as sql_cast

from cds_service.journal.insights.selection import INCOMPLETE, ONCE, STEP, in_period, in_steps
from cds_service.journal.insights.view import View
from cds_service.journal.schema import UtcTime, consultations

WHOLE = "whole"
"""Says in the first column of a row that it is about the whole period."""

PERCENTILES = (50, 95, 99)


def calls(view: View, dialect: str) -> CompoundSelect[Any]:
    """Return for each step and the whole: number of calls, incomplete ones, and `PERCENTILES`.

    The percentiles of the answer times are nearest ranks: the least time that so many of the
    calls did not exceed.
    """
    source, number, conditions = in_steps(view, dialect)
    each = (
        select(
            number.label("number"),
            consultations.c.latency_ms,
            INCOMPLETE.label("incomplete"),
            _rank(consultations.c.latency_ms, number).label("place"),
            func.count().over(partition_by=number).label("calls"),
            _rank(consultations.c.latency_ms).label("place_in_whole"),
            func.count().over().label("calls_in_whole"),
        )
        .select_from(source)
        .where(*conditions)
        .cte("answered")
        .prefix_with(ONCE)
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


def missing_sources(view: View, dialect: str) -> Executable:
    """Return for each resource type that could not be read to the end: in how many calls."""
    unpack = func.json_each if dialect == "sqlite" else func.json_array_elements_text
    listed = unpack(consultations.c.missing).table_valued("value")
    source, number = sql_cast(listed.c.value, Text), func.count().label("number")
    return (
        select(source, number)
        .select_from(consultations.join(listed, true()))
        .where(*in_period(view), INCOMPLETE == 1)
        .group_by(source)
        .order_by(number.desc(), source)
    )


def versions(view: View) -> Select[Any]:
    """Return each version of the content: its first and last call of the period, and how many."""
    at, version = consultations.c.at, consultations.c.content_version
    first = func.min(at, type_=UtcTime)
    return (
        select(version, first, func.max(at, type_=UtcTime), func.count())
        .where(*in_period(view))
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


def anything() -> Select[Any]:
    """Return one row if the journal holds any call."""
    return select(consultations.c.id).limit(1)


def _rank(value: ColumnElement[float], within: ColumnElement[Any] | None = None) -> Any:
    return func.row_number().over(partition_by=within, order_by=value)


def _percentiles(
    place: ColumnElement[int], number: ColumnElement[int], value: ColumnElement[float]
) -> list[ColumnElement[float]]:
    return [
        func.min(case((place * 100 >= share * number, value)), type_=Float) for share in PERCENTILES
    ]
