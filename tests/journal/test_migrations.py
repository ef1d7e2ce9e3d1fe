"""Tables are made and brought up to date by whoever starts, one at a time."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from cds_service.journal.engines import open_engine
from cds_service.journal.errors import JournalUnavailable
from cds_service.journal.migrations import _ADVISORY_LOCK, VERSION_TABLE, upgrade
from cds_service.journal.schema import metadata
from cds_service.journal.store import JournalStore
from cds_service.journal.version import LATEST, is_latest
from tests.journal.events import Report
from tests.journal.test_store import event

_MIGRATE = """
import sys
from cds_service.journal.store import JournalStore
store = JournalStore(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
store.prepare()
store.close()
"""


def test_migrations_make_the_tables_that_the_code_uses(url: str):
    engine = open_engine(url)
    upgrade(engine.execution_options(writes=True))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_version_that_needs_no_migration_is_the_last_one(url: str):
    config = Config()
    config.set_main_option("script_location", "cds_service.journal:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [LATEST]
    engine = open_engine(url)
    assert not is_latest(engine)
    upgrade(engine.execution_options(writes=True))
    assert is_latest(engine)
    engine.dispose()


def test_migrations_can_be_taken_back_and_run_again(url: str):
    engine = open_engine(url)
    writing = engine.execution_options(writes=True)
    upgrade(writing)
    with writing.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "cds_service.journal:migrations")
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == [VERSION_TABLE]
    upgrade(writing)
    engine.dispose()


def test_processes_that_start_together_migrate_once(
    url: str, open_store: Callable[[str], JournalStore]
):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    assert open_store(url).counts()["consultations"] == 0


def newer_version(url: str, *changes: str) -> None:
    """Bring the tables to a revision that only a newer version knows."""
    engine = open_engine(url)
    upgrade(engine.execution_options(writes=True))
    with engine.execution_options(writes=True).begin() as connection:
        for change in (*changes, f"UPDATE {VERSION_TABLE} SET version_num = '9999'"):
            connection.execute(text(change))
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE feedback ADD COLUMN site TEXT",
        "ALTER TABLE feedback ADD COLUMN site TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE studies (id TEXT PRIMARY KEY)",
    ],
)
def test_tables_to_which_a_newer_version_only_added_are_used_and_left_alone(
    url: str, open_store: Callable[[str], JournalStore], change: str
):
    newer_version(url, change)
    store = open_store(url)
    assert store.first_use("iss", "jti", time.time() + 60)
    assert store.write_feedback([event(Report("card-1"))]).new == 1
    assert store.counts()["feedback"] == 1
    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one()
    engine.dispose()
    assert found == "9999"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE feedback RENAME COLUMN outcome TO result",
        "ALTER TABLE feedback RENAME TO reports",
        "CREATE TABLE other (id TEXT PRIMARY KEY); DROP TABLE suggestions",
    ],
)
def test_tables_that_lost_what_this_version_needs_are_not_used(
    url: str, open_store: Callable[[str], JournalStore], change: str
):
    newer_version(url, *change.split("; "))
    with pytest.raises(JournalUnavailable, match="newer version"):
        open_store(url).ping()


def test_a_column_that_has_to_be_filled_in_is_nothing_for_the_version_before(
    url: str, open_store: Callable[[str], JournalStore]
):
    newer_version(
        url,
        "DROP TABLE suggestions",
        "CREATE TABLE suggestions (uuid TEXT PRIMARY KEY, card_uuid TEXT NOT NULL,"
        " position INTEGER NOT NULL, site TEXT NOT NULL)",
    )
    with pytest.raises(JournalUnavailable, match="newer version"):
        open_store(url).ping()


def test_every_migration_leaves_tables_that_the_version_before_can_use(url: str):
    """Replicas of two versions work side by side, so a migration only adds."""
    engine = open_engine(url)
    writing = engine.execution_options(writes=True)
    config = Config()
    config.set_main_option("script_location", "cds_service.journal:migrations")
    history = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    assert len(history) > 1
    before: dict[str, dict[str, Any]] = {}
    for revision in reversed(history):
        upgrade(writing, revision)
        with engine.connect() as connection:
            asked = inspect(connection)
            now = {
                name: {each["name"]: each for each in asked.get_columns(name)}
                for name in asked.get_table_names()
            }
        for table, columns in before.items():
            assert now[table].keys() >= columns.keys(), f"{revision} takes from {table}"
            for name, column in columns.items():
                kept = (str(now[table][name]["type"]), now[table][name]["nullable"])
                assert kept == (str(column["type"]), column["nullable"]), (revision, table, name)
            for name in now[table].keys() - columns.keys():
                column = now[table][name]
                assert column["nullable"] or column["default"] is not None, (revision, table, name)
        before = now
    engine.dispose()


def test_a_process_waits_for_the_one_that_migrates_however_long_that_takes(
    postgres_url: str, open_store: Callable[[str, float], JournalStore]
):
    waiting = open_store(postgres_url, 0.3)
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        done: list[None] = []
        thread = threading.Thread(target=lambda: done.append(waiting.prepare()))
        thread.start()
        time.sleep(1.5)
        assert thread.is_alive()
        other.commit()
        thread.join(60)
    assert done == [None], "it came to its end without an error"
    with psycopg.connect(postgres_url) as patient:  # to whom a slow machine may be slow
        assert patient.execute("SELECT count(*) FROM cards").fetchone() == (0,)
