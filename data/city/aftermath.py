"""What the app sees of a visit: impressions, clicks, dismissals, orders, and ratings hours later."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.city.lister import Visits
from data.city.log import Events
from data.city.parameters import CityParameters
from data.city.population import Diners, Restaurants
from data.columns import EventType

SECOND = 1_000_000
"""In microseconds, the unit of times in the log."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recorder:
    """Turns visits into events of one market."""

    restaurants: Restaurants
    diners: Diners
    parameters: CityParameters
    price_scale: float
    """Price of a meal relative to the euro, in the currency's units."""

    def record(
        self, visits: Visits, start: int, first_request: int, first_order: int, rng: np.random.Generator
    ) -> list[Events]:
        """Events of an hour's visits, by type.

        start: time of the day's first second, in microseconds. first_request, first_order: numbers to go on from.
        """
        shown = visits.slates.restaurants
        places = np.nonzero(shown >= 0)
        request = first_request + np.arange(len(visits.diners))
        at = start + visits.seconds * SECOND
        outcome = visits.outcome
        impressions = Events.of(
            EventType.IMPRESSION,
            visits.diners[places[0]],
            shown[places],
            request[places[0]],
            at[places[0]],
            position=places[1] + 1,
            propensity=visits.slates.propensities[places],
        )
        floor = (self.diners.outside[visits.diners] - self.parameters.dismiss_below)[:, None]
        annoyed = outcome.examined & ~outcome.clicked & (outcome.utility < floor)
        annoyed &= rng.random(shown.shape) < self.parameters.dismiss_probability
        parts = [impressions]
        for kind, mask, longest in ((EventType.CLICK, outcome.clicked, 60), (EventType.DISMISS, annoyed, 30)):
            row, column = np.nonzero(mask)
            later = at[row] + rng.integers(2 * SECOND, longest * SECOND, row.size)
            parts.append(Events.of(kind, visits.diners[row], shown[row, column], request[row], later))
        return [*parts, *self._orders(visits, request, at, first_order, rng)]

    def _orders(
        self,
        visits: Visits,
        request: npt.NDArray[np.int64],
        at: npt.NDArray[np.int64],
        first_order: int,
        rng: np.random.Generator,
    ) -> list[Events]:
        """Orders with their amounts in minor units, and the ratings that some of them bring."""
        made = np.flatnonzero(visits.outcome.ordered >= 0)
        diners = visits.diners[made]
        restaurants = visits.slates.restaurants[made, visits.outcome.ordered[made]]
        number = first_order + np.arange(made.size)
        placed = at[made] + rng.integers(60 * SECOND, 600 * SECOND, made.size)
        amount = np.exp(self.restaurants.log_price[restaurants] + 0.35 * rng.standard_normal(made.size))
        amount = np.rint(amount * self.price_scale * 10) * 10
        orders = Events.of(EventType.ORDER, diners, restaurants, request[made], placed, order=number, value=amount)
        p = self.parameters
        surprise = rng.standard_normal(made.size)
        rated = rng.random(made.size) < p.rating_probability + p.rating_self_selection * np.abs(surprise)
        stars = p.rating_mean + self._expected(diners, restaurants) + p.rating_luck * surprise
        hours = p.rating_delay_hours * np.exp(rng.standard_normal(made.size))
        ratings = Events.of(
            EventType.RATING,
            diners,
            restaurants,
            request[made],
            placed + (hours * 3600 * SECOND).astype(np.int64),
            order=number,
            value=np.clip(np.rint(stars), 1, 5),
        )
        return [orders, ratings.take(rated)]

    def _expected(self, diners: npt.NDArray[np.integer], restaurants: npt.NDArray[np.integer]) -> Floats:
        """(m,) stars above the mean that the diner can expect from quality and liking, +-0.6 over all pairs."""
        p, style = self.parameters, self.restaurants.style[restaurants]
        liking = np.einsum("md,md->m", style, self.diners.taste[diners]) / max(p.taste_sd, 1e-9)
        quality = self.restaurants.quality[restaurants] / max(p.quality_sd, 1e-9)
        return np.asarray(0.45 * quality + 0.3 * liking)
