"""docs/insights.md names every table and column that the page has."""

import re
from datetime import date
from pathlib import Path

from cds_service.clients.model import LOCAL_CLIENTS
from cds_service.content.library import Content
from cds_service.journal.insights.result import Insights
from cds_service.journal.insights.view import View
from cds_service.web.insights.names import Names
from cds_service.web.insights.tables import TABLES, tables

DOCS = Path(__file__).parents[2] / "docs"
NOTHING = Insights(
    steps=(),
    latency=None,
    orders=(),
    cards=(),
    reasons=(),
    reasons_left_out=0,
    missing=(),
    versions=(),
    clients=(),
    unmatched=0,
    empty=True,
)


def test_every_table_and_column_is_defined(content: Content):
    text = (DOCS / "insights.md").read_text(encoding="utf-8")
    section = text[text.index("## Every table") : text.index("## Files")]
    told = set(re.findall("`([^`]+)`", section))
    day = date(2026, 11, 25)
    made = tables(NOTHING, View(first=day, last=day), Names(content, LOCAL_CLIENTS), day)
    assert tuple(made) == TABLES
    assert set(made) <= told
    assert {column.key for table in made.values() for column in table.columns} <= told
