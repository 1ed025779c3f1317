"""What slowness costs in orders: each request of an open loop is the visit of one diner, who may not wait.

The same diners with the same luck are asked twice: what would they have ordered had every list been there at once, and
what did they order as it was? Two models of leaving, because nobody knows which holds:

    patience    as the locust diners: each has a limit, log-normal, median 2 s (`loadtests.diners`)
    impatience  as the diners of the simulated city: a hazard of 0.1 a second (`data.city.life`); 1 % for each 100 ms

What a diner orders who has a list is the cascade of `loadtests.diners.Visit.reactions`, drawn for all visits at once.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from data.city.life import LifeParameters
from loadtests import diners
from loadtests.intervals import Interval, blocked

PLACES: Final = 20
"""Of a list."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class OrdersLost:
    """Of the visits of one run."""

    visits: int
    turned_away: int
    """Visits that got no list at all: an error, or no answer."""
    left: Interval
    """Visits of 1,000 that ended because the list came too late for their patience."""
    instant: float
    """Orders of 1,000 visits with a server that takes no time and never fails."""
    lost_to_latency: Interval
    """Orders of 1,000 visits that slowness cost, by patience."""
    lost_to_latency_by_hazard: Interval
    """The same by the city's impatience."""
    lost_to_failures: Interval
    """Orders of 1,000 visits that missing lists cost."""

    def as_json(self) -> dict[str, Any]:
        """As the report has it."""
        return {name: value.as_json() if isinstance(value, Interval) else value for name, value in vars(self).items()}


def would_order(visits: int, rng: np.random.Generator, places: int = PLACES) -> npt.NDArray[np.int64]:
    """(visits,) orders of diners who have their list: looked at from the top, clicked, ordered."""
    looked_at = np.minimum(rng.geometric(1.0 - diners.CONTINUE, visits), places)
    return rng.binomial(rng.binomial(looked_at, diners.CLICK), diners.ORDER)


def patience(visits: int, rng: np.random.Generator) -> Floats:
    """(visits,) seconds after which each diner leaves."""
    return diners.PATIENCE_MEDIAN_SECONDS * rng.lognormal(0.0, diners.PATIENCE_SIGMA, visits)


def orders_lost(waited: Floats, served: Bools, seed: int) -> OrdersLost:
    """From the seconds that each visit waited and whether it got a list, in their order."""
    count = waited.size
    rng = np.random.default_rng(seed)
    orders, limit = would_order(count, rng), patience(count, rng)
    left = served & (waited > limit)
    by_hazard = served * -np.expm1(-LifeParameters().impatience * waited)

    def of_1000(values: npt.NDArray[Any]) -> Interval:
        return blocked(lambda chosen: 1e3 * float(values[chosen].mean()), count, seed=seed)

    return OrdersLost(
        visits=count,
        turned_away=int(count - served.sum()),
        left=of_1000(left),
        instant=1e3 * float(orders.mean()) if count else float("nan"),
        lost_to_latency=of_1000(orders * left),
        lost_to_latency_by_hazard=of_1000(orders * by_hazard),
        lost_to_failures=of_1000(orders * ~served),
    )
