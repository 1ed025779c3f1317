"""What lists do to a city over weeks: diners who come more or less often, full kitchens, restaurants that give up.

The log is made without it; the closed loop lives with it. All of it is state of one way to live, changed in place.

Diners. After each visit satisfaction S and annoyance A, exponential means over visits, move towards what it was like:

    S += rate (surplus - usual - S)    surplus: by how much the order was better than none; 0 without one
    A += ad_rate (badness - A)         badness: sum over the ads looked at of max(0, V_0 - V), each capped
    shift = satisfaction S - annoyance A
    logit P(comes on a day) = logit p_u + shift        P(this was the last visit) = churn exp(-churn_slope shift)

so ads hurt by how bad they are, not by how many (Hohnhold, O'Brien, Tang 2015), and slowly; some diners never come
back. Who waits t seconds for a list leaves with probability 1 - exp(-impatience t), as after a visit without an order.

Kitchens. With the orders of about the last hour a kitchen of c cooks is busy to the share rho, and an order waits

    W = prep rho^(sqrt(2 (c + 1)) - 1) / (c (1 - rho))

minutes longer (M/M/c after Sakasegawa 1977), which costs `wait` of utility each.

Restaurants. Each day brings margin · orders' value - fees - fixed costs, these being `break_even` of what the margin
was in the log; who has spent `reserve_days` of fixed costs closes for good.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import expit, logit

from data.city.choice import Outcome
from data.city.noise import Keys, mix, uniform

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

RETURN_DAYS: Final = 28
_LEAVES, _QUITS = 6, 7
_MOST_BUSY: Final = 0.95


class LifeParameters(BaseModel):
    """Coefficients of the consequences; the defaults are set from the facts in `docs/city.md`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    satisfaction: float = Field(default=0.4, ge=0.0)
    """Log-odds of a visit for one unit of utility more than usual."""
    satisfaction_rate: float = Field(default=0.1, gt=0.0, le=1.0)
    """Weight of the last visit in satisfaction."""
    annoyance: float = Field(default=0.25, ge=0.0)
    """Log-odds of a visit that one unit of badness costs."""
    annoyance_rate: float = Field(default=0.12, gt=0.0, le=1.0)
    """Weight of the last visit in annoyance."""
    badness_cap: float = Field(default=3.0, gt=0.0)
    churn: float = Field(default=0.002, ge=0.0, le=1.0)
    """Probability that a visit is the last, for a diner who feels as usual …"""
    churn_slope: float = Field(default=2.0, ge=0.0)
    """… and by how much its logarithm falls for a log-odds of coming more."""
    habit_half_life_days: float = Field(default=28.0, gt=0.0)
    """After which an order counts half as a habit; the log is too short to tell."""
    impatience: float = Field(default=0.1, ge=0.0)
    """Hazard of leaving for each second of waiting: 1 % for 100 ms."""
    wait: float = Field(default=0.03, ge=0.0)
    """Utility that a minute of delivery time more costs."""
    prep_minutes: float = Field(default=20.0, gt=0.0)
    headroom: float = Field(default=3.0, gt=0.0)
    """Orders an hour that a kitchen can make, over its mean in the log's open hours …"""
    least_capacity: float = Field(default=3.0, gt=0.0)
    """… and at least so many."""
    longest_wait: float = Field(default=60.0, gt=0.0)
    margin: float = Field(default=0.3, ge=0.0, le=1.0)
    """Share of an order's value that pays fees and fixed costs."""
    break_even: float = Field(default=0.2, ge=0.0)
    """Fixed costs over the margin of the log's orders, for a restaurant with the log's mean of orders or more …"""
    least_orders: float = Field(default=0.15, ge=0.0)
    """… who has less than this share of the mean has the fixed costs of this share."""
    reserve_days: float = Field(default=60.0, gt=0.0)
    """Days of fixed costs that a restaurant can lose before it closes."""


