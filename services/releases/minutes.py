"""Counters that the API processes flush, as guardrails, error budget and people read them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, delete, func, select

from services.clock import Clock
from services.database.schema import answer_times, markets, shadow_scores
from services.database.schema import serving_minutes as table
from services.database.transactions import reading, writing
from services.releases.budget import Budget, Objectives
from services.releases.guardrails import ArmCounts

_SUMS: Final = tuple(func.coalesce(func.sum(table.c[name]), 0) for name in ("requests", "errors", "slow"))


class ShadowScore(BaseModel):
    """How the lists of a version that is not shown agree with those that are."""

    model_config = ConfigDict(frozen=True)

    lists: int = Field(ge=0)
    failures: int = Field(ge=0)
    same_first: float = Field(ge=0, le=1)
    """Share of the lists that begin with the same restaurant."""
    shared: float = Field(ge=0, le=1)
    """Mean share of a shown list's entries that are also in the shadow's."""
    milliseconds: float = Field(ge=0)
    """Mean time of its ranking."""


class ServingMinutes:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def of_trial(self, market: str, trial: int) -> Mapping[str, ArmCounts]:
        """Answers since a trial began, by model version."""
        sums = select(table.c.model_version, *_SUMS).where(table.c.market == market, table.c.trial == trial)
        with reading(self._engine) as connection:
            rows = connection.execute(sums.group_by(table.c.model_version)).all()
        return {row[0]: ArmCounts(*map(int, row[1:])) for row in rows}

    def budget(self, market: str, objectives: Objectives) -> Budget:
        """What has become of the promises in the window that ends now."""
        within = (table.c.market == market, table.c.minute >= self._first_minute(objectives))
        with reading(self._engine) as connection:
            found = connection.execute(select(*_SUMS).where(*within)).one()
        return Budget(objectives, *map(int, found))

    def budgets(self, objectives: Objectives) -> Mapping[str, Budget]:
        """The same of every market that is not retired, in one read."""
        within = (table.c.market == markets.c.market) & (table.c.minute >= self._first_minute(objectives))
        statement = (
            select(markets.c.market, *_SUMS)
            .outerjoin(table, within)
            .where(markets.c.retired_at.is_(None))
            .group_by(markets.c.market)
            .order_by(markets.c.market)
        )
        with reading(self._engine) as connection:
            return {row[0]: Budget(objectives, *map(int, row[1:])) for row in connection.execute(statement)}

    def agreement(self, market: str, trial: int) -> ShadowScore | None:
        """What a shadow has shown so far; None where it has not ranked a list yet."""
        this = (shadow_scores.c.market == market, shadow_scores.c.trial == trial)
        with reading(self._engine) as connection:
            row = connection.execute(select(shadow_scores).where(*this)).first()
        if row is None:
            return None
        lists = max(row.lists, 1)
        return ShadowScore(
            lists=row.lists,
            failures=row.failures,
            same_first=row.same_first / lists,
            shared=min(1.0, row.shared / lists),
            milliseconds=row.micros / lists / 1000.0,
        )

    def forget(self, objectives: Objectives) -> int:
        """Delete what is older than the window; how many minutes' rows that were."""
        first = self._first_minute(objectives)
        with writing(self._engine) as connection:
            connection.execute(delete(answer_times).where(answer_times.c.hour < first // 60))
            return connection.execute(delete(table).where(table.c.minute < first)).rowcount

    def _first_minute(self, objectives: Objectives) -> int:
        begin = self._clock.now() - timedelta(days=objectives.window_days)
        return int(begin.timestamp() // 60)
