"""What a policy's lists came to: sums over hours and days, the figures made of them, and their intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy import stats

from services.ads.campaign import MICRO

Doubles = npt.NDArray[np.float64]
Measured = dict[str, float | None]
"""`{"value", "low", "high"}`; None where there is nothing to measure."""


@dataclass(frozen=True)
class Tally:
    """Sums over the lists of a policy."""

    requests: int = 0
    """Lists that were shown."""
    orders: int = 0
    clicks: int = 0
    ads: int = 0
    """Places sold."""
    fees: int = 0
    """Charged, in micro-units."""
    gain: float = 0.0
    """Sum of nDCG@10."""
    organic_tops: int = 0
    """Lists that begin with the best restaurant of the list without payment."""
    billed: int = 0
    price_shares: float = 0.0
    """Sum over billed events of the price over the campaign's bid."""
    sold_value: float = 0.0
    """Expected value of the orders at sold places, in minor units."""
    budgets: int = 0
    """Micro-units that could have been spent."""
    welfare: float = 0.0
    """Sum of what the blend maximises, in expected orders."""

    def __add__(self, other: Self) -> Self:
        names = (field.name for field in fields(self))
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in names})


def _per(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


FIGURES: Final[Mapping[str, Callable[[Tally], float]]] = {
    "orders_per_1000": lambda tally: 1000.0 * _per(tally.orders, tally.requests),
    "fee_revenue_per_1000": lambda tally: 1000.0 * _per(tally.fees / MICRO, tally.requests),
    "clicks_per_1000": lambda tally: 1000.0 * _per(tally.clicks, tally.requests),
    "ndcg@10": lambda tally: _per(tally.gain, tally.requests),
    "ads_per_list": lambda tally: _per(tally.ads, tally.requests),
    "organic_top1_share": lambda tally: _per(tally.organic_tops, tally.requests),
    "price_over_bid": lambda tally: _per(tally.price_shares, tally.billed),
    "advertiser_return": lambda tally: _per(tally.sold_value, tally.fees / MICRO),
    "budget_use": lambda tally: _per(tally.fees, tally.budgets),
    "welfare_per_1000": lambda tally: 1000.0 * _per(tally.welfare, tally.requests),
}
"""Of each policy. Fees and values are minor units; orders and welfare (fees at their price in orders) are orders."""


def figures(tallies: Sequence[Tally]) -> dict[str, Doubles]:
    """(seeds,) of each figure."""
    return {name: np.asarray([figure(tally) for tally in tallies]) for name, figure in FIGURES.items()}


def interval(values: Doubles) -> Measured:
    """The mean over seeds with Student's 95 % interval; None where a seed has no value."""
    mean = float(values.mean())
    if not np.isfinite(mean):
        return {"value": None, "low": None, "high": None}
    reach = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return {"value": mean, "low": mean - reach, "high": mean + reach}


def ratio(parts: Doubles, wholes: Doubles) -> Measured:
    """Sum of `parts` over sum of `wholes`, pairs over seeds, with the ratio estimator's interval (Cochran 1977, 6.3).

    None where the wholes are 0 together.
    """
    mean = float(wholes.mean())
    if mean == 0.0 or not np.isfinite(mean):
        return {"value": None, "low": None, "high": None}
    value = float(parts.mean()) / mean
    reach = float(stats.t.ppf(0.975, len(parts) - 1) * stats.sem(parts - value * wholes)) / abs(mean)
    return {"value": value, "low": value - reach, "high": value + reach}


def ndcg(relevance: Doubles, shown: npt.NDArray[np.integer], at: int) -> Doubles:
    """(R,) normalised discounted cumulative gain of lists, with the relevance itself as the gain.

    `relevance` (R, n) >= 0 of all candidates; `shown` (R, K) which of them are listed, -1 in places that stay empty.
    0 where nothing is relevant.
    """
    k = min(at, relevance.shape[1])
    discounts = 1.0 / np.log2(np.arange(2, at + 2))
    best = -np.sort(np.partition(-relevance, k - 1, axis=1)[:, :k], axis=1)
    ideal = best @ discounts[:k]
    listed = shown[:, :at]
    gains = np.where(listed >= 0, np.take_along_axis(relevance, np.maximum(listed, 0), axis=1), 0.0)
    return np.asarray(gains @ discounts[: listed.shape[1]] / np.where(ideal > 0.0, ideal, 1.0))
