"""Databases and servers for tests of the journal."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cds_service.journal.journal import Journal
from cds_service.journal.keys import SiteKey
from cds_service.journal.spool import Spool
from cds_service.journal.store import JournalStore
from tests.journal.servers import Postgres, postgres_server, redis_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Return a PostgreSQL server for all tests."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Return the URL of a Redis server for all tests."""
    with redis_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """Return the URL of a new PostgreSQL database."""
    name = f"journal-{uuid4()}"
    yield postgres.new_database(name)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a new database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.sqlite3"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def open_store() -> Iterator[Callable[[str], JournalStore]]:
    """Return a maker of stores, all closed at the end."""
    opened: list[JournalStore] = []

    def make(url: str, longest: float | None = 5.0) -> JournalStore:
        opened.append(JournalStore(url, longest=longest))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(url: str, open_store: Callable[[str], JournalStore]) -> JournalStore:
    """Return a store on a new database, of either kind."""
    return open_store(url)


@pytest.fixture
def open_journal(tmp_path: Path) -> Iterator[Callable[..., Journal]]:
    """Return a maker of journals, all closed at the end."""
    opened: list[Journal] = []

    def make(store: Any, spool_bytes: int = 1_000_000, **options: Any) -> Journal:
        spool = Spool(tmp_path / "spool", spool_bytes)
        options = {"flush_interval": 0.02, "retry_interval": 0.05, **options}
        opened.append(Journal(store, spool, SiteKey(b"k" * 32), **options))
        return opened[-1]

    yield make
    for journal in opened:
        journal.close()
