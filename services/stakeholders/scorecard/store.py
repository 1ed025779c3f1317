"""Scorecards of the running system, each kept for as long as it is worth."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import orjson
from sqlalchemy import Connection, Engine, select

from models.artifacts import ArtifactError, load
from models.calibration import Calibration
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import champions, markets, model_versions
from services.database.stakeholder_tables import demands
from services.database.transactions import reading
from services.ranking.auction import why_money_is_off
from services.releases.budget import Objectives
from services.releases.freeze import FreezeStore
from services.releases.minutes import ServingMinutes
from services.releases.overview import price_of, queue_of
from services.releases.store import ReleaseStore
from services.stakeholders.policies import PolicyStore
from services.stakeholders.scorecard.card import Numbers, Scorecard, Standstill, limits_of, lines_of, numbers_of
from services.stakeholders.scorecard.estimates import Doubles
from services.stakeholders.scorecard.reading import Span, read_window
from services.stakeholders.seats import SEATS, Limit, Seat, measures

DEFAULT_DAYS: Final = 7
MAX_DAYS: Final = 28
_KEPT_SECONDS: Final = 5.0
_WORTH: Final = 10.0
"""A scorecard is kept for so many times as long as it took: whoever polls cannot make it most of the work."""


class UnknownMarket(Exception):
    """There is no such market."""


class Busy(Exception):
    """Another scorecard is being made; the message says the mend."""


@dataclass(frozen=True)
class _Kept:
    card: Scorecard
    until: float


class Scorecards:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, clock: Clock, objectives: Objectives, seats: Sequence[Seat] = SEATS) -> None:
        self._engine = engine
        self._clock = clock
        self._objectives = objectives
        self._seats = tuple(seats)
        self._minutes = ServingMinutes(engine, clock)
        trail = AuditTrail(engine, clock)
        self._policies = PolicyStore(engine, trail, clock)
        self._freezes = FreezeStore(engine, trail, clock)
        self._releases = ReleaseStore(engine, trail, clock)
        self._kept: dict[tuple[str, int], _Kept] = {}
        self._before: dict[tuple[str, int], tuple[Span, Numbers]] = {}
        self._calibrations: dict[str, Calibration | None] = {}
        self._working = threading.Lock()

    def of(self, market: str, days: int = DEFAULT_DAYS) -> Scorecard:
        """The last `days` days, from a whole hour on, beside as many before; kept for ten times as long as it took.

        One is made at a time, and nobody waits for it: whoever asks meanwhile gets the last one, however old, or Busy
        where there is none, so that a crowd of consoles does not take the threads that others need. Raises
        UnknownMarket.
        """
        kept = self._kept.get((market, days))
        if kept is not None and time.monotonic() < kept.until:
            return kept.card
        if not self._working.acquire(blocking=False):
            kept = self._kept.get((market, days))  # it may have come just now
            if kept is None:
                raise Busy(f"a scorecard is being made, and none of {market} over {days} days is kept yet: ask again")
            return kept.card
        try:
            return self._made(market, days)
        finally:
            self._working.release()

    def _made(self, market: str, days: int) -> Scorecard:
        """One more, unless it was made since the caller looked."""
        kept = self._kept.get((market, days))
        if kept is not None and time.monotonic() < kept.until:
            return kept.card
        started = time.monotonic()
        card = self.fresh(market, days)
        done = time.monotonic()
        self._kept[market, days] = _Kept(card, done + max(_KEPT_SECONDS, _WORTH * (done - started)))
        return card

    def fresh(self, market: str, days: int = DEFAULT_DAYS) -> Scorecard:
        """The same, made now; the window before it, which is over, once an hour."""
        now = self._clock.now()
        begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
        span = Span(market, begin, now)
        budget = self._minutes.budget(market, self._objectives)
        with reading(self._engine) as connection:
            currency = connection.execute(select(markets.c.currency).where(markets.c.market == market)).scalar()
            if currency is None:
                raise UnknownMarket(market)
            version, path = champion_of(connection, market)
        calibration = None if path is None else self._calibration(path)
        looks, off = _looks(calibration), self._money_off(market, calibration)
        with reading(self._engine) as connection:
            window = read_window(
                connection, span, examination=looks, champion=version, money_off=off, budget_left=budget.left
            )
            found, before = numbers_of(self._seats, window), self._numbers_before(connection, span, days, looks)
            demanded = _demanded(connection, market)
        known = measures(self._seats)
        cards = tuple(lines_of(seat, found, before, known, demanded.get(seat.name)) for seat in self._seats)
        return Scorecard(market, currency, days, span.since, now, cards, self._standstill(market, now))

    def _numbers_before(self, connection: Connection, span: Span, days: int, looks: Doubles | None) -> Numbers:
        """Of the days before the span, which stay what they are for an hour."""
        over = Span(span.market, span.since - timedelta(days=days), span.since)
        kept = self._before.get((span.market, days))
        if kept is None or kept[0] != over:
            kept = over, numbers_of(self._seats, read_window(connection, over, examination=looks))
            self._before[span.market, days] = kept
        return kept[1]

    def _standstill(self, market: str, now: datetime) -> Standstill | None:
        freezes = self._freezes.active(market)
        if not freezes:
            return None
        releases = self._releases.releases(market)
        price = price_of(releases, now)
        return Standstill(freezes[0].reason, price.staleness_days, price.ndcg_lost, len(queue_of(releases)))

    def _calibration(self, path: str) -> Calibration | None:
        """Of a version's artifact; None where it cannot be read."""
        if path not in self._calibrations:
            try:
                self._calibrations[path] = load(Path(path)).calibration
            except ArtifactError:
                self._calibrations[path] = None
        return self._calibrations[path]

    def _money_off(self, market: str, calibration: Calibration | None) -> str | None:
        policies, active = self._policies.of(market)
        if policies[active].ads.money == 0.0:
            return "lambda is 0"
        return None if calibration is None else why_money_is_off(policies[active].ads, calibration)


def _looks(calibration: Calibration | None) -> Doubles | None:
    return None if calibration is None else np.asarray(calibration.examination, np.float64)


def looks_of(path: str | None) -> Doubles | None:
    """(K,) chances of a look by place, as the version with this artifact says; None where it cannot be read."""
    try:
        return None if path is None else _looks(load(Path(path)).calibration)
    except ArtifactError:
        return None


def champion_of(connection: Connection, market: str) -> tuple[str | None, str | None]:
    """Its version and its artifact's path; None where there is none."""
    same = (champions.c.market == model_versions.c.market) & (champions.c.version == model_versions.c.version)
    statement = select(model_versions.c.version, model_versions.c.path).join(champions, same)
    row = connection.execute(statement.where(champions.c.market == market)).first()
    return (None, None) if row is None else (row.version, row.path)


def _demanded(connection: Connection, market: str) -> dict[str, tuple[Limit, ...]]:
    rows = connection.execute(select(demands.c.seat, demands.c.document).where(demands.c.market == market))
    return {row.seat: limits_of(orjson.loads(row.document)) for row in rows}
