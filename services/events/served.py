"""The log of served lists: written behind the answers, never in their way."""

import contextlib
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from math import inf
from typing import Any, Final, NamedTuple, Protocol, Self

import structlog
from sqlalchemy import Connection, Engine, func, select

from services.audit.seals import list_digest
from services.database.errors import StorageUnavailable
from services.database.plain import PlainInsert
from services.database.schema import replay_blobs, served_seals
from services.database.schema import served_lists as table
from services.database.transactions import reading, upsert_into, writing
from services.database.types import micros
from services.events.sales import Outcomes, Sales, SalesLog, SoldPlace
from services.events.served_lists import ServedList, sample, written_list

_BATCH: Final = 500
"""Lists in one transaction: places are indexed by diner, so each touches a page of its own until many share one."""
_CROWD: Final = 2_000
"""Lists that wait, from which on they are written as urgently as new ones are made."""
_COUNT_SECONDS: Final = 2.0
"""Counters touch a row for each campaign: they are written once for several rounds of lists."""
_NICE: Final = 10
"""Steps back of the thread that writes when there is time: on a core that it shares with the answers these go first."""
_TOUCHED: Final = timedelta(hours=1)
"""How old the word on when a blob was last used may be."""
_REMEMBERED: Final = 1_000
"""Blobs that are known to be kept."""
_log = structlog.get_logger(__name__)


class Blob(Protocol):
    """Content that many lists were made from."""

    @property
    def digest(self) -> str:
        """Its name."""

    @property
    def kind(self) -> str:
        """What it is."""

    @property
    def content(self) -> Callable[[], bytes]:
        """Makes it."""


class Record(NamedTuple):
    """What is kept of a list beyond its head."""

    document: bytes
    sold: Sequence[SoldPlace] = ()
    outcomes: Outcomes | None = None
    inputs: bytes | None = None
    """What it takes to make the list again."""
    blobs: Sequence[Blob] = ()
    """What the inputs refer to."""


class _Waiting(NamedTuple):
    """A served list whose record may still be unwritten."""

    request_id: str
    market: str
    user_id: str
    at: datetime
    policy: str
    policy_version: int
    model_version: str
    record: Record | Callable[[], Record]


class _Written(NamedTuple):
    """A list as its rows."""

    served: ServedList
    record: Record
    sales: Sales


class _AlreadyStored(Exception):
    """Some lists of a batch are in the database."""


