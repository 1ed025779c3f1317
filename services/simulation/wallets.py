"""Budgets of a simulated market, and the pacing of its bids."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from data.city.context import FIRST_DAY
from services.ads.book import AdBook, Offers
from services.ads.campaign import MICRO, Campaign
from services.ads.pacing import Descent, Standing
from services.ads.traffic import DayTraffic, forecast
from services.simulation.advertisers import Reaction

Doubles = npt.NDArray[np.float64]


DAYS_AHEAD: Final = 7
"""An advertiser sees to it that the total budget lasts for so many full days."""


class Pacing(StrEnum):
    """How bids are held back so that a budget lasts."""

    NONE = "none"
    """Not at all: a campaign bids in full until its budget is spent."""
    DUAL = "dual"
    """The dual descent of `services.ads.pacing`."""


class Rhythm:
    """When requests come: the counted hours of the days so far, and the forecast that is made of them."""

    def __init__(self, counts: Doubles, time_zone: str) -> None:
        """`counts` (d, 24): requests of each local hour, from `FIRST_DAY` on."""
        self._counts = counts
        self.time_zone = time_zone

    def forecast(self, day: int) -> DayTraffic:
        """Of a day, 0 = `FIRST_DAY`, from the days before it that are counted."""
        known = [_date(number) for number in range(min(day, len(self._counts)))]
        return DayTraffic.of(_date(day), self.time_zone, forecast(self._counts[: len(known)], known, _date(day)))

    @property
    def daily(self) -> float:
        """Requests of a mean day."""
        return float(self._counts.sum(axis=1).mean())

    def typical(self) -> Doubles:
        """(24,) requests of each hour of a mean day, relative to the busiest."""
        mean = self._counts.mean(axis=0)
        return np.asarray(mean / max(float(mean.max()), 1.0e-12))

    def moment(self, day: int, second: int) -> datetime:
        """The time of a local second of a day."""
        wall = datetime.combine(_date(day), datetime.min.time()) + timedelta(seconds=second)
        return wall.replace(tzinfo=ZoneInfo(self.time_zone))


class Wallets:
    """What m campaigns have spent, in integer micro-units, and how far their bids are held back."""

    def __init__(self, book: AdBook, pacing: Pacing, rhythm: Rhythm) -> None:
        self.book = book
        self._pacing = pacing
        self._rhythm = rhythm
        self._rule = Descent()
        self._daily = [campaign.daily_budget * MICRO for campaign in book.campaigns]
        self._left = [campaign.total_budget * MICRO for campaign in book.campaigns]
        self._today = list(self._daily)
        self._first_bids, self._first_daily = book.bids, np.asarray(self._daily, np.float64)
        self._day: int | None = None
        self._traffic: DayTraffic | None = None
        count = len(book.campaigns)
        self._multipliers, self._seen, self._updated = np.zeros(count), np.zeros(count), np.full(count, np.nan)

    def offers(self, day: int, second: int, restaurants: int) -> Offers | None:
        """What is bid at a second of a day; a new day opens the daily budgets, and each call is a step of the pacing.

        None where no campaign runs.
        """
        now = self._rhythm.moment(day, second)
        if day != self._day:
            self._day, self._traffic = day, self._rhythm.forecast(day)
            self._today = list(self._daily)
        if self._pacing is Pacing.DUAL and self._traffic is not None:
            self._multipliers = self._standing().next_multipliers(self._traffic, now.timestamp(), self._rule)
            self._seen, self._updated = self._spent_today(), np.full_like(self._updated, now.timestamp())
        is_open = np.asarray([self._remaining(one) > 0 for one in range(len(self._daily))], np.bool_)
        return self.book.offers(now, restaurants, self._multipliers, is_open)

    def charge(self, campaign: int, price: int) -> int:
        """Charge a billed event what of its price the budgets have left; all in micro-units."""
        amount = min(price, self._remaining(campaign))
        self._today[campaign] -= amount
        self._left[campaign] -= amount
        return amount

    def react(self, reaction: Reaction, fees: Doubles, value: Doubles, days: int) -> None:
        """Let each advertiser move bid and budget by (m,) fees and order values of so many days, in minor units."""
        factors, daily = reaction.factors(fees, value), np.asarray(self._daily, np.float64)
        used = fees * MICRO / np.maximum(daily * days, 1.0)
        self.book = replace(self.book, bids=reaction.bids(self._first_bids, self.book.bids, factors))
        self._daily = [int(budget) for budget in reaction.budgets(self._first_daily, daily, factors, used)]
        # Whom it pays goes on when the total is used up.
        for one in np.flatnonzero((fees > 0.0) & (factors >= 1.0)).tolist():
            if self._left[one] < self._daily[one] * DAYS_AHEAD:
                self._left[one] += self.book.campaigns[one].total_budget * MICRO

    def budgets_today(self, day: int) -> int:
        """Micro-units that all campaigns that run on this day could spend on it at most."""
        start, end = (self._rhythm.moment(number, 0).timestamp() for number in (day, day + 1))
        running = (self.book.starts < end) & (self.book.ends > start)
        return sum(min(self._daily[one], self._left[one]) for one in np.flatnonzero(running).tolist())

    def _remaining(self, campaign: int) -> int:
        return min(self._today[campaign], self._left[campaign])

    def _spent_today(self) -> Doubles:
        pairs = zip(self._daily, self._today, strict=True)
        return np.asarray([(budget - left) / MICRO for budget, left in pairs], np.float64)

    def _standing(self) -> Standing:
        campaigns: Sequence[Campaign] = self.book.campaigns
        totals = np.asarray([campaign.total_budget for campaign in campaigns], np.float64)
        return Standing(
            bids=self.book.bids,
            daily=np.asarray(self._daily, np.float64) / MICRO,
            total=totals,
            begins=self.book.starts,
            ends=self.book.ends,
            spent=totals - np.asarray(self._left, np.float64) / MICRO,
            spent_today=self._spent_today(),
            multipliers=self._multipliers,
            seen=self._seen,
            updated=self._updated,
        )


def _date(day: int) -> date:
    return FIRST_DAY + timedelta(days=day)
