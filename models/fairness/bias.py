"""Where a log is biased before any model learns from it: python -m models.fairness.bias

In synthetic cities the truth is known, so two biases can be held against it, over seeds:

place     the chance that place k is looked at, as `models.corrections` estimates it from the log, and as it is
ratings   what those who rate say, and what all who ordered would have said: who is surprised rates more often
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from threadpoolctl import threadpool_limits

from data import columns as col
from data.city import truth
from data.city.generate import generate
from data.columns import EventType
from data.dataset import Dataset
from models.corrections import examination
from models.training_data import positive_feedback

Doubles = npt.NDArray[np.float64]

_RATED_FROM: Final = 5
"""A restaurant with fewer ratings is not compared."""


def place_curves(dataset: Dataset, market: str) -> tuple[Doubles, Doubles] | None:
    """(K,) estimated and (K,) true chances of a look, relative to the top; None where the log tells nothing."""
    types = (EventType.ORDER, EventType.CLICK, EventType.RATING)
    estimated = examination(dataset, market, positive_feedback(dataset.events(market, types)))
    if estimated is None:
        return None
    true = truth.load(dataset.path, market).theta
    return estimated[: len(true)] / estimated[0], np.asarray(true / true[0])


def rating_bias(dataset: Dataset, market: str) -> tuple[float, float]:
    """(share of orders that are rated, correlation over restaurants of the mean rating with true quality)."""
    events = dataset.events(market, [EventType.ORDER, EventType.RATING])
    ratings = events[events[col.TYPE] == EventType.RATING]
    by_place = ratings.groupby(col.RESTAURANT_ID)[col.VALUE].agg(["mean", "size"])
    by_place = by_place[by_place["size"] >= _RATED_FROM]
    rows = dataset.restaurants(market).index[dataset.restaurants(market)[col.RESTAURANT_ID].isin(by_place.index)]
    ids = dataset.restaurants(market).loc[rows, col.RESTAURANT_ID]
    quality = truth.load(dataset.path, market).restaurants.quality[rows.to_numpy()]
    orders = int((events[col.TYPE] == EventType.ORDER).sum())
    agreement = np.corrcoef(by_place.loc[ids, "mean"].to_numpy(np.float64), quality)[0, 1] if len(ids) > 2 else np.nan
    return len(ratings) / max(orders, 1), float(agreement)


def run_seed(seed: int) -> tuple[Doubles, Doubles, tuple[float, float]] | None:
    """One city of 300 restaurants and 2,000 diners over 21 days."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = Path(folder) / "city"
        generate(path, restaurants=300, diners=2_000, days=21, markets=1, seed=seed)
        city = Dataset.open(path)
        curves = place_curves(city, city.markets[0])
        return None if curves is None else (*curves, rating_bias(city, city.markets[0]))


def lines(runs: Sequence[tuple[Doubles, Doubles, tuple[float, float]]]) -> list[str]:
    """As Markdown."""
    estimated, true = np.stack([run[0] for run in runs]), runs[0][1]
    rows = ["| place | looked at, true | estimated, 95 % over cities |", "|---|---|---|"]
    rows += [f"| {place + 1} | {true[place]:.3f} | {_interval(estimated[:, place])} |" for place in range(len(true))]
    shares, agreement = (np.asarray([run[2][index] for run in runs]) for index in (0, 1))
    return [
        *rows,
        "",
        f"share of orders that are rated: {_interval(shares)}",
        f"correlation of a restaurant's mean rating with its true quality: {_interval(agreement)}",
    ]


def _interval(values: Doubles) -> str:
    n = len(values)
    reach = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / np.sqrt(n)
    return f"{values.mean():.3f} [{values.mean() - reach:.3f}, {values.mean() + reach:.3f}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m models.fairness.bias",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=5, help="cities, two at least")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(argv)
    # Spawned, not forked: LightFM's OpenMP hangs in a forked process.
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        runs = list(pool.map(run_seed, range(1, given.seeds + 1)))
    print("\n".join(lines([run for run in runs if run is not None])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
