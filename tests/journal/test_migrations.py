"""Tables are made and brought up to date by whoever starts, one at a time."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable

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
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    assert open_store(url).counts()["consultations"] == 0


def test_tables_of_a_newer_version_are_left_alone(
    url: str, open_store: Callable[[str], JournalStore]
):
    store = open_store(url)
    store.prepare()
    engine = open_engine(url)
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(JournalUnavailable, match="newer version"):
        open_store(url).ping()


def test_a_process_waits_for_the_one_that_migrates_however_long_that_takes(
    postgres_url: str, open_store: Callable[[str, float], JournalStore]
):
    waiting = open_store(postgres_url, 0.3)
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        thread = threading.Thread(target=waiting.prepare)
        thread.start()
        time.sleep(1.5)
        assert thread.is_alive()
        other.commit()
        thread.join(10)
    assert waiting.counts()["cards"] == 0
