"""The sums behind an advertiser's report: one grouped query a table, in one view of the database.

Groups are quarters of an hour: small enough to be put together to the local days and hours of any time zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from data.columns import EventType
from services.ads.billing import ATTRIBUTION, Outcome
from services.ads.blend import Doubles, Rows
from services.ads.local_days import DAY, HOUR, QUARTER, Integers
from services.database.schema import (
    ad_impressions,
    campaign_accounts,
    campaign_days,
    campaign_hours,
    events,
    market_hours,
    settlements,
)

SEEN_WITHIN: Final = DAY
"""A sold place is seen at most this long after it was sold; as long before, since a client's clock may be slow."""
_ATTRIBUTION: Final = ATTRIBUTION // timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class Series:
    """Sums by time."""

    at: Integers
    """(r,) where each quarter or hour begins, in microseconds."""
    values: npt.NDArray[Any]
    """(r, c)"""


@dataclass(frozen=True, eq=False)
class Sums:
    """What happened to a campaign; the columns of each series' values are named in this order."""

    sold: Series
    """sold places"""
    viewed: Series
    """of these, those that were seen"""
    actions: Series
    """clicks, orders"""
    revenue: Series
    """worth of the orders in minor units (float64)"""
    money: Series
    """micro-units charged, micro-units given back, charged events"""
    auctions: Series
    """auctions, lost to budget, to floor, to price"""


@dataclass(frozen=True)
class Spent:
    """Micro-units."""

    total: int
    since: int
    """From the asked day on."""
    today: int


def read_sums(connection: Connection, market: str, campaign_id: str, start: int, end: int) -> Sums:
    """The sums over [start, end), microseconds since 1970."""
    key = (market, campaign_id, start, end)
    actions = connection.execute(_actions(*key)).all()
    return Sums(
        sold=_series(connection.execute(_sold(*key)).all(), 1),
        viewed=_series(connection.execute(_viewed(*key)).all(), 1),
        actions=_series([row[:3] for row in actions], 2),
        revenue=_series([(row[0], row[3]) for row in actions], 1, kind=np.float64),
        money=_series(connection.execute(_money(*key)).all(), 3),
        auctions=_series(connection.execute(_auctions(*key)).all(), 4, unit=HOUR),
    )


def read_spent(connection: Connection, market: str, campaign_id: str, since: int, today: int) -> Spent:
    """What the budgets are held against; days are local days since 1970-01-01."""
    account, day = campaign_accounts.c, campaign_days.c
    total = select(account.spent).where(account.market == market, account.campaign_id == campaign_id)
    days = select(
        _whole(func.sum(case((day.day >= since, day.spent), else_=0))),
        _whole(func.sum(case((day.day == today, day.spent), else_=0))),
    ).where(day.market == market, day.campaign_id == campaign_id)
    since_then, of_today = connection.execute(days).one()
    return Spent(connection.execute(total).scalar() or 0, since_then, of_today)


