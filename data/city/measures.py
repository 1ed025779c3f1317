"""Measures of skew and of distance, over plain arrays."""

import numpy as np
import numpy.typing as npt

from data.city.choice import travel
from data.geo import distance_km

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.integer]

NAN = float("nan")


def gini(counts: Counts) -> float:
    """Gini coefficient of n counts: 0 where all are equal, (n - 1) / n where one has all; nan without any."""
    total = float(counts.sum())
    if total == 0:
        return NAN
    n = counts.size
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(counts) / (n * total))


def zipf_slope(counts: Counts) -> float:
    """Least-squares slope of log count against log rank over the upper half of the counts; Zipf's law has -1."""
    top = np.sort(counts)[::-1][: max(counts.size // 2, 2)]
    top = top[top > 0]
    if top.size < 2:
        return NAN
    return slope(np.log(np.arange(1, top.size + 1)), np.log(top))


def top_share(counts: Counts, part: float) -> float:
    """Share of the total that goes to this part (0..1] of the counts, the greatest ones; nan without any."""
    take = max(round(part * counts.size), 1)
    total = float(counts.sum())
    return float(np.sort(counts)[-take:].sum()) / total if total else NAN


def slope(x: Floats, y: Floats, weights: Floats | None = None) -> float:
    """Slope of the weighted least-squares line of y on x; nan where x does not vary."""
    w = np.ones_like(x) if weights is None else weights
    x, y = x - np.average(x, weights=w), y - np.average(y, weights=w)
    spread = float(w @ (x * x))
    return float(w @ (x * y)) / spread if spread > 0 else NAN


def neighbours(lat: Floats, lon: Floats, km: float) -> float:
    """Median over places of the number of others within `km`; over the first 2,000 places where there are more."""
    some = slice(0, 2000)
    near = distance_km(lat[some, None], lon[some, None], lat, lon) <= km
    return float(np.median(near.sum(axis=1) - 1))


def distance_slope(
    homes: tuple[Floats, Floats],
    places: tuple[Floats, Floats],
    chosen: tuple[Floats, Floats, Floats, Floats],
    bins: int = 24,
) -> float:
    """How demand falls with travel: the slope of log(choices / pairs) on log travel time, over bins of equal pairs.

    homes, places: (lat, lon) of all diners and restaurants. chosen: (home lat, lon, restaurant lat, lon) of each
    choice. Pairs are estimated by 200,000 drawn with a fixed seed. It mixes the taste for nearness with what was shown;
    nan without choices.
    """
    rng = np.random.default_rng(0)
    if not chosen[0].size:
        return NAN
    diner, restaurant = rng.integers(0, homes[0].size, 200_000), rng.integers(0, places[0].size, 200_000)
    pairs = travel(homes[0][diner], homes[1][diner], places[0][restaurant], places[1][restaurant])
    choices = travel(*chosen)
    edges = np.quantile(pairs, np.linspace(0, 1, bins + 1))
    there, met = (np.histogram(values, edges)[0] for values in (pairs, choices))
    times = np.histogram(pairs, edges, weights=pairs)[0]
    some = (there > 0) & (met > 0)
    return slope(times[some] / there[some], np.log(met[some] / there[some]), met[some].astype(np.float64))
