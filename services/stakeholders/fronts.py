"""Evaluated fronts in the database: written once, never changed."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy import Engine, Select, select

from services.database.schema import fronts as table
from services.database.transactions import insert_into, reading, writing
from services.stakeholders.negotiation.front import Front


class FrontError(Exception):
    """There is nothing to bargain over; the message says the mend."""


class FrontStore:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, market: str, front: Front) -> None:
        """Keep a front of a market; one that is kept already stays as it is."""
        row = {"market": market, "front_id": front.front_id, "created_at": front.created_at}
        with writing(self._engine) as connection:
            statement = insert_into(self._engine, table).on_conflict_do_nothing()
            connection.execute(statement, {**row, "document": front.model_dump_json()})

    def get(self, market: str, front_id: str | None = None) -> Front:
        """A market's front; the newest where none is named.

        Raises FrontError where there is none, and where it was written by a version of the program whose policies were
        others.
        """
        with reading(self._engine) as connection:
            row = connection.execute(_newest(market, front_id)).first()
        if row is None:
            what = f"no front {front_id}" if front_id is not None else "no front yet"
            raise FrontError(f"market {market} has {what}: `tablestakes negotiate --market {market}` evaluates one")
        try:
            return Front.model_validate_json(row.document)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            where = ".".join(str(step) for step in fault["loc"])
            raise FrontError(
                f"front {row.front_id} of market {market} is of another version of the program ({where}: "
                f"{fault['msg']}): `tablestakes negotiate --market {market}` evaluates one anew"
            ) from None


def _newest(market: str, front_id: str | None) -> Select[Any]:
    statement = select(table.c.front_id, table.c.document).where(table.c.market == market)
    if front_id is not None:
        statement = statement.where(table.c.front_id == front_id)
    return statement.order_by(table.c.created_at.desc(), table.c.front_id).limit(1)
