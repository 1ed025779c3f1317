"""How often drift is reported where nothing has changed, and how often a planted change is found.

    python -m data.measure_drift --cities 200

Each city has its own seed and, once its diners have their habits, a log of four weeks; the first two are compared with
the last two: in cities in which nothing changes, in cities with weather and newcomers, and in those with each change
planted into the last two weeks.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
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
from data.drift import ALPHA, Column, DriftReport, compare
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


@dataclass(frozen=True, eq=False)
class City:
    """Two fortnights of a market, the first as columns."""

    reference: Sequence[Column]
    later: pd.DataFrame
    """The log of the second."""
    restaurants: pd.DataFrame
    diners: pd.DataFrame
    time_zone: str

    def report(self, log: pd.DataFrame, clustered: bool = True) -> DriftReport:
        """The first fortnight against this log of the second."""
        current = log_columns(log, self.restaurants, self.diners, self.time_zone)
        if clustered:
            return compare(self.reference, current)
        before, after = ([replace(column, units=()) for column in period] for period in (self.reference, current))
        return compare(before, after)


@dataclass(frozen=True)
class Shift:
    """A change that is planted, and the column in which it must be found."""

    column: str
    what: str
    plant: Callable[[City, Rng], pd.DataFrame]
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


@dataclass
class Tally:
    """What the cities looked at so far have shown."""

    calm: list[DriftReport] = field(default_factory=list)
    naive: list[DriftReport] = field(default_factory=list)
    """The calm cities again, each row taken as a draw of its own."""
    lively: list[DriftReport] = field(default_factory=list)
    found: dict[str, list[bool]] = field(default_factory=lambda: {shift.what: [] for shift in SHIFTS})

    def rates(self) -> list[Rate]:
        """False alarms first, then the share of each planted change that is found in its column."""
        calm, lively = "nothing changes", "weather and newcomers"
        below = f"any test below {ALPHA}, whatever its effect"
        flags = {
            f"{calm}: any column reported": [bool(report.drifted) for report in self.calm],
            f"{calm}: {below}": [_any_below(report) for report in self.calm],
            f"{calm}: the same if rows were independent": [_any_below(report) for report in self.naive],
            f"{lively}: any column reported": [bool(report.drifted) for report in self.lively],
            f"{lively}: {below}": [_any_below(report) for report in self.lively],
            **{f"{shift.column}: {shift.what}": self.found[shift.what] for shift in SHIFTS},
        }
        return [Rate.of(what, happened) for what, happened in flags.items() if happened]


def measure(cities: int, lively: int, first_seed: int = 0, restaurants: int = 60, diners: int = 300) -> Iterator[Tally]:
    """The tally after each of so many calm cities; the first `lively` seeds are looked at with changes too."""
    tally = Tally()
    for seed in range(first_seed, first_seed + cities):
        with _city(CALM, seed, restaurants, diners) as city:
            tally.calm.append(city.report(city.later))
            tally.naive.append(city.report(city.later, clustered=False))
        if seed - first_seed < lively:
            with _city(LIVELY, seed, restaurants, diners) as city:
                tally.lively.append(city.report(city.later))
                for shift in SHIFTS:
                    report = city.report(shift.plant(city, np.random.default_rng([seed, 1])))
                    tally.found[shift.what].append(shift.column in {one.name for one in report.drifted})
        yield tally


def _any_below(report: DriftReport) -> bool:
    return any(one.adjusted < report.alpha for one in report.columns)


@contextmanager
def _city(parameters: CityParameters, seed: int, restaurants: int, diners: int) -> Iterator[City]:
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
        yield City(reference, later, dataset.restaurants(market), dataset.diners(market), zone)


def _fewer_orders(city: City, rng: Rng) -> pd.DataFrame:
    log = city.later
    return log[~((log[col.TYPE] == EventType.ORDER) & (rng.random(len(log)) < 0.3))]


def _dearer_orders(city: City, _: Rng) -> pd.DataFrame:
    return city.later.assign(**{col.VALUE: city.later[col.VALUE] * 1.5})


def _later_hours(city: City, rng: Rng) -> pd.DataFrame:
    log = city.later
    late = log[col.REQUEST_ID].isin(_some(log[col.REQUEST_ID], 0.3, rng))
    return log.assign(**{col.AT: log[col.AT].where(~late, log[col.AT] + timedelta(hours=2))})


def _diners_leave(city: City, rng: Rng) -> pd.DataFrame:
    diners = city.diners
    north = diners[diners[col.HOME_LAT] > diners[col.HOME_LAT].median()][col.USER_ID]
    return city.later[~city.later[col.USER_ID].isin(_some(north, 0.7, rng))]


def _less_of_a_cuisine(city: City, rng: Rng) -> pd.DataFrame:
    first = city.restaurants[col.CUISINES].map(lambda cell: cell[0])
    shown = city.later[city.later[col.TYPE] == EventType.IMPRESSION][col.RESTAURANT_ID]
    common = shown.map(pd.Series(first.to_numpy(), city.restaurants[col.RESTAURANT_ID])).value_counts().index[:3]
    theirs = city.restaurants[first.isin(common)][col.RESTAURANT_ID]
    gone = city.later[col.RESTAURANT_ID].isin(theirs) & (city.later[col.TYPE] == EventType.IMPRESSION)
    return city.later[~(gone & (rng.random(len(city.later)) < 0.6))]


def _further_away(city: City, rng: Rng) -> pd.DataFrame:
    homes = city.diners.set_index(col.USER_ID).reindex(city.later[col.USER_ID])
    places = city.restaurants.set_index(col.RESTAURANT_ID).reindex(city.later[col.RESTAURANT_ID])
    ends = ((homes, col.HOME_LAT), (homes, col.HOME_LON), (places, col.LAT), (places, col.LON))
    km = distance_km(*(frame[name].to_numpy(np.float64) for frame, name in ends))
    near = (km < np.nanmedian(km)) & (city.later[col.TYPE] == EventType.IMPRESSION).to_numpy()
    return city.later[~(near & (rng.random(len(city.later)) < 0.5))]


def _some(ids: "pd.Series[str]", share: float, rng: Rng) -> npt.NDArray[Any]:
    distinct = ids.dropna().unique()
    return np.asarray(distinct)[rng.random(len(distinct)) < share]


SHIFTS: Final[tuple[Shift, ...]] = (
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
    """Print the table after every ten cities, and at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, default=200)
    parser.add_argument("--lively", type=int, help="so many of them with weather and planted changes; a quarter")
    parser.add_argument("--seed", type=int, default=0, help="of the first city")
    parser.add_argument("--restaurants", type=int, default=60)
    parser.add_argument("--diners", type=int, default=300)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    lively = given.cities // 4 if given.lively is None else given.lively
    for tally in measure(given.cities, lively, given.seed, given.restaurants, given.diners):
        if len(tally.calm) % 10 == 0 or len(tally.calm) == given.cities:
            print("\n".join(_lines(tally.rates())), flush=True)
            if given.json is not None:
                given.json.write_text(json.dumps([asdict(rate) for rate in tally.rates()], indent=2) + "\n")


if __name__ == "__main__":
    main()
