"""The insights on a PostgreSQL that goes away and comes back."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cds_service.app import create_app
from cds_service.content.library import Content
from cds_service.journal.journal import Journal
from cds_service.journal.keys import SiteKey
from cds_service.journal.spool import Spool
from cds_service.journal.store import JournalStore
from cds_service.settings import Settings
from cds_service.web.operations import operations
from tests.fake_advisor import FakeAdvisor
from tests.journal.servers import Postgres, postgres_server
from tests.web.insights.conftest import fill


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_the_page_says_that_the_journal_is_away_and_shows_it_when_it_is_back(
    postgres: Postgres, content: Content, tmp_path: Any
):
    store = JournalStore(postgres.new_database("insights"), longest=5.0)
    fill(store)
    journal = Journal(
        store, Spool(tmp_path / "spool", 1_000_000), SiteKey(b"k" * 32), retry_interval=0.1
    )
    try:
        advisor: Any = FakeAdvisor()
        advisor.content = content
        settings = Settings()
        client = create_app(
            settings, advisor, operations(settings, advisor, journal=journal)
        ).test_client()
        before = client.get("/insights/summary.csv").text
        assert "Cards shown," in before
        postgres.stop(abruptly=True)
        page = client.get("/insights")
        assert page.status_code == 503
        assert "The journal is away" in page.text
        assert "psycopg" not in page.text
        file = client.get("/insights/summary.csv")
        assert (file.status_code, file.json["resourceType"]) == (503, "OperationOutcome")
        postgres.start()
        assert within(60, lambda: client.get("/insights").status_code == 200)
        assert client.get("/insights/summary.csv").text == before
    finally:
        journal.close()
