"""Counts of answers by model version, and what they cost: added up in memory, flushed in batches."""

import os
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.database.schema import answer_times, serving_minutes
from services.database.transactions import add_into, writing
from services.serving.snapshot import MarketSnapshot
from services.stakeholders.scorecard.estimates import bucket_of

_COUNTERS: Final = ("requests", "errors", "slow", "cpu_micros", "memory_mib")
_STATM: Final = Path("/proc/self/statm")


@dataclass(slots=True)
class _Cell:
    requests: int = 0
    errors: int = 0
    slow: int = 0
    cpu_micros: int = 0
    memory_mib: int = 0
    """Sum over the answers of what the process held."""
    times: Counter[int] = field(default_factory=Counter)
    """Answers, not failures, in each bucket of durations."""


_Key = tuple[str, str, int]
"""Market, model version, number of the trial that was on."""


class ServingCounts:
    """Counts belong to the event loop's thread, `write` to any other. What waits is lost when the process is killed.

    CPU time is the whole process's between two takings, shared out by requests: whatever it does, it does for its
    lists. Of a time without any nothing is charged to any.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        slow_seconds: float,
        cpu_seconds: Callable[[], float] = time.process_time,
    ) -> None:
        """Answers that take longer than `slow_seconds` are slow."""
        self._engine = engine
        self._clock = clock
        self._slow_seconds = slow_seconds
        self._cells: dict[_Key, _Cell] = {}
        self._cpu_seconds = cpu_seconds
        self._cpu_before = cpu_seconds()

    def begin(self) -> None:
        """From here on CPU time is that of answers: what starting took is no list's."""
        self._cpu_before = self._cpu_seconds()

    def count(self, snapshot: MarketSnapshot, seconds: float, *, assigned: bool, failed: bool = False) -> None:
        """One answer of a model.

        `assigned` is False where the diner's id had no say in the model: a trial compares only those whose arm was
        drawn, or what is asked for differently would look like a difference between the models.
        """
        key = (snapshot.info.market, snapshot.artifact.version, snapshot.trial_number if assigned else 0)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = _Cell()
        cell.requests += 1
        if failed:
            cell.errors += 1
            return
        cell.times[bucket_of(seconds)] += 1
        if seconds > self._slow_seconds:
            cell.slow += 1

    def taken(self) -> dict[_Key, _Cell]:
        """What was counted since the last call."""
        cells, self._cells = self._cells, {}
        now = self._cpu_seconds()
        spent, self._cpu_before = now - self._cpu_before, now
        if cells:
            each, held = spent * 1e6 / sum(cell.requests for cell in cells.values()), resident_mib()
            for cell in cells.values():
                cell.cpu_micros = round(each * cell.requests)
                cell.memory_mib = held * cell.requests
        return cells

    def put_back(self, cells: dict[_Key, _Cell]) -> None:
        """Count what could not be written again; its CPU time is charged with the next."""
        self._cpu_before -= sum(cell.cpu_micros for cell in cells.values()) / 1e6
        for key, cell in cells.items():
            kept = self._cells.setdefault(key, _Cell())
            for name in ("requests", "errors", "slow"):
                setattr(kept, name, getattr(kept, name) + getattr(cell, name))
            kept.times.update(cell.times)

    def write(self, cells: dict[_Key, _Cell]) -> bool:
        """Add to the rows of this minute and this hour; False where the database is away. Blocks."""
        if not cells:
            return True
        minute = int(self._clock.now().timestamp() // 60)
        rows: list[dict[str, Any]] = []
        times: Counter[tuple[str, int]] = Counter()
        for (market, version, trial), cell in sorted(cells.items(), key=lambda item: item[0]):
            counted = {name: getattr(cell, name) for name in _COUNTERS}
            rows.append({"market": market, "minute": minute, "model_version": version, "trial": trial, **counted})
            times.update({(market, bucket): answers for bucket, answers in cell.times.items()})
        buckets = [
            {"market": market, "hour": minute // 60, "bucket": bucket, "answers": answers}
            for (market, bucket), answers in sorted(times.items())
        ]
        try:
            with writing(self._engine) as connection:
                connection.execute(add_into(self._engine, serving_minutes, _COUNTERS), rows)
                if buckets:
                    connection.execute(add_into(self._engine, answer_times, ["answers"]), buckets)
        except StorageUnavailable:
            return False
        return True


def resident_mib() -> int:
    """Memory that this process holds; where the system does not say, the most that it ever held."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20  # bytes on macOS
