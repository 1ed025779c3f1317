"""Generate a dataset: the tables that a food app would have of an invented city, and the truth behind them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from data.city.aftermath import Recorder
from data.city.context import day_start, open_by_hour, opening_hours, rainy_days
from data.city.log import Events, Namer
from data.city.noise import mix
from data.city.parameters import CityParameters
from data.city.population import (
    Place,
    Tastes,
    draw_diners,
    draw_districts,
    draw_restaurants,
    draw_tastes,
)
from data.city.simulation import Cells, City, Simulation
from data.city.tables import diners_table, restaurants_table
from data.city.truth import CityTruth
from data.city.vocabulary import MarketName, market_name
from data.columns import Table
from data.dataset import DatasetWriter, Manifest, MarketInfo, writing

Progress = Callable[[str, int, int], None]

# The streams of random numbers, apart from each other so that one more draw in one leaves the others as they are.
_WORLD, _PLACES, _DINERS, _TABLES, _WEATHER, _VISITS, _RECORDS, _CHOICES = range(8)


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
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, not {size}")
    if seed < 0:
        raise ValueError(f"seed must not be negative, not {seed}")
    parameters = parameters or CityParameters()
    tastes = draw_tastes(np.random.default_rng([seed, _WORLD]), parameters)
    with writing(out) as writer:
        for number in range(markets):
            _Market(number, restaurants, diners, days, seed, parameters, tastes).write(writer, progress)
        writer.finish(
            Manifest(
                source="synthetic",
                markets=tuple(_describe(market_name(number)) for number in range(markets)),
                repeats=True,
                has_times=True,
                parameters={**sizes, "seed": seed, "city": parameters.model_dump()},
            )
        )


class _Market:
    """One market: drawn at construction, simulated and written by `write`."""

    def __init__(
        self,
        number: int,
        restaurants: int,
        diners: int,
        days: int,
        seed: int,
        parameters: CityParameters,
        tastes: Tastes,
    ) -> None:
        self._name = market_name(number)
        self._number = number
        self._days = days
        self._seed = seed
        self._parameters = parameters
        self._tastes = tastes
        self._namer = Namer.of(self._name.market, number, restaurants, diners)
        self._city = self._draw(restaurants, diners)

    def write(self, writer: DatasetWriter, progress: Progress | None) -> None:
        """Append the market's rows to the tables, a row group of events a day, and its truth."""
        p, city = self._parameters, self._city
        rng = self._stream(_TABLES)
        writer.append(Table.RESTAURANTS, restaurants_table(self._namer, self._name, city.restaurants, rng, p))
        writer.append(Table.DINERS, diners_table(self._namer, city.diners, self._tastes, rng, p))
        rain = city.rain[p.warm_up_days :]
        CityTruth(self._name.market, self._seed, p, city.restaurants, city.diners, rain).save(writer.path)
        self._write_log(writer, progress)

    def _write_log(self, writer: DatasetWriter, progress: Progress | None) -> None:
        key = mix(np.full(1, self._seed, np.uint64), self._number, _CHOICES)
        simulation = Simulation(self._city, self._parameters, key)
        recorder = Recorder(self._city.restaurants, self._city.diners, self._parameters, self._name.price_scale)
        requests = orders = written = 0
        waiting = [Events.none()]
        for day in range(-self._parameters.warm_up_days, self._days):
            hours = simulation.run_day(day, self._stream(_VISITS, day))
            if day < 0:
                continue
            rng = self._stream(_RECORDS, day)
            start, end = (self._microseconds(moment) for moment in (day, day + 1))
            for visits in hours:
                waiting += recorder.record(visits, start, requests, orders, rng)
                requests += len(visits.diners)
                orders += int(np.count_nonzero(visits.outcome.ordered >= 0))
            events = Events.join(waiting)
            due = events.take(events.at < end).in_time_order()
            writer.append(Table.EVENTS, self._namer.table(due, written))
            written += len(due)
            waiting = [events.take(events.at >= end)]
            if progress is not None:
                progress(self._name.market, day + 1, self._days)

    def _draw(self, restaurants: int, diners: int) -> City:
        p = self._parameters
        radius = p.radius_km * (restaurants / 1000) ** 0.35
        place = Place(self._name.lat, self._name.lon, radius)
        rng = self._stream(_PLACES)
        districts = draw_districts(rng, restaurants, radius)
        kitchens = draw_restaurants(rng, restaurants, self._days, place, districts, self._tastes, p)
        people = draw_diners(self._stream(_DINERS), diners, self._days, place, districts, self._tastes, p)
        return City(
            kitchens,
            people,
            Cells.over(people, kitchens, radius / 8, p.policy_reach_km),
            open_by_hour(opening_hours(kitchens)),
            rainy_days(self._stream(_WEATHER), p.warm_up_days + self._days, p.rain, p.rain_persistence),
        )

    def _stream(self, purpose: int, day: int = 0) -> np.random.Generator:
        """Random numbers of this market for one purpose and day."""
        return np.random.default_rng([self._seed, self._number, purpose, day + self._parameters.warm_up_days])

    def _microseconds(self, day: int) -> int:
        return round(day_start(day, self._name.time_zone).timestamp()) * 1_000_000


def _describe(name: MarketName) -> MarketInfo:
    return MarketInfo(
        market=name.market,
        title=name.title,
        time_zone=name.time_zone,
        currency=name.currency,
        lat=name.lat,
        lon=name.lon,
    )
