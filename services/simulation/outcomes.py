"""What a policy's lists came to: sums over hours and days, the figures made of them, and their intervals."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
from scipy import special

from services.ads.campaign import MICRO

Doubles = npt.NDArray[np.float64]
Measured = dict[str, float | None]
"""`{"value", "low", "high"}`; None where there is nothing to measure."""


GROUPS: Final = ("chains", "independents", "newcomers")
"""Of restaurants, whose exposure is compared; newcomers have opened since the log began."""
_LATENCY_EDGES: Final = np.concatenate([np.geomspace(1.0, 10_000.0, 161)[1:], [np.inf]])


@dataclass(frozen=True)
class Tally:
    """Sums over the lists of a policy."""

    requests: int = 0
    """Lists that were asked for and had something to show."""
    orders: int = 0
    clicks: int = 0
    ads: int = 0
    """Places sold."""
    fees: int = 0
    """Charged, in micro-units."""
    gain: float = 0.0
    """Sum of nDCG@10 over the lists that were judged."""
    judged: int = 0
    gain_in_time: float = 0.0
    """The same over those of them that the model made."""
    judged_in_time: int = 0
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
    surplus: float = 0.0
    """Sum over visits of the utility of the order above that of none."""
    cpu_ms: float = 0.0
    shown: int = 0
    """Restaurants in lists."""
    explained: int = 0
    """Of these, those whose score is explained exactly."""
    late: int = 0
    """Lists that came without the model."""
    abandoned: int = 0
    """Lists for which the diner did not wait."""
    exposure: tuple[float, ...] = (0.0,) * len(GROUPS)
    """Of each of `GROUPS`: sum of theta over the places that were not sold, of the lists that were judged."""
    merit: tuple[float, ...] = (0.0,) * len(GROUPS)
    """Sum over the same lists and all candidates of the true probability of an order."""
    latency: tuple[int, ...] = (0,) * len(_LATENCY_EDGES)
    """Lists by milliseconds, the way over the network left out, in bins that grow by 6 %."""
    diner_days: int = 0
    returning: float = 0.0
    """Sum over diners and days of the probability to come again within 28 days."""
    restaurant_days: int = 0
    """Of restaurants that have opened."""
    open_days: int = 0
    """Of those that have not closed since."""

    def __add__(self, other: Self) -> Self:
        # A list says little of all this: what it says nothing of stays as it is.
        sums = dict(vars(self))
        for name, part in vars(other).items():
            if part != _NOTHING[name]:
                sums[name] = _plus(sums[name], part)
        return type(self)(**sums)


_NOTHING: Final[Mapping[str, Any]] = vars(Tally())


def _plus(one: Any, other: Any) -> Any:
    return tuple(map(add, one, other)) if isinstance(one, tuple) else one + other


def latency_bins(milliseconds: Doubles) -> tuple[int, ...]:
    """How many fall into each bin of `Tally.latency`."""
    bins = np.searchsorted(_LATENCY_EDGES, milliseconds)
    return tuple(np.bincount(bins, minlength=len(_LATENCY_EDGES)).tolist())


def exposure_ratio(exposure: Doubles, merit: Doubles) -> Doubles:
    """(...,) least over greatest exposure per merit of the groups (..., G); groups without merit are left out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        per_merit = np.where(merit > 0.0, exposure / merit, np.nan)
        return np.asarray(np.nanmin(per_merit, axis=-1) / np.nanmax(per_merit, axis=-1))


