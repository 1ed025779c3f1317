"""One market's restaurants as arrays, joined with a model's representations: what every request is ranked over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from data.hours import WeeklyHours
from models.base import FloatArray, Representations
from models.calibration import Calibration
from services.ranking.grid import Grid
from services.ranking.second_stage import Reranker

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """n restaurants in a fixed order; a row is the same restaurant in every array. Never changed, only replaced."""

    ids: tuple[str, ...]
    row_of: Mapping[str, int]
    vectors: FloatArray
    """(n, d) float32, C-contiguous."""
    biases: FloatArray
    """(n,)"""
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]
    price_levels: npt.NDArray[np.int8]
    """(n,) 1..4; 0 where it is not known."""
    cuisines: Mapping[str, BoolArray]
    """A mask (n,) for each cuisine."""
    hours: WeeklyHours
    grid: Grid
    calibration: Calibration
    recency_scale: float
    """What turns <q_j, q_i> into standard deviations of a diner's scores; see `services.ranking.recency`."""
    reranker: Reranker | None = None
    """The model's second stage; None: it has none."""

    @property
    def size(self) -> int:
        """Number of restaurants."""
        return len(self.ids)


def build_catalogue(
    ids: Sequence[str],
    representations: Representations,
    lat: npt.NDArray[np.float64],
    lon: npt.NDArray[np.float64],
    price_levels: Sequence[int | None],
    cuisines: Sequence[Sequence[str]],
    hours: Sequence[Sequence[int] | None],
    calibration: Calibration,
    typical_diners: FloatArray,
    reranker: Reranker | None = None,
) -> Catalogue:
    """Pack a market; all have n entries in the same order, but `typical_diners`, (m, d): a sample of diners."""
    vectors = np.ascontiguousarray(representations.vectors, dtype=np.float32)
    return Catalogue(
        ids=tuple(ids),
        row_of={restaurant_id: row for row, restaurant_id in enumerate(ids)},
        vectors=vectors,
        biases=np.ascontiguousarray(representations.biases, dtype=np.float32),
        lat=np.asarray(lat, dtype=np.float64),
        lon=np.asarray(lon, dtype=np.float64),
        price_levels=np.asarray([level or 0 for level in price_levels], dtype=np.int8),
        cuisines=_cuisine_masks(cuisines),
        hours=WeeklyHours.pack(hours),
        grid=Grid.build(lat, lon),
        calibration=calibration,
        recency_scale=_recency_scale(vectors, typical_diners),
        reranker=reranker,
    )


def with_model(
    catalogue: Catalogue,
    representations: Representations,
    calibration: Calibration,
    typical_diners: FloatArray,
    reranker: Reranker | None,
) -> Catalogue:
    """The same restaurants with another model's representations, in the same order; all the rest is shared."""
    vectors = np.ascontiguousarray(representations.vectors, dtype=np.float32)
    return replace(
        catalogue,
        vectors=vectors,
        biases=np.ascontiguousarray(representations.biases, dtype=np.float32),
        calibration=calibration,
        recency_scale=_recency_scale(vectors, typical_diners),
        reranker=reranker,
    )


def with_restaurant(
    catalogue: Catalogue,
    row: int,
    represented: FloatArray,
    price_level: int | None,
    cuisines: Sequence[str],
    hours: Sequence[int] | None,
) -> Catalogue:
    """The same with one restaurant changed, its (d + 1,) vector and bias with it; what turns recency into scores stays.

    hours: None: not known, as in `build_catalogue`.
    """
    vectors, biases, prices = catalogue.vectors.copy(), catalogue.biases.copy(), catalogue.price_levels.copy()
    vectors[row], biases[row], prices[row] = represented[:-1], represented[-1], price_level or 0
    masks = {name: mask.copy() for name, mask in catalogue.cuisines.items()}
    for name in {*masks, *cuisines}:
        masks.setdefault(name, np.zeros(catalogue.size, np.bool_))[row] = name in cuisines
    before = catalogue.reranker
    return replace(
        catalogue,
        vectors=vectors,
        biases=biases,
        price_levels=prices,
        cuisines=masks,
        hours=catalogue.hours.with_row(row, hours),
        reranker=None if before is None else before.with_venue(row, price_level, cuisines),
    )


def _cuisine_masks(cuisines: Sequence[Sequence[str]]) -> dict[str, BoolArray]:
    masks: dict[str, BoolArray] = {}
    for row, names in enumerate(cuisines):
        for name in names:
            masks.setdefault(name, np.zeros(len(cuisines), dtype=np.bool_))[row] = True
    return masks


def _recency_scale(vectors: FloatArray, diners: FloatArray) -> float:
    """Standard deviation of a typical diner's scores over the mean squared length of a restaurant's vector.

    A fold-in of one fresh order then lifts that restaurant itself by about one such standard deviation, whatever the
    model's own scale is.
    """
    length = float(np.mean(np.einsum("nd,nd->n", vectors, vectors))) if len(vectors) else 0.0
    if length <= 0.0 or not len(diners):
        return 0.0
    return float(np.mean(np.std(diners @ vectors.T, axis=1))) / length
