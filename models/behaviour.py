"""Behavioural checks of a trained model: what must hold whatever its figures are.

After Ribeiro et al. (2020): invariance (what must change nothing), direction (what must change it this way), minimum
function (what must work at all). A check of one's own is a function like those in CHECKS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import FeatureTable, FloatArray, IntArray, Model, Representations, TrainingData, factor_scores
from models.calibration import Calibration

_DINERS: Final = 500
_CUISINE: Final = "cuisine="


@dataclass(frozen=True, eq=False)
class Subject:
    """Who is examined: a model, its probabilities, and the data that it was fitted to."""

    model: Model
    calibration: Calibration
    data: TrainingData
    seed: int = 0

    def sample(self) -> IntArray:
        """Rows of at most _DINERS random diners who have chosen something, sorted."""
        active = np.unique(self.data.interactions.diners)
        if len(active) > _DINERS:
            active = np.sort(np.random.default_rng(self.seed).choice(active, _DINERS, replace=False))
        return active


@dataclass(frozen=True)
class Outcome:
    """What a check found."""

    name: str
    passed: bool
    value: float
    bound: float
    explanation: str

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return dict(vars(self))


Check = Callable[[Subject], Outcome]


def order_of_diners_changes_nothing(subject: Subject) -> Outcome:
    """Invariance: a diner's scores do not depend on who is asked about before."""
    rows = subject.sample()
    scores, turned = subject.model.score(rows), subject.model.score(rows[::-1])[::-1]
    scale = float(np.ptp(scores)) or 1.0
    apart = float(np.abs(scores - turned).max()) / scale
    return _at_most("order of diners", apart, 1e-4, "scores change with the order in which diners are asked about")


def unknown_tags_change_nothing(subject: Subject) -> Outcome:
    """Invariance: what training has not seen says nothing."""
    tags = tags_of(subject.data.diner_features, subject.sample()[:20])
    plain = subject.model.new_diners(tags)
    marked = subject.model.new_diners([[*row, "never=seen"] for row in tags])
    apart = float(np.abs(plain.vectors - marked.vectors).max(initial=0.0))
    return _at_most("unknown tags", apart, 0.0, "a tag that training has not seen changes a new diner's vector")


def known_places_stand_high(subject: Subject) -> Outcome:
    """Direction: where a diner has been stands above the middle of his or her list."""
    rows = subject.sample()
    share = shares_below(subject.model.score(rows))
    acts = subject.data.interactions
    place = np.searchsorted(rows, acts.diners)
    own = (place < len(rows)) & (rows[np.minimum(place, len(rows) - 1)] == acts.diners)
    mean = float(share[place[own], acts.restaurants[own]].mean())
    return _at_least(
        "known places", mean, 0.6, "where diners have been does not stand in the upper part of their lists"
    )


def a_favourite_cuisine_helps(subject: Subject) -> Outcome:
    """Direction: a new restaurant is not scored lower for serving what the diner chooses most."""
    rows, table = subject.sample(), subject.data.restaurant_features
    columns = [column for column, name in enumerate(table.names) if name.startswith(_CUISINE)]
    words = "a new restaurant of a diner's favourite cuisine stands below one of another cuisine"
    if len(columns) < 2:
        return _at_least("favourite cuisine", 0.0, 0.0, words)
    acts = subject.data.interactions
    served = np.asarray(table.matrix[:, columns].todense(), np.float64)
    chosen = np.zeros((len(subject.data.diner_ids), len(columns)))
    np.add.at(chosen, acts.diners, served[acts.restaurants] * acts.weights[:, None])
    # A cuisine that everybody chooses is nobody's favourite: by how much more than the others do.
    lift = chosen[rows] / np.maximum(chosen[rows].sum(axis=1, keepdims=True), 1e-9)
    favourite = (lift - chosen.sum(axis=0) / max(chosen.sum(), 1e-9)).argmax(axis=1)
    new = subject.model.new_restaurants([[table.names[column]] for column in columns])
    scores = _scores(subject.model, rows, new)
    own = scores[np.arange(len(rows)), favourite] - scores.mean(axis=1)
    typical = (scores - scores.mean(axis=1, keepdims=True)).mean(axis=0)[favourite]
    scale = float(scores.std()) or 1.0
    return _at_least("favourite cuisine", float((own - typical).mean()) / scale, -0.05, words)


def further_is_not_likelier(subject: Subject) -> Outcome:
    """Direction: with all else equal, a longer way does not raise the probability of an order."""
    words = "the probability of an order rises with the way to the restaurant"
    return _at_most("longer way", subject.calibration.order.travel, 0.1, words)


def lists_tell_restaurants_apart(subject: Subject) -> Outcome:
    """Minimum function: no diner's scores are all the same."""
    spread = float((np.ptp(subject.model.score(subject.sample()), axis=1) > 0.0).mean())
    return _at_least("scores differ", spread, 1.0, "some diners' scores are the same for all restaurants")


def an_unknown_restaurant_does_not_lead(subject: Subject) -> Outcome:
    """Minimum function: a restaurant of which nothing is known stands in few first places."""
    rows = subject.sample()
    new = _scores(subject.model, rows, subject.model.new_restaurants([[]]))
    leads = float((new[:, 0] > subject.model.score(rows).max(axis=1)).mean())
    return _at_most("unknown restaurant", leads, 0.5, "a restaurant of which nothing is known leads most lists")


CHECKS: Final[tuple[Check, ...]] = (
    order_of_diners_changes_nothing,
    unknown_tags_change_nothing,
    known_places_stand_high,
    a_favourite_cuisine_helps,
    further_is_not_likelier,
    lists_tell_restaurants_apart,
    an_unknown_restaurant_does_not_lead,
)


def examine(subject: Subject, checks: Sequence[Check] = CHECKS) -> list[Outcome]:
    """All checks; the model has been fitted to data with at least one interaction."""
    return [check(subject) for check in checks]


def _at_most(name: str, value: float, bound: float, words: str) -> Outcome:
    return Outcome(name, value <= bound, value, bound, f"{words} ({value:.4g}, at most {bound:g})")


def _at_least(name: str, value: float, bound: float, words: str) -> Outcome:
    return Outcome(name, value >= bound, value, bound, f"{words} ({value:.4g}, at least {bound:g})")


def _scores(model: Model, rows: IntArray, restaurants: Representations) -> FloatArray:
    return factor_scores(model.diners(), restaurants, rows)


def shares_below(scores: FloatArray) -> npt.NDArray[np.float64]:
    """(B, n) by each score, which share of its row's others lies below; ties count half."""
    below = [
        np.searchsorted(ordered, row, "left") + np.searchsorted(ordered, row, "right") - 1
        for ordered, row in zip(np.sort(scores, axis=1), scores, strict=True)
    ]
    shares: npt.NDArray[np.float64] = np.asarray(below, np.float64) / (2.0 * max(scores.shape[1] - 1, 1))
    return shares


def tags_of(table: FeatureTable, rows: npt.NDArray[np.integer]) -> list[list[str]]:
    """The tags of rows of a feature table, as `Model.new_diners` and `new_restaurants` take them."""
    chosen = table.matrix[rows]
    return [
        [table.names[column] for column in chosen.indices[start:end].tolist()]
        for start, end in zip(chosen.indptr[:-1], chosen.indptr[1:], strict=True)
    ]
