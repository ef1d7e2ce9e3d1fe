"""Migrations of the journal's tables, run by the service itself when it starts."""

import threading
import time

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from cds_service.journal.errors import NewerTables
from cds_service.journal.fit import usable
from cds_service.journal.patience import DEADLINE
from cds_service.journal.version import VERSION_TABLE

__all__ = ["VERSION_TABLE", "bring_up_to_date", "upgrade"]

# Any number will do, as long as every process of the service uses the same.
_ADVISORY_LOCK = 4_117_302_026
_LONGEST_MIGRATION = 600
# Alembic's context is global to the process.
_one_at_a_time = threading.Lock()


def bring_up_to_date(engine: Engine) -> None:
    """Do `upgrade` to the last revision.

    Raises:
        NewerTables: the tables were made by a newer version of the service.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or refuses.
    """
    try:
        upgrade(engine)
    except CommandError:
        raise NewerTables from None


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables behind `engine` to `revision`, creating what is not there.

    Processes that start together take turns: in PostgreSQL by an advisory lock, in SQLite by the
    write lock that the transaction takes first (`engines`). All happens in one transaction: a
    failed migration leaves the tables as they were. Tables that a newer version made are left
    alone if this one can use them (`fit`).

    Raises:
        alembic.util.CommandError: a newer version made the tables, and this one cannot use them.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or refuses.
    """
    with _one_at_a_time, engine.begin() as connection:
        _wait_for_turn(connection)
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "cds_service.journal:migrations")
        if not (_newer(connection, config) and usable(connection)):
            command.upgrade(config, revision)


def _newer(connection: Connection, config: Config) -> bool:
    """Say whether the tables are at a revision that this version does not know."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    return not known.issuperset(context.get_current_heads())


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.info[DEADLINE] = time.monotonic() + _LONGEST_MIGRATION
        connection.execute(text(f"SET LOCAL statement_timeout = '{_LONGEST_MIGRATION}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
