"""All tables of the page, made of what the journal shows.

Sums are made over kinds of orders and cards, so that each grouping adds up to the same whole.
"""

from datetime import date

from cds_service.journal.insights.result import Insights
from cds_service.journal.insights.view import View
from cds_service.web.insights.cardtables import by_indicator, by_rule, loudest
from cds_service.web.insights.names import Names
from cds_service.web.insights.ordertables import by_order, missing, not_assessed
from cds_service.web.insights.overtime import over_time
from cds_service.web.insights.overview import summary, versions
from cds_service.web.insights.reasons import reasons, reasons_by_rule
from cds_service.web.insights.table import Table

TABLES = (
    "summary",
    "calls",
    "cards-per-100-orders",
    "outcomes",
    "latency",
    "by-rule",
    "loudest",
    "reasons",
    "by-indicator",
    "reasons-by-rule",
    "by-topic",
    "by-variant",
    "by-procedure",
    "by-client",
    "not-assessed",
    "missing",
    "versions",
)
"""Their ids, in the order of the page; they are addresses too, and do not change."""


def tables(found: Insights, view: View, names: Names, today: date) -> dict[str, Table]:
    """Return all tables by their ids, in the order of the page; `today` is not over yet."""
    made = (
        summary(found),
        *over_time(found, view, today),
        by_rule(found, names),
        loudest(found, names),
        reasons(found, names),
        by_indicator(found, names),
        reasons_by_rule(found, names),
        by_order(
            *(found, "topic", "Topics", lambda kind: names.topic(kind.topic)),
            note="The topic whose guideline speaks about the order.",
        ),
        by_order(
            *(found, "variant", "Variants", lambda kind: names.variant(kind.variant)),
            note="The variant of the guideline that decided.",
        ),
        by_order(
            *(found, "procedure", "Procedures", lambda kind: names.procedure(kind.procedure)),
            note="The study as it was ordered.",
        ),
        by_order(
            *(found, "client", "Clients", lambda kind: names.client(kind.client)),
            note="Where a client reports no feedback at all, its cards may still be acted on.",
        ),
        not_assessed(found),
        missing(found),
        versions(found, view),
    )
    return {table.id: table for table in made}
