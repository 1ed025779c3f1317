"""A version that ranks live requests unseen: behind the answers, in a thread, and let go of when that is behind."""

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import structlog
from sqlalchemy import Engine

from services.database.errors import StorageUnavailable
from services.database.schema import shadow_scores
from services.database.transactions import add_into, writing

_WAITING: Final = 32
_FLUSH_SECONDS: Final = 2.0
_COUNTERS: Final = ("lists", "failures", "same_first", "shared", "micros")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class ShadowTask:
    """A list that was shown, and how the version on trial would make it."""

    market: str
    trial: int
    shown: np.ndarray[Any, np.dtype[np.int64]]
    """(k,) rows of the list without payment; -1 where there were too few candidates."""
    ranked: Callable[[], np.ndarray[Any, np.dtype[np.int64]]]
    """Ranks the same request with the version on trial: (k,) rows."""


@dataclass
class _Sum:
    lists: int = 0
    failures: int = 0
    same_first: int = 0
    shared: float = 0.0
    micros: int = 0


def agreement(shown: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> tuple[bool, float]:
    """Whether two lists begin alike, and the share of the first one's entries that the other has too.

    >>> agreement(np.array([4, 2, 9, -1]), np.array([4, 9, 7, 1]))
    (True, 0.6666666666666666)
    """
    entries = shown[shown >= 0]
    if not entries.size:
        return True, 1.0
    return bool(other.size and other[0] == entries[0]), float(np.isin(entries, other).mean())


class ShadowScorer:
    """Takes tasks without waiting; drops them while `_WAITING` others wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: queue.Queue[ShadowTask | None] = queue.Queue(_WAITING)
        self._sums: defaultdict[tuple[str, int], _Sum] = defaultdict(_Sum)
        self._thread = threading.Thread(target=self._work, name="shadow-scorer", daemon=True)
        self._thread.start()

    def offer(self, task: ShadowTask) -> bool:
        """Rank it soon; False where too many wait."""
        try:
            self._tasks.put_nowait(task)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Rank what waits, write the sums, end the thread."""
        self._tasks.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        due = time.monotonic() + _FLUSH_SECONDS
        task: ShadowTask | None
        while True:
            try:
                task = self._tasks.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                due = self._flushed()
                continue
            if task is None:
                self._flushed()
                return
            self._rank(task)
            if time.monotonic() > due:
                due = self._flushed()

    def _rank(self, task: ShadowTask) -> None:
        started = time.perf_counter()
        found = self._sums[task.market, task.trial]
        try:
            first, shared = agreement(task.shown, task.ranked())
        except Exception as error:  # noqa: BLE001 - a model on trial may fail in any way; that is what is looked for
            found.failures += 1
            _log.warning("shadow_failed", market=task.market, trial=task.trial, exc_info=error)
            return
        found.lists += 1
        found.same_first += first
        found.shared += shared
        found.micros += round((time.perf_counter() - started) * 1e6)

    def _flushed(self) -> float:
        """Write the sums; when to do it again. They wait where the database is away."""
        rows = [
            {"market": market, "trial": trial, **found.__dict__}
            for (market, trial), found in sorted(self._sums.items())
        ]
        if rows:
            try:
                with writing(self._engine) as connection:
                    connection.execute(add_into(self._engine, shadow_scores, _COUNTERS), rows)
                self._sums.clear()
            except StorageUnavailable as error:
                _log.warning("shadow_scores_wait", reason=str(error))
        return time.monotonic() + _FLUSH_SECONDS


def sampled(request_id: str, share: float) -> bool:
    """Whether a request is among the share that is ranked besides; the id's last digits are random.

    >>> sampled("019ab1c2d3e4f5a6b7c8d9e0ffffffff", 0.5), sampled("019ab1c2d3e4f5a6b7c8d9e000000000", 0.5)
    (False, True)
    """
    return int(request_id[-8:], 16) < share * 2.0**32
