"""One market, day after day: who comes, what the logging policy shows, what they do, what they remember."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.city import choice
from data.city.context import cuisine_fit, hour_dayparts, visit_probabilities, visit_seconds
from data.city.logging_policy import Lines, Slates, draw_slates, plackett_luce_weights, scores
from data.city.memory import Memory
from data.city.noise import Keys, mix
from data.city.parameters import CityParameters
from data.city.population import Diners, Restaurants
from data.geo import distance_km

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """A grid over the homes: the coarse place that the logging policy knows of a diner."""

    of_diner: npt.NDArray[np.int64]
    """(N,) cell of each home."""
    log_minutes: Floats
    """(cells, n) log travel time from the cell's middle."""
    in_reach: Bools
    """(cells, n)"""

    @classmethod
    def over(cls, diners: Diners, restaurants: Restaurants, edge_km: float, reach_km: float) -> "Cells":
        """Square cells with this edge, those in which somebody lives."""
        step_lat = edge_km / 111.195
        step_lon = step_lat / np.cos(np.radians(diners.lat.mean()))
        grid = np.stack([np.floor(diners.lat / step_lat), np.floor(diners.lon / step_lon)], axis=1)
        corners, of_diner = np.unique(grid, axis=0, return_inverse=True)
        lat, lon = (corners[:, 0] + 0.5) * step_lat, (corners[:, 1] + 0.5) * step_lon
        place = (lat[:, None], lon[:, None], restaurants.lat, restaurants.lon)
        return cls(of_diner.ravel().astype(np.int64), choice.travel(*place), distance_km(*place) <= reach_km)


@dataclass(frozen=True)
class City:
    """One market as arrays: everything that is drawn before the first diner opens the app."""

    restaurants: Restaurants
    diners: Diners
    cells: Cells
    open_hours: Bools
    """(7, 24, n) who is open."""
    rain: Bools
    """(warm_up_days + days,) weather of each day."""


@dataclass(frozen=True)
class Visits:
    """R requests of one hour and what came of them, in the order of their time."""

    day: int
    diners: npt.NDArray[np.int64]
    seconds: Ints
    """(R,) local seconds of the day."""
    slates: Slates
    outcome: choice.Outcome


class Simulation:
    """The state of one market: memories and popularity. `run_day` moves it on by one day."""

    def __init__(self, city: City, parameters: CityParameters, seed_key: Keys) -> None:
        self.city = city
        self.parameters = parameters
        self._seed_key = seed_key
        self._memory = Memory.blank(city.diners.lat.size, parameters.memory)
        self._popularity = np.zeros(city.restaurants.lat.size)
        self._theta = choice.examination(parameters.list_length, parameters.examination_decay)
        self._fit = cuisine_fit(parameters.daypart)

    def run_day(self, day: int, rng: np.random.Generator) -> list[Visits]:
        """Simulate one local day, negative in the warm-up; the hours' requests in the order of time."""
        p, city = self.parameters, self.city
        likely = visit_probabilities(city.diners.visit, day % 7, p.weekend) * (city.diners.joined_day <= day)
        diners = np.flatnonzero(rng.random(likely.size) < likely)
        seconds = visit_seconds(rng, diners.size)
        order = np.argsort(seconds, kind="stable")
        diners, seconds = diners[order], seconds[order]
        uniforms = rng.random((diners.size, p.list_length))
        weights = self._policy_weights(day)
        bounds = np.searchsorted(seconds, np.arange(25) * 3600)
        hours = []
        for hour in np.flatnonzero(np.diff(bounds)):
            part = slice(bounds[hour], bounds[hour + 1])
            hours.append(self._run_hour(day, int(hour), diners[part], seconds[part], uniforms[part], weights))
        self._remember(day, hours)
        return hours

    def _policy_weights(self, day: int) -> Floats:
        """(cells, n) weights of the logging policy today, before opening hours."""
        p, cells = self.parameters, self.city.cells
        score = scores(self._popularity, cells.log_minutes, p.policy_popularity, p.policy_proximity, p.popularity_floor)
        there = cells.in_reach & (self.city.restaurants.opened_day <= day)
        return plackett_luce_weights(score, p.policy_temperature) * there

    def _run_hour(
        self,
        day: int,
        hour: int,
        diners: npt.NDArray[np.int64],
        seconds: Ints,
        uniforms: Floats,
        weights: Floats,
    ) -> Visits:
        p, city = self.parameters, self.city
        lines = Lines.lay(weights * city.open_hours[day % 7, hour])
        served = lines.available[city.cells.of_diner[diners]] > 0
        diners, seconds, uniforms = diners[served], seconds[served], uniforms[served]
        boost = float(np.exp(p.order_again_bonus(city.restaurants.lat.size) / p.policy_temperature))
        slates = draw_slates(lines, city.cells.of_diner[diners], self._memory.restaurants[diners], boost, uniforms)
        shown = np.maximum(slates.restaurants, 0)
        outcome = choice.decide(
            visits=mix(self._seed_key, diners, day + p.warm_up_days),
            restaurants=slates.restaurants,
            nests=city.restaurants.cuisine[shown],
            utilities=self._utilities(day, hour, diners, shown),
            outside=city.diners.outside[diners],
            theta=self._theta,
            nest_correlation=p.nest_correlation,
            click_margin=p.click_margin,
        )
        return Visits(day, diners, seconds, slates, outcome)

    def _utilities(self, day: int, hour: int, diners: npt.NDArray[np.int64], shown: npt.NDArray[np.int32]) -> Floats:
        """(R, K) V of the restaurants shown, for these diners on this day at this hour."""
        p, who, what = self.parameters, self.city.diners, self.city.restaurants
        lasting = choice.lasting_utility(who.as_tastes(diners), what.as_offers(shown))
        memory, cuisine = self._memory, what.cuisine[shown]
        remembered = memory.restaurants[diners]
        same = remembered[:, None, :] == shown[:, :, None]
        orders = np.where(same, memory.orders[diners][:, None, :], 0).sum(axis=2)
        same_cuisine = what.cuisine[remembered][:, None, :] == cuisine[:, :, None]
        days_since = (day - memory.last_day[diners]).astype(np.float64)
        return (
            lasting
            + choice.habit_utility(orders, p.habit)
            + choice.variety_utility(days_since, same_cuisine, p.variety, p.variety_days)
            + choice.context_utility(
                what.delivery[shown],
                bool(self.city.rain[day + p.warm_up_days]),
                self._fit[hour_dayparts()[hour], cuisine],
                p.rain_delivery,
            )
        )

    def _remember(self, day: int, hours: list[Visits]) -> None:
        """At the day's end: memories of the orders made, and the policy's popularity."""
        n = self._popularity.size
        self._popularity *= 0.5 ** (1.0 / self.parameters.popularity_half_life_days)
        for visits in hours:
            made = np.flatnonzero(visits.outcome.ordered >= 0)
            restaurants = visits.slates.restaurants[made, visits.outcome.ordered[made]]
            self._memory.learn(visits.diners[made], restaurants, day)
            self._popularity += np.bincount(restaurants, minlength=n)
