"""The log of served lists: written behind the answers, never in their way."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

import structlog
from sqlalchemy import Engine, func, select

from services.database.errors import StorageUnavailable
from services.database.schema import served_lists as table
from services.database.transactions import insert_into, reading, writing
from services.database.types import is_storable

_BATCH: Final = 100
_log = structlog.get_logger(__name__)


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


class _Waiting(NamedTuple):
    """A served list whose document may still be unwritten."""

    request_id: str
    market: str
    user_id: str
    at: datetime
    policy: str
    policy_version: int
    model_version: str
    document: bytes | Callable[[], bytes]


class ServedLog:
    """Keeps what was served. `record` costs about a microsecond and never waits for the database.

    At most `bound` lists wait; beyond it the oldest are dropped and counted. What waits is lost when the process is
    killed: a served list is no promise to a client, unlike an event.
    """

    def __init__(self, engine: Engine, bound: int = 50_000, interval_seconds: float = 0.2) -> None:
        self._engine = engine
        self._insert = insert_into(engine, table).on_conflict_do_nothing()
        self._bound = bound
        self._interval = interval_seconds
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # one batch at a time, by the thread or by `flush`
        self._in_flight: dict[str, _Waiting] = {}
        self._dropped = 0
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write_behind, name="served-log-writer", daemon=True)
        self._writer.start()

    @property
    def dropped(self) -> int:
        """Lists dropped so far: too many waited, or their document could not be written."""
        return self._dropped

    def record(
        self,
        request_id: str,
        market: str,
        user_id: str,
        at: datetime,
        policy: str,
        policy_version: int,
        model_version: str,
        document: bytes | Callable[[], bytes],
    ) -> None:
        """Take a served list. A callable `document` is called later, on the writer's thread."""
        item = _Waiting(request_id, market, user_id, at, policy, policy_version, model_version, document)
        with self._lock:
            self._waiting[request_id] = item
            if len(self._waiting) > self._bound:
                self._waiting.popitem(last=False)
                self._dropped += 1

    def get(self, request_id: str) -> ServedList | None:
        """The list of a request, written or not yet; None where there is none. Raises StorageUnavailable."""
        with self._lock:
            item = self._waiting.get(request_id) or self._in_flight.get(request_id)
        if item is not None:
            return _written(item)
        if not is_storable(request_id):
            return None
        with reading(self._engine) as connection:
            row = connection.execute(select(table).where(table.c.request_id == request_id).limit(1)).first()
        return None if row is None else ServedList(**row._mapping)

    def count_of_diner(self, market: str, user_id: str) -> int:
        """Number of a diner's lists in the database. Raises StorageUnavailable."""
        statement = select(func.count()).where(table.c.market == market, table.c.user_id == user_id)
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one()

    def flush(self) -> None:
        """Write all that waits now. Raises StorageUnavailable; then it still waits."""
        while self._write_batch():
            pass

    def close(self) -> None:
        """Stop the thread and write what waits; what the database does not take is counted as dropped."""
        self._stop.set()
        self._writer.join()
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
        away = False
        while not self._stop.wait(self._interval):
            try:
                self.flush()
                away = False
            except StorageUnavailable as error:
                if not away:  # once an outage, not five times a second
                    _log.warning("served_log_waits", reason=str(error))
                away = True

    def _write_batch(self) -> int:
        """Write the oldest lists, 500 at most; the number of lists taken."""
        with self._writing:
            with self._lock:
                size = min(_BATCH, len(self._waiting))
                batch = dict(self._waiting.popitem(last=False) for _ in range(size))
                self._in_flight = batch
            try:
                self._insert_rows([row for row in map(self._row, batch.values()) if row is not None])
            except StorageUnavailable:
                self._put_back(batch)
                raise
            except Exception as error:  # noqa: BLE001 - what cannot be stored must not hold up what comes after it
                self._drop(len(batch), error)
            finally:
                with self._lock:
                    self._in_flight = {}
            return size

    def _insert_rows(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            with writing(self._engine) as connection:
                connection.execute(self._insert, rows)

    def _put_back(self, batch: dict[str, _Waiting]) -> None:
        with self._lock:
            self._waiting = OrderedDict({**batch, **self._waiting})
            while len(self._waiting) > self._bound:
                self._waiting.popitem(last=False)
                self._dropped += 1

    def _row(self, item: _Waiting) -> dict[str, Any] | None:
        try:
            return _written(item)._asdict()
        except Exception as error:  # noqa: BLE001 - the caller's code: one list must not hold up the others
            self._drop(1, error)
            return None

    def _drop(self, count: int, error: Exception) -> None:
        with self._lock:
            self._dropped += count
        _log.error("served_lists_dropped", count=count, exc_info=error)


def _written(item: _Waiting) -> ServedList:
    document = item.document() if callable(item.document) else item.document
    return ServedList(*item[:-1], document)
