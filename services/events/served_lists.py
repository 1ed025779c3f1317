"""Served lists, as they stand in the database."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from services.database.schema import served_lists as table
from services.database.transactions import reading
from services.database.types import is_storable


class ServedList(NamedTuple):
    """One list as it was served."""

    request_id: str
    market: str
    user_id: str
    at: datetime
    policy: str
    policy_version: int
    model_version: str
    document: bytes
    """JSON; what is in it is the ranking's matter."""


_HEAD: Final = tuple(table.c[name] for name in ServedList._fields)


def written_list(engine: Engine, request_id: str) -> ServedList | None:
    """The list of a request in the database; None where there is none. Raises StorageUnavailable."""
    if not is_storable(request_id):
        return None
    with reading(engine) as connection:
        row = connection.execute(select(*_HEAD).where(table.c.request_id == request_id).limit(1)).first()
    return None if row is None else ServedList(**row._mapping)


def sample(
    connection: Connection, market: str, since: datetime, until: datetime, limit: int
) -> tuple[int, list[ServedList]]:
    """How many lists of [since, until) are in the database, and at most `limit` of them, evenly spread over it."""
    within = (table.c.market == market, table.c.at >= since, table.c.at < until)
    count = connection.execute(select(func.count()).where(*within)).scalar_one()
    number = func.row_number().over(order_by=(table.c.at, table.c.request_id)).label("number")
    numbered = select(table.c.request_id, number).where(*within).subquery()
    chosen = select(numbered.c.request_id).where(numbered.c.number % max(1, -(-count // limit)) == 0)
    rows = connection.execute(select(*_HEAD).where(table.c.request_id.in_(chosen)).order_by(table.c.at)).all()
    return count, [ServedList(**row._mapping) for row in rows]