class ServedLog:
    """Keeps what was served. `record` costs about a microsecond and never waits for the database.

    At most `bound` lists wait; beyond it the oldest are dropped and counted. What waits is lost when the process is
    killed: a served list is no promise to a client, unlike an event.
    """

    def __init__(self, engine: Engine, bound: int = 50_000, interval_seconds: float = 0.5) -> None:
        self._engine = engine
        self._insert = PlainInsert(engine, table)
        self._seal = PlainInsert(engine, served_seals)
        self._keep = upsert_into(engine, replay_blobs, keep=("kind", "content"))
        self._kept: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._sales = SalesLog(engine)
        self._bound = bound
        self._interval = interval_seconds
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # one batch at a time, by the thread or by `flush`
        self._in_flight: dict[str, _Waiting] = {}
        self._unsure: set[str] = set()
        """Lists whose transaction failed: it may have been committed all the same."""
        self._dropped = 0
        self._counted_at = time.monotonic()
        self._stop = threading.Event()
        self._crowded = threading.Event()
        self._writers = [
            threading.Thread(target=self._write_behind, name="served-log-writer", daemon=True),
            threading.Thread(target=self._write_crowds, name="served-log-helper", daemon=True),
        ]
        for writer in self._writers:
            writer.start()

    @property
    def dropped(self) -> int:
        """Lists dropped so far: too many waited, or their document could not be written."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """Lists that wait for the database now."""
        return len(self._waiting)

    def record(
        self,
        request_id: str,
        market: str,
        user_id: str,
        at: datetime,
        policy: str,
        policy_version: int,
        model_version: str,
        record: Record | Callable[[], Record],
    ) -> None:
        """Take a served list. A callable `record` is called later, on the writer's thread."""
        item = _Waiting(request_id, market, user_id, at, policy, policy_version, model_version, record)
        with self._lock:
            self._waiting[request_id] = item
            self._look_at_crowd()
            if len(self._waiting) > self._bound:
                self._drop_oldest()

    def _look_at_crowd(self) -> None:
        """The lock is held."""
        if len(self._waiting) > _CROWD and not self._crowded.is_set():
            self._crowded.set()

    def _drop_oldest(self) -> None:
        """The lock is held."""
        request_id, _ = self._waiting.popitem(last=False)
        self._unsure.discard(request_id)
        self._dropped += 1

    def get(self, request_id: str) -> ServedList | None:
        """The list of a request, written or not yet; None where there is none. Raises StorageUnavailable."""
        with self._lock:
            item = self._waiting.get(request_id) or self._in_flight.get(request_id)
        if item is not None:
            return _head(item, _record(item))
        return written_list(self._engine, request_id)

    def count_of_diner(self, market: str, user_id: str) -> int:
        """Number of a diner's lists in the database. Raises StorageUnavailable."""
        statement = select(func.count()).where(table.c.market == market, table.c.user_id == user_id)
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one()

    def sample(self, market: str, since: datetime, until: datetime, limit: int) -> tuple[int, list[ServedList]]:
        """How many lists of a time are in the database, and at most `limit` of them, evenly spread over it.

        Raises StorageUnavailable.
        """
        with reading(self._engine) as connection:
            return sample(connection, market, since, until, limit)

    def flush(self) -> None:
        """Write all that waits now. Raises StorageUnavailable; then it still waits."""
        while self._write_batch():
            pass
        with self._writing:
            self._sales.flush()

    def close(self) -> None:
        """Stop the threads and write what waits; what the database does not take is counted as dropped."""
        self._stop.set()
        self._crowded.set()
        for writer in self._writers:
            writer.join()
        try:
            self.flush()
        except StorageUnavailable as error:
            with self._lock:
                self._dropped += len(self._waiting)
                self._waiting.clear()
            _log.warning("served_lists_lost", reason=str(error), dropped=self._dropped)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_behind(self) -> None:
        """Behind the answers, and only as long as no crowd waits: that would wait for the core with this thread."""
        _step_back()
        away = False
        while not self._stop.wait(self._interval):
            away = self._tried(away, until=0, unless=_CROWD)

    def _write_crowds(self) -> None:
        """What is left when lists are made faster than they can be written beside them: then both have to share."""
        away = False
        while True:
            self._crowded.wait()
            self._crowded.clear()
            if self._stop.is_set():
                return
            away = self._tried(away, until=_CROWD // 2)
            if away:
                self._stop.wait(self._interval)

    def _tried(self, away: bool, until: int, unless: float = inf) -> bool:
        """Write while more than `until` lists wait, but no more than `unless`; whether the database is away."""
        try:
            while until < len(self._waiting) <= unless:
                self._write_batch()
            with self._writing:
                if time.monotonic() >= self._counted_at + _COUNT_SECONDS:
                    self._sales.flush()
                    self._counted_at = time.monotonic()
        except StorageUnavailable as error:
            if not away:  # once an outage, not twice a second
                _log.warning("served_log_waits", reason=str(error))
            return True
        return False

    def _write_batch(self) -> int:
        """Write the oldest lists, `_BATCH` at most; the number of lists taken."""
        with self._writing:
            with self._lock:
                size = min(_BATCH, len(self._waiting))
                batch = dict(self._waiting.popitem(last=False) for _ in range(size))
                self._in_flight = batch
            try:
                self._insert_rows([pair for pair in map(self._written, batch.values()) if pair is not None])
            except StorageUnavailable:
                self._put_back(batch)
                raise
            except Exception as error:  # noqa: BLE001 - what cannot be stored must not hold up what comes after it
                self._drop(len(batch), error)
            finally:
                with self._lock:
                    self._in_flight = {}
            return size

    def _insert_rows(self, written: list[_Written]) -> None:
        try:
            self._insert_new(written)
        except _AlreadyStored:  # by somebody else: which ones has to be asked for
            self._unsure.update(each.served.request_id for each in written)
            self._insert_new(written)

    def _insert_new(self, written: list[_Written]) -> None:
        if written:
            blobs = self._blobs(written)
            with writing(self._engine) as connection:
                if blobs:
                    # Sorted: two processes that keep the same blobs lock them in the same order.
                    connection.execute(self._keep, [blobs[name] for name in sorted(blobs)])
                # A transaction whose commit was not heard of is tried again: what it stored is not counted twice.
                stored = self._stored(connection, [each.served.request_id for each in written])
                new = [each for each in written if each.served.request_id not in stored]
                if new:
                    if self._insert.execute(connection, [_row(each) for each in new]) < len(new):
                        raise _AlreadyStored
                    self._seal.execute(connection, [_seal(each) for each in new])
                self._sales.write(connection, [each.sales for each in new])
            self._sales.count(each.sales for each in new)
            self._unsure.difference_update([each.served.request_id for each in written])
            self._remember(blobs)

    def _stored(self, connection: Connection, request_ids: Sequence[str]) -> Set[str]:
        """Which of these lists are in the database."""
        unsure = self._unsure.intersection(request_ids) if self._unsure else ()
        if not unsure:
            return frozenset()
        return set(connection.execute(select(table.c.request_id).where(table.c.request_id.in_(unsure))).scalars())

    def _blobs(self, written: list[_Written]) -> dict[tuple[str, str], dict[str, Any]]:
        """Rows of what these lists were made from, as far as it is not known to be kept, or was last used long ago."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for served, record, _ in written:
            for blob in record.blobs:
                name = (served.market, blob.digest)
                used = self._kept.get(name)
                if name not in found and (used is None or served.at - used > _TOUCHED):
                    row = {"market": served.market, "digest": blob.digest, "kind": blob.kind}
                    found[name] = {**row, "used_at": served.at, "content": blob.content()}
        return found

    def _remember(self, blobs: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        self._kept.update({name: row["used_at"] for name, row in blobs.items()})
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)

    def _put_back(self, batch: dict[str, _Waiting]) -> None:
        with self._lock:
            self._unsure.update(batch)
            self._waiting = OrderedDict({**batch, **self._waiting})
            self._look_at_crowd()
            while len(self._waiting) > self._bound:
                self._drop_oldest()

    def _written(self, item: _Waiting) -> _Written | None:
        try:
            record = _record(item)
            sales = Sales(item.market, item.request_id, item.user_id, item.at, record.sold, record.outcomes)
            return _Written(_head(item, record), record, sales)
        except Exception as error:  # noqa: BLE001 - the caller's code: one list must not hold up the others
            self._drop(1, error)
            return None

    def _drop(self, count: int, error: Exception) -> None:
        with self._lock:
            self._dropped += count
        _log.error("served_lists_dropped", count=count, exc_info=error)


def _step_back() -> None:
    """Of the systems that this runs on Linux alone has a priority for each thread."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICE)


def _record(item: _Waiting) -> Record:
    return item.record() if callable(item.record) else item.record


def _row(written: _Written) -> tuple[Any, ...]:
    head = written.served
    return (*head[:3], micros(head.at), *head[4:], written.record.inputs)


def _seal(written: _Written) -> tuple[Any, ...]:
    served = written.served
    return served.request_id, served.market, list_digest(*served, written.record.inputs), None, None


def _head(item: _Waiting, record: Record) -> ServedList:
    return ServedList(*item[:-1], record.document)
