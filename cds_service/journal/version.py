"""Which version of its tables a journal's database has, told without the migrations themselves."""

from sqlalchemy import Engine, inspect, text

VERSION_TABLE = "journal_version"

LATEST = "0002"
"""The last migration. A test compares it with what is in ``migrations/versions``."""


def is_latest(engine: Engine) -> bool:
    """Say whether the tables behind `engine` are those of this version of the service.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or refuses.
    """
    with engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return False
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
        return list(found.scalars()) == [LATEST]
