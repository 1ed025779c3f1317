"""Counts of answers by model version, for guardrails and error budget: added up in memory, flushed in batches."""

from dataclasses import dataclass

from sqlalchemy import Engine

from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.database.schema import serving_minutes
from services.database.transactions import add_into, writing
from services.serving.snapshot import MarketSnapshot


@dataclass(slots=True)
class _Cell:
    requests: int = 0
    errors: int = 0
    slow: int = 0


_Key = tuple[str, str, int]
"""Market, model version, number of the trial that was on."""


class ServingCounts:
    """Counts belong to the event loop's thread, `write` to any other. What waits is lost when the process is killed."""

    def __init__(self, engine: Engine, clock: Clock, slow_seconds: float) -> None:
        """Answers that take longer than `slow_seconds` are slow."""
        self._engine = engine
        self._clock = clock
        self._slow_seconds = slow_seconds
        self._cells: dict[_Key, _Cell] = {}

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
        elif seconds > self._slow_seconds:
            cell.slow += 1

    def taken(self) -> dict[_Key, _Cell]:
        """What was counted since the last call."""
        cells, self._cells = self._cells, {}
        return cells

    def put_back(self, cells: dict[_Key, _Cell]) -> None:
        """Count what could not be written again."""
        for key, cell in cells.items():
            kept = self._cells.setdefault(key, _Cell())
            kept.requests += cell.requests
            kept.errors += cell.errors
            kept.slow += cell.slow

    def write(self, cells: dict[_Key, _Cell]) -> bool:
        """Add to this minute's rows; False where the database is away. Blocks."""
        minute = int(self._clock.now().timestamp() // 60)
        rows = [
            {"market": market, "minute": minute, "model_version": version, "trial": trial}
            | {"requests": cell.requests, "errors": cell.errors, "slow": cell.slow}
            for (market, version, trial), cell in sorted(cells.items(), key=lambda item: item[0])
        ]
        if not rows:
            return True
        try:
            with writing(self._engine) as connection:
                connection.execute(add_into(self._engine, serving_minutes, ["requests", "errors", "slow"]), rows)
        except StorageUnavailable:
            return False
        return True
