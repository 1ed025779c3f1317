"""Who decides what is shown: any lister, and the logging policy as one."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from data.city import choice
from data.city.logging_policy import Lines, Slates, draw_slates, plackett_luce_weights, scores
from data.city.parameters import CityParameters
from data.city.world import City

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """R requests of one local hour, in the order of their time."""

    day: int
    hour: int
    diners: npt.NDArray[np.int64]
    """(R,) rows, all different."""
    seconds: npt.NDArray[np.int64]
    """(R,) local seconds of the day."""
    known: npt.NDArray[np.int32]
    """(R, H) the restaurants that each diner ordered from last, up to yesterday; -1 for none."""
    uniforms: Floats
    """(R, K) in (0, 1), for a lister that leaves something to chance."""


@dataclass(frozen=True)
class Visits:
    """R requests of one hour that got a list, and what came of them, in the order of their time."""

    day: int
    diners: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.int64]
    """(R,) local seconds of the day."""
    slates: Slates
    outcome: choice.Outcome
    requests: npt.NDArray[np.int64]
    """(R,) their places in what was asked: who left, or got an empty list, is not among them."""


class Lister(Protocol):
    """Makes the lists of a market."""

    def lists(self, asked: Asked) -> Slates:
        """A list of up to K for each request; diners whose list is empty leave, and nothing is heard of them."""

    def learn(self, visits: Visits) -> None:
        """What came of these lists, all of one call or a part of them; told before the next are asked for."""


class LoggingPolicy:
    """The policy by which the log is made: popularity, proximity and the diner's last restaurants, drawn with chance.

    It learns the popularity from the orders of its own lists, at the end of each day.
    """

    def __init__(self, city: City, parameters: CityParameters) -> None:
        self._city = city
        self._parameters = parameters
        self._popularity = np.zeros(city.restaurants.lat.size)
        self._day: int | None = None
        self._weights = np.empty(0)
        self._orders: list[npt.NDArray[np.int64]] = []

    def lists(self, asked: Asked) -> Slates:
        """Plackett-Luce lists, with the propensity of each place."""
        cells = self._city.cells.of_diner[asked.diners]
        return draw_slates(Lines.lay(self._of_cells(asked)), cells, asked.known, self._boost, asked.uniforms)

    def weights(self, asked: Asked) -> Floats:
        """(R, n) in proportion to which the lists of these requests are drawn; 0: cannot be shown."""
        weights = self._of_cells(asked)[self._city.cells.of_diner[asked.diners]]
        rows, places = np.nonzero(asked.known >= 0)
        weights[rows, asked.known[rows, places]] *= self._boost
        return weights

    def learn(self, visits: Visits) -> None:
        """Count the orders."""
        made = np.flatnonzero(visits.outcome.ordered >= 0)
        restaurants = visits.slates.restaurants[made, visits.outcome.ordered[made]]
        self._orders.append(np.bincount(restaurants, minlength=self._popularity.size))

    @property
    def _boost(self) -> float:
        """By which the weight of a known restaurant is multiplied."""
        p = self._parameters
        return float(np.exp(p.order_again_bonus(self._city.restaurants.lat.size) / p.policy_temperature))

    def _of_cells(self, asked: Asked) -> Floats:
        """(cells, n) weights of those that are open."""
        if asked.day != self._day:
            self._begin(asked.day)
        return np.asarray(self._weights * self._city.open_hours[asked.day % 7, asked.hour])

    def _begin(self, day: int) -> None:
        """Let popularity fade for each day since the last, whose orders are fresh; then weigh for this day."""
        p, cells = self._parameters, self._city.cells
        for _ in range(day - self._day if self._day is not None else 0):
            self._popularity *= 0.5 ** (1.0 / p.popularity_half_life_days)
            for orders in self._orders:
                self._popularity += orders
            self._orders = []
        self._day = day
        score = scores(self._popularity, cells.log_minutes, p.policy_popularity, p.policy_proximity, p.popularity_floor)
        there = cells.in_reach & (self._city.restaurants.opened_day <= day)
        self._weights = plackett_luce_weights(score, p.policy_temperature) * there
