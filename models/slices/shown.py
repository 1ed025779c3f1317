"""What was shown in a period, as cases: how much worse a model foretold what became of it than it said it would."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import xlogy

from data.hours import MINUTES_PER_DAY

from models.base import FeatureTable, Model, TrainingData
from models.calibration import Calibration
from models.ground import Ground
from models.journal import DAYPARTS, Asked, Bools, Doubles, Journal, Rows, ShownLists, daypart_of
from models.second_stage.features import Past
from models.second_stage.stage import second_stage_of
from models.slices.cases import Cases, Feature

MOST_LISTS: Final = 10_000
"""Random lists of the period, where there are more: the search takes as long as it has cases."""
_LEAST_PROBABILITY: Final = 1e-6
_SATURDAY: Final = 5
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


def shown_in(ground: Ground, model: Model, calibration: Calibration) -> Shown | None:
    """What was shown in the test period of a ground, to a model of its train period; None where nothing was."""
    period, journal = ground.test_period, ground.journal
    if period is None or journal is None:
        return None
    at = journal.shown.asked.at
    chosen = np.flatnonzero((at >= period[0]) & (at < period[1]))
    if not len(chosen):
        return None
    chosen = np.sort(np.random.default_rng(ground.seed).permutation(chosen)[:MOST_LISTS])
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


def restaurant_features(data: TrainingData, rows: Rows) -> tuple[Feature, ...]:
    """What the catalogue says of a case's restaurant, (n,) rows of the data, and how much was ordered there."""
    orders = np.bincount(data.interactions.restaurants, minlength=len(data.restaurant_ids)).astype(np.float64)
    return (*_by_name(data.restaurant_features, rows, ""), Feature.binned("restaurant's diners", orders[rows]))


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


def _scores(model: Model, journal: Journal, lists: ShownLists, log_times: Doubles) -> Doubles:
    """(R, K) as serving calibrates them: of the vectors, and of the second stage where the model has one."""
    columns = np.maximum(lists.restaurants, 0)
    users, places = model.diners(), model.restaurants()
    rows = lists.asked.diners
    scores = np.einsum("rd,rkd->rk", users.vectors[rows], places.vectors[columns]).astype(np.float64)
    scores += users.biases[rows, None] + places.biases[columns]
    stage = second_stage_of(model)
    if stage is None:
        return scores
    venues = stage.venues(np.arange(len(journal.places.lat)), journal.places)
    past = Past(journal.actions, journal.places)
    return scores + stage.correct(venues, past, lists.asked, columns, scores, log_times)
