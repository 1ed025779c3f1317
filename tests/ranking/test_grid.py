"""The grid, against looking at every place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.geo import distance_km
from services.ranking.grid import Grid


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 400),
    st.floats(-80, 80),
    st.floats(-175, 175),
    st.floats(0.01, 30),
    st.floats(0.001, 0.5),
)
def test_within_is_what_a_scan_finds(seed: int, n: int, lat: float, lon: float, radius: float, spread: float) -> None:
    rng = np.random.default_rng(seed)
    lats, lons = lat + rng.normal(0, spread, n), lon + rng.normal(0, spread, n)
    at = lat + rng.normal(0, spread), lon + rng.normal(0, spread)

    found = Grid.build(lats, lons).within(*at, radius)

    assert sorted(found.tolist()) == np.flatnonzero(distance_km(*at, lats, lons) <= radius).tolist()


def test_an_empty_market_has_nothing_near() -> None:
    assert Grid.build(np.empty(0), np.empty(0)).within(0.0, 0.0, 10.0).size == 0


@pytest.mark.parametrize("km", [0.5, 5.0, 60.0])
def test_the_flat_distance_is_close_to_the_great_circle(km: float) -> None:
    rng = np.random.default_rng(1)
    lat = rng.uniform(-60, 60, 500)
    bearing = rng.uniform(0, 2 * np.pi, 500)
    to_lat = lat + km / 111.195 * np.cos(bearing)
    to_lon = km / 111.195 * np.sin(bearing) / np.cos(np.radians(lat))
    half = np.sin(np.radians(to_lat - lat) / 2) ** 2
    half += np.cos(np.radians(lat)) * np.cos(np.radians(to_lat)) * np.sin(np.radians(to_lon) / 2) ** 2
    great_circle = 2 * 6371.0 * np.arcsin(np.sqrt(half))

    assert np.max(np.abs(distance_km(lat, 0.0, to_lat, to_lon) / great_circle - 1)) < 1e-3
