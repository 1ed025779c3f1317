"""What was shown in a period, as cases: how much worse a model foretold what became of it than it said it would."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.special import xlogy

from models.base import Model, TrainingData
from models.calibration import Calibration
from models.ground import Ground
from models.journal import Bools, Doubles, Journal, ShownLists
from models.second_stage.features import Past
from models.second_stage.stage import second_stage_of
from models.slices.cases import Cases, Feature
from models.slices.features import diner_features, request_features, restaurant_features
from models.slices.search import Options, search

MOST_LISTS: Final = 10_000
"""Random lists of the period, where there are more: the search takes as long as it has cases."""
_LEAST_PROBABILITY: Final = 1e-6
_ORDERED: Final = 2


def surprise(probability: Doubles, happened: Bools) -> Doubles:
    """(n,) log loss less what the model itself expects of it, in nats; its mean is 0 where the model is right.

    log loss alone is greater wherever orders are frequent, however well they are foretold; what is left without the
    entropy of the model's own probability is not.
    """
    p = np.clip(probability, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)
    loss = -np.where(happened, np.log(p), np.log1p(-p))
    return np.asarray(loss + xlogy(p, p) + xlogy(1.0 - p, 1.0 - p))


@dataclass(frozen=True, eq=False)
class Shown:
    """Restaurants that were shown, with what a model foretold of them."""

    cases: Cases
    probability: Doubles
    """(n,) of an order, as serving has it, position and second stage included."""

    def drawn_anew(self, rng: np.random.Generator) -> Cases:
        """The same cases as if the model were right: what happened is drawn from its own probabilities."""
        return replace(self.cases, losses=surprise(self.probability, rng.random(len(self.cases)) < self.probability))


def shown_in(ground: Ground, model: Model, calibration: Calibration, most_lists: int = MOST_LISTS) -> Shown | None:
    """What was shown in the test period of a ground, to a model of its train period; None where nothing was."""
    period, journal = ground.test_period, ground.journal
    if period is None or journal is None:
        return None
    at = journal.shown.asked.at
    chosen = np.flatnonzero((at >= period[0]) & (at < period[1]))
    if not len(chosen):
        return None
    chosen = np.sort(np.random.default_rng(ground.seed).permutation(chosen)[:most_lists])
    return shown_lists(ground.prepared.data, model, calibration, journal, journal.shown.part(chosen))


def shown_lists(
    data: TrainingData, model: Model, calibration: Calibration, journal: Journal, lists: ShownLists
) -> Shown:
    """Each restaurant of these lists is a case, with the surprise at its order."""
    there = lists.restaurants >= 0
    log_times = lists.asked.log_times(journal.places, np.maximum(lists.restaurants, 0))
    scores = _scores(model, journal, lists, log_times)
    offsets = np.nan_to_num(log_times - calibration.mean_log_time, nan=0.0)
    looked = calibration.examination_at(lists.positions)
    probability = (looked * calibration.order_probability(scores, offsets))[there]
    requests, _ = np.nonzero(there)
    asked, columns = lists.asked.part(requests), lists.restaurants[there]
    features = (
        *restaurant_features(data, columns),
        *diner_features(data, asked.diners),
        *request_features(asked),
        Feature.binned("distance", np.exp(log_times[there]), "min"),
    )
    losses = surprise(probability, (lists.grades == _ORDERED)[there])
    return Shown(Cases(losses, asked.diners, features, "restaurant shown", "surprise at orders, nats"), probability)


def worst_slices(
    ground: Ground, model: Model, calibration: Calibration, most_lists: int = MOST_LISTS
) -> dict[str, Any] | None:
    """Where a model of the ground's train period foretells orders worst, as JSON can hold it.

    `{"unit", "loss", "cases", "mean", "findings": [SliceFinding documents]}`; None where the log tells of no lists.
    """
    shown = shown_in(ground, model, calibration, most_lists)
    if shown is None:
        return None
    cases = shown.cases
    findings = [one.document() for one in search(cases, Options(seed=ground.seed))]
    about = {"unit": cases.unit, "loss": cases.loss, "cases": len(cases), "mean": float(cases.losses.mean())}
    return {**about, "findings": findings}


def _scores(model: Model, journal: Journal, lists: ShownLists, log_times: Doubles) -> Doubles:
    """(R, K) as serving calibrates them: of the vectors, and of the second stage where the model has one."""
    columns = np.maximum(lists.restaurants, 0)
    users, places = model.diners(), model.restaurants()
    rows = lists.asked.diners
    scores: Doubles = np.einsum("rd,rkd->rk", users.vectors[rows], places.vectors[columns]).astype(np.float64)
    scores += users.biases[rows, None] + places.biases[columns]
    stage = second_stage_of(model)
    if stage is None:
        return scores
    venues = stage.venues(np.arange(len(journal.places.lat)), journal.places)
    past = Past(journal.actions, journal.places)
    scores += stage.correct(venues, past, lists.asked, columns, scores, log_times)
    return scores
