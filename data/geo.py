"""Distances and travel times, vectorised."""

from typing import Final

import numpy as np
import numpy.typing as npt

KM_PER_DEGREE: Final = 111.195
"""One degree of a great circle on a sphere of radius 6,371 km."""

Coordinates = npt.NDArray[np.floating] | float


def distance_km(
    lat: Coordinates, lon: Coordinates, to_lat: Coordinates, to_lon: Coordinates
) -> npt.NDArray[np.float64]:
    """Distance in km on the equirectangular projection; arguments broadcast.

    Inside a city (below 100 km) it differs from the great circle by less than 0.1 %, at a third of its cost.
    """
    lat = np.asarray(lat, dtype=np.float64)
    north = to_lat - lat
    east = np.subtract(to_lon, lon)
    east = east - 360.0 * np.rint(east / 360.0)
    east = east * np.cos((lat + to_lat) * (0.5 * np.pi / 180.0))
    return np.asarray(KM_PER_DEGREE * np.sqrt(north * north + east * east))


def travel_minutes(km: Coordinates) -> npt.NDArray[np.float64]:
    """Door-to-door minutes: four to set out and arrive, then 15 km/h through a city."""
    return np.asarray(4.0 + 4.0 * np.asarray(km, dtype=np.float64))


def log_travel_time(km: Coordinates) -> npt.NDArray[np.float64]:
    """log(minutes), the form in which distance enters the diner's utility (Athey et al. 2018)."""
    return np.log(travel_minutes(km))
