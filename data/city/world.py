"""One market as arrays: everything that is drawn before the first diner opens the app."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from data.city import choice
from data.city.population import Diners, Restaurants
from data.geo import distance_km

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_MOST_PAIRS: Final = 30_000_000
"""Utilities of all pairs are kept up to so many, 240 MB."""


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
    """Restaurants and diners, who is open when, and the weather."""

    restaurants: Restaurants
    diners: Diners
    cells: Cells
    open_hours: Bools
    """(7, 24, n) who is open."""
    rain: Bools
    """(warm_up_days + days,) weather of each day."""

    def open_at(self, day: int, hour: int) -> Bools:
        """(n,) who has opened by this day and is open at this local hour."""
        there: Bools = self.open_hours[day % 7, hour] & (self.restaurants.opened_day <= day)
        return there

    def lasting(self, diners: npt.NDArray[np.integer], shown: npt.NDArray[np.integer]) -> Floats:
        """(R, K) the part of V that does not change from visit to visit, for diners (R,) and restaurants (R, K)."""
        if self.pairs is not None:
            return np.asarray(self.pairs[diners[:, None], shown])
        return choice.lasting_utility(self.diners.as_tastes(diners), self.restaurants.as_offers(shown))

    @property
    def pairs(self) -> Floats | None:
        """(N, n) the same of all pairs, once `know_pairs` has been called."""
        known: Floats | None = self.__dict__.get("_pairs")
        return known

    def know_pairs(self) -> None:
        """Compute it for all pairs, where they are not too many: for a city in which much will happen."""
        everybody = np.arange(self.diners.lat.size)
        if self.pairs is None and everybody.size * self.restaurants.lat.size <= _MOST_PAIRS:
            known = choice.lasting_utility(self.diners.as_tastes(everybody), self.restaurants.as_offers())
            self.__dict__["_pairs"] = known
