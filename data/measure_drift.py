"""How often drift is reported where nothing has changed, and how often a planted change is found.

    python -m data.measure_drift --cities 200

Each city has its own seed and, once its diners have their habits, a log of four weeks; the first two are compared with
the last two: in cities in which nothing changes, in cities with weather and newcomers, and in those with each change
planted into the last two weeks.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from data import columns as col
from data.city.generate import generate
from data.city.parameters import CityParameters
from data.columns import EventType
from data.dataset import Dataset
from data.drift import ALPHA, DriftReport, compare
from data.geo import distance_km
from data.periods import log_columns, period_columns

_DAYS: Final = 14
_WARM_UP_DAYS: Final = 60
"""Younger cities still change by themselves: diners find their habits, and order more often from week to week."""
CALM: Final = CityParameters(warm_up_days=_WARM_UP_DAYS, rain=0.0, newcomers=0.0)
"""Nothing changes but who comes and what is chosen."""
LIVELY: Final = CityParameters(warm_up_days=_WARM_UP_DAYS)
"""It rains, and restaurants open."""
Rng = np.random.Generator


@dataclass(frozen=True)
class Tables:
    """What a period's columns are made of."""

    log: pd.DataFrame
    restaurants: pd.DataFrame
    diners: pd.DataFrame


@dataclass(frozen=True)
class Shift:
    """A change that is planted, and the column in which it must be found."""

    column: str
    what: str
    plant: Callable[[Tables, Rng], pd.DataFrame]
    """The period's log with the change in it."""


@dataclass(frozen=True)
class Rate:
    """In how many of the cities something happened, with its 95 % interval (Clopper and Pearson)."""

    what: str
    happened: int
    cities: int
    low: float
    high: float

    @classmethod
    def of(cls, what: str, flags: Sequence[bool]) -> "Rate":
        """Of at least one city."""
        interval = stats.binomtest(sum(flags), len(flags)).proportion_ci(method="exact")
        return cls(what, sum(flags), len(flags), float(interval.low), float(interval.high))

    def line(self) -> str:
        """For the terminal."""
        return f"{self.what:<66}{self.happened:>4}/{self.cities:<4} {self.low:.3f} – {self.high:.3f}"


def measure(cities: int, first_seed: int = 0, restaurants: int = 60, diners: int = 400) -> list[Rate]:
    """False alarms first, then the share of each planted change that is found in its column."""
    calm, lively, found = [], [], {shift.what: list[bool]() for shift in SHIFTS}
    for seed in range(first_seed, first_seed + cities):
        calm.append(_one_city(CALM, seed, restaurants, diners, ())[0])
        report, shifted = _one_city(LIVELY, seed, restaurants, diners, SHIFTS)
        lively.append(report)
        for shift in SHIFTS:
            found[shift.what].append(shift.column in {one.name for one in shifted[shift.what].drifted})
    below = f"any test below {ALPHA}, whatever its effect"
    return [
        Rate.of("nothing changes: any column reported", [bool(report.drifted) for report in calm]),
        Rate.of(f"nothing changes: {below}", [_any_below(report) for report in calm]),
        Rate.of("weather and newcomers: any column reported", [bool(report.drifted) for report in lively]),
        Rate.of(f"weather and newcomers: {below}", [_any_below(report) for report in lively]),
        *(Rate.of(f"{shift.column}: {shift.what}", found[shift.what]) for shift in SHIFTS),
    ]


def _any_below(report: DriftReport) -> bool:
    return any(one.adjusted < report.alpha for one in report.columns)


