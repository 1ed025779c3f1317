"""Records that came with their market from another trail: what they were there, and whether they are it still.

A record that is carried is linked into the chain of its new trail like any other, and has inside it what its old digest
covered. How many came, and the root of their old digests, stand in the record of the market's arrival here, and in the
record that it has left in the other trail.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Row, select

from services.audit.seals import merkle_root
from services.audit.trail import holds, original
from services.database.schema import audit_trail as table

ARRIVED: Final = "market.arrive"
"""The action of the record that a market has come from another home."""
_PAGE: Final = 500


def arrivals(connection: Connection, *which: ColumnElement[bool]) -> list[Row[Any]]:
    """The records of arrivals here, in order; those of arrivals elsewhere, which came with their market, are none."""
    statement = select(table).where(table.c.action == ARRIVED, *which).order_by(table.c.seq)
    return [row for row in connection.execute(statement) if original(dict(row._mapping)) is None]


def carried_since_arrival(connection: Connection, market: str, until: int) -> Iterator[Mapping[str, Any]]:
    """What the market's records numbered below `until` were elsewhere, in order: those that came since it last arrived.

    Records of this trail itself are not among them.
    """
    last = max((row.seq for row in arrivals(connection, table.c.market == market, table.c.seq < until)), default=0)
    chosen = select(table).where(table.c.market == market, table.c.seq > last, table.c.seq < until)
    rows = connection.execute(chosen.order_by(table.c.seq), execution_options={"yield_per": _PAGE})
    yield from (was for row in rows if (was := original(dict(row._mapping))) is not None)


def summary(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How many records, and the root of their digests where they were."""
    digests = [str(each["digest"]) for each in records]
    return {"records": len(digests), "root": merkle_root(digests)}


def wrong_arrivals(connection: Connection) -> Iterator[tuple[str, str]]:
    """Market and problem of each arrival whose records are not what they were in the trail that they came from."""
    for arrival in arrivals(connection):
        wrong = [was["seq"] for was in _came(connection, arrival) if not holds(was)]
        for seq in wrong:
            yield arrival.market, f"its record {seq} is not what it was in the trail that it came from"
        if summary(_came(connection, arrival)) != orjson.loads(arrival.document)["after"]["trail"]:
            yield arrival.market, "the records that came with it are not those of its arrival"


def _came(connection: Connection, arrival: Row[Any]) -> Iterator[Mapping[str, Any]]:
    return carried_since_arrival(connection, arrival.market, arrival.seq)
