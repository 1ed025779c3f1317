"""One market, day after day: who comes, what they are shown, what they do, what they remember."""

import numpy as np
import numpy.typing as npt

from data.city import choice
from data.city.context import cuisine_fit, hour_dayparts, visit_probabilities, visit_seconds
from data.city.life import Life
from data.city.lister import Asked, Lister, Visits
from data.city.logging_policy import Slates
from data.city.memory import Memory
from data.city.noise import Keys, mix
from data.city.parameters import ChoiceModel, CityParameters
from data.city.world import City

Floats = npt.NDArray[np.float64]

_MINUTES_PER_HOUR = 60


class Simulation:
    """The state of one market: what its diners remember, and the consequences of what happens, where there are any.

    `run_day` moves it on by one day.
    """

    def __init__(
        self,
        city: City,
        parameters: CityParameters,
        seed_key: Keys,
        memory: Memory | None = None,
    ) -> None:
        self.city = city
        self.parameters = parameters
        self.life: Life | None = None
        self._seed_key = seed_key
        self._memory = memory or Memory.blank(city.diners.lat.size, parameters.memory)
        self.theta = choice.examination(parameters.list_length, parameters.examination_decay)
        self._fit = cuisine_fit(parameters.daypart)

    def copy(self) -> "Simulation":
        """The same diners with the same memories, to go another way from here."""
        other = Simulation(self.city, self.parameters, self._seed_key, self._memory.copy())
        other.life = None if self.life is None else self.life.copy()
        return other

    def begin_life(self, life: Life) -> None:
        """From here on what happens has consequences, and habits fade."""
        self.life = life
        self._memory = self._memory.fading(life.feelings.parameters.habit_half_life_days)

    def run_day(
        self, day: int, rng: np.random.Generator, lister: Lister, minutes: int = _MINUTES_PER_HOUR
    ) -> list[Visits]:
        """Simulate one local day, negative in the warm-up; the visits in the order of time, in parts.

        The lister is asked, and told what came of it, once for `minutes` (a divisor of 60) of requests. Who comes when
        depends on the day and `rng` alone, and the luck of a visit on diner, day and restaurant: two listers that get
        the same generator meet the same visits and the same luck.
        """
        diners, seconds, uniforms = self._comers(day, rng)
        per_hour = _MINUTES_PER_HOUR // minutes
        bounds = np.searchsorted(seconds, np.arange(24 * per_hour + 1) * 60 * minutes)
        parts = []
        for number in range(24 * per_hour):
            part = slice(bounds[number], bounds[number + 1])
            if bounds[number] < bounds[number + 1]:
                known = self._memory.restaurants[diners[part]]
                asked = Asked(day, number // per_hour, diners[part], seconds[part], known, uniforms[part])
                parts.append(self._visit(asked, lister.lists(asked)))
                lister.learn(parts[-1])
            if self.life is not None:
                served = bounds[number] < bounds[number + 1]
                self.life.trade.serve(_ordered(parts[-1])[1] if served else np.empty(0, np.int64), minutes)
        self._remember(day, parts)
        return parts

    def usually(self, day: int) -> Floats:
        """(N,) probability of each diner to come on a day, feeling as at the log's end."""
        visit, joined = self.city.diners.visit, self.city.diners.joined_day <= day
        return np.asarray(visit_probabilities(visit, day % 7, self.parameters.weekend) * joined)

    def likely(self, day: int) -> Floats:
        """(N,) the same, as they feel now."""
        usually = self.usually(day)
        return usually if self.life is None else np.asarray(self.life.feelings.likely(usually))

    def open_at(self, day: int, hour: int) -> npt.NDArray[np.bool_]:
        """(n,) restaurants that are open."""
        there = self.city.open_at(day, hour)
        return there if self.life is None else np.asarray(there & ~self.life.trade.closed)

    def outside(self, diners: npt.NDArray[np.int64]) -> Floats:
        """(R,) V_0 of these diners."""
        p = self.parameters
        more = p.cascade_outside if p.choice_model is ChoiceModel.CASCADE else 0.0
        return np.asarray(self.city.diners.outside[diners] + more)

    def utilities(self, day: int, hour: int, diners: npt.NDArray[np.int64], shown: npt.NDArray[np.integer]) -> Floats:
        """(R, K) V of these restaurants (R, K), for these diners on this day at this hour."""
        p, what, waits = self.parameters, self.city.restaurants, self._waiting()
        lasting = self.city.lasting(diners, shown)
        memory, cuisine = self._memory, what.cuisine[shown]
        remembered = memory.restaurants[diners]
        same = remembered[:, None, :] == shown[:, :, None]
        orders = np.where(same, memory.orders_of(diners, day)[:, None, :], 0).sum(axis=2)
        same_cuisine = what.cuisine[remembered][:, None, :] == cuisine[:, :, None]
        days_since = (day - memory.last_day[diners]).astype(np.float64)
        values = (
            lasting
            + choice.habit_utility(orders, p.habit)
            + choice.variety_utility(days_since, same_cuisine, p.variety, p.variety_days)
            + self._context(day, hour)[shown]
        )
        return np.asarray(values if waits is None else values - waits[shown])

    def all_utilities(self, day: int, hour: int, diners: npt.NDArray[np.int64]) -> Floats:
        """(R, n) V of all restaurants; what `utilities` says of each, in less time."""
        p, cuisine, waits = self.parameters, self.city.restaurants.cuisine, self._waiting()
        everything = np.arange(cuisine.size)
        values = self.city.lasting(diners, np.broadcast_to(everything, (len(diners), cuisine.size)))
        values = values + self._context(day, hour)
        memory, rows = self._memory, np.arange(len(diners))[:, None]
        remembered = memory.restaurants[diners]
        recency = np.exp(-(day - memory.last_day[diners]).astype(np.float64) / p.variety_days)
        fresh = np.zeros((len(diners), int(cuisine.max(initial=0)) + 1))
        np.maximum.at(fresh, (np.broadcast_to(rows, remembered.shape), cuisine[remembered]), recency)
        values -= p.variety * fresh[:, cuisine]
        known = remembered >= 0
        habit = choice.habit_utility(memory.orders_of(diners, day), p.habit)
        np.add.at(values, (np.broadcast_to(rows, known.shape)[known], remembered[known]), habit[known])
        return np.asarray(values if waits is None else values - waits)

    def order_chances(self, asked: Asked, shown: npt.NDArray[np.integer], uniforms: Floats) -> Floats:
        """(R,) probability that each diner orders something of such a list (R, K), -1 in empty places.

        Of the choice's luck it is the expectation; what is looked at is left to `uniforms` (R, K), in (0, 1). Nobody
        remembers it.
        """
        p, rows = self.parameters, np.maximum(shown, 0)
        utilities, outside = self.utilities(asked.day, asked.hour, asked.diners, rows), self.outside(asked.diners)
        if p.choice_model is ChoiceModel.CASCADE:
            # One number says how far a diner goes, as in the choice itself.
            within = (uniforms[:, :1] < self.theta) & (shown >= 0)
            _, none = choice.cascade_probabilities(utilities, outside, within.astype(np.float64))
        else:
            examined = (uniforms < self.theta) & (shown >= 0)
            nests = self.city.restaurants.cuisine[rows]
            _, none = choice.choice_probabilities(utilities, nests, outside, p.nest_mu, examined)
        return np.asarray(1.0 - none)

    def _comers(
        self, day: int, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
        """Who comes, at which second, with which luck of the list; in the order of time."""
        likely = self.likely(day)
        diners = np.flatnonzero(rng.random(likely.size) < likely)
        k = self.parameters.list_length
        if self.life is None:
            seconds = visit_seconds(rng, diners.size)
            order = np.argsort(seconds, kind="stable")
            return diners[order], seconds[order], rng.random((diners.size, k))
        # Drawn for everybody: one who stays away leaves the others' hour and luck as they are.
        seconds, uniforms = visit_seconds(rng, likely.size)[diners], rng.random((likely.size, k))[diners]
        order = np.argsort(seconds, kind="stable")
        return diners[order], seconds[order], uniforms[order]

    def _visit(self, asked: Asked, slates: Slates) -> Visits:
        """What the diners do with their lists."""
        p, city, life = self.parameters, self.city, self.life
        keys = mix(self._seed_key, asked.diners, asked.day + p.warm_up_days)
        served = np.asarray((slates.restaurants >= 0).any(axis=1))
        if life is not None and slates.latency_ms is not None:
            leaving = life.feelings.leaving(keys, slates.latency_ms)
            life.feelings.leave(asked.diners[leaving], keys[leaving])
            served = served & ~leaving
        slates, diners, keys = slates.take(served), asked.diners[served], keys[served]
        shown = np.maximum(slates.restaurants, 0)
        utilities, outside = self.utilities(asked.day, asked.hour, diners, shown), self.outside(diners)
        if p.choice_model is ChoiceModel.CASCADE:
            outcome = choice.decide_in_cascade(keys, slates.restaurants, utilities, outside, self.theta, p.click_margin)
        else:
            nests = city.restaurants.cuisine[shown]
            outcome = choice.decide(
                keys, slates.restaurants, nests, utilities, outside, self.theta, p.nest_mu, p.click_margin
            )
        if life is not None:
            none_sold = np.zeros(shown.shape, np.bool_)
            sold = none_sold if slates.sold is None else slates.sold
            badness = life.feelings.badness(utilities, outside, sold, outcome.examined)
            life.feelings.learn(diners, keys, outcome, badness)
        return Visits(asked.day, diners, asked.seconds[served], slates, outcome, np.flatnonzero(served))

    def _remember(self, day: int, parts: list[Visits]) -> None:
        """At the day's end: memories of the orders made."""
        for visits in parts:
            self._memory.learn(*_ordered(visits), day)

    def _context(self, day: int, hour: int) -> Floats:
        """(n,) weather and daypart."""
        p, what = self.parameters, self.city.restaurants
        rain, fit = bool(self.city.rain[day + p.warm_up_days]), self._fit[hour_dayparts()[hour], what.cuisine]
        return choice.context_utility(what.delivery, rain, fit, p.rain_delivery)

    def _waiting(self) -> Floats | None:
        """(n,) utility that the kitchens' waits cost now; None where nobody waits."""
        return None if self.life is None else self.life.trade.parameters.wait * self.life.trade.waits()


def _ordered(visits: Visits) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Diners who ordered, and where."""
    made = np.flatnonzero(visits.outcome.ordered >= 0)
    return visits.diners[made], visits.slates.restaurants[made, visits.outcome.ordered[made]].astype(np.int64)
