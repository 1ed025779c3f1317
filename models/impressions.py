"""What was shown, with what became of it: the data of calibration."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset
from data.geo import distance_km, log_travel_time
from models.base import IntArray, Model, TrainingData
from models.calibration import Impressions
from models.journal import Asked, Journal
from models.moments import local_minutes, seconds
from models.second_stage.features import Past
from models.second_stage.stage import second_stage_of

_MAX_IMPRESSIONS: Final = 200_000
_AT_ONCE: Final = pd.Timedelta(0)


def log_times_from_home(dataset: Dataset, market: str, diners: IntArray) -> npt.NDArray[np.float64]:
    """(B, n) log minutes from these diners' homes to all restaurants; NaN where a home is not known."""
    homes, places = dataset.diners(market).iloc[diners], dataset.restaurants(market)
    km = distance_km(
        homes[col.HOME_LAT].to_numpy(np.float64)[:, None],
        homes[col.HOME_LON].to_numpy(np.float64)[:, None],
        places[col.LAT].to_numpy(),
        places[col.LON].to_numpy(),
    )
    return log_travel_time(km)


def shown_between(
    dataset: Dataset,
    market: str,
    model: Model,
    data: TrainingData,
    start: pd.Timestamp,
    end: pd.Timestamp,
    seed: int,
    maturity: pd.Timedelta = _AT_ONCE,
    journal: Journal | None = None,
) -> Impressions | None:
    """What was shown in [start, end - maturity) with what became of it by `end`; None where nothing was shown.

    A list younger than `maturity` would pass for one without an order only because its order is still to come. At most
    about _MAX_IMPRESSIONS of them, whole requests at random.

    The scores are those that serving calibrates: of
    the vectors, and of the second stage where the model has one, which needs the `journal` of the whole log.
    """
    columns = (col.TYPE, col.USER_ID, col.RESTAURANT_ID, col.REQUEST_ID, col.AT, col.POSITION)
    types = (EventType.IMPRESSION, EventType.CLICK, EventType.ORDER)
    log = dataset.events(market, types, columns, since=start, until=end)
    log = log[log[col.REQUEST_ID].notna()]
    kind = log[col.TYPE]
    shown = log[(kind == EventType.IMPRESSION) & log[col.POSITION].notna() & (log[col.AT] < end - maturity)]
    if shown.empty:
        return None
    if len(shown) > _MAX_IMPRESSIONS:
        requests = shown[col.REQUEST_ID].unique()
        keep = np.random.default_rng(seed).random(len(requests)) < _MAX_IMPRESSIONS / len(shown)
        shown = shown[shown[col.REQUEST_ID].isin(requests[keep])]
    diners = pd.Index(data.diner_ids).get_indexer(pd.Index(shown[col.USER_ID]))
    restaurants = pd.Index(data.restaurant_ids).get_indexer(pd.Index(shown[col.RESTAURANT_ID]))
    known = (diners >= 0) & (restaurants >= 0)
    shown, diners, restaurants = shown[known], diners[known], restaurants[known]
    users, places = model.diners(), model.restaurants()
    scores = np.einsum("md,md->m", users.vectors[diners], places.vectors[restaurants])
    scores = scores + users.biases[diners] + places.biases[restaurants]
    homes, where = dataset.diners(market), dataset.restaurants(market)
    lat, lon = (homes[name].to_numpy(np.float64)[diners] for name in (col.HOME_LAT, col.HOME_LON))
    km = distance_km(lat, lon, where[col.LAT].to_numpy()[restaurants], where[col.LON].to_numpy()[restaurants])
    log_times = log_travel_time(km)
    stage = second_stage_of(model)
    if stage is not None and journal is not None:
        minutes = local_minutes(shown[col.AT], dataset.market(market).time_zone)
        asked = Asked(diners, seconds(shown[col.AT]), minutes, lat, lon)
        venues = stage.venues(np.arange(len(data.restaurant_ids)), journal.places)
        past, pairs = Past(journal.actions, journal.places), restaurants[:, None]
        scores = scores + stage.correct(venues, past, asked, pairs, scores[:, None], log_times[:, None])[:, 0]
    key = pd.MultiIndex.from_frame(shown[[col.REQUEST_ID, col.RESTAURANT_ID]])

    def happened(what: EventType) -> npt.NDArray[np.bool_]:
        return np.asarray(key.isin(pd.MultiIndex.from_frame(log[kind == what][[col.REQUEST_ID, col.RESTAURANT_ID]])))

    return Impressions(
        scores=scores.astype(np.float64),
        log_times=log_times,
        positions=shown[col.POSITION].to_numpy(np.int64),
        clicked=happened(EventType.CLICK) | happened(EventType.ORDER),
        ordered=happened(EventType.ORDER),
        diners=diners.astype(np.int64),
    )
