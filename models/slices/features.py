"""By what cases are cut: what the model may know of restaurant and diner, and the moment of the request.

Protected attributes are not among it: whom a model serves worse is what the fairness audit asks.
"""

from typing import Final

import numpy as np

from data.hours import MINUTES_PER_DAY
from models.base import FeatureTable, TrainingData
from models.journal import DAYPARTS, Asked, Rows, daypart_of
from models.slices.cases import Feature

_SATURDAY: Final = 5


def restaurant_features(data: TrainingData, rows: Rows, which: str = "") -> tuple[Feature, ...]:
    """What the catalogue says of a case's restaurant, (n,) rows of the data, and how many diners know it."""
    known = np.bincount(data.interactions.restaurants, minlength=len(data.restaurant_ids)).astype(np.float64)
    how_known = Feature.binned(f"{which}restaurant's diners", known[rows])
    return (*_by_name(data.restaurant_features, rows, which), how_known)


def diner_features(data: TrainingData, rows: Rows) -> tuple[Feature, ...]:
    """The profile of a case's diner, (n,) rows of the data, and how many restaurants he or she knows."""
    known = np.bincount(data.interactions.diners, minlength=len(data.diner_ids)).astype(np.float64)
    return (*_by_name(data.diner_features, rows, "diner's "), Feature.binned("restaurants known", known[rows]))


def request_features(asked: Asked) -> tuple[Feature, ...]:
    """Part of the day and of the week."""
    weekend = (asked.minutes // MINUTES_PER_DAY >= _SATURDAY).astype(np.int64)
    return (
        Feature.of_codes("daypart", [f"daypart={name}" for name in DAYPARTS], daypart_of(asked.minutes)),
        Feature.of_codes("day", ("weekday", "weekend"), weekend),
    )


def _by_name(table: FeatureTable, rows: Rows, whose: str) -> tuple[Feature, ...]:
    """The table's tags, `name=value`, one feature a name."""
    columns: dict[str, list[int]] = {}
    for column, tag in enumerate(table.names):
        columns.setdefault(tag.partition("=")[0], []).append(column)
    found = []
    for name, own in columns.items():
        part = table.matrix[:, own].tocsr()
        conditions = [f"{whose}{table.names[column]}" for column in own]
        found.append(Feature.of_tags(f"{whose}{name}", conditions, part.indptr, part.indices).of(rows))
    return tuple(found)
