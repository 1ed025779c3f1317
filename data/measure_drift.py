"""How often drift is reported where nothing has changed, and how often a planted change is found.

    python -m data.measure_drift --cities 200

Each city has its own seed and lives for four weeks; the first two are compared with the last two, once as they are and
once with each change planted into the last two.
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
from data.columns import EventType
from data.dataset import Dataset
from data.drift import ALPHA, DriftReport, compare
from data.periods import log_columns, period_columns

_DAYS: Final = 14
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
    quiet: list[DriftReport] = []
    found: dict[str, list[bool]] = {shift.what: [] for shift in SHIFTS}
    for seed in range(first_seed, first_seed + cities):
        calm, shifted = _one_city(seed, restaurants, diners)
        quiet.append(calm)
        for shift in SHIFTS:
            found[shift.what].append(shift.column in {one.name for one in shifted[shift.what].drifted})
    by_test = [any(one.adjusted < ALPHA for one in report.columns) for report in quiet]
    return [
        Rate.of("nothing changed: any column reported", [bool(report.drifted) for report in quiet]),
        Rate.of(f"nothing changed: any test below {ALPHA} (effects not asked for)", by_test),
        *(Rate.of(f"{shift.column}: {shift.what}", found[shift.what]) for shift in SHIFTS),
    ]


def _one_city(seed: int, restaurants: int, diners: int) -> tuple[DriftReport, Mapping[str, DriftReport]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city"
        generate(path, restaurants=restaurants, diners=diners, days=2 * _DAYS, markets=1, seed=seed)
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

    planted = {shift.what: shift.plant(tables, np.random.default_rng([seed, 1])) for shift in SHIFTS}
    return against(later), {what: against(current) for what, current in planted.items()}


def _fewer_orders(tables: Tables, rng: Rng) -> pd.DataFrame:
    log = tables.log
    return log[~((log[col.TYPE] == EventType.ORDER) & (rng.random(len(log)) < 0.3))]


def _dearer_orders(tables: Tables, _: Rng) -> pd.DataFrame:
    return tables.log.assign(**{col.VALUE: tables.log[col.VALUE] * 1.25})


def _later_hours(tables: Tables, rng: Rng) -> pd.DataFrame:
    log = tables.log
    late = log[col.REQUEST_ID].isin(_some(log[col.REQUEST_ID], 0.3, rng))
    return log.assign(**{col.AT: log[col.AT].where(~late, log[col.AT] + timedelta(hours=2))})


def _diners_leave(tables: Tables, rng: Rng) -> pd.DataFrame:
    diners = tables.diners
    north = diners[diners[col.HOME_LAT] > diners[col.HOME_LAT].median()][col.USER_ID]
    return tables.log[~tables.log[col.USER_ID].isin(_some(north, 0.5, rng))]


def _less_of_a_cuisine(tables: Tables, rng: Rng) -> pd.DataFrame:
    first = tables.restaurants[col.CUISINES].map(lambda cell: cell[0])
    shown = tables.log[tables.log[col.TYPE] == EventType.IMPRESSION][col.RESTAURANT_ID]
    common = shown.map(pd.Series(first.to_numpy(), tables.restaurants[col.RESTAURANT_ID])).value_counts().index[:3]
    theirs = tables.restaurants[first.isin(common)][col.RESTAURANT_ID]
    gone = tables.log[col.RESTAURANT_ID].isin(theirs) & (tables.log[col.TYPE] == EventType.IMPRESSION)
    return tables.log[~(gone & (rng.random(len(tables.log)) < 0.6))]


def _further_away(tables: Tables, rng: Rng) -> pd.DataFrame:
    """Restaurants near the middle are shown less."""
    places = tables.restaurants
    off = (places[col.LAT] - places[col.LAT].median()).abs() + (places[col.LON] - places[col.LON].median()).abs()
    central = places[off < off.median()][col.RESTAURANT_ID]
    gone = tables.log[col.RESTAURANT_ID].isin(central) & (tables.log[col.TYPE] == EventType.IMPRESSION)
    return tables.log[~(gone & (rng.random(len(tables.log)) < 0.6))]


def _some(ids: "pd.Series[str]", share: float, rng: Rng) -> npt.NDArray[Any]:
    distinct = ids.dropna().unique()
    return np.asarray(distinct)[rng.random(len(distinct)) < share]


SHIFTS: Final = (
    Shift("order_rate", "three orders of ten fall away", _fewer_orders),
    Shift("order_value", "orders a quarter dearer", _dearer_orders),
    Shift("hour", "three visits of ten two hours later", _later_hours),
    Shift("home_district", "half of the northern diners gone", _diners_leave),
    Shift("cuisine_shown", "the three commonest cuisines shown 60 % less", _less_of_a_cuisine),
    Shift("distance_shown", "the central half of the places shown 60 % less", _further_away),
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