def _one_city(
    parameters: CityParameters, seed: int, restaurants: int, diners: int, shifts: Sequence[Shift]
) -> tuple[DriftReport, Mapping[str, DriftReport]]:
    """The report of a city as it is, and with each of the changes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city"
        generate(
            path, restaurants=restaurants, diners=diners, days=2 * _DAYS, markets=1, seed=seed, parameters=parameters
        )
        dataset = Dataset.open(path)
        market = dataset.markets[0]
        zone = dataset.market(market).time_zone
        log = dataset.events(market)
        start = log[col.AT].min().tz_convert(zone).normalize()
        middle, end = start + timedelta(days=_DAYS), start + timedelta(days=2 * _DAYS)
        reference = period_columns(dataset, market, start, middle)
        later = log[(log[col.AT] >= middle) & (log[col.AT] < end)]
        tables = Tables(later, dataset.restaurants(market), dataset.diners(market))

    def against(current: pd.DataFrame) -> DriftReport:
        return compare(reference, log_columns(current, tables.restaurants, tables.diners, zone))

    planted = {shift.what: shift.plant(tables, np.random.default_rng([seed, 1])) for shift in shifts}
    return against(later), {what: against(current) for what, current in planted.items()}


def _fewer_orders(tables: Tables, rng: Rng) -> pd.DataFrame:
    log = tables.log
    return log[~((log[col.TYPE] == EventType.ORDER) & (rng.random(len(log)) < 0.3))]


def _dearer_orders(tables: Tables, _: Rng) -> pd.DataFrame:
    return tables.log.assign(**{col.VALUE: tables.log[col.VALUE] * 1.5})


def _later_hours(tables: Tables, rng: Rng) -> pd.DataFrame:
    log = tables.log
    late = log[col.REQUEST_ID].isin(_some(log[col.REQUEST_ID], 0.3, rng))
    return log.assign(**{col.AT: log[col.AT].where(~late, log[col.AT] + timedelta(hours=2))})


def _diners_leave(tables: Tables, rng: Rng) -> pd.DataFrame:
    diners = tables.diners
    north = diners[diners[col.HOME_LAT] > diners[col.HOME_LAT].median()][col.USER_ID]
    return tables.log[~tables.log[col.USER_ID].isin(_some(north, 0.7, rng))]


def _less_of_a_cuisine(tables: Tables, rng: Rng) -> pd.DataFrame:
    first = tables.restaurants[col.CUISINES].map(lambda cell: cell[0])
    shown = tables.log[tables.log[col.TYPE] == EventType.IMPRESSION][col.RESTAURANT_ID]
    common = shown.map(pd.Series(first.to_numpy(), tables.restaurants[col.RESTAURANT_ID])).value_counts().index[:3]
    theirs = tables.restaurants[first.isin(common)][col.RESTAURANT_ID]
    gone = tables.log[col.RESTAURANT_ID].isin(theirs) & (tables.log[col.TYPE] == EventType.IMPRESSION)
    return tables.log[~(gone & (rng.random(len(tables.log)) < 0.6))]


def _further_away(tables: Tables, rng: Rng) -> pd.DataFrame:
    homes = tables.diners.set_index(col.USER_ID).reindex(tables.log[col.USER_ID])
    places = tables.restaurants.set_index(col.RESTAURANT_ID).reindex(tables.log[col.RESTAURANT_ID])
    ends = ((homes, col.HOME_LAT), (homes, col.HOME_LON), (places, col.LAT), (places, col.LON))
    km = distance_km(*(frame[name].to_numpy(np.float64) for frame, name in ends))
    near = (km < np.nanmedian(km)) & (tables.log[col.TYPE] == EventType.IMPRESSION).to_numpy()
    return tables.log[~(near & (rng.random(len(tables.log)) < 0.5))]


def _some(ids: "pd.Series[str]", share: float, rng: Rng) -> npt.NDArray[Any]:
    distinct = ids.dropna().unique()
    return np.asarray(distinct)[rng.random(len(distinct)) < share]


SHIFTS: Final = (
    Shift("order_rate", "three orders of ten fall away", _fewer_orders),
    Shift("order_value", "orders half as dear again", _dearer_orders),
    Shift("hour", "three visits of ten two hours later", _later_hours),
    Shift("home_district", "seven northern diners of ten gone", _diners_leave),
    Shift("cuisine_shown", "the three commonest cuisines shown 60 % less", _less_of_a_cuisine),
    Shift("distance_shown", "the nearer half of the places shown half as often", _further_away),
)


def _lines(rates: Sequence[Rate]) -> Iterator[str]:
    yield f"{'':<66}{'cities':>9}  95 % interval"
    yield from (rate.line() for rate in rates)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first city")
    parser.add_argument("--restaurants", type=int, default=60)
    parser.add_argument("--diners", type=int, default=400)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rates = measure(given.cities, given.seed, given.restaurants, given.diners)
    print("\n".join(_lines(rates)))
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(rate) for rate in rates], indent=2) + "\n")


if __name__ == "__main__":
    main()
