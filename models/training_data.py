"""From tables to the arrays that models learn from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset
from data.geo import distance_km
from models.base import FeatureTable, Interactions, ModelError, TrainingData, encode_tags

WEIGHT: Final = "weight"
"""The column that `positive_feedback` adds."""
CLICK_WEIGHT: Final = 0.2
"""How much a click counts as positive feedback, in orders."""
LIKED_FROM: Final = 4.0
"""Ratings from so many stars on are positive feedback, in data that has no orders."""
_MIN_ROWS_OF_TAG: Final = 2
_SECONDS_PER_DAY: Final = 86_400.0


def restaurant_tags(
    cuisines: Iterable[str],
    price_level: int | None,
    chain: str | None,
    district: str,
    delivery: bool,
    tags: Iterable[str],
) -> list[str]:
    """What a model may learn of a restaurant besides its identity, as `name=value` tags."""
    listed = [f"cuisine={name}" for name in cuisines]
    if price_level is not None and not pd.isna(price_level):
        listed.append(f"price={int(price_level)}")
    if chain is None or pd.isna(chain):
        listed.append("independent=yes")
    else:
        listed += ["independent=no", f"chain={chain}"]
    if district:
        listed.append(f"district={district}")
    listed.append(f"delivery={'yes' if delivery else 'no'}")
    return [*listed, *tags]


def diner_tags(profile: Iterable[str], district: str | None) -> list[str]:
    """What a model may learn of a diner besides the identity. Protected attributes are not among it."""
    return [*profile, *([f"home_district={district}"] if district else [])]


@dataclass(frozen=True)
class Districts:
    """The districts of a market and the mean place of their restaurants."""

    names: tuple[str, ...]
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]

    @classmethod
    def of(cls, districts: Sequence[str], lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> Self:
        """From the restaurants' districts and places."""
        names, index = np.unique(np.asarray(districts, dtype=np.str_), return_inverse=True)
        counts = np.maximum(np.bincount(index, minlength=len(names)), 1)
        mean_lat = np.bincount(index, weights=lat, minlength=len(names)) / counts
        mean_lon = np.bincount(index, weights=lon, minlength=len(names)) / counts
        return cls(tuple(str(name) for name in names), mean_lat, mean_lon)

    def nearest(self, lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        """(n,) index of the nearest district; -1 where the place is not known."""
        nearest = np.full(len(lat), -1, dtype=np.int32)
        known = np.isfinite(lat) & np.isfinite(lon)
        if known.any() and self.names:
            distances = distance_km(lat[known, None], lon[known, None], self.lat, self.lon)
            nearest[known] = np.argmin(distances, axis=1)
        return nearest

    def name_at(self, lat: float | None, lon: float | None) -> str | None:
        """The name of the district nearest to a place."""
        if lat is None or lon is None:
            return None
        index = int(self.nearest(np.asarray([lat]), np.asarray([lon]))[0])
        return self.names[index] if index >= 0 else None


def positive_feedback(
    events: pd.DataFrame,
    all_ratings: bool = False,
    click_weight: float = CLICK_WEIGHT,
    liked_from: float = LIKED_FROM,
) -> pd.DataFrame:
    """The rows of a log that say "liked", with a `weight`: orders and clicks; where there are no orders, good ratings.

    An order weighs 1, a click `click_weight` (0: clicks are left out), a rating of at least `liked_from` stars 1.
    `all_ratings` takes every rating as positive, as the documented MovieLens benchmark does.
    """
    kind = events[col.TYPE]
    weight = np.zeros(len(events), dtype=np.float32)
    if (kind == EventType.ORDER).any():
        weight[kind == EventType.ORDER] = 1.0
        weight[kind == EventType.CLICK] = click_weight
    else:
        rated = kind == EventType.RATING
        weight[rated & (all_ratings | (events[col.VALUE] >= liked_from))] = 1.0
    return events.assign(**{WEIGHT: weight})[weight > 0]


def build(
    dataset: Dataset,
    market: str,
    positives: pd.DataFrame,
    repeats_matter: bool = True,
    protected: bool = False,
    leave_out: Sequence[str] = (),
) -> TrainingData:
    """One market's arrays from `positive_feedback` of the training period; the rest of the log is never looked at.

    repeats_matter: a restaurant that a diner comes back to weighs more, on a log scale. protected: protected attributes
    are features too, which only an audit that plants a fault wants. leave_out: attributes that are no features; raises
    ModelError for one that neither diners nor restaurants have.
    """
    restaurants, diners = dataset.restaurants(market), dataset.diners(market)
    lat, lon = restaurants[col.LAT].to_numpy(), restaurants[col.LON].to_numpy()
    districts = Districts.of(restaurants[col.DISTRICT].tolist(), lat, lon)
    homes = districts.nearest(diners[col.HOME_LAT].to_numpy(np.float64), diners[col.HOME_LON].to_numpy(np.float64))
    district_of = {name: index for index, name in enumerate(districts.names)}
    sides = [_diner_rows(diners, districts, homes, protected), _restaurant_rows(restaurants)]
    of_diners, of_restaurants = _without(sides, leave_out) if leave_out else sides
    return TrainingData(
        market=market,
        diner_ids=tuple(diners[col.USER_ID].tolist()),
        restaurant_ids=tuple(restaurants[col.RESTAURANT_ID].tolist()),
        diner_features=_table(of_diners),
        restaurant_features=_table(of_restaurants),
        diner_districts=homes,
        restaurant_districts=restaurants[col.DISTRICT].map(district_of).to_numpy().astype(np.int32),
        districts=districts.names,
        interactions=_interactions(positives, diners, restaurants, repeats_matter),
        snapshot=dataset.snapshot,
    )


def known_tags(dataset: Dataset, market: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Tags of a market's restaurants and of its diners, by id, as `build` takes them from these tables."""
    restaurants, diners = dataset.restaurants(market), dataset.diners(market)
    lat, lon = restaurants[col.LAT].to_numpy(), restaurants[col.LON].to_numpy()
    districts = Districts.of(restaurants[col.DISTRICT].tolist(), lat, lon)
    homes = districts.nearest(diners[col.HOME_LAT].to_numpy(np.float64), diners[col.HOME_LON].to_numpy(np.float64))
    of_diners = _diner_rows(diners, districts, homes, protected=False)
    return (
        dict(zip(restaurants[col.RESTAURANT_ID], _restaurant_rows(restaurants), strict=True)),
        dict(zip(diners[col.USER_ID], of_diners, strict=True)),
    )


def _diner_rows(
    diners: pd.DataFrame, districts: Districts, homes: npt.NDArray[np.int32], protected: bool
) -> list[list[str]]:
    names = [districts.names[home] if home >= 0 else None for home in homes.tolist()]
    rows = [diner_tags(profile, name) for profile, name in zip(diners[col.PROFILE], names, strict=True)]
    if protected:
        return [[*row, *extra] for row, extra in zip(rows, diners[col.PROTECTED], strict=True)]
    return rows


def _restaurant_rows(restaurants: pd.DataFrame) -> list[list[str]]:
    columns = (col.CUISINES, col.PRICE_LEVEL, col.CHAIN, col.DISTRICT, col.DELIVERY, col.TAGS)
    return [restaurant_tags(*row) for row in restaurants[list(columns)].itertuples(index=False, name=None)]


def _without(sides: list[list[list[str]]], names: Sequence[str]) -> list[list[list[str]]]:
    """Tags of both sides without these attributes."""
    known = {tag.partition("=")[0] for rows in sides for tags in rows for tag in tags}
    if unknown := sorted(set(names) - known):
        raise ModelError(f"leave_out: nobody has {unknown[0]!r}; there are {', '.join(sorted(known))}")
    left = frozenset(names)
    return [[[tag for tag in tags if tag.partition("=")[0] not in left] for tags in rows] for rows in sides]


def _table(rows: list[list[str]]) -> FeatureTable:
    """Tags that only one row has say no more than its identity and are left out."""
    counts = Counter(tag for row in rows for tag in set(row))
    names = tuple(sorted(tag for tag, count in counts.items() if count >= _MIN_ROWS_OF_TAG))
    return FeatureTable(names, encode_tags(rows, names))


def _interactions(
    positives: pd.DataFrame, diners: pd.DataFrame, restaurants: pd.DataFrame, repeats_matter: bool
) -> Interactions:
    """One row a (diner, restaurant) pair: weights of repeats add up on a log scale, the age is that of the newest."""
    users = pd.Index(diners[col.USER_ID]).get_indexer(positives[col.USER_ID])
    places = pd.Index(restaurants[col.RESTAURANT_ID]).get_indexer(positives[col.RESTAURANT_ID])
    at = positives[col.AT]
    newest = at.max()
    ages = (
        np.zeros(len(positives)) if pd.isna(newest) else (newest - at).dt.total_seconds().fillna(0) / _SECONDS_PER_DAY
    )
    frame = pd.DataFrame({"u": users, "i": places, "w": positives[WEIGHT].to_numpy(np.float64), "a": np.asarray(ages)})
    pairs = frame[(frame["u"] >= 0) & (frame["i"] >= 0)].groupby(["u", "i"], sort=True).agg({"w": "sum", "a": "min"})
    total = pairs["w"].to_numpy()
    return Interactions(
        diners=pairs.index.get_level_values(0).to_numpy(np.int32),
        restaurants=pairs.index.get_level_values(1).to_numpy(np.int32),
        weights=(np.log2(1.0 + total) if repeats_matter else np.minimum(total, 1.0)).astype(np.float32),
        ages_days=pairs["a"].to_numpy(np.float32),
    )