def _per(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _p99(tally: Tally) -> float:
    counts = np.cumsum(tally.latency)
    return float(_LATENCY_EDGES[np.searchsorted(counts, 0.99 * counts[-1])]) if counts[-1] else float("nan")


def _exposures(tally: Tally) -> float:
    return float(exposure_ratio(np.asarray(tally.exposure), np.asarray(tally.merit))) if any(tally.merit) else math.nan


FIGURES: Final[Mapping[str, Callable[[Tally], float]]] = {
    "orders_per_1000": lambda tally: 1000.0 * _per(tally.orders, tally.requests),
    "fee_revenue_per_1000": lambda tally: 1000.0 * _per(tally.fees / MICRO, tally.requests),
    "ndcg@10": lambda tally: _per(tally.gain, tally.judged),
    "ndcg_in_time": lambda tally: _per(tally.gain_in_time, tally.judged_in_time),
    "cpu_ms_per_1000": lambda tally: 1000.0 * _per(tally.cpu_ms, tally.requests),
    "explained_share": lambda tally: _per(tally.explained, tally.shown),
    "exposure_ratio": _exposures,
    "return_rate_28d": lambda tally: _per(tally.returning, tally.diner_days),
    "orders_per_diner_week": lambda tally: 7.0 * _per(tally.orders, tally.diner_days),
    "fees_per_diner_week": lambda tally: 7.0 * _per(tally.fees / MICRO, tally.diner_days),
    "requests_per_diner_week": lambda tally: 7.0 * _per(tally.requests, tally.diner_days),
    "surplus_per_request": lambda tally: _per(tally.surplus, tally.requests),
    "latency_p99_ms": _p99,
    "late_share": lambda tally: _per(tally.late, tally.requests),
    "abandoned_share": lambda tally: _per(tally.abandoned, tally.requests),
    "open_share": lambda tally: _per(tally.open_days, tally.restaurant_days),
    "clicks_per_1000": lambda tally: 1000.0 * _per(tally.clicks, tally.requests),
    "ads_per_list": lambda tally: _per(tally.ads, tally.requests),
    "organic_top1_share": lambda tally: _per(tally.organic_tops, tally.requests),
    "price_over_bid": lambda tally: _per(tally.price_shares, tally.billed),
    "advertiser_return": lambda tally: _per(tally.sold_value, tally.fees / MICRO),
    "budget_use": lambda tally: _per(tally.fees, tally.budgets),
    "welfare_per_1000": lambda tally: 1000.0 * _per(tally.welfare, tally.requests),
}
"""Of each policy. Fees and values are minor units; orders and welfare (fees at their price in orders) are orders."""


@dataclass(eq=False)
class DinerSums:
    """The sums behind the seats' numbers, by diner. Their spread over diners gives the error of a figure.

    That budgets and kitchens tie diners together is left out.
    """

    sums: Mapping[str, Doubles]
    """(N,), of groups (N, G), by the field of `Tally`."""

    _FIELDS: ClassVar = ("requests", "orders", "fees", "gain", "judged", "abandoned", "returning", "diner_days")

    @classmethod
    def none(cls, diners: int) -> Self:
        """Nothing has happened."""
        sums = {name: np.zeros(diners) for name in cls._FIELDS}
        return cls({**sums, "exposure": np.zeros((diners, len(GROUPS))), "merit": np.zeros((diners, len(GROUPS)))})

    def count(self, field: str, diners: npt.NDArray[np.integer], values: Doubles | float = 1.0) -> None:
        """Add to these diners, who may repeat."""
        np.add.at(self.sums[field], diners, values)

    def __add__(self, other: Self) -> Self:
        return type(self)({name: values + other.sums[name] for name, values in self.sums.items()})

    def standard_errors(self) -> dict[str, float]:
        """Of figures that are ratios of such sums (Cochran 1977, 6.3); the exposures' by a jackknife over 50 parts."""
        errors = {figure: self._ratio_error(*of) for figure, of in _RATIOS.items()}
        parts = np.arange(len(self.sums["merit"])) % _PARTS
        exposure, merit = (
            values.sum(axis=0) - np.stack([values[parts == part].sum(axis=0) for part in range(_PARTS)])
            for values in (self.sums["exposure"], self.sums["merit"])
        )
        left = exposure_ratio(exposure, merit)
        errors["exposure_ratio"] = float(np.sqrt((_PARTS - 1) * np.var(left)))
        return errors

    def _ratio_error(self, part: str, whole: str, scale: float) -> float:
        parts, wholes = self.sums[part], self.sums[whole]
        total = wholes.sum()
        if total == 0.0:
            return math.nan
        residuals = parts - parts.sum() / total * wholes
        return float(scale * np.sqrt(len(parts) * np.var(residuals, ddof=1)) / total)


_PARTS: Final = 50
_RATIOS: Final[Mapping[str, tuple[str, str, float]]] = {
    "orders_per_1000": ("orders", "requests", 1000.0),
    "fee_revenue_per_1000": ("fees", "requests", 1000.0 / MICRO),
    "ndcg@10": ("gain", "judged", 1.0),
    "return_rate_28d": ("returning", "diner_days", 1.0),
    "orders_per_diner_week": ("orders", "diner_days", 7.0),
    "fees_per_diner_week": ("fees", "diner_days", 7.0 / MICRO),
    "abandoned_share": ("abandoned", "requests", 1.0),
}


def figures(tallies: Sequence[Tally]) -> dict[str, Doubles]:
    """(seeds,) of each figure."""
    return {name: np.asarray([figure(tally) for tally in tallies]) for name, figure in FIGURES.items()}


def interval(values: Doubles) -> Measured:
    """The mean over seeds with Student's 95 % interval; None where a seed has no value."""
    mean = float(values.mean())
    if not np.isfinite(mean):
        return {"value": None, "low": None, "high": None}
    reach = _reach(values)
    return {"value": mean, "low": mean - reach, "high": mean + reach}


def _reach(values: Doubles) -> float:
    """From the mean to the end of Student's 95 % interval."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return float(special.stdtrit(len(values) - 1, 0.975) * error)


def ratio(parts: Doubles, wholes: Doubles) -> Measured:
    """Sum of `parts` over sum of `wholes`, pairs over seeds, with the ratio estimator's interval (Cochran 1977, 6.3).

    None where the wholes are 0 together.
    """
    mean = float(wholes.mean())
    if mean == 0.0 or not np.isfinite(mean):
        return {"value": None, "low": None, "high": None}
    value = float(parts.mean()) / mean
    reach = _reach(parts - value * wholes) / abs(mean)
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
