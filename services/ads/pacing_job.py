"""The pacing's periodic job: from budgets, charges and traffic in the database to each campaign's multiplier there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, Engine, Row, select

from services.ads.campaign import MICRO
from services.ads.local_days import day_number, day_of
from services.ads.pacing import Descent, Standing
from services.ads.traffic import DayTraffic, Doubles, forecast, local_counts
from services.clock import Clock
from services.database import schema
from services.database.transactions import lock_out, reading, upsert_into, writing

HISTORY_DAYS: Final = 35
"""So far back traffic is looked at; older days would weigh less than a thirtieth."""
_HOUR: Final = 3600


@dataclass(frozen=True)
class MarketSpend:
    """Where a market's budgets stand on its local day, in minor units."""

    market: str
    spent: float
    """By campaigns that are not closed."""
    planned: float
    """What following the day's traffic would have spent by now."""
    left: float
    """What the campaigns that run now may still spend today."""
    campaigns_open: int
    """They run now and have budget left."""


class PacingJob:
    """Moves the multipliers of all markets' campaigns. Raises StorageUnavailable when the database is away.

    It may run as often as one likes, in several processes, or not at all for a while: a step covers the time since the
    last one, whoever made it, and begins anew with each local day.
    """

    def __init__(self, engine: Engine, clock: Clock, rule: Descent | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._rule = rule or Descent()
        self._put = upsert_into(engine, schema.pacing)

    def run(self) -> int:
        """Pace each market in a transaction of its own; how many campaigns were paced."""
        return sum(self._pace(market, time_zone) for market, time_zone in self._markets())

    def spending(self) -> list[MarketSpend]:
        """Where the budgets of each market with campaigns stand; changes nothing."""
        now = self._clock.now()
        found = []
        for market, time_zone in self._markets():
            today = day_of(now, time_zone)
            with reading(self._engine) as connection:
                rows = _campaigns(connection, market, today)
                day = DayTraffic.of(today, time_zone, _shares(connection, market, time_zone, today))
            found.append(_spending(market, rows, day, now))
        return found

    def _markets(self) -> list[tuple[str, str]]:
        markets, campaigns = schema.markets, schema.campaigns
        open_ones = select(campaigns.c.market).where(campaigns.c.closed_at.is_(None)).distinct()
        statement = select(markets.c.market, markets.c.time_zone).where(
            markets.c.market.in_(open_ones), markets.c.retired_at.is_(None)
        )
        with reading(self._engine) as connection:
            return [(row.market, row.time_zone) for row in connection.execute(statement.order_by(markets.c.market))]

    def _pace(self, market: str, time_zone: str) -> int:
        with writing(self._engine) as connection:
            # Two workers at once would both answer for the same interval.
            lock_out(connection, f"pacing {market}")
            now = self._clock.now()
            today = day_of(now, time_zone)
            rows = _campaigns(connection, market, today)
            if not rows:
                return 0
            day = DayTraffic.of(today, time_zone, _shares(connection, market, time_zone, today))
            multipliers = _standing(rows).next_multipliers(day, now.timestamp(), self._rule)
            paces = zip(rows, multipliers.tolist(), strict=True)
            connection.execute(self._put, [_pace_row(market, row, multiplier, now) for row, multiplier in paces])
        return len(rows)


def _campaigns(connection: Connection, market: str, today: date) -> Sequence[Any]:
    """Campaigns that are not closed, with what they have spent and where the pacing left them."""
    campaigns, accounts, days, pacing = (
        schema.campaigns,
        schema.campaign_accounts,
        schema.campaign_days,
        schema.pacing,
    )

    def same(table: Any) -> Any:
        return (table.c.market == campaigns.c.market) & (table.c.campaign_id == campaigns.c.campaign_id)

    statement = (
        select(
            *campaigns.c["campaign_id", "bid", "daily_budget", "total_budget", "starts_at", "ends_at", "created_at"],
            accounts.c.spent,
            days.c.spent.label("spent_today"),
            *pacing.c["multiplier", "spent_seen", "updated_at"],
        )
        .outerjoin(accounts, same(accounts))
        .outerjoin(days, same(days) & (days.c.day == day_number(today)))
        .outerjoin(pacing, same(pacing))
        .where(campaigns.c.market == market, campaigns.c.closed_at.is_(None))
        # Sorted: two transactions that write the same rows lock them in the same order.
        .order_by(campaigns.c.campaign_id)
    )
    return connection.execute(statement).all()


def _shares(connection: Connection, market: str, time_zone: str, today: date) -> Doubles:
    """(24,) the forecast of today's rhythm from the days before; not the first one, which may be a part of a day."""
    first = today - timedelta(days=HISTORY_DAYS)
    since, until = (int(_midnight(day, time_zone).timestamp()) // _HOUR for day in (first, today))
    table = schema.market_hours
    chosen = (table.c.market == market) & (table.c.hour >= since) & (table.c.hour <= until)
    counted = connection.execute(select(table.c.hour, table.c.requests).where(chosen).order_by(table.c.hour)).all()
    hours = np.asarray([row.hour for row in counted], np.int64)
    counts = np.asarray([row.requests for row in counted], np.float64)
    if len(hours):
        first = day_of(datetime.fromtimestamp(int(hours[0]) * _HOUR, UTC), time_zone) + timedelta(days=1)
    days = [first + timedelta(days=n) for n in range((today - first).days)]
    return forecast(local_counts(hours, counts, days, time_zone), days, today)


def _midnight(day: date, time_zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(time_zone))


def _standing(rows: Sequence[Row[Any]]) -> Standing:
    """The rows as arrays; what was never charged or paced has no row, and so None here."""

    def column(name: str, missing: float, unit: int = 1) -> Doubles:
        values = [getattr(row, name) for row in rows]
        return np.asarray([missing if value is None else value / unit for value in values], np.float64)

    def seconds(times: Sequence[datetime | None], missing: float) -> Doubles:
        return np.asarray([missing if at is None else at.timestamp() for at in times], np.float64)

    return Standing(
        bids=column("bid", 0.0),
        daily=column("daily_budget", 0.0),
        total=column("total_budget", 0.0),
        begins=seconds([row.starts_at or row.created_at for row in rows], -np.inf),
        ends=seconds([row.ends_at for row in rows], np.inf),
        spent=column("spent", 0.0, MICRO),
        spent_today=column("spent_today", 0.0, MICRO),
        multipliers=column("multiplier", 0.0),
        seen=column("spent_seen", 0.0, MICRO),
        updated=seconds([row.updated_at for row in rows], np.nan),
    )


def _spending(market: str, rows: Sequence[Row[Any]], day: DayTraffic, now: datetime) -> MarketSpend:
    standing = _standing(rows)
    runs = np.asarray([_is_open(row, now) for row in rows], np.bool_)
    return MarketSpend(
        market=market,
        spent=float(standing.spent_today.sum()),
        planned=float(standing.planned(day, now.timestamp()).sum()),
        left=float(standing.left_today()[runs].sum()),
        campaigns_open=int(runs.sum()),
    )


def _pace_row(market: str, row: Row[Any], multiplier: float, now: datetime) -> dict[str, Any]:
    return {
        "market": market,
        "campaign_id": row.campaign_id,
        "multiplier": multiplier,
        "is_open": _is_open(row, now),
        "spent_seen": row.spent_today or 0,
        "updated_at": now,
    }


def _is_open(row: Row[Any], now: datetime) -> bool:
    """Whether it runs and has budget left, in integers: no rounding opens or closes it."""
    if (row.starts_at is not None and now < row.starts_at) or (row.ends_at is not None and now >= row.ends_at):
        return False
    left_today = row.daily_budget * MICRO - (row.spent_today or 0)
    return bool(left_today > 0 and row.total_budget * MICRO - (row.spent or 0) > 0)
