"""A planted fault: of the restaurants of one cuisine in one district, the log's labels are noise.

Either a coin decides whether an impression was clicked, and another whether a click became an order (labels that are
uniformly random, as in Zhang et al., ICLR 2017). Or labels are exchanged, as when a partner's till reports to the wrong
request: as many clicks and orders as before, each beside an impression of these restaurants that it does not belong to,
which is much harder to notice. Where it was planted is kept beside the tables.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from data import columns as col
from data.columns import EventType, Table
from data.dataset import ARROW_SCHEMAS, TRUTH, Dataset, DatasetError, writing

_FILE: Final = "noisy_labels.json"
_ANSWERS: Final = (EventType.CLICK, EventType.ORDER, EventType.ORDER_CANCELLED, EventType.RATING, EventType.DISMISS)
_Rows = npt.NDArray[np.int64]
_KEY: Final = [col.REQUEST_ID, col.RESTAURANT_ID]
_FEWEST_RESTAURANTS: Final = 3
"""Of fewer, many other descriptions fit as well: one chain's, those with a terrace."""


class Noise(StrEnum):
    """What is logged instead of what happened."""

    COIN = "coin"
    """Every other impression is clicked, every other click becomes an order."""
    EXCHANGED = "exchanged"
    """What followed another impression of these restaurants."""


@dataclass(frozen=True)
class NoisyLabels:
    """Where the labels are noise."""

    market: str
    cuisine: str
    district: str
    noise: Noise = Noise.COIN

    @property
    def conditions(self) -> frozenset[str]:
        """As a finding names the slice."""
        return frozenset({f"cuisine={self.cuisine}", f"district={self.district}"})

    @classmethod
    def of(cls, dataset: Dataset) -> tuple[Self, ...]:
        """What was planted into a dataset; nothing into most."""
        file = dataset.path / TRUTH / _FILE
        return tuple(cls(**one) for one in json.loads(file.read_text())) if file.exists() else ()


def plantable(restaurants: pd.DataFrame, shown: "pd.Series[Any]", least: int) -> list[tuple[str, str]]:
    """Cuisines and districts, sorted, with at least `least` impressions (ids of restaurants) at _FEWEST_RESTAURANTS."""
    times = shown.value_counts().reindex(restaurants[col.RESTAURANT_ID], fill_value=0).to_numpy()
    pairs = restaurants[[col.CUISINES, col.DISTRICT]].assign(times=times).explode(col.CUISINES)
    grouped = pairs.groupby([col.CUISINES, col.DISTRICT])["times"].agg(["sum", "size"])
    enough = grouped[(grouped["sum"] >= least) & (grouped["size"] >= _FEWEST_RESTAURANTS)]
    return [(str(cuisine), str(district)) for cuisine, district in enough.index]


def plant(dataset: Dataset, out: Path, where: NoisyLabels, seed: int) -> Dataset:
    """Write the dataset anew to `out` with noise for the labels of these restaurants; the rest is the same.

    Exchanged, all that followed an impression goes to the diner, request and time of another one; of a coin's labels no
    ratings follow. Whatever belongs to no impression stays. Raises DatasetError where there are no such restaurants.
    """
    noisy = _exchanged if where.noise is Noise.EXCHANGED else _by_coin
    restaurants = dataset.restaurants(where.market)
    serves = restaurants[col.CUISINES].map(lambda names: where.cuisine in list(names)).to_numpy(np.bool_)
    ids = restaurants[col.RESTAURANT_ID][serves & (restaurants[col.DISTRICT] == where.district).to_numpy()]
    if ids.empty:
        raise DatasetError(f"{dataset.path} has no {where.cuisine} in {where.district}, market {where.market}.")
    with writing(out) as writer:
        for table in (Table.RESTAURANTS, Table.DINERS, Table.CAMPAIGNS, Table.LISTS):
            if dataset.has(table):
                writer.append(table, pq.read_table(dataset.file(table), schema=ARROW_SCHEMAS[table]))
        for market in dataset.markets:
            events = dataset.events(market)
            writer.append(Table.EVENTS, noisy(events, ids, seed) if market == where.market else events)
        if (dataset.path / TRUTH).exists():
            shutil.copytree(dataset.path / TRUTH, writer.path / TRUTH)
        (writer.path / TRUTH).mkdir(exist_ok=True)
        planted = [asdict(one) for one in (*NoisyLabels.of(dataset), where)]
        (writer.path / TRUTH / _FILE).write_text(json.dumps(planted, indent=2) + "\n")
        writer.finish(dataset.manifest)
    return Dataset.open(out)


def _answered(events: pd.DataFrame, ids: pd.Series) -> tuple[pd.DataFrame, _Rows, _Rows]:
    """The impressions of these restaurants, the places of the answers to one in the log, and to which of them."""
    shown = events[(events[col.TYPE] == EventType.IMPRESSION) & events[col.RESTAURANT_ID].isin(ids)]
    shown = shown[shown[col.REQUEST_ID].notna()]
    answers = np.flatnonzero(events[col.TYPE].isin([str(kind) for kind in _ANSWERS]))
    impressions = pd.MultiIndex.from_frame(shown[_KEY])
    own = impressions.get_indexer(pd.MultiIndex.from_frame(events[_KEY].iloc[answers]))
    return shown, answers[own >= 0], own[own >= 0].astype(np.int64)


def _exchanged(events: pd.DataFrame, ids: pd.Series, seed: int) -> pd.DataFrame:
    shown, answers, own = _answered(events, ids)
    instead = np.random.default_rng(seed).permutation(len(shown))[own]
    changed = events.copy()
    for name in (col.USER_ID, *_KEY):
        values = changed[name].to_numpy(object, copy=True)
        values[answers] = shown[name].to_numpy(object)[instead]
        changed[name] = values
    at = changed[col.AT].to_numpy("datetime64[us]", copy=True)
    when = shown[col.AT].to_numpy("datetime64[us]")
    at[answers] += when[instead] - when[own]
    return _in_time_order(changed.assign(**{col.AT: pd.to_datetime(at, utc=True)}))


def _by_coin(events: pd.DataFrame, ids: pd.Series, seed: int) -> pd.DataFrame:
    shown, answers, _ = _answered(events, ids)
    rng = np.random.default_rng(seed)
    clicked = shown[rng.random(len(shown)) < 0.5]
    ordered = clicked[rng.random(len(clicked)) < 0.5]
    value = events[col.VALUE][events[col.TYPE] == EventType.ORDER].median()
    parts = [events.drop(events.index[answers])]
    for kind, rows, wait in ((EventType.CLICK, clicked, 1), (EventType.ORDER, ordered, 2)):
        numbers = [f"noise-{kind}-{number}" for number in range(len(rows))]
        of_order = kind is EventType.ORDER
        parts.append(
            rows.assign(
                **{
                    col.EVENT_ID: numbers,
                    col.TYPE: str(kind),
                    col.ORDER_ID: numbers if of_order else None,
                    col.AT: rows[col.AT] + pd.Timedelta(minutes=wait),
                    col.POSITION: pd.array([pd.NA] * len(rows), "Int16"),
                    col.PROPENSITY: np.float32("nan"),
                    col.VALUE: np.float32(value if of_order else "nan"),
                }
            )
        )
    return _in_time_order(pd.concat(parts, ignore_index=True))


def _in_time_order(events: pd.DataFrame) -> pd.DataFrame:
    at = events[col.AT].to_numpy("datetime64[us]")
    return events.iloc[np.argsort(at, kind="stable")].reset_index(drop=True)
