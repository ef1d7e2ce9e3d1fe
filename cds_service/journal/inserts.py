"""Many rows into one table at once; rows that are there already stay as they are.

The statements are made once, and values go to the driver as they are: texts and numbers, which
`cds_service.journal.rows` writes as the columns keep them. SQLite prepares a statement once and
runs it for each row. PostgreSQL would have each row sent and answered, so it gets all of them as
one JSON text, which costs the least here and no more there.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from sqlalchemy import Connection, Dialect, Table

Values = tuple[str | int | float, ...]


class Insert(Protocol):
    """Inserts rows into one table."""

    def __call__(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Insert `rows`, their values in the order of the table's columns."""
        ...


def insert_into(table: Table, dialect: Dialect) -> Insert:
    """Return what inserts into `table` of a database of `dialect`, SQLite or PostgreSQL."""
    return (_for_sqlite if dialect.name == "sqlite" else _for_postgresql)(table, dialect)


def _for_sqlite(table: Table, dialect: Dialect) -> Insert:
    places = ", ".join("?" for _ in table.columns)
    statement = _statement(table, dialect, f"VALUES ({places})")

    def insert(connection: Connection, rows: Sequence[Values]) -> None:
        if rows:
            connection.exec_driver_sql(statement, list(rows))

    return insert


def _for_postgresql(table: Table, dialect: Dialect) -> Insert:
    values = ", ".join(
        f"(made ->> {place})::{column.type.compile(dialect)}"
        for place, column in enumerate(table.columns)
    )
    source = f"SELECT {values} FROM jsonb_array_elements(%s::jsonb) AS made"  # noqa: S608
    statement = _statement(table, dialect, source)

    def insert(connection: Connection, rows: Sequence[Values]) -> None:
        if rows:
            connection.exec_driver_sql(statement, (msgspec.json.encode(rows).decode(),))

    return insert


def _statement(table: Table, dialect: Dialect, source: str) -> str:
    names = dialect.identifier_preparer
    columns = ", ".join(names.format_column(column) for column in table.columns)
    into = f"INSERT INTO {names.format_table(table)} ({columns})"
    return f"{into} {source} ON CONFLICT DO NOTHING"
