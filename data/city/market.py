"""One market of a synthetic city: drawn, lived through, and written as tables."""

from collections.abc import Callable

import numpy as np

from data.city.advertisers import campaigns_table, draw_advertisers
from data.city.aftermath import Recorder
from data.city.context import day_start, open_by_hour, opening_hours, rainy_days
from data.city.lister import Lister, LoggingPolicy, Visits
from data.city.log import Events, Namer
from data.city.noise import mix
from data.city.parameters import CityParameters
from data.city.population import (
    Place,
    draw_diners,
    draw_districts,
    draw_restaurants,
    draw_tastes,
)
from data.city.simulation import Simulation
from data.city.tables import diners_table, restaurants_table
from data.city.truth import CityTruth
from data.city.vocabulary import market_name
from data.city.world import Cells, City
from data.columns import Table
from data.dataset import DatasetWriter, MarketInfo

Progress = Callable[[str, int, int], None]

# The streams of random numbers, apart from each other so that one more draw in one leaves the others as they are.
_WORLD, _PLACES, _DINERS, _TABLES, _WEATHER, _VISITS, _RECORDS, _CHOICES, _CAMPAIGNS = range(9)


class Market:
    """One market: drawn at construction, written by `write`, and lived on in by `run_day`.

    It depends on the seed, the sizes and its own number, so it is the same beside any number of others.
    """

    def __init__(
        self,
        number: int,
        restaurants: int,
        diners: int,
        days: int,
        seed: int,
        parameters: CityParameters,
        ahead: int = 0,
    ) -> None:
        """`days`: length of the log. `ahead`: days after it that can be simulated; newcomers come in them too."""
        self.name = market_name(number)
        self._number = number
        self._days = days
        self._seed = seed
        self._parameters = parameters
        self._tastes = draw_tastes(np.random.default_rng([seed, _WORLD]), parameters)
        self._namer = Namer.of(self.name.market, number, restaurants, diners)
        self.city = self._draw(restaurants, diners, days + ahead)
        self.logging = LoggingPolicy(self.city, parameters)
        """Who made the lists of the log; it has learnt from them once `write` is through."""

    def write(self, writer: DatasetWriter, progress: Progress | None = None) -> Simulation:
        """Append the market's rows to the tables, a row group of events a day, and its truth.

        Returns the diners as the log leaves them.
        """
        p, city, name = self._parameters, self.city, self.name
        rng = self._stream(_TABLES)
        restaurants = restaurants_table(self._namer, name, city.restaurants, rng, p)
        writer.append(Table.RESTAURANTS, restaurants)
        writer.append(Table.DINERS, diners_table(self._namer, city.diners, self._tastes, rng, p))
        diners = city.diners.lat.size
        advertisers = draw_advertisers(self._stream(_CAMPAIGNS), city.restaurants, diners, name.price_scale, p)
        campaigns = campaigns_table(self._namer, name, advertisers, restaurants, city.restaurants.opened_day)
        writer.append(Table.CAMPAIGNS, campaigns)
        rain = city.rain[p.warm_up_days : p.warm_up_days + self._days]
        CityTruth(name.market, self._seed, p, city.restaurants, city.diners, rain).save(writer.path)
        return self._write_log(writer, progress)

    def newcomers(self) -> Simulation:
        """The diners before the first day of the warm-up, who have not ordered anything yet."""
        key = mix(np.full(1, self._seed, np.uint64), self._number, _CHOICES)
        return Simulation(self.city, self._parameters, key)

    def run_day(self, simulation: Simulation, day: int, lister: Lister, minutes: int = 60) -> list[Visits]:
        """One more day of these diners, 0 = the log's first; the same visits and luck whatever they are shown."""
        return simulation.run_day(day, self._stream(_VISITS, day), lister, minutes)

    def describe(self) -> MarketInfo:
        """As the manifest has it."""
        name = self.name
        return MarketInfo(
            market=name.market,
            title=name.title,
            time_zone=name.time_zone,
            currency=name.currency,
            lat=name.lat,
            lon=name.lon,
        )

    def _write_log(self, writer: DatasetWriter, progress: Progress | None) -> Simulation:
        simulation = self.newcomers()
        self.logging = lister = LoggingPolicy(self.city, self._parameters)
        recorder = Recorder(self.city.restaurants, self.city.diners, self._parameters, self.name.price_scale)
        requests = orders = written = 0
        waiting = [Events.none()]
        for day in range(-self._parameters.warm_up_days, self._days):
            hours = self.run_day(simulation, day, lister)
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
                progress(self.name.market, day + 1, self._days)
        return simulation

    def _draw(self, restaurants: int, diners: int, days: int) -> City:
        p = self._parameters
        radius = p.city_radius_km(restaurants)
        place = Place(self.name.lat, self.name.lon, radius)
        rng = self._stream(_PLACES)
        districts = draw_districts(rng, restaurants, radius)
        kitchens = draw_restaurants(rng, restaurants, days, place, districts, self._tastes, p)
        people = draw_diners(self._stream(_DINERS), diners, days, place, districts, self._tastes, p)
        return City(
            kitchens,
            people,
            Cells.over(people, kitchens, p.cell_edge_km(restaurants), p.policy_reach_km),
            open_by_hour(opening_hours(kitchens)),
            rainy_days(self._stream(_WEATHER), p.warm_up_days + days, p.rain, p.rain_persistence),
        )

    def _stream(self, purpose: int, day: int = 0) -> np.random.Generator:
        """Random numbers of this market for one purpose and day."""
        return np.random.default_rng([self._seed, self._number, purpose, day + self._parameters.warm_up_days])

    def _microseconds(self, day: int) -> int:
        return round(day_start(day, self.name.time_zone).timestamp()) * 1_000_000
