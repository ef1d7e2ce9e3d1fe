"""The calls that a view selects, each with its step of time: what all questions begin with."""

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Text,
    and_,
    case,
    column,
    func,
    literal,
    values,
)
from sqlalchemy import cast as sql_cast

from cds_service.journal.insights.view import View
from cds_service.journal.schema import UtcTime, consultations

STEP = "step"
"""Says in the first column of a row that it is about one step of time."""

ONCE = "MATERIALIZED"  # or each way of grouping would read the period again
INCOMPLETE = case((sql_cast(consultations.c.missing, Text) != "[]", 1), else_=0)
"""1 for a call for which a source of the chart could not be read to the end, else 0."""


def in_steps(
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
        return consultations, number, in_period(view)
    rows = [(number, *span) for number, span in enumerate(view.spans)]
    named = (column("number", Integer), column("since", UtcTime), column("until", UtcTime))
    steps = values(*named, name="steps").data(rows).cte("steps")
    at = consultations.c.at
    within = and_(at >= steps.c.since, at < steps.c.until)
    return steps.join(consultations, within), steps.c.number, _filters(view)


def in_period(view: View) -> list[ColumnElement[bool]]:
    """Return the conditions of the period and the filters."""
    at = consultations.c.at
    return [at >= view.since, at < view.until, *_filters(view)]


def _filters(view: View) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters, without that of the period."""
    chosen = ((consultations.c.client, view.client), (consultations.c.hook, view.hook))
    return [named == value for named, value in chosen if value]
