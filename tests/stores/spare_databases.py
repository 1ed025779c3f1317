"""Databases of tests that are handed on emptied: to make one copies 300 files, and removing it is as much again."""

from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import sql

from loadtests.postgres import PostgresServer

_CATALOGS: Final = ("class", "attribute", "attrdef", "constraint", "index", "trigger", "proc", "namespace", "type")
_STRUCTURE: Final = " UNION ALL ".join(
    f"SELECT '{name}', count(*), coalesce(max(xmin::text::bigint), 0) FROM pg_{name}" for name in _CATALOGS
)
_TABLES: Final = """\
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
AND (relkind = 'p' OR relkind = 'r' AND NOT relispartition)"""
_THE_OTHERS: Final = """\
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"""

_Structure = list[tuple[object, ...]]


@dataclass
class SpareDatabases:
    """Copies of a template that has tables and no rows. One whose tables a test has changed is not handed on."""

    server: PostgresServer
    template: str
    _spare: list[str] = field(default_factory=list)
    _as_made: dict[str, _Structure] = field(default_factory=dict)

    def take(self) -> str:
        """The name of a database with all tables, empty."""
        if self._spare:
            return self._spare.pop()
        name = self.server.create_database(self.template)
        with self._connected(name) as connection:
            self._as_made[name] = _structure(connection)
        return name

    def give_back(self, name: str) -> None:
        """It is not used any more; who is still connected is put out."""
        with self._connected(name) as connection:
            as_made = _structure(connection) == self._as_made[name]
            if as_made:
                _empty(connection)
        if as_made:
            self._spare.append(name)
        else:
            self.server.drop_database(name)

    def _connected(self, name: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(f"host={self.server.folder} user=postgres dbname={name}")


def _structure(connection: "psycopg.Connection[tuple[object, ...]]") -> _Structure:
    """Changes with whatever is made, altered or dropped."""
    return connection.execute(_STRUCTURE).fetchall()


def _empty(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    connection.execute(_THE_OTHERS)
    connection.execute("SET LOCAL session_replication_role = replica")  # neither triggers nor foreign keys have a say
    for (table,) in connection.execute(_TABLES).fetchall():
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(str(table))))
