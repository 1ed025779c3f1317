"""The catalogue in the database: markets, restaurants, diners."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

import pandas as pd
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, Engine, Row, Select, Table, case, delete, select, update
from sqlalchemy.exc import IntegrityError

from data import columns as col
from data.columns import Table as DataTable
from data.dataset import MarketInfo, to_arrow
from services.catalogue.folding import fold
from services.catalogue.records import Diner, Restaurant
from services.database import schema
from services.database.transactions import reading, upsert_into, writing
from services.database.types import is_storable

Record = TypeVar("Record", bound=BaseModel)

_SEARCH_TEXT: Final = "search_text"
_BATCH: Final = 5_000
_CHUNK: Final = 500


class CatalogueError(Exception):
    """A record that cannot be kept, or a market that is not there; the message names it."""


class CatalogueStore:
    """Markets, restaurants and diners. All methods block and raise StorageUnavailable when the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._put_market = upsert_into(engine, schema.markets, keep=("catalogue_version", "retired_at", "moved_to"))
        self._put_restaurant = upsert_into(engine, schema.restaurants)
        self._put_diner = upsert_into(engine, schema.diners)

    # -- markets

    def load(self, info: MarketInfo, restaurants: pd.DataFrame, diners: pd.DataFrame) -> None:
        """Add or replace a market's restaurants and diners, all or nothing; whoever is not in the tables stays.

        The tables have the columns of `data.schemas`. Raises CatalogueError naming the first row that cannot be kept.
        """
        with writing(self._engine) as connection:
            connection.execute(self._put_market, {**info.model_dump(), "catalogue_version": 0, "retired_at": None})
            for places in _records(Restaurant, restaurants, DataTable.RESTAURANTS, info.market):
                connection.execute(self._put_restaurant, [_restaurant_row(place) for place in places])
            for people in _records(Diner, diners, DataTable.DINERS, info.market):
                connection.execute(self._put_diner, [diner.__dict__ for diner in people])
            _bump(connection, info.market)

    def markets(self, retired: bool = False) -> list[MarketInfo]:
        """All markets, by key; the retired ones are among them only where they are asked for."""
        columns = [schema.markets.c[name] for name in MarketInfo.model_fields]
        statement = select(*columns).order_by(schema.markets.c.market)
        if not retired:
            statement = statement.where(schema.markets.c.retired_at.is_(None))
        with reading(self._engine) as connection:
            return [MarketInfo(**row._mapping) for row in connection.execute(statement)]

    def version(self, market: str) -> int:
        """A number that rises with each write to the market's restaurants; 0 for a market that is not there."""
        statement = select(schema.markets.c.catalogue_version).where(schema.markets.c.market == market)
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar() or 0

    # -- restaurants

    def restaurants(self, market: str) -> list[Restaurant]:
        """All restaurants of a market, by id."""
        table = schema.restaurants
        statement = select(table).where(table.c.market == market).order_by(table.c.restaurant_id)
        return self._read(Restaurant, statement)

    def restaurant(self, market: str, restaurant_id: str) -> Restaurant | None:
        """One restaurant; None where there is no such id."""
        table = schema.restaurants
        return self._one(Restaurant, select(table).where(table.c.market == market), table, restaurant_id)

    def find_restaurant(self, restaurant_id: str) -> Restaurant | None:
        """The restaurant in whatever market it is; where several have the id, the first that has not moved away."""
        return self._one(Restaurant, _of_any_market(schema.restaurants), schema.restaurants, restaurant_id)

    def located(self, restaurant_ids: Collection[str]) -> dict[str, list[str]]:
        """By restaurant: the markets that have one of this id, by key, retired ones too; only those that are found."""
        table, found = schema.restaurants, dict[str, list[str]]()
        wanted = sorted(filter(is_storable, set(restaurant_ids)))
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                named = table.c.restaurant_id.in_(wanted[start : start + _CHUNK])
                statement = select(table.c.restaurant_id, table.c.market).where(named).order_by(table.c.market)
                for row in connection.execute(statement):
                    found.setdefault(row.restaurant_id, []).append(row.market)
        return found

    def put_restaurant(self, restaurant: Restaurant) -> Restaurant:
        """Add or replace; answers what is stored. Raises CatalogueError where the market is not there."""
        self._put(self._put_restaurant, _restaurant_row(restaurant), restaurant.market, bump=True)
        return restaurant

    def delete_restaurant(self, market: str, restaurant_id: str) -> bool:
        """Remove; False where there was none."""
        table = schema.restaurants
        return self._delete(table, market, restaurant_id, bump=True)

    def search(self, market: str, q: str, limit: int) -> list[Restaurant]:
        """Restaurants whose name and cuisines hold all words of `q`, in any case and without accents.

        Those whose name begins with `q` come first, then by name.
        """
        words = fold(q)
        if not words:
            return []
        table = schema.restaurants
        statement = select(table).where(table.c.market == market)
        for word in words.split():
            statement = statement.where(table.c.search_text.contains(word, autoescape=True))
        begins = case((table.c.search_text.startswith(words, autoescape=True), 0), else_=1)
        statement = statement.order_by(begins, table.c.search_text, table.c.restaurant_id).limit(limit)
        return self._read(Restaurant, statement)

    # -- diners

    def diner(self, market: str, user_id: str) -> Diner | None:
        """One diner; None where there is no such id."""
        table = schema.diners
        return self._one(Diner, select(table).where(table.c.market == market), table, user_id)

    def find_diner(self, user_id: str) -> Diner | None:
        """The diner in whatever market he or she is; where several have the id, the first that has not moved away."""
        return self._one(Diner, _of_any_market(schema.diners), schema.diners, user_id)

    def put_diner(self, diner: Diner) -> Diner:
        """Add or replace; answers what is stored. Raises CatalogueError where the market is not there."""
        self._put(self._put_diner, diner.__dict__, diner.market, bump=False)
        return diner

    def delete_diner(self, market: str, user_id: str) -> bool:
        """Remove the profile; False where there was none. What the diner did is erased by the event log."""
        return self._delete(schema.diners, market, user_id, bump=False)

    def diners(self, market: str, after: str | None, limit: int, prefix: str = "") -> list[Diner]:
        """A page of a market's diners by id, after the id `after`, whose ids begin with `prefix`."""
        if not (is_storable(after or "") and is_storable(prefix)):
            return []
        table = schema.diners
        statement = select(table).where(table.c.market == market).order_by(table.c.user_id).limit(limit)
        if after:
            statement = statement.where(table.c.user_id > after)
        if prefix:
            # Not LIKE, which ignores case on SQLite: a range of the index, sorted by bytes.
            statement = statement.where(table.c.user_id >= prefix, table.c.user_id < prefix + "\U0010ffff")
        return self._read(Diner, statement)

    # -- one way in, one way out

    def _read(self, kind: type[Record], statement: Select[Any]) -> list[Record]:
        with reading(self._engine) as connection:
            return [_record(kind, row) for row in connection.execute(statement)]

    def _one(self, kind: type[Record], statement: Select[Any], table: Table, row_id: str) -> Record | None:
        if not is_storable(row_id):
            return None
        found = self._read(kind, statement.where(_id_of(table) == row_id).limit(1))
        return found[0] if found else None

    def _put(self, statement: Any, row: Mapping[str, Any], market: str, bump: bool) -> None:
        try:
            with writing(self._engine) as connection:
                connection.execute(statement, row)
                if bump:
                    _bump(connection, market)
        except IntegrityError:
            raise CatalogueError(f"there is no market {market!r}") from None

    def _delete(self, table: Table, market: str, row_id: str, bump: bool) -> bool:
        if not is_storable(row_id):
            return False
        with writing(self._engine) as connection:
            gone = connection.execute(delete(table).where(table.c.market == market, _id_of(table) == row_id)).rowcount
            if gone and bump:
                _bump(connection, market)
        return bool(gone)


