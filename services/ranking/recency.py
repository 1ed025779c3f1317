"""Recency fold-in: what a diner did since the model was trained moves the next list.

One step of stochastic gradient on the model's own factors: a positive action on restaurant j adds a multiple of its
vector q_j to the diner's. The effect on restaurant i is then sum_j w_j <q_j, q_i>, a sum over the diner's own actions,
so it is explained exactly by naming them.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from data.columns import EventType
from models.base import FloatArray
from services.ranking.catalogue import Catalogue

ACTION_WEIGHTS: Final[dict[EventType, float]] = {
    EventType.CLICK: 0.25,
    EventType.ORDER: 1.0,
    EventType.ORDER_CANCELLED: -1.0,
    EventType.RATING: 0.5,
    EventType.DISMISS: -1.0,
}
"""How much one fresh action counts, in orders. An impression says nothing by itself."""


def action_weights(
    weights: npt.NDArray[np.floating], ages_hours: npt.NDArray[np.floating], gain: float, half_life_hours: float
) -> FloatArray:
    """(m,) weight of each action now: gain * weight * 2^(-age / half-life); ages in hours, below 0 counts as 0."""
    fading = np.exp2(-np.maximum(ages_hours, 0.0) / half_life_hours)
    return np.asarray(gain * weights * fading, dtype=np.float32)


def fold_in(catalogue: Catalogue, rows: npt.NDArray[np.integer], weights: FloatArray) -> FloatArray:
    """(d,) what the actions on these rows add to the diner's vector; rows below 0 (left the catalogue) add nothing."""
    known = rows >= 0
    moved: FloatArray = weights[known] @ catalogue.vectors[rows[known]]
    return moved * np.float32(catalogue.recency_scale)
