"""What a policy would truly have earned on the lists of a city's log: the same diners and moments, other lists.

The city is lived through again, day by day, just as its log was written; beside each logged list the target's are tried
on the diner, and nobody remembers them. So the moments, habits and popularity are those of the log, which is what an
estimate from the log speaks of. The value is an expectation, so the luck of the choice is integrated out: with the
log's own luck the truth would share the estimate's, and intervals would seem to hold it more often than they do. All
targets are tried with the same looks (common random numbers).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from data.city.context import day_start
from data.city.lister import Asked, Lister, LoggingPolicy, Visits
from data.city.logging_policy import Slates
from data.city.market import Market
from data.city.parameters import CityParameters
from data.city.simulation import Simulation
from models.off_policy import plackett_luce
from models.off_policy.logged import Doubles, Places, Rows
from models.off_policy.target import Target

DRAWS: Final = 4
"""Lists that the target draws for each logged one."""
Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Trial:
    """A policy to be tried: the target draws the first k places, the rest is drawn as it was logged."""

    target: Target
    k: int


@dataclass(eq=False)
class Witness(Lister):
    """The logging policy, beside which trials are made of the lists shown in [since, until)."""

    market: Market
    simulation: Simulation
    places: Places
    trials: Sequence[Trial]
    since: np.datetime64
    until: np.datetime64
    rng: np.random.Generator
    with_marginals: bool = False
    """Also the chances of IIPS, which take long."""
    orders: Doubles = field(init=False)
    """(trials,) sum over lists of the expected orders."""
    lists_seen: int = 0
    place_ratios: list[list[Doubles]] = field(init=False)
    """For each trial, (R, k) parts in the order of the log: P(restaurant at its place), target over logging policy."""

    def __post_init__(self) -> None:
        self._logging = LoggingPolicy(self.market.city, self.simulation.parameters)
        self.orders = np.zeros(len(self.trials))
        self.place_ratios = [[] for _ in self.trials]

    def lists(self, asked: Asked) -> Slates:
        """As they were logged."""
        slates = self._logging.lists(asked)
        start = np.datetime64(day_start(asked.day, self.places.time_zone).replace(tzinfo=None), "us")
        at = start + asked.seconds.astype("timedelta64[s]")
        there = (at >= self.since) & (at < self.until) & (slates.restaurants[:, 0] >= 0)
        if there.any():
            self._try(_some(asked, there), slates.restaurants[there], at[there])
        return slates

    def learn(self, visits: Visits) -> None:
        """The logging policy learns from its own lists."""
        self._logging.learn(visits)

    def _try(self, asked: Asked, logged: npt.NDArray[np.int32], at: Times) -> None:
        as_logged = self._logging.weights(asked)
        lat, lon = (home[asked.diners] for home in self.places.homes)
        around = (asked.diners, self.places.distances_km(lat, lon), self.places.candidates(lat, lon, at))
        looks = self.rng.random((DRAWS, *logged.shape))
        self.lists_seen += len(logged)
        for number, trial in enumerate(self.trials):
            weights, _ = trial.target.look(*around)
            for uniforms in looks:
                shown = hybrid(weights, as_logged, trial.k, logged.shape[1], self.rng)
                self.orders[number] += self.simulation.order_chances(asked, shown, uniforms).sum() / DRAWS
            if self.with_marginals:
                head = logged[:, : trial.k]
                chances = [plackett_luce.marginal(one, head) for one in (weights, as_logged)]
                self.place_ratios[number].append(np.nan_to_num(chances[0] / chances[1], nan=1.0))


def hybrid(target: Doubles, logging: Doubles, k: int, length: int, rng: np.random.Generator) -> Rows:
    """(R, length) lists whose first k places are drawn by the target's weights (R, n), the rest by the logging ones.

    Where the target has nothing left, the rest begins earlier; -1 where nobody has.
    """
    head = plackett_luce.draw(target, k, rng)
    left = logging.copy()
    rows, columns = np.nonzero(head >= 0)
    left[rows, head[rows, columns]] = 0.0
    both = np.concatenate([head, plackett_luce.draw(left, length, rng)], axis=1)
    filled = np.argsort(both < 0, axis=1, kind="stable")[:, :length]
    return np.take_along_axis(both, filled, axis=1)


def relive(market: Market, witness: Witness, parameters: CityParameters, days: int) -> None:
    """Live through the warm-up and the log's days again."""
    for day in range(-parameters.warm_up_days, days):
        market.run_day(witness.simulation, day, witness)


def _some(asked: Asked, rows: npt.NDArray[np.bool_]) -> Asked:
    return Asked(
        asked.day, asked.hour, asked.diners[rows], asked.seconds[rows], asked.known[rows], asked.uniforms[rows]
    )
