"""Served lists are taken out: each under its seal, which stays and says so."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, select, update

from services.audit.seals import merkle_root
from services.database.schema import served_lists
from services.database.schema import served_seals as table
from services.database.transactions import lock_out

_CHUNK: Final = 1_000


def lock_seals(connection: Connection) -> None:
    """One transaction at a time that anchors lists or takes them out: each changes seals that the others read."""
    lock_out(connection, "served-anchors")


def remove_lists(connection: Connection, market: str, *which: ColumnElement[bool]) -> tuple[int, str]:
    """Remove a market's lists inside the caller's transaction; how many, and the root of their digests.

    The seals of those that went, and of no others, are marked with the root: a list that is stored while this runs has
    either gone with its mark or stays without one. The root is empty where no list had a seal.
    """
    lock_seals(connection)
    chosen = delete(served_lists).where(served_lists.c.market == market, *which)
    gone = sorted(connection.execute(chosen.returning(served_lists.c.request_id)).scalars())
    chunks = [gone[start : start + _CHUNK] for start in range(0, len(gone), _CHUNK)]
    sealed: dict[str, str] = {}
    for chunk in chunks:
        seals = select(table.c.request_id, table.c.digest).where(*_of(market, chunk))
        sealed.update((row.request_id, row.digest) for row in connection.execute(seals))
    if not sealed:
        return len(gone), ""
    root = merkle_root([sealed[request_id] for request_id in sorted(sealed)])
    for chunk in chunks:
        connection.execute(update(table).where(*_of(market, chunk)).values(erasure=root))
    return len(gone), root


def _of(market: str, ids: list[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.market == market, table.c.request_id.in_(ids)