def read_requests(connection: Connection, market: str, start: int, end: int) -> tuple[Rows, Doubles]:
    """Hours since 1970, rising, that have a count, and the market's requests in each; [start, end) in microseconds."""
    hour = market_hours.c.hour
    statement = (
        select(hour, market_hours.c.requests)
        .where(market_hours.c.market == market, hour >= start // HOUR, hour < -(-end // HOUR))
        .order_by(hour)
    )
    rows = connection.execute(statement).all()
    return np.asarray([row.hour for row in rows], np.int64), np.asarray([row.requests for row in rows], np.float64)


def _sold(market: str, campaign_id: str, start: int, end: int) -> Select[int, int]:
    place = ad_impressions.c
    return (
        select(_quarter(place.at), func.count())
        .where(place.market == market, place.campaign_id == campaign_id, _within(place.at, start, end))
        .group_by("quarter")
    )


def _viewed(market: str, campaign_id: str, start: int, end: int) -> Select[int, int]:
    place, event = ad_impressions.c, events.c
    seen = exists().where(
        event.market == market,
        event.user_id == place.user_id,
        event.request_id == place.request_id,
        event.restaurant_id == place.restaurant_id,
        event.type == EventType.IMPRESSION,
        _micro(event.at) >= _micro(place.at) - SEEN_WITHIN,
        _micro(event.at) <= _micro(place.at) + SEEN_WITHIN,
    )
    return _sold(market, campaign_id, start, end).where(seen)


def _actions(market: str, campaign_id: str, start: int, end: int) -> Select[Any]:
    """Clicks, orders that stand, and their worth, by the rule by which they are billed, whatever is billed."""
    act = _near(market, campaign_id, start, end)
    other, cancel = ad_impressions.alias("other").c, events.alias("cancel").c
    # Another campaign of the restaurant has it where its place is the later one, or in the list that the event names.
    taken = exists().where(
        other.market == market,
        other.user_id == act.c.user_id,
        other.restaurant_id == act.c.restaurant_id,
        other.campaign_id != campaign_id,
        _micro(other.at) <= act.c.at,
        _micro(other.at) >= act.c.at - _ATTRIBUTION,
        or_(_micro(other.at) > act.c.last, other.request_id == act.c.request_id),
    )
    cancelled = exists().where(
        cancel.market == market,
        cancel.user_id == act.c.user_id,
        cancel.order_id == act.c.order_id,
        cancel.type == EventType.ORDER_CANCELLED,
    )
    is_order = act.c.type == EventType.ORDER
    open_to_last = and_(or_(is_order, act.c.request_id.is_(None)), ~taken)
    return (
        select(
            (act.c.at // QUARTER).label("quarter"),
            _whole(func.sum(case((is_order, 0), else_=1))),
            _whole(func.sum(case((is_order, 1), else_=0))),
            func.coalesce(func.sum(case((is_order, act.c.value))), 0.0),
        )
        .where(or_(act.c.named == 1, open_to_last), ~and_(is_order, cancelled))
        .group_by("quarter")
    )


def _near(market: str, campaign_id: str, start: int, end: int) -> Subquery:
    """Clicks and orders in the time of attribution after a sold place; the last one, and whether its list is named."""
    place, event = ad_impressions.c, events.c
    columns = (event.event_id, event.type, event.user_id, event.restaurant_id, event.request_id, event.order_id)
    at, sold_at = _micro(event.at), _micro(place.at)
    return (
        select(
            *columns,
            event.value,
            at.label("at"),
            func.max(sold_at).label("last"),
            func.max(case((place.request_id == event.request_id, 1), else_=0)).label("named"),
        )
        .where(
            place.market == market,
            place.campaign_id == campaign_id,
            _within(place.at, start - _ATTRIBUTION, end),
            event.market == market,
            event.user_id == place.user_id,
            event.restaurant_id == place.restaurant_id,
            event.type.in_((EventType.CLICK, EventType.ORDER)),
            _within(event.at, start, end),
            at >= sold_at,
            at <= sold_at + _ATTRIBUTION,
        )
        .group_by(*columns, event.value, event.at)
        .subquery("act")
    )


def _money(market: str, campaign_id: str, start: int, end: int) -> Select[int, int, int, int]:
    paid = settlements.c
    return (
        select(
            _quarter(paid.at),
            _whole(func.sum(case((paid.amount > 0, paid.amount), else_=0))),
            _whole(func.sum(case((paid.amount < 0, -paid.amount), else_=0))),
            _whole(func.sum(case((paid.outcome == Outcome.CHARGED, 1), else_=0))),
        )
        .where(paid.market == market, paid.campaign_id == campaign_id, _within(paid.at, start, end))
        .group_by("quarter")
    )


def _auctions(market: str, campaign_id: str, start: int, end: int) -> Select[Any]:
    hour = campaign_hours.c
    return select(hour.hour, hour.auctions, hour.lost_to_budget, hour.lost_to_floor, hour.lost_to_price).where(
        hour.market == market, hour.campaign_id == campaign_id, hour.hour >= start // HOUR, hour.hour < -(-end // HOUR)
    )


def _micro(at: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(at, BigInteger)


def _quarter(at: ColumnElement[Any]) -> ColumnElement[int]:
    return (_micro(at) // QUARTER).label("quarter")


def _within(at: ColumnElement[Any], start: int, end: int) -> ColumnElement[bool]:
    return and_(_micro(at) >= start, _micro(at) < end)


def _whole(total: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum as an integer, 0 of no rows: PostgreSQL makes a decimal of a sum of large integers."""
    return cast(func.coalesce(total, 0), BigInteger)


def _series(
    rows: Sequence[Row[Any]] | Sequence[tuple[Any, ...]], width: int, unit: int = QUARTER, kind: Any = np.int64
) -> Series:
    """Rows of (time in units, value, …), `width` values each."""
    at = np.asarray([row[0] for row in rows], np.int64) * unit
    return Series(at, np.asarray([tuple(row[1:]) for row in rows], kind).reshape(len(rows), width))
