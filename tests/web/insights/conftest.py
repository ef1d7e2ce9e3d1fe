"""The insights over HTTP on a journal of its own."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.clients.model import LOCAL_CLIENTS, Client, Clients
from cds_service.content.library import Content
from cds_service.journal.journal import Journal
from cds_service.journal.keys import SiteKey
from cds_service.journal.specimen import Specimen
from cds_service.journal.spool import Spool
from cds_service.journal.store import JournalStore
from cds_service.settings import Settings
from cds_service.web.insights import routes
from cds_service.web.operations import operations
from tests.fake_advisor import FakeAdvisor

CALLS = 200
TODAY = datetime.now(UTC).date()


class _Noon(datetime):
    """The clock of the page, which stays at noon of `TODAY` when a night falls over the tests."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.combine(TODAY, time(12), tz)


AGREED = Clients((Client(id="ehr", title="The EHR", issuer="https://ehr.example"),))


def fill(store: JournalStore, calls: int = CALLS, last: date = TODAY, days: int = 30) -> None:
    events = Specimen(calls, last, days).events()
    while batch := list(islice(events, 500)):
        store.write([each for each, _ in batch])
        store.write_feedback([each for _, given in batch for each in given])


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the days of the page be those of the tests."""
    monkeypatch.setattr(routes, "datetime", _Noon)


@pytest.fixture
def store(tmp_path: Path) -> JournalStore:
    return JournalStore(f"sqlite:///{tmp_path}/journal.sqlite3")


@pytest.fixture
def journal(store: JournalStore, tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(store, Spool(tmp_path / "spool", 1_000_000), SiteKey(b"k" * 32))
    yield opened
    opened.close()


Open = Callable[..., FlaskClient]


@pytest.fixture
def site(journal: Journal, content: Content) -> Open:
    """Return a maker of HTTP clients of a service with `journal`, in local mode by default."""

    def make(local: bool = True, kept: Journal | None = journal, **settings: Any) -> FlaskClient:
        chosen = Settings(**settings)
        advisor: Any = FakeAdvisor()
        advisor.content = content
        clients = LOCAL_CLIENTS if local else AGREED
        parts = operations(chosen, advisor, clients=clients, journal=kept)
        return create_app(chosen, advisor, parts).test_client()

    return make
