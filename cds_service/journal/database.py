"""The database that the journal is in: made ready at its first use, written by one at a time."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module

from sqlalchemy import Connection, Dialect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from cds_service.journal.engines import WRITES, open_engine, unit_of_work
from cds_service.journal.errors import JournalUnavailable, NewerTables
from cds_service.journal.schema import consultations
from cds_service.journal.turns import Turns
from cds_service.journal.version import is_latest

_LONGEST_TURN = 5.0


class Database:
    """A database with the journal's tables; safe to share between threads.

    Nothing connects before the first use, which also brings the tables up to date.
    """

    def __init__(self, url: str | URL, threads: int = 8, longest: float | None = None) -> None:
        """Keep `url`; `threads` is how many requests use the database at the same time.

        `longest` is how many seconds one of them may wait for PostgreSQL, even for one that hangs.

        Raises:
            JournalMisconfigured: `url` names no file and no PostgreSQL database.
        """
        self._engine = open_engine(url, threads, longest)
        # SQLite lets one write at a time and has the others look again and again: they would find
        # the file free by chance. PostgreSQL sees to it by itself.
        self._turn: AbstractContextManager[object] = (
            Turns(_LONGEST_TURN) if self.dialect.name == "sqlite" else nullcontext()
        )
        self._prepared = False
        self._preparing = threading.Lock()

    @property
    def dialect(self) -> Dialect:
        """Return the kind of SQL that it understands."""
        return self._engine.dialect

    def prepare(self) -> None:
        """Bring the tables up to date.

        Raises:
            JournalUnavailable: the database cannot be used, or only by a newer version.
        """
        if not self._preparing.acquire(timeout=_LONGEST_TURN):
            raise JournalUnavailable("The journal's tables are being brought up to date.")
        try:
            if not self._prepared:
                if not is_latest(self._engine):
                    # imported only when needed: a service that starts again is ready sooner
                    migrations = import_module("cds_service.journal.migrations")
                    migrations.bring_up_to_date(self._engine.execution_options(**WRITES))
                self._prepared = True
        except NewerTables:
            reason = "The journal's tables are those of a newer version of the service."
            raise JournalUnavailable(reason, retry_after=60) from None
        except SQLAlchemyError as problem:
            raise JournalUnavailable(_not_prepared(problem)) from None
        finally:
            self._preparing.release()

    def ping(self) -> None:
        """Do nothing if the database can be written and its tables are there.

        Raises:
            JournalUnavailable: it cannot be used now.
        """
        try:
            with self.unit(writes=True) as connection:
                connection.execute(select(consultations.c.id).limit(1))
        except JournalUnavailable:
            self._prepared = False  # it may come back as another database, without our tables
            raise

    @contextmanager
    def unit(self, *, writes: bool, snapshot: bool = False) -> Iterator[Connection]:
        """Give a connection in a transaction, as `unit_of_work` does, to tables that are there.

        With `snapshot`, all its reads see the journal of one instant.

        Raises:
            JournalUnavailable: the database cannot be used now.
            RefusedByDatabase: it can, but not for this.
        """
        if not self._prepared:
            self.prepare()
        turn = self._turn if writes else nullcontext()
        engine = self._engine
        if snapshot and engine.dialect.name == "postgresql":  # in SQLite every transaction does
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with turn, unit_of_work(engine, writes=writes) as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _not_prepared(problem: SQLAlchemyError) -> str:
    """Return what is wrong without the driver's text, which may hold data and addresses."""
    cause = getattr(problem, "orig", None) or problem
    kind = type(cause).__name__
    if isinstance(problem, OperationalError):
        return f"The journal's database cannot be reached or opened ({kind})."
    if type(cause) is sqlite3.DatabaseError:
        return f"The journal's file is no database, or is damaged ({kind})."
    return f"The journal's tables could not be brought up to date ({kind})."
