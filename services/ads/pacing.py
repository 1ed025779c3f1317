"""Spending a budget evenly over the requests of a day, by dual descent on the bid.

Each campaign has a multiplier mu >= 0, the price of its budget, and bids b / (1 + mu). The step after an interval is

    mu' = (mu + s) exp(eta (spent - planned) / planned) - s,    clipped to 0 .. most,    eta = gain planned / budget

the entropic mirror descent on the dual of the budget (Balseiro, Lu and Mirrokni, Operations Research 71, 2023). The
shift s lets mu reach 0, where nothing is held back, and rise again. With this eta an interval counts by its share of
the budget: it is the same descent whether it steps after each request, each minute or each hour.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from services.ads.traffic import DayTraffic

Doubles = npt.NDArray[np.float64]

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Descent:
    """How the multiplier moves. `services.ads.measure_pacing` shows what other values would do."""

    gain: float = 3.0
    """Natural logs that mu moves by for an error of the whole budget, for each square root of the billed events that
    the budget pays for: with n events their chance is worth 1 / sqrt(n) of the budget, and should not be followed."""
    damping: float = 0.3
    """Bound of that gain, times the share of the day's traffic whose charges are not all in yet: more of it swings."""
    lag_seconds: float = 300.0
    """How late charges are reckoned to come."""
    shift: float = 0.2
    """s: below it mu moves by amounts rather than by ratios."""
    start: float = 1.0
    """mu of a campaign of which nothing is known."""
    most: float = 200.0
    """The highest mu; long before, a bid falls below the reserve."""
    most_step: float = 1.0
    """Natural logs that one step moves at most: a long interval is no reason for a leap."""


@dataclass(frozen=True, eq=False)
class Spending:
    """What an interval cost m campaigns, beside what it should have; each is (m,), money in one unit."""

    spent: Doubles
    """Below 0 where refunds prevail."""
    planned: Doubles
    budgets: Doubles
    """The whole day's."""
    bids: Doubles
    """What one billed event costs at most."""
    unseen: Doubles
    """Share of the day's traffic that came in the interval or so shortly before that its charges may be missing."""


def step(multipliers: Doubles, interval: Spending, rule: Descent) -> Doubles:
    """(m,) the multipliers after an interval; where the budget or the bid is 0 a multiplier stays."""
    paid = (interval.budgets > 0.0) & (interval.bids > 0.0)
    budgets, bids = np.where(paid, interval.budgets, 1.0), np.where(paid, interval.bids, 1.0)
    gain = np.minimum(rule.gain * np.sqrt(budgets / bids), rule.damping / np.maximum(interval.unseen, 1e-9))
    move = np.clip(gain * (interval.spent - interval.planned) / budgets, -rule.most_step, rule.most_step)
    moved = np.clip((multipliers + rule.shift) * np.exp(move) - rule.shift, 0.0, rule.most)
    return np.where(paid, moved, multipliers)


def planned_spend(remaining: Doubles, before: Doubles, after: Doubles) -> Doubles:
    """(m,) what an interval should cost: of the budget that was left, its share of the traffic still to come.

    `remaining` (m,): left when it began. `before`, `after` (m,): traffic to come when it began and when it ended, in
    any unit. The errors of the day so far are in `remaining`, and so are spread over what is still to come.
    """
    ahead = before > 0.0
    share = np.where(ahead, 1.0 - after / np.where(ahead, before, 1.0), 0.0)
    return np.asarray(np.maximum(remaining, 0.0) * np.clip(share, 0.0, 1.0))


def todays_budgets(daily: Doubles, total_left: Doubles, today: Doubles, later: Doubles) -> Doubles:
    """(m,) what may be spent today: the less of the daily budget and of today's part of the total.

    `total_left` (m,): of the total budget when the day began. `today`, `later` (m,): the traffic of today and of the
    days after it in which the campaign runs; `later` is 0 where it has no end, the total then only being a cap. Of two
    budgets the tighter one paces: the min-pacing of Balseiro et al. (arXiv 2302.08530) with one multiplier.
    """
    traffic = today + later
    part = np.where(traffic > 0.0, today / np.where(traffic > 0.0, traffic, 1.0), 1.0)
    return np.asarray(np.maximum(np.minimum(daily, total_left * part), 0.0))


