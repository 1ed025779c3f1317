"""What is left of a market in a home that it is not served in: handed over where it came late, and cleared away."""

import shutil
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Table, delete, exists, or_, select, type_coerce

from data import columns as col
from services.audit.anchors import ERASURE, ServedAnchors
from services.audit.pseudonyms import pseudonym
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.plain import plain_rows
from services.database.schema import (
    ad_impressions,
    audit_trail,
    billing_queue,
    events,
    replay_blobs,
    served_lists,
    served_seals,
)
from services.database.transactions import reading, writing
from services.database.types import micros
from services.events.log import BILLABLE
from services.markets.homes import Home
from services.markets.rows import BOUND, Copier, Row, Told, named, remove
from services.private_files import read_private

_SKEW: Final = timedelta(minutes=1)
"""More than how far the clocks of the source's processes are apart."""
_AT_ONCE: Final = 500


class LateRows:
    """What processes that had not heard in time that the market left have stored in the source since.

    It is stored where the market is served now. Nothing comes back with it: a diner who was erased there stays erased.
    """

    def __init__(self, source: Home, target: Home, market: str, left_at: datetime, arrived: int) -> None:
        """`arrived`: number of the target's record of the market's arrival."""
        self._source = source
        self._target = target
        self._market = market
        self._since = left_at - _SKEW
        self._copier = Copier(target.engine, market, target.settings.artifacts)
        self._erased, self._secret = self._erased_since(arrived)

    def hand_over(self, tell: Told) -> int:
        """Events leave the source by this, each when it is in the target; lists and sold places stay. How many rows
        were new to the target.
        """
        new = self._lists() + self._places()
        while rows := self._first_events():
            kept = [row for row in rows if not self._is_erased(events, row)]
            new += self._copier.add(events, kept)
            self._copier.add(billing_queue, list(self._owed(kept)))
            ids = [named(events, row)[col.EVENT_ID] for row in rows]
            for table in (billing_queue, events):
                with writing(self._source.engine) as connection:
                    gone = (table.c[col.MARKET] == self._market, table.c[col.EVENT_ID].in_(ids))
                    connection.execute(delete(table).where(*gone))
            tell("late events", len(rows))
        return new

    def has_events(self) -> bool:
        """Whether there is an event that has not been handed over."""
        return bool(self._first_events())

    def _first_events(self) -> list[Row]:
        with closing(self._late(events, events.c.received_at, _AT_ONCE)) as parts:
            return next(parts, [])

    def _owed(self, rows: list[Row]) -> Iterator[Row]:
        """What has been settled there, or waits for it, is not owed twice: both know the event's id."""
        for row in rows:
            event = named(events, row)
            if event[col.TYPE] in BILLABLE:
                fields = {col.MARKET: self._market, col.EVENT_ID: event[col.EVENT_ID]}
                fields |= {"received_at": event["received_at"]}
                yield tuple(fields[column.name] for column in billing_queue.c)

    def _places(self) -> int:
        return sum(
            self._copier.add(ad_impressions, [row for row in rows if not self._is_erased(ad_impressions, row)])
            for rows in self._late(ad_impressions, ad_impressions.c.at, _AT_ONCE)
        )

    def _lists(self) -> int:
        """Lists whose seal the target does not have, with the seal: there it is anchored anew."""
        new = 0
        for rows in self._late(served_lists, served_lists.c.at, _AT_ONCE):
            by_id = {str(named(served_lists, row)[col.REQUEST_ID]): row for row in rows}
            with reading(self._target.engine) as connection:
                known = set(connection.execute(select(served_seals.c.request_id).where(*self._of(by_id))).scalars())
            missing = [
                name for name, row in by_id.items() if name not in known and not self._is_erased(served_lists, row)
            ]
            if not missing:
                continue
            with reading(self._source.engine) as connection:
                seals = [
                    tuple({**row._mapping, "anchor": None}[column.name] for column in served_seals.c)
                    for row in connection.execute(select(served_seals).where(*self._of(missing)))
                ]
                blobs = select(*replay_blobs.c).where(replay_blobs.c.market == self._market)
                for part in plain_rows(connection, blobs, _AT_ONCE):
                    self._copier.add(replay_blobs, part)
            self._copier.add(served_lists, [by_id[name] for name in missing])
            new += self._copier.add(served_seals, seals)
        return new

    def _of(self, ids: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return served_seals.c.market == self._market, served_seals.c.request_id.in_(list(ids))

    def _late(self, table: Table, at: ColumnElement[Any], at_once: int) -> Generator[list[Row]]:
        """Rows from when the market left, or later."""
        since = type_coerce(at, BigInteger) >= micros(self._since)
        statement = select(*table.c).where(table.c[col.MARKET] == self._market, since)
        with reading(self._source.engine) as connection:
            yield from plain_rows(connection, statement.order_by(*table.primary_key.columns), at_once)

    def _erased_since(self, arrived: int) -> tuple[set[str], bytes]:
        erasures = select(audit_trail.c.subject).where(
            audit_trail.c.market == self._market, audit_trail.c.action == ERASURE, audit_trail.c.seq > arrived
        )
        with reading(self._target.engine) as connection:
            erased = set(connection.execute(erasures).scalars())
        return erased, read_private(self._target.settings.pseudonym_secret_file) if erased else b""

    def _is_erased(self, table: Table, row: Row) -> bool:
        return bool(self._erased) and pseudonym(self._secret, named(table, row)[col.USER_ID]) in self._erased


def clear_away(
    home: Home, market: str, clock: Clock, reason: str, tell: Told, before: datetime | None = None
) -> dict[str, int]:
    """Remove what a home keeps of a market; rows by table. Of events only those that were received before.

    The market itself stays, so that it can be said where it is, and the trail with the seals of its lists, so that the
    chain and its anchors can be checked as before.
    """
    anchors = ServedAnchors(home.engine, AuditTrail(home.engine, clock))
    lists = 0
    while gone := anchors.forget_market(market, reason):
        lists += gone
    removed = {}
    for table in reversed(BOUND):
        if table is served_seals:
            continue
        only: list[ColumnElement[bool]] = []
        if table is served_lists:  # those with a seal have gone with a word in the trail
            seal = (served_seals.c.market == market, served_seals.c.request_id == served_lists.c.request_id)
            only = [~exists().where(*seal)]
        elif table in (events, billing_queue) and before is not None:
            only = [or_(table.c.received_at.is_(None), table.c.received_at < before - _SKEW)]
        removed[str(table.name)] = remove(home.engine, table, market, *only)
        tell(table.name, removed[str(table.name)])
    for folder in (home.settings.artifacts, home.settings.retraining, home.settings.measurements):
        if (folder / market).exists():
            shutil.rmtree(folder / market)
    return {**removed, "served_lists": removed["served_lists"] + lists}
