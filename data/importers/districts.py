"""Districts and centres for sources that name none."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from data.geo import distance_km
from data.importers.tables import Restaurant

COMPASS: Final = ("east", "north", "west", "south")


def middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The median latitude and longitude: a few far points do not move it. (0, 0) for no points."""
    if not points:
        return 0.0, 0.0
    lat, lon = np.median(np.asarray(points, dtype=np.float64), axis=0)
    return float(lat), float(lon)


def name_districts(restaurants: Iterable[Restaurant]) -> None:
    """Give each restaurant of one town that has no district one of five, in place.

    The third that lies nearest to the town's middle (median place) is `centre`, the rest goes by compass quarter:
    coarse, but it needs no map, hardly moves when a restaurant is added, and anybody can say what it means.
    """
    rows = list(restaurants)
    if not rows:
        return
    lat, lon = np.asarray([(row.lat, row.lon) for row in rows], dtype=np.float64).T
    centre_lat, centre_lon = middle([(row.lat, row.lon) for row in rows])
    km = distance_km(centre_lat, centre_lon, lat, lon)
    east = (lon - centre_lon) * np.cos(np.radians(centre_lat))
    quarter = np.round(np.degrees(np.arctan2(lat - centre_lat, east)) / 90.0).astype(int) % 4
    inner = km <= np.quantile(km, 1 / 3)
    for row, near, where in zip(rows, inner, quarter, strict=True):
        row.district = row.district or ("centre" if near else COMPASS[where])
