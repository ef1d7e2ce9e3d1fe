"""The page of what the content covers is what the command prints.

``UPDATE_DOCS=1 pytest tests/docs`` writes it anew.
"""

import os

from cds_service.cli.coveragepage import page
from cds_service.content.coverage.report import coverage
from cds_service.content.load import Loaded
from tests.docs.test_readme import ROOT

PAGE = ROOT / "docs" / "coverage.md"


def test_the_coverage_page_is_current(loaded: Loaded) -> None:
    wanted = page(coverage(loaded))
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted, (
        "docs/coverage.md is stale: make docs, or UPDATE_DOCS=1 pytest tests/docs"
    )
