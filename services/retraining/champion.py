"""The champion on trial: asked the challengers' own question, on data that neither has seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.splits import Method
from models import ladder
from models.artifacts import Artifact
from models.base import FeatureTable, FloatArray, IntArray, Representations, factor_scores
from models.behaviour import tags_of
from models.evaluation.requests import Requests, RequestScorer, as_served, served_by
from models.ground import Contestant, Ground, Rival
from models.preparation import Prepared
from models.second_stage.stage import second_stage_of

FEWEST_DINERS: Final = 200
"""So many diners who chose something after the champion was made are enough to ask about what came after."""


@dataclass(frozen=True)
class Trial:
    """How the champion is asked."""

    rival: Rival
    test_from: datetime | None
    """Where the test period must begin; None: where it usually does."""
    words: str


def on_trial(champion: Artifact, prepared: Prepared) -> Trial:
    """The fair way to ask: as it serves where there is something that it has not seen, else its recipe."""
    known = champion.manifest.metrics.get("until")
    until = None if known is None else datetime.fromisoformat(known)
    if until is None or prepared.split.method is not Method.TIME:
        return _recipe(champion)
    log = prepared.log
    if log.loc[prepared.split.test, col.AT].min().floor("D") > until:
        words = "with the champion as it serves, on the usual test period, which came after it was made"
        return Trial(as_it_serves(champion), None, words)
    # Questions are asked of whole days: the day on which the champion was made is its own.
    test_from = pd.Timestamp(until).floor("D") + pd.Timedelta(days=1)
    if log.loc[log[col.AT] >= test_from, col.USER_ID].nunique() < FEWEST_DINERS:
        return _recipe(champion)
    words = "with the champion as it serves, on the days after it was made"
    return Trial(as_it_serves(champion), test_from.to_pydatetime(), words)


def _recipe(champion: Artifact) -> Trial:
    words = "with the champion's kind and parameters on the same data: it has seen the test period"
    return Trial(refitted(champion), None, words)


def as_it_serves(champion: Artifact) -> Rival:
    """The very version that serves: whoever is new to it is represented by tags, as in serving."""

    def rival(ground: Ground) -> Contestant:
        data, model = ground.prepared.data, champion.model
        diners = _rows(champion.diner_ids, data.diner_ids)
        places = _rows(champion.restaurant_ids, data.restaurant_ids)
        users = _represented(champion.diners, diners, model.new_diners(_tags(data.diner_features, diners)))
        restaurants = _represented(
            champion.restaurants, places, model.new_restaurants(_tags(data.restaurant_features, places))
        )

        def scores(rows: IntArray) -> FloatArray:
            return factor_scores(users, restaurants, rows)

        def served(requests: Requests) -> RequestScorer:
            return served_by(requests, scores, second_stage_of(model), places, champion.calibration)

        return Contestant(scores, served, champion.calibration)

    return rival


def refitted(champion: Artifact) -> Rival:
    """The champion's kind and parameters, fitted to the train period as the challengers are."""

    def rival(ground: Ground) -> Contestant:
        name = champion.manifest.model
        fresh = ladder.rung(name).restore(champion.manifest.parameters, champion.model.arrays())
        fitted = fresh.fit(ground.train_period([name]))
        curve = ground.calibrated(fitted)
        return Contestant(fitted.score, lambda requests: as_served(requests, fitted, curve), curve)

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
