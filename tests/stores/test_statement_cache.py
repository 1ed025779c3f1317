"""What SQLite holds for a process stays small, however many lengths its batches have."""

import ctypes
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from services.database.engine import open_database

WIDE = Table("wide", MetaData(), Column("id", Integer, primary_key=True), *[Column(f"c{n}", String) for n in range(8)])


def sqlite_library() -> ctypes.CDLL:
    """The library that this process's driver uses."""
    try:
        maps = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        maps = []
    found = [line.split()[-1] for line in maps if "libsqlite3" in line]
    if not found:
        pytest.skip("needs /proc, and an SQLite that is a library of its own")
    library = ctypes.CDLL(found[0])
    library.sqlite3_memory_used.restype = ctypes.c_int64
    return library


def test_batches_of_every_length_leave_no_statement_each_behind(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    WIDE.metadata.create_all(engine)
    statement, number = insert(WIDE).returning(WIDE.c.id), 0
    library = sqlite_library()
    with engine.connect() as connection:
        before = library.sqlite3_memory_used()
        for length in range(200, 328):
            rows = [{"id": number + n} | {f"c{column}": "x" for column in range(8)} for n in range(length)]
            number += length
            with connection.begin():
                assert len(connection.execute(statement, rows).scalars().all()) == length
        grown = library.sqlite3_memory_used() - before
    engine.dispose()
    assert grown < 16 * 2**20
