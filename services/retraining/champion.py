"""The champion on trial: asked the challengers' own question, on data that neither has seen."""

from datetime import datetime

import numpy as np
import numpy.typing as npt

from data import columns as col
from data.splits import Method
from models import ladder
from models.artifacts import Artifact
from models.base import FeatureTable, FloatArray, IntArray, Representations, factor_scores
from models.behaviour import tags_of
from models.evaluation.evaluate import Scorer
from models.pipeline import Rival
from models.preparation import Prepared

FEWEST_DINERS = 200
"""So many diners who chose something after the champion was made are enough to ask about what came after."""


def test_begins(prepared: Prepared, champion_until: datetime | None) -> datetime | None:
    """Where the test period must begin so that the champion has not seen it; None: where it usually does.

    `champion_until` is the time of the newest event that the champion learnt from. None also where too few diners have
    chosen anything since: then `refitted` is fair and `as_it_serves` is not.
    """
    if champion_until is None or not has_seen(prepared, champion_until):
        return None
    since = prepared.log[prepared.log[col.AT] > champion_until]
    return since[col.AT].min() if since[col.USER_ID].nunique() >= FEWEST_DINERS else None


def has_seen(prepared: Prepared, champion_until: datetime | None) -> bool:
    """Whether the champion may have learnt from the test period."""
    if champion_until is None or prepared.split.method is not Method.TIME:
        return True
    return bool(prepared.log.loc[prepared.split.test, col.AT].min() <= champion_until)


def as_it_serves(champion: Artifact) -> Rival:
    """The very version that serves: whoever is new to it is represented by tags, as in serving."""

    def rival(prepared: Prepared) -> Scorer:
        data, model = prepared.data, champion.model
        diners = _rows(champion.diner_ids, data.diner_ids)
        places = _rows(champion.restaurant_ids, data.restaurant_ids)
        users = _represented(champion.diners, diners, model.new_diners(_tags(data.diner_features, diners)))
        restaurants = _represented(
            champion.restaurants, places, model.new_restaurants(_tags(data.restaurant_features, places))
        )

        def scores(rows: IntArray) -> FloatArray:
            return factor_scores(users, restaurants, rows)

        return scores

    return rival


def refitted(champion: Artifact) -> Rival:
    """The champion's kind and parameters, fitted to the train period as the challengers are."""

    def rival(prepared: Prepared) -> Scorer:
        kind = ladder.rung(champion.manifest.model)
        fresh = kind.restore(champion.manifest.parameters, champion.model.arrays())
        return fresh.fit(prepared.data).score

    return rival


def _rows(known: tuple[str, ...], wanted: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """(len(wanted),) the rows of the known ids; -1 for the others."""
    row_of = {name: row for row, name in enumerate(known)}
    return np.asarray([row_of.get(name, -1) for name in wanted], np.int64)


def _tags(table: FeatureTable, rows: npt.NDArray[np.int64]) -> list[list[str]]:
    return tags_of(table, np.flatnonzero(rows < 0))


def _represented(known: Representations, rows: npt.NDArray[np.int64], new: Representations) -> Representations:
    vectors, biases = known.vectors[np.maximum(rows, 0)], known.biases[np.maximum(rows, 0)]
    vectors[rows < 0], biases[rows < 0] = new.vectors, new.biases
    return Representations(vectors, biases)
