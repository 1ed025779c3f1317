"""A period of a dataset's log as columns for `data.drift`."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset
from data.drift import Column, Kind, Part
from data.geo import distance_km

MAX_LISTS: Final = 50_000
"""Lists of a period that are looked at: more of them cost time and tell no more."""
LOG_COLUMNS: Final = (col.TYPE, col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID, col.AT, col.VALUE)


def period_columns(
    dataset: Dataset, market: str, since: pd.Timestamp, until: pd.Timestamp, max_lists: int = MAX_LISTS
) -> list[Column]:
    """Inputs and outcomes of the lists shown in [since, until); of more than `max_lists` every k-th by time.

    Compare whole weeks with whole weeks: on a Saturday diners are others than on a Monday. Raises DatasetError for a
    market that is not there.
    """
    log = dataset.events(market, columns=LOG_COLUMNS, since=since, until=until)
    zone = dataset.market(market).time_zone
    return log_columns(log, dataset.restaurants(market), dataset.diners(market), zone, max_lists)


def log_columns(
    log: pd.DataFrame, restaurants: pd.DataFrame, diners: pd.DataFrame, time_zone: str, max_lists: int = MAX_LISTS
) -> list[Column]:
    """The same from frames that have the columns of the events, the restaurants and the diners."""
    log = log[log[col.REQUEST_ID].notna()]
    kinds = log[col.TYPE]
    shown = log[kinds == EventType.IMPRESSION]
    lists = shown.drop_duplicates(col.REQUEST_ID)
    if len(lists) > max_lists:
        lists = lists.iloc[:: -(-len(lists) // max_lists)]
        shown = shown[shown[col.REQUEST_ID].isin(lists[col.REQUEST_ID])]
    orders = log[kinds == EventType.ORDER]
    return [
        *_of_lists(lists, time_zone, _home_districts(lists, restaurants, diners)),
        *_of_places(shown, time_zone, restaurants, diners),
        _rate("click_rate", lists, log[kinds == EventType.CLICK], time_zone),
        _rate("order_rate", lists, orders, time_zone),
        _column("order_value", Part.OUTCOME, Kind.NUMBER, orders, orders[col.VALUE].to_numpy(np.float64), time_zone),
    ]


def _of_lists(lists: pd.DataFrame, zone: str, districts: npt.NDArray[Any]) -> list[Column]:
    hours = lists[col.AT].dt.tz_convert(zone).dt.hour.to_numpy()
    return [
        _column("hour", Part.INPUT, Kind.CATEGORY, lists, hours, zone),
        _column("home_district", Part.INPUT, Kind.CATEGORY, lists, districts, zone),
    ]


def _of_places(shown: pd.DataFrame, zone: str, restaurants: pd.DataFrame, diners: pd.DataFrame) -> list[Column]:
    places = restaurants.set_index(col.RESTAURANT_ID).reindex(shown[col.RESTAURANT_ID])
    homes = diners.set_index(col.USER_ID).reindex(shown[col.USER_ID])
    cuisines = places[col.CUISINES].map(
        lambda cell: cell[0] if isinstance(cell, Sequence | np.ndarray) and len(cell) else None
    )
    km = distance_km(
        *(
            _numbers(frame[name])
            for frame, name in (
                (homes, col.HOME_LAT),
                (homes, col.HOME_LON),
                (places, col.LAT),
                (places, col.LON),
            )
        )
    )
    prices = _numbers(places[col.PRICE_LEVEL])
    return [
        _column("cuisine_shown", Part.INPUT, Kind.CATEGORY, shown, cuisines.to_numpy(dtype=object), zone),
        _column("price_shown", Part.INPUT, Kind.CATEGORY, shown, prices, zone),
        _column("distance_shown", Part.INPUT, Kind.NUMBER, shown, km, zone),
    ]


def _rate(name: str, lists: pd.DataFrame, events: pd.DataFrame, zone: str) -> Column:
    """The share of lists of which something came."""
    happened = lists[col.REQUEST_ID].isin(events[col.REQUEST_ID]).to_numpy()
    return _column(name, Part.OUTCOME, Kind.RATE, lists, happened, zone)


def _column(name: str, part: Part, kind: Kind, rows: pd.DataFrame, values: npt.NDArray[Any], zone: str) -> Column:
    days = rows[col.AT].dt.tz_convert(zone).dt.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    diners = pd.util.hash_array(rows[col.USER_ID].to_numpy(dtype=object))  # numbers of 64 bits: quicker than texts
    return Column(name, part, kind, values, (diners, days))


def _home_districts(lists: pd.DataFrame, restaurants: pd.DataFrame, diners: pd.DataFrame) -> npt.NDArray[Any]:
    """(lists,) the district whose restaurants' mean place is nearest to the diner's home; None: not known."""
    centres = restaurants[restaurants[col.DISTRICT] != ""].groupby(col.DISTRICT)[[col.LAT, col.LON]].mean()
    homes = diners.set_index(col.USER_ID)[[col.HOME_LAT, col.HOME_LON]]
    names = np.full(len(homes), None, object)
    known = homes.notna().all(axis=1).to_numpy()
    if len(centres) and known.any():
        lat, lon = (_numbers(homes[name])[known, None] for name in (col.HOME_LAT, col.HOME_LON))
        km = distance_km(lat, lon, _numbers(centres[col.LAT]), _numbers(centres[col.LON]))
        names[known] = centres.index.to_numpy(dtype=object)[km.argmin(axis=1)]
    return pd.Series(names, homes.index).reindex(lists[col.USER_ID]).to_numpy(dtype=object)


def _numbers(cells: "pd.Series[Any]") -> npt.NDArray[np.float64]:
    return cells.to_numpy(dtype=np.float64, na_value=np.nan)