def _id_of(table: Table) -> Any:
    return table.c[col.RESTAURANT_ID if table is schema.restaurants else col.USER_ID]


def _of_any_market(table: Table) -> Select[Any]:
    markets = schema.markets
    has_moved = markets.c.moved_to.is_not(None)
    return select(table).join(markets, markets.c.market == table.c.market).order_by(has_moved, table.c.market)


def _bump(connection: Connection, market: str) -> None:
    version = schema.markets.c.catalogue_version
    connection.execute(update(schema.markets).where(schema.markets.c.market == market).values({version: version + 1}))


def _restaurant_row(restaurant: Restaurant) -> dict[str, Any]:
    return {**restaurant.__dict__, _SEARCH_TEXT: fold(" ".join((restaurant.name, *restaurant.cuisines)))}


def _record(kind: type[Record], row: Row[Any]) -> Record:
    """Rows were checked when they were written: they are not checked again."""
    fields = dict(row._mapping)
    fields.pop(_SEARCH_TEXT, None)
    return kind.model_construct(**fields)


def _records(kind: type[Record], frame: pd.DataFrame, table: DataTable, market: str) -> Iterator[list[Record]]:
    """Checked records in batches: a large city never stands in memory a second time."""
    first = 0
    for batch in to_arrow(frame, table).to_batches(max_chunksize=_BATCH):
        yield list(_checked(kind, batch.to_pylist(), first, table, market))
        first += batch.num_rows


def _checked(
    kind: type[Record], rows: Iterable[dict[str, Any]], first: int, table: DataTable, market: str
) -> Iterator[Record]:
    for number, row in enumerate(rows, first):
        if row[col.MARKET] != market:
            raise CatalogueError(f"{table}, row {number}: it belongs to market {row[col.MARKET]!r}, not to {market!r}")
        try:
            yield kind.model_validate(row)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in fault["loc"]) or "row"
            raise CatalogueError(f"{table}, row {number}: {where}: {fault['msg']}") from None
