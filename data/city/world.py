"""One market as arrays: everything that is drawn before the first diner opens the app."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.city import choice
from data.city.population import Diners, Restaurants
from data.geo import distance_km

Floats = npt.NDArray[np.float64]
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
