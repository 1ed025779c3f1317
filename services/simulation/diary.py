"""What a market's app would log of simulated visits: the log goes on after its end, and can be learnt from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data import columns as col
from data.city.aftermath import Recorder
from data.city.context import day_start
from data.city.lister import Visits
from data.city.log import Events, Namer
from data.city.market import Market
from data.city.parameters import CityParameters
from data.city.world import City
from data.columns import Table
from data.dataset import Dataset, writing

_STREAM = 0x7265636F


class Diary:
    """The days of one way to live after a log, as events of the same tables."""

    def __init__(self, first: Dataset, market: Market, city: City, parameters: CityParameters, seed: int) -> None:
        """`first` is the log; `city` gives the sizes."""
        self._first, self._market, self._parameters, self._seed = first, market, parameters, seed
        sizes = city.restaurants.lat.size, city.diners.lat.size
        self._namer = Namer.of(market.name.market, 0, *sizes)
        # Numbers go on far above the log's, of which there are fewer than it has events.
        self._requests = self._orders = self._events = len(first.events(columns=[col.EVENT_ID]))

    def record(self, city: City, day: int, hours: Sequence[Visits]) -> pa.Table:
        """The events of a day, in the order of time; `city` is as it was on it."""
        rng = np.random.default_rng([self._seed, _STREAM, day])
        recorder = Recorder(city.restaurants, city.diners, self._parameters, self._market.name.price_scale)
        start, events = round(day_start(day, self._market.name.time_zone).timestamp()) * 1_000_000, [Events.none()]
        for visits in hours:
            events += recorder.record(visits, start, self._requests, self._orders, rng)
            self._requests += len(visits.diners)
            self._orders += int(np.count_nonzero(visits.outcome.ordered >= 0))
        table = self._namer.table(Events.join(events).in_time_order(), self._events)
        self._events += table.num_rows
        return table

    def dataset(self, tables: Sequence[pa.Table], restaurants: npt.NDArray[np.bool_], folder: Path) -> Dataset:
        """A log of these days, with those of the city's restaurants that are listed, written to `folder`."""
        with writing(folder) as writer:
            writer.append(Table.RESTAURANTS, self._first.restaurants()[restaurants])
            writer.append(Table.DINERS, self._first.diners())
            for table in tables:
                writer.append(Table.EVENTS, table)
            writer.finish(self._first.manifest)
        return Dataset.open(folder)