@dataclass(frozen=True, eq=False)
class Standing:
    """Where m campaigns stand; each is (m,), money in minor units, times in seconds since 1970."""

    bids: Doubles
    daily: Doubles
    total: Doubles
    begins: Doubles
    ends: Doubles
    """inf where none is named."""
    spent: Doubles
    """Since the campaign began, today included."""
    spent_today: Doubles
    multipliers: Doubles
    seen: Doubles
    """Spent on the day of the last step, when it was made."""
    updated: Doubles
    """When it was made; NaN where there was none."""

    def next_multipliers(self, day: DayTraffic, now: float, rule: Descent) -> Doubles:
        """(m,) one step from where the last one left off, or from the day's beginning if that was before it.

        Campaigns without a last step start. Where the last step lies in the future, because the clock went back, the
        multiplier stays.
        """
        start = day.bounds[0]
        same_day = self.updated >= start
        since, seen = np.where(same_day, self.updated, start), np.where(same_day, self.seen, 0.0)
        window = _Window.of(day, self.begins, self.ends)
        budgets = self._budgets(day, window)
        interval = Spending(
            spent=self.spent_today - seen,
            planned=planned_spend(budgets - seen, window.to_come(since), window.to_come(np.full_like(since, now))),
            budgets=budgets,
            bids=self.bids,
            unseen=window.share(since - rule.lag_seconds, now),
        )
        moved = np.where(self.updated <= now, step(self.multipliers, interval, rule), self.multipliers)
        return np.where(np.isnan(self.updated), rule.start, moved)

    def planned(self, day: DayTraffic, now: float) -> Doubles:
        """(m,) what would be spent of today's budgets by now if each followed the day's traffic from its beginning."""
        window = _Window.of(day, self.begins, self.ends)
        start = np.full_like(self.begins, day.bounds[0])
        return planned_spend(
            self._budgets(day, window), window.to_come(start), window.to_come(np.full_like(start, now))
        )

    def left_today(self) -> Doubles:
        """(m,) what the budgets still allow today."""
        return np.maximum(np.minimum(self.daily - self.spent_today, self.total - self.spent), 0.0)

    def _budgets(self, day: DayTraffic, window: "_Window") -> Doubles:
        later = np.where(np.isfinite(self.ends), np.maximum(self.ends - day.bounds[-1], 0.0) / _DAY_SECONDS, 0.0)
        return todays_budgets(self.daily, self.total - (self.spent - self.spent_today), window.traffic, later)


@dataclass(frozen=True, eq=False)
class _Window:
    """The part of a day in which each of m campaigns runs."""

    day: DayTraffic
    begins: Doubles
    ends: Doubles
    traffic: Doubles
    """(m,) its share of the day's traffic."""

    @classmethod
    def of(cls, day: DayTraffic, begins: Doubles, ends: Doubles) -> Self:
        first, last = (np.clip(at, day.bounds[0], day.bounds[-1]) for at in (begins, ends))
        return cls(day, first, last, np.maximum(day.to_come(first) - day.to_come(last), 0.0))

    def to_come(self, at: Doubles) -> Doubles:
        """(m,) the traffic between these times and the window's end, as a share of the day's."""
        return self.day.to_come(np.clip(at, self.begins, self.ends)) - self.day.to_come(self.ends)

    def share(self, since: Doubles, until: float) -> Doubles:
        """(m,) the traffic between two times, as a share of the window's."""
        traffic = self.day.to_come(since) - self.day.to_come(np.asarray(until))
        return np.asarray(traffic / np.maximum(self.traffic, 1e-9))
