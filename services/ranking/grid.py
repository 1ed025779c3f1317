"""A grid over the city, so that "within r km" looks at the neighbourhood only."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from data.geo import KM_PER_DEGREE, distance_km

CELL_KM = 1.0


@dataclass(frozen=True, eq=False)
class Grid:
    """Restaurants sorted by cell in row-major order: one row of cells in a box is one slice."""

    south: float
    west: float
    degrees_lat: float
    degrees_lon: float
    columns: int
    cell_starts: npt.NDArray[np.int64]
    """(rows * columns + 1,) where each cell begins in `order`."""
    order: npt.NDArray[np.int32]
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]

    @classmethod
    def build(cls, lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64], cell_km: float = CELL_KM) -> Self:
        """Sort n places into cells of about `cell_km`; at most some 10^6 cells, whatever the extent."""
        lat, lon = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
        if not lat.size:
            return cls(0.0, 0.0, 1.0, 1.0, 1, np.zeros(2, np.int64), np.empty(0, np.int32), lat, lon)
        south, west = float(lat.min()), float(lon.min())
        degrees_lat = max(cell_km / KM_PER_DEGREE, (float(lat.max()) - south) / 1000)
        shrink = max(float(np.cos(np.radians(np.abs(lat).max()))), 0.01)
        degrees_lon = max(cell_km / KM_PER_DEGREE / shrink, (float(lon.max()) - west) / 1000)
        row = ((lat - south) / degrees_lat).astype(np.int64)
        column = ((lon - west) / degrees_lon).astype(np.int64)
        columns = int(column.max()) + 1
        cell = row * columns + column
        order = np.argsort(cell, kind="stable").astype(np.int32)
        starts = np.searchsorted(cell[order], np.arange((int(row.max()) + 1) * columns + 1))
        return cls(south, west, degrees_lat, degrees_lon, columns, starts, order, lat, lon)

    def within(self, lat: float, lon: float, radius_km: float) -> npt.NDArray[np.int32]:
        """Rows of the places within the radius, unsorted."""
        reach_lat = radius_km / KM_PER_DEGREE
        shrink = max(float(np.cos(np.radians(min(abs(lat) + reach_lat, 89.9)))), 1e-6)
        reach_lon = reach_lat / shrink
        rows = (len(self.cell_starts) - 1) // self.columns
        first_row, last_row = self._span(lat - reach_lat, lat + reach_lat, self.south, self.degrees_lat, rows)
        first, last = self._span(lon - reach_lon, lon + reach_lon, self.west, self.degrees_lon, self.columns)
        slices = [
            self.order[self.cell_starts[row * self.columns + first] : self.cell_starts[row * self.columns + last + 1]]
            for row in range(first_row, last_row + 1)
            if first <= last
        ]
        near = np.concatenate(slices) if slices else np.empty(0, np.int32)
        return near[distance_km(lat, lon, self.lat[near], self.lon[near]) <= radius_km]

    @staticmethod
    def _span(low: float, high: float, origin: float, step: float, count: int) -> tuple[int, int]:
        first = max(int(np.floor((low - origin) / step)), 0)
        last = min(int(np.floor((high - origin) / step)), count - 1)
        return first, last
