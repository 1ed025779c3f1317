"""Candidate retrieval: which restaurants of the market may be shown at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.ranking.catalogue import BoolArray, Catalogue


@dataclass(frozen=True)
class Filters:
    """What a request asks for; the default lets everything through."""

    lat: float | None = None
    lon: float | None = None
    radius_km: float | None = None
    """Applies where lat and lon are given."""
    cuisine: str | None = None
    max_price: int | None = None
    """1..4; restaurants of unknown price pass."""
    open_minute: int | None = None
    """Local minute of the week."""
    exclude: Sequence[str] = ()
    only: Sequence[str] | None = None
    """Rank just these."""


def allowed(catalogue: Catalogue, filters: Filters) -> BoolArray | None:
    """(n,) which restaurants pass; None where all do, which saves the masking."""
    masks: list[BoolArray] = []
    if filters.radius_km is not None and filters.lat is not None and filters.lon is not None:
        masks.append(_marked(catalogue, catalogue.grid.within(filters.lat, filters.lon, filters.radius_km)))
    if filters.cuisine is not None:
        masks.append(catalogue.cuisines.get(filters.cuisine, np.zeros(catalogue.size, dtype=np.bool_)))
    if filters.max_price is not None:
        masks.append(catalogue.price_levels <= filters.max_price)
    if filters.open_minute is not None:
        masks.append(catalogue.hours.open_at(filters.open_minute))
    if filters.only is not None:
        masks.append(_marked(catalogue, _rows(catalogue, filters.only)))
    if excluded := _rows(catalogue, filters.exclude):
        masks.append(~_marked(catalogue, excluded))
    if not masks:
        return None
    passing = masks[0].copy()
    for mask in masks[1:]:
        passing &= mask
    return passing


def _rows(catalogue: Catalogue, ids: Sequence[str]) -> list[int]:
    """Rows of the ids that the market has; an id that it does not have cannot be shown anyway."""
    return [row for row in map(catalogue.row_of.get, ids) if row is not None]


def _marked(catalogue: Catalogue, rows: object) -> BoolArray:
    mask = np.zeros(catalogue.size, dtype=np.bool_)
    mask[np.asarray(rows, dtype=np.int64)] = True
    return mask
