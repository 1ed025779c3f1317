"""What an advertiser is told: what was sold to a campaign, what it cost, what came of it, and what it lost and why.

Counts come from the sold places and the events; they forget a diner who was erased. Money comes from the settlements
and never forgets.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, select

from data.columns import Billing
from data.dataset import MarketInfo
from services.ads.blend import Doubles, Rows
from services.ads.campaign import MICRO, Campaign
from services.ads.campaigns import StoredCampaign
from services.ads.local_days import DAY, EPOCH, MICROSECONDS, Integers, LocalDays, binned, day_number, day_of, moment
from services.ads.report_sums import Spent, Sums, read_requests, read_spent, read_sums
from services.ads.traffic import forecast, hour_bounds, local_counts
from services.clock import Clock
from services.database.schema import pacing
from services.database.transactions import reading

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
DEFAULT_DAYS: Final = 28
MAX_DAYS: Final = 366
LAST_DAY: Final = date(2199, 12, 31)
PROFILE_DAYS: Final = 28
"""Days before the pacing curve's day from whose requests its plan is forecast."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class Amount(_Document):
    """An amount of money, twice."""

    micro_units: int = Field(description="Millionths of a minor unit: exact.")
    minor_units: float = Field(description="The same in minor units of the market's currency: to look at.")

    @classmethod
    def of(cls, micro_units: int) -> Self:
        """From micro-units."""
        return cls(micro_units=micro_units, minor_units=micro_units / MICRO)


class Tally(_Document):
    """What happened in a span of time."""

    impressions: int = Field(ge=0, description="Places that were sold.")
    viewed: int = Field(ge=0, description="Sold places that were seen: an impression event names the list.")
    clicks: int = Field(ge=0, description="Clicks on sold places.")
    orders: int = Field(
        ge=0, description="Orders within seven days after a sold place, without those that were cancelled."
    )
    billed: int = Field(ge=0, description="Clicks or orders that were charged.")
    spend: Amount = Field(description="What was charged.")
    refunds: Amount = Field(description="What was given back for cancelled orders.")
    revenue: float = Field(description="What the orders were worth, in minor units.")
    return_on_spend: float | None = Field(
        description="Revenue for each unit of spend less refunds; null when nothing was spent."
    )
    auctions: int = Field(ge=0, description="Lists for which the campaign was a candidate.")
    lost_to_budget: int = Field(ge=0, description="Of these: not shown, for its budget of the moment was spent.")
    lost_to_floor: int = Field(ge=0, description="Not shown, for the diner has too little of it.")
    lost_to_price: int = Field(ge=0, description="Not shown, for others or the organic list were worth more.")


class DayTally(Tally):
    """One local day of the market."""

    day: date


class Remaining(_Document):
    """What the campaign may still spend, by its terms of now."""

    total: Amount
    today: Amount


class PacingState(_Document):
    """What the pacing last decided."""

    multiplier: float = Field(ge=0, description="mu: the bid is divided by 1 + mu.")
    is_open: bool = Field(description="False: there is no budget left for the moment.")
    updated_at: datetime


class PacePoint(_Document):
    """One local hour of the pacing curve; sums run from the day's beginning to the hour's end."""

    starts_at: datetime
    hour: int = Field(ge=0, le=23, description="The market's local hour.")
    plan: Amount = Field(
        description="The day's budget, spread like the requests that are forecast from the four weeks before."
    )
    spent: Amount | None = Field(description="Charges less refunds; null for hours that are still to come.")


class CampaignReport(_Document):
    """A campaign over some local days of its market."""

    campaign_id: str
    market: str
    restaurant_id: str
    payer: str
    billing: Billing
    currency: str
    time_zone: str
    as_of: datetime
    first_day: date
    last_day: date
    totals: Tally
    days: list[DayTally] = Field(description="Each day from the first to the last.")
    remaining: Remaining
    pacing: PacingState | None = Field(description="Null before the pacing has looked at the campaign.")
    pace: list[PacePoint] = Field(description="The last day's hours.")


class PeriodError(ValueError):
    """The days that are asked for make no report; the message says which do."""


class AdReports:
    """Makes reports. Blocks, and raises StorageUnavailable when the database is away."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def report(
        self, stored: StoredCampaign, info: MarketInfo, first: date | None = None, last: date | None = None
    ) -> CampaignReport:
        """A campaign over local days of its market `info`; by default four weeks until today. Raises PeriodError."""
        now = self._clock.now()
        days = _period(first, last, day_of(now, info.time_zone), info.time_zone)
        read = _read(self._engine, stored.campaign, days, day_of(now, info.time_zone))
        by_day = _columns(read.sums, days.edges)
        return CampaignReport(
            **stored.campaign.model_dump(include={"campaign_id", "market", "restaurant_id", "payer", "billing"}),
            currency=info.currency,
            time_zone=info.time_zone,
            as_of=now,
            first_day=days.first,
            last_day=days.last,
            totals=Tally(**_tally({name: column.sum() for name, column in by_day.items()})),
            days=[
                DayTally(day=day, **_tally({name: column[n] for name, column in by_day.items()}))
                for n, day in enumerate(days.dates())
            ],
            remaining=_remaining(stored.campaign, read.spent),
            pacing=None if read.pacing is None else PacingState(**read.pacing),
            pace=_pace(stored.campaign, read, days, now),
        )


def _period(first: date | None, last: date | None, today: date, time_zone: str) -> LocalDays:
    last = last or (today if first is None else max(first, today))
    first = first or max(EPOCH, last - timedelta(days=DEFAULT_DAYS - 1))
    if not EPOCH <= first <= last <= LAST_DAY:
        raise PeriodError(f"the first day is not after the last one, and both are from {EPOCH} to {LAST_DAY}")
    if (last - first).days >= MAX_DAYS:
        raise PeriodError(f"a report has {MAX_DAYS} days at most; these are {(last - first).days + 1}")
    return LocalDays.of(first, last, time_zone)


@dataclass(frozen=True, eq=False)
class _Read:
    """All that a report takes from the database, in one view of it."""

    sums: Sums
    spent: Spent
    requests: tuple[Rows, Doubles]
    """Hours since 1970 that have a count, and the market's requests in each."""
    pacing: Mapping[str, Any] | None


