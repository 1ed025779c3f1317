"""Many rows in and out as the driver takes and gives them: a third of what they cost through SQLAlchemy's objects."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table

from services.database.errors import StorageUnavailable
from services.database.transactions import insert_into


class PlainInsert:
    """An INSERT as the driver takes it."""

    def __init__(self, engine: Engine, table: Table) -> None:
        compiled = insert_into(engine, table).on_conflict_do_nothing().compile(dialect=engine.dialect)
        self._statement = str(compiled)
        self._names = [column.name for column in table.columns]
        self._positional = compiled.positional

    def execute(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert rows with all columns in the table's order, times in microseconds; how many were new.

        Rows that are there are left as they are.
        """
        named = rows if self._positional else [dict(zip(self._names, row, strict=True)) for row in rows]
        return connection.exec_driver_sql(self._statement, list(named)).rowcount


def plain_rows(connection: Connection, statement: Select[Any], at_once: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query in parts, without types of our own: times are microseconds, lists are JSON.

    Values that the query compares with must be plain too. Memory holds one part at a time, on both servers. Raises
    StorageUnavailable.
    """
    compiled = statement.compile(dialect=connection.dialect)
    named = compiled.params
    values: Any = [named[name] for name in compiled.positiontup or ()] if compiled.positional else named
    driver: Any = connection.connection.driver_connection
    on_server = {"name": "plain_rows"} if connection.dialect.name == "postgresql" else {}
    try:
        with contextlib.closing(driver.cursor(**on_server)) as cursor:
            cursor.execute(str(compiled), values)
            while rows := cursor.fetchmany(at_once):
                yield rows
    except connection.dialect.loaded_dbapi.Error as error:
        raise StorageUnavailable(f"the database is not available: {str(error).splitlines()[0]}") from error
