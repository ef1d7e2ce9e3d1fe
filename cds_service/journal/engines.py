"""Connections to the journal's database: SQLite in a file, or PostgreSQL."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InvalidRequestError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from cds_service.journal.errors import JournalMisconfigured, JournalUnavailable
from cds_service.journal.patience import Patience

WRITES = {"writes": True}
"""Execution options of a connection that is going to write."""

_BUSY_SECONDS = 5.0
_PRAGMAS = (
    "PRAGMA synchronous = FULL",  # a commit that was answered survives a loss of power
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is pruned is overwritten
)
# A network that swallows packets must not hold a request for minutes.
_POSTGRESQL_ARGUMENTS = {
    "connect_timeout": 2,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
    "application_name": "imaging-advisor",
}


class RefusedByDatabase(Exception):  # noqa: N818 - it reads as what happened
    """Raised when the database works and will never take what was to be written."""


def open_engine(url: str | URL, threads: int = 8, longest: float | None = None) -> Engine:
    """Return the engine for `url`, for as many as `threads` requests at once; nothing connects.

    `longest` is how many seconds one transaction in PostgreSQL may take, whatever the reason.

    Raises:
        JournalMisconfigured: `url` names no file and no PostgreSQL database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise JournalMisconfigured("The journal's URL is not a database URL.") from None
    pool = {"pool_size": min(threads, 8), "max_overflow": threads, "pool_timeout": 2.0}
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return _sqlite(parsed, pool)
    if backend == "postgresql":
        return _postgresql(parsed, pool, longest)
    raise JournalMisconfigured("The journal's URL must be sqlite:///FILE or postgresql://….")


@contextmanager
def unit_of_work(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """Give a connection in a transaction, committed at the end unless an error comes up.

    Raises:
        JournalUnavailable: the database cannot be used now.
        RefusedByDatabase: it can, but not for this.
    """
    try:
        chosen = engine.execution_options(**WRITES) if writes else engine
        with chosen.begin() as connection:
            yield connection
    except (DataError, IntegrityError):
        raise RefusedByDatabase from None
    except (DBAPIError, NoFreeConnection, InvalidRequestError) as problem:
        raise JournalUnavailable(_reason(problem)) from None
    except StatementError:  # a value that the driver cannot send
        raise RefusedByDatabase from None


def _reason(problem: Exception) -> str:
    """Return what is wrong without the driver's text, which may hold data and addresses."""
    cause = getattr(problem, "orig", None) or problem
    return f"The journal's database cannot be used ({type(cause).__name__})."


def _sqlite(url: URL, pool: dict[str, Any]) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None}, **pool
    )
    file = Path(str(url.database))

    @event.listens_for(engine, "do_connect")
    def make_file(*_arguments: object) -> None:
        # before SQLite does, which leaves it readable to others; its log files follow suit
        try:
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError:
            return  # SQLite says what is wrong

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        _write_ahead(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes then cannot wait for its turn.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; two that open a new file at once may not wait by themselves.

    Raises:
        sqlite3.OperationalError: the file stays locked, or cannot be written.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _postgresql(url: URL, pool: dict[str, Any], longest: float | None) -> Engine:
    options = "-c timezone=UTC"
    if longest:
        options += f" -c statement_timeout={int(longest * 1000)}"
    arguments = {**_POSTGRESQL_ARGUMENTS, "options": options}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={name: each for name, each in arguments.items() if name not in url.query},
        pool_pre_ping=longest is None,
        pool_recycle=1800,
        **pool,
    )
    if longest:
        Patience(engine, longest)
    return engine
