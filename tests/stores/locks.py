"""Keep everybody else from writing, as another process would."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine


@contextmanager
def events_locked(engine: Engine) -> Iterator[None]:
    """Hold the database's lock (SQLite) or the table's (PostgreSQL) over a connection of its own."""
    if engine.dialect.name == "sqlite":
        holder = sqlite3.connect(str(engine.url.database), isolation_level=None, timeout=10)
        holder.execute("BEGIN IMMEDIATE")
    else:
        query = engine.url.query["host"]
        holder = psycopg.connect(f"host={query} user=postgres dbname={engine.url.database}")
        holder.execute("LOCK TABLE events, served_lists IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        holder.rollback()
        holder.close()
