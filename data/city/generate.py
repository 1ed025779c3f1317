"""Generate a dataset: the tables that a food app would have of an invented city, and the truth behind them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.city.market import Market, Progress
from data.city.parameters import CityParameters
from data.city.simulation import Simulation
from data.dataset import SURELY_SHOWN_KM, Manifest, MarketInfo, writing


def generate(
    out: Path,
    *,
    restaurants: int,
    diners: int,
    days: int,
    markets: int,
    seed: int,
    parameters: CityParameters | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a synthetic dataset to the folder `out`; its bytes are a function of the arguments alone.

    restaurants, diners: sizes of each market. days: length of the log, from `context.FIRST_DAY` on. A market depends
    on the seed, the sizes and its own number, so it is the same beside any number of others. `progress` is told
    (market, days done, days) after each day. Raise ValueError for a size below 1 or a negative seed, DatasetError
    where `out` holds something that is no dataset.
    """
    sizes = {"restaurants": restaurants, "diners": diners, "days": days, "markets": markets}
    _check(sizes, seed)
    parameters = parameters or CityParameters()
    infos = []
    with writing(out) as writer:
        for number in range(markets):
            market = Market(number, restaurants, diners, days, seed, parameters)
            market.write(writer, progress)
            infos.append(market.describe())
        writer.finish(_manifest(infos, {**sizes, "seed": seed}, parameters))


def generate_market(
    out: Path,
    *,
    restaurants: int,
    diners: int,
    days: int,
    ahead: int,
    seed: int,
    parameters: CityParameters | None = None,
    progress: Progress | None = None,
) -> tuple[Market, Simulation]:
    """Write a dataset of one market whose life can go on for `ahead` days after its log of `days`.

    Returns the market and its diners as the log leaves them. Raise as `generate` does.
    """
    sizes = {"restaurants": restaurants, "diners": diners, "days": days, "ahead": ahead}
    _check(sizes, seed)
    parameters = parameters or CityParameters()
    with writing(out) as writer:
        market = Market(0, restaurants, diners, days, seed, parameters, ahead)
        left = market.write(writer, progress)
        writer.finish(_manifest([market.describe()], {**sizes, "markets": 1, "seed": seed}, parameters))
    return market, left


def _check(sizes: Mapping[str, int], seed: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, not {size}")
    if seed < 0:
        raise ValueError(f"seed must not be negative, not {seed}")


def _manifest(markets: Sequence[MarketInfo], sizes: dict[str, Any], city: CityParameters) -> Manifest:
    about = {**sizes, "city": city.model_dump(), SURELY_SHOWN_KM: city.surely_shown_km(sizes["restaurants"])}
    return Manifest(source="synthetic", markets=tuple(markets), repeats=True, has_times=True, parameters=about)
