"""One market, day after day: who comes, what they are shown, what they do, what they remember."""

import numpy as np
import numpy.typing as npt

from data.city import choice
from data.city.context import cuisine_fit, hour_dayparts, visit_probabilities, visit_seconds
from data.city.lister import Asked, Lister, Visits
from data.city.logging_policy import Slates
from data.city.memory import Memory
from data.city.noise import Keys, mix
from data.city.parameters import CityParameters
from data.city.world import City

Floats = npt.NDArray[np.float64]

_MINUTES_PER_HOUR = 60


class Simulation:
    """The state of one market's diners: what they remember. `run_day` moves it on by one day."""

    def __init__(self, city: City, parameters: CityParameters, seed_key: Keys, memory: Memory | None = None) -> None:
        self.city = city
        self.parameters = parameters
        self._seed_key = seed_key
        self._memory = memory or Memory.blank(city.diners.lat.size, parameters.memory)
        self._theta = choice.examination(parameters.list_length, parameters.examination_decay)
        self._fit = cuisine_fit(parameters.daypart)

    def copy(self) -> "Simulation":
        """The same diners with the same memories, to go another way from here."""
        return Simulation(self.city, self.parameters, self._seed_key, self._memory.copy())

    def run_day(
        self, day: int, rng: np.random.Generator, lister: Lister, minutes: int = _MINUTES_PER_HOUR
    ) -> list[Visits]:
        """Simulate one local day, negative in the warm-up; the visits in the order of time, in parts.

        The lister is asked, and told what came of it, once for `minutes` (a divisor of 60) of requests. Who comes when
        depends on the day and `rng` alone, and the luck of a visit on diner, day and restaurant: two listers that get
        the same generator meet the same visits and the same luck.
        """
        p, city = self.parameters, self.city
        likely = visit_probabilities(city.diners.visit, day % 7, p.weekend) * (city.diners.joined_day <= day)
        diners = np.flatnonzero(rng.random(likely.size) < likely)
        seconds = visit_seconds(rng, diners.size)
        order = np.argsort(seconds, kind="stable")
        diners, seconds = diners[order], seconds[order]
        uniforms = rng.random((diners.size, p.list_length))
        per_hour = _MINUTES_PER_HOUR // minutes
        bounds = np.searchsorted(seconds, np.arange(24 * per_hour + 1) * 60 * minutes)
        parts = []
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            part = slice(bounds[number], bounds[number + 1])
            known = self._memory.restaurants[diners[part]]
            asked = Asked(day, number // per_hour, diners[part], seconds[part], known, uniforms[part])
            parts.append(self._visit(asked, lister.lists(asked)))
            lister.learn(parts[-1])
        self._remember(day, parts)
        return parts

    def utilities(self, day: int, hour: int, diners: npt.NDArray[np.int64], shown: npt.NDArray[np.integer]) -> Floats:
        """(R, K) V of these restaurants (R, K), for these diners on this day at this hour."""
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

    def order_chances(self, asked: Asked, shown: npt.NDArray[np.integer], uniforms: Floats) -> Floats:
        """(R,) probability that each diner orders something of such a list (R, K), -1 in empty places.

        Of the choice's luck it is the expectation; what is looked at is left to `uniforms` (R, K), in (0, 1). Nobody
        remembers it.
        """
        p, rows = self.parameters, np.maximum(shown, 0)
        _, outside = choice.choice_probabilities(
            self.utilities(asked.day, asked.hour, asked.diners, rows),
            self.city.restaurants.cuisine[rows],
            self.city.diners.outside[asked.diners],
            p.nest_correlation,
            (uniforms < self._theta) & (shown >= 0),
        )
        return np.asarray(1.0 - outside)

    def _visit(self, asked: Asked, slates: Slates) -> Visits:
        """What the diners do with their lists."""
        p, city = self.parameters, self.city
        served = (slates.restaurants >= 0).any(axis=1)
        diners, slates = asked.diners[served], Slates(slates.restaurants[served], slates.propensities[served])
        shown = np.maximum(slates.restaurants, 0)
        outcome = choice.decide(
            visits=mix(self._seed_key, diners, asked.day + p.warm_up_days),
            restaurants=slates.restaurants,
            nests=city.restaurants.cuisine[shown],
            utilities=self.utilities(asked.day, asked.hour, diners, shown),
            outside=city.diners.outside[diners],
            theta=self._theta,
            nest_correlation=p.nest_correlation,
            click_margin=p.click_margin,
        )
        return Visits(asked.day, diners, asked.seconds[served], slates, outcome)

    def _remember(self, day: int, parts: list[Visits]) -> None:
        """At the day's end: memories of the orders made."""
        for visits in parts:
            made = np.flatnonzero(visits.outcome.ordered >= 0)
            restaurants = visits.slates.restaurants[made, visits.outcome.ordered[made]]
            self._memory.learn(visits.diners[made], restaurants, day)