def _read(engine: Engine, campaign: Campaign, days: LocalDays, today: date) -> _Read:
    market, campaign_id = campaign.market, campaign.campaign_id
    start, last, end = int(days.edges[0]), int(days.edges[-2]), int(days.edges[-1])
    state = select(pacing.c.multiplier, pacing.c.is_open, pacing.c.updated_at).where(
        pacing.c.market == market, pacing.c.campaign_id == campaign_id
    )
    with reading(engine) as connection:
        paced = connection.execute(state).first()
        return _Read(
            sums=read_sums(connection, market, campaign_id, start, end),
            spent=read_spent(connection, market, campaign_id, day_number(days.last), day_number(today)),
            requests=read_requests(connection, market, last - (PROFILE_DAYS + 1) * DAY, last),
            pacing=None if paced is None else dict(paced._mapping),
        )


def report_csv(report: CampaignReport) -> str:
    """One line a day, for spreadsheets: amounts are decimals in minor units, and no text is read as a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    amounts, counts = ("spend", "refunds"), ("impressions", "viewed", "clicks", "orders", "billed")
    more = ("revenue", "return_on_spend", "auctions", "lost_to_budget", "lost_to_floor", "lost_to_price")
    writer.writerow(("day", "campaign_id", "restaurant_id", "payer", "currency", *counts, *amounts, *more))
    names = [_harmless(text) for text in (report.campaign_id, report.restaurant_id, report.payer)]
    for day in report.days:
        exact = [Decimal(getattr(day, name).micro_units) / MICRO for name in amounts]
        cells = [getattr(day, name) for name in (*counts, *more)]
        writer.writerow((day.day, *names, report.currency, *cells[: len(counts)], *exact, *cells[len(counts) :]))
    return stream.getvalue()


def _harmless(text: str) -> str:
    """Spreadsheets run what begins like a formula, in a CSV file too; an apostrophe makes it a text."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _columns(sums: Sums, edges: Integers) -> dict[str, Any]:
    """The (n,) sums by day, by name."""
    table: dict[str, Any] = {}
    for names, series in (
        (("impressions",), sums.sold),
        (("viewed",), sums.viewed),
        (("clicks", "orders"), sums.actions),
        (("revenue",), sums.revenue),
        (("spend", "refunds", "billed"), sums.money),
        (("auctions", "lost_to_budget", "lost_to_floor", "lost_to_price"), sums.auctions),
    ):
        table.update(zip(names, binned(series.at, series.values, edges).T, strict=True))
    return table


def _tally(sums: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Tally from its sums."""
    plain = {name: value.item() for name, value in sums.items()}
    spend, refunds = plain["spend"], plain["refunds"]
    net = (spend - refunds) / MICRO
    return {
        **plain,
        "spend": Amount.of(spend),
        "refunds": Amount.of(refunds),
        "return_on_spend": plain["revenue"] / net if net > 0 else None,
    }


def _remaining(campaign: Campaign, spent: Spent) -> Remaining:
    total = max(0, campaign.total_budget * MICRO - spent.total)
    today = max(0, campaign.daily_budget * MICRO - spent.today)
    return Remaining(total=Amount.of(total), today=Amount.of(min(total, today)))


def _pace(campaign: Campaign, read: _Read, days: LocalDays, now: datetime) -> list[PacePoint]:
    """The last day's plan, its budget by the forecast share of traffic, and what was spent."""
    edges = np.rint(hour_bounds(days.last, days.zone.key)).astype(np.int64) * MICROSECONDS
    before = [days.last - timedelta(days=age) for age in range(1, PROFILE_DAYS + 1)]
    hours, requests = read.requests
    shares = forecast(local_counts(hours, requests, before, days.zone.key), before, days.last)
    reached = np.cumsum(shares) / shares.sum()
    before_today = campaign.total_budget * MICRO - (read.spent.total - read.spent.since)
    budget = max(0, min(campaign.daily_budget * MICRO, before_today))
    money = read.sums.money
    paid = np.cumsum(binned(money.at, money.values[:, 0] - money.values[:, 1], edges)).tolist()
    starts = [moment(at) for at in edges[:-1].tolist()]
    return [
        PacePoint(
            starts_at=at,
            hour=hour,
            plan=Amount.of(int(budget * reached[hour])),
            spent=Amount.of(paid[hour]) if at <= now else None,
        )
        for hour, at in enumerate(starts)
    ]