@dataclass(eq=False)
class Feelings:
    """Of N diners."""

    parameters: LifeParameters
    usual: float
    """Mean surplus of a visit to the log's lists."""
    satisfaction: Floats
    annoyance: Floats
    gone: Bools
    """Who will not come back."""

    @classmethod
    def fresh(cls, diners: int, usual: float, parameters: LifeParameters) -> Self:
        """As everybody feels at the end of the log."""
        return cls(parameters, usual, np.zeros(diners), np.zeros(diners), np.zeros(diners, np.bool_))

    def copy(self) -> Self:
        """To go another way from here."""
        return type(self)(
            self.parameters, self.usual, self.satisfaction.copy(), self.annoyance.copy(), self.gone.copy()
        )

    def likely(self, usually: Floats) -> Floats:
        """(N,) probabilities to come on a day, from what they are at the log's end."""
        with np.errstate(divide="ignore"):  # who never comes, never comes
            return np.asarray(np.where(self.gone, 0.0, expit(logit(usually) + self._shift(slice(None)))))

    def learn(self, diners: Rows, visits: Keys, outcome: Outcome, badness: Floats) -> None:
        """Take in a visit of each of these different diners; `badness` (R,) of the ads that were looked at."""
        self._move(diners, visits, outcome.surplus, badness)

    def leave(self, diners: Rows, visits: Keys) -> None:
        """These did not wait for their list."""
        self._move(diners, visits, np.zeros(len(diners)), self.annoyance[diners])

    def leaving(self, visits: Keys, latency_ms: Floats) -> Bools:
        """(R,) who does not wait so long; the luck is the visit's: who leaves would not have waited longer either."""
        return np.asarray(uniform(mix(visits, _LEAVES)) < -np.expm1(-self.parameters.impatience * latency_ms / 1000.0))

    def badness(self, utilities: Floats, outside: Floats, sold: Bools, examined: Bools) -> Floats:
        """(R,) from V (R, K), V_0 (R,), which places are sold (R, K) and looked at (R, K)."""
        worse = np.clip(outside[:, None] - utilities, 0.0, self.parameters.badness_cap)
        return np.asarray((worse * (sold & examined)).sum(axis=1))

    def _shift(self, diners: Rows | slice) -> Floats:
        p = self.parameters
        return np.asarray(p.satisfaction * self.satisfaction[diners] - p.annoyance * self.annoyance[diners])

    def _move(self, diners: Rows, visits: Keys, surplus: Floats, badness: Floats) -> None:
        p = self.parameters
        self.satisfaction[diners] += p.satisfaction_rate * (surplus - self.usual - self.satisfaction[diners])
        self.annoyance[diners] += p.annoyance_rate * (badness - self.annoyance[diners])
        last = p.churn * np.exp(-p.churn_slope * self._shift(diners))
        self.gone[diners] |= uniform(mix(visits, _QUITS)) < last


@dataclass(eq=False)
class Trade:
    """Of n restaurants."""

    parameters: LifeParameters
    order_values: Floats
    """(n,) expected value of an order, in minor units."""
    capacity: Floats
    """(n,) orders an hour."""
    fixed: Floats
    """(n,) minor units a day."""
    cash: Floats
    closed: Bools
    recent: Floats
    """(n,) orders, each fading over an hour."""

    @classmethod
    def fresh(cls, logged: Floats, days: int, order_values: Floats, parameters: LifeParameters) -> Self:
        """From (n,) orders in a log of so many days; nobody has closed."""
        p, daily = parameters, logged / days
        counted = np.maximum(daily, p.least_orders * daily.mean())
        fixed = p.break_even * p.margin * order_values * counted
        return cls(
            parameters=p,
            order_values=order_values,
            capacity=np.maximum(p.headroom * daily / _OPEN_HOURS, p.least_capacity),
            fixed=fixed,
            cash=p.reserve_days * fixed,
            closed=np.zeros(len(logged), np.bool_),
            recent=np.zeros(len(logged)),
        )

    def copy(self) -> Self:
        """To go another way from here."""
        arrays = (
            self.order_values,
            self.capacity,
            self.fixed,
            self.cash.copy(),
            self.closed.copy(),
            self.recent.copy(),
        )
        return type(self)(self.parameters, *arrays)

    def waits(self) -> Floats:
        """(n,) minutes that an order waits longer than in an empty kitchen."""
        p = self.parameters
        cooks = self.capacity * p.prep_minutes / 60.0
        busy = np.minimum(self.recent / self.capacity, _MOST_BUSY)
        waits = p.prep_minutes * busy ** (np.sqrt(2.0 * (cooks + 1.0)) - 1.0) / (cooks * (1.0 - busy))
        return np.asarray(np.minimum(waits, p.longest_wait))

    def serve(self, restaurants: npt.NDArray[np.integer], minutes: int) -> None:
        """Take the orders of so many minutes, as if they had come evenly: how many minutes it is does not matter."""
        left = np.exp(-minutes / 60.0)
        self.recent *= left
        self.recent += np.bincount(restaurants, minlength=len(self.recent)) * (1.0 - left) * 60.0 / minutes

    def end_day(self, orders: Floats, fees: Floats, there: Bools) -> None:
        """Pay for a day: (n,) orders, fees in minor units, and who had opened. Who has nothing left closes."""
        earned = self.parameters.margin * orders * self.order_values - fees - self.fixed
        self.cash += np.where(there & ~self.closed, earned, 0.0)
        self.closed |= self.cash < 0.0
        self.recent[:] = 0.0


_OPEN_HOURS: Final = 8.0
"""Hours of a day in which most orders come."""


@dataclass(eq=False)
class Life:
    """All consequences of one way to live."""

    feelings: Feelings
    trade: Trade

    def copy(self) -> Self:
        """To go another way from here."""
        return type(self)(self.feelings.copy(), self.trade.copy())
