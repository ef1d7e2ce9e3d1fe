"""Whether tables made by a newer version still serve this one.

While replicas are replaced one after the other, and after a step back to the version before, this
version meets tables that a newer one has brought up to date. It can use them as long as the newer
one only added to them: every table and column that this version knows is there, and nothing it does
not know has to be filled in.
"""

from sqlalchemy import Connection, inspect

from cds_service.journal.schema import metadata


def usable(connection: Connection) -> bool:
    """Say whether this version can read and write the tables behind `connection`.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database cannot be asked.
    """
    asked = inspect(connection)
    there = set(asked.get_table_names())
    for table in metadata.tables.values():
        if table.name not in there:
            return False
        columns = {each["name"]: each for each in asked.get_columns(table.name)}
        if not columns.keys() >= set(table.columns.keys()):
            return False
        for name in columns.keys() - set(table.columns.keys()):
            if not columns[name]["nullable"] and columns[name]["default"] is None:
                return False
    return True
