"""What a model has learnt, over all lists: how much each feature moves the order, and what it is worth on later data.

A score is a sum of parts (`parts`). What a group of features does to a diner's list is its Shapley value less the mean
of that over the restaurants, for what is the same for all restaurants orders nothing; over all groups these sum to the
score less the diner's mean score. Two figures follow, each a mean over diners with a 95 % bootstrap interval over them:

    mean |contribution|            how far a group moves restaurants of a list, in units of the score
    permutation loss in nDCG       by how much nDCG@10 on held-out choices falls when the group's parts are dealt out
                                   anew among the rows of its side (Breiman 2001; Fisher, Rudin, Dominici 2019)

The first says what the model leans on, the second whether that is worth anything; a group with much of the first and
nothing of the second is what `over_indexing` looks for. A permuted part may stand beside others that it never stands
beside, so correlated groups share what they are worth.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from models.base import IntArray
from models.evaluation import evaluate as evaluation
from models.evaluation import metrics
from models.evaluation.evaluate import HeldOut
from models.explanation.grouped import Grouped, diners_of, restaurants_of
from models.explanation.parts import Doubles, TakesApart

Side = Literal["diner", "restaurant", "moment"]
Series = dict[tuple[Side, str], Doubles]
Measure = Literal["mean |contribution|", "permutation loss in nDCG"]

CONTRIBUTION: Final[Measure] = "mean |contribution|"
LOSS: Final[Measure] = "permutation loss in nDCG"
LIST: Final = 10
_MOST_DINERS: Final = 1_000
_MOST_CELLS: Final = 1_500_000
"""Diners times restaurants that are looked at: more would tell hardly more."""
_DEALS: Final = 3
"""Permutations of each group, of which the mean is taken."""
_SHOWN: Final = 10


@dataclass(frozen=True)
class Importance:
    """One figure of one group of features."""

    name: str
    side: Side
    value: float
    low: float
    high: float
    measure: Measure

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Interaction:
    """What a group of the diner's and one of the restaurant's make together: mean |cell| over pairs, centred alike."""

    diner: str
    restaurant: str
    value: float
    low: float
    high: float

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Sample:
    """m held-out diners and the n restaurants of the market, by groups of features."""

    diners: Grouped
    restaurants: Grouped
    question: HeldOut
    """Of these diners."""
    seed: int
    """Of permutations and intervals."""

    @classmethod
    def of(cls, model: TakesApart, question: HeldOut, seed: int) -> "Sample":
        """Random ones of a question's diners, as many as there is time for."""
        n = question.relevant.shape[1]
        most = max(20, min(_MOST_DINERS, _MOST_CELLS // max(n, 1)))
        chosen = np.arange(len(question.diners))
        if len(chosen) > most:
            chosen = np.sort(np.random.default_rng(seed).choice(chosen, most, replace=False))
        masked = None if question.masked is None else question.masked[chosen]
        asked = HeldOut(question.diners[chosen], question.relevant[chosen], masked)
        return cls(diners_of(model, asked.diners), restaurants_of(model, np.arange(n, dtype=np.int32)), asked, seed)

    @property
    def scores(self) -> Doubles:
        """(m, n) as they are served, but for rounding."""
        people, own = self.diners.rows
        places, biases = self.restaurants.rows
        scores: Doubles = people @ places.T + own[:, None] + biases
        return scores

    @cached_property
    def moved(self) -> "Series":
        """(m,) mean |contribution| of each group to each diner's list."""
        return _moved(self)

    @cached_property
    def lost(self) -> "Series":
        """(m,) by how much each diner's nDCG@10 falls without each group, over some deals; below 0: it rises."""
        return _lost(self)


def importances(sample: Sample) -> list[Importance]:
    """Both figures of each group of both sides, the largest first; a group that orders nothing has 0."""
    found: list[Importance] = []
    for measure, series in ((CONTRIBUTION, sample.moved), (LOSS, sample.lost)):
        intervals = evaluation.intervals(list(series.values()), sample.seed)
        figures = [
            Importance(name, side, interval["value"], interval["low"], interval["high"], measure)
            for (side, name), interval in zip(series, intervals, strict=True)
        ]
        found += sorted(figures, key=lambda figure: -figure.value)
    return found


def interactions(sample: Sample, most: int = _SHOWN) -> list[Interaction]:
    """The largest cells by pair of groups."""
    series = {}
    for f, diner in enumerate(sample.diners.names):
        for g, restaurant in enumerate(sample.restaurants.names):
            cells = sample.diners.vectors[:, f] @ sample.restaurants.vectors[:, g].T
            series[diner, restaurant] = np.abs(_centred(cells)).mean(axis=1)
    largest = sorted(series, key=lambda pair: -float(series[pair].mean()))[:most]
    intervals = evaluation.intervals([series[pair] for pair in largest], sample.seed)
    return [
        Interaction(*pair, one["value"], one["low"], one["high"]) for pair, one in zip(largest, intervals, strict=True)
    ]


def contributions(diners: Grouped, restaurants: Grouped) -> Iterator[tuple[Side, str, Doubles]]:
    """For each group of either side (m, n): what it does to each diner's list.

    Shapley values less their mean over the restaurants; all together they are the scores less the diner's mean score.
    """
    people, _ = diners.rows
    places, _ = restaurants.rows
    for group, name in enumerate(diners.names):
        yield "diner", name, _centred(diners.vectors[:, group] @ places.T / 2.0)
    for group, name in enumerate(restaurants.names):
        made = people @ restaurants.vectors[:, group].T / 2.0
        yield "restaurant", name, _centred(restaurants.biases[:, group] + made)


def _centred(values: Doubles) -> Doubles:
    means: Doubles = values.mean(axis=1, keepdims=True)
    return values - means


def _moved(sample: Sample) -> Series:
    parts = contributions(sample.diners, sample.restaurants)
    return {(side, name): np.abs(values).mean(axis=1) for side, name, values in parts}


def _lost(sample: Sample) -> Series:
    scores, question = sample.scores, sample.question
    whole = list_quality(scores, question)
    people, _ = sample.diners.rows
    places, _ = sample.restaurants.rows
    found: Series = {}
    for group, name in enumerate(sample.diners.names):
        own = sample.diners.vectors[:, group]
        rng = np.random.default_rng([sample.seed, 0, group])
        deals = [scores + (own[rng.permutation(len(own))] - own) @ places.T for _ in range(_DEALS)]
        found["diner", name] = whole - np.mean([list_quality(dealt, question) for dealt in deals], axis=0)
    for group, name in enumerate(sample.restaurants.names):
        vectors, biases = sample.restaurants.vectors[:, group], sample.restaurants.biases[:, group]
        rng = np.random.default_rng([sample.seed, 1, group])
        orders = [rng.permutation(len(biases)) for _ in range(_DEALS)]
        deals = [scores + people @ (vectors[order] - vectors).T + (biases[order] - biases) for order in orders]
        found["restaurant", name] = whole - np.mean([list_quality(dealt, question) for dealt in deals], axis=0)
    return found


def list_quality(scores: Doubles, question: HeldOut) -> Doubles:
    """(m,) nDCG@10 of the restaurants in the order of their scores (m, n), as `evaluation.measure` has it.

    Only the places of the relevant ones are told, so that hundreds of orders can be tried. Which of equal scores stands
    first depends on neither what is relevant nor the order of the table.
    """
    m, n = scores.shape
    rows, columns = question.relevant.nonzero()
    ranked = scores
    if question.masked is not None:
        ranked = np.where(question.masked.toarray() > 0, -np.inf, scores)
    own = ranked[rows, columns]
    others = ranked[rows]
    before = (others > own[:, None]).sum(axis=1)
    equal = others == own[:, None]
    if int(equal.sum()) > len(rows):
        place = np.empty(n, np.int64)
        place[np.random.default_rng(n).permutation(n)] = np.arange(n)
        before += (equal & (place < place[columns][:, None])).sum(axis=1)
    gains = np.where(before < LIST, 1.0 / np.log2(before + 2.0), 0.0)
    ideal = metrics.ideal_dcg(np.bincount(rows, minlength=m), LIST)
    quality: Doubles = np.bincount(rows, gains, minlength=m) / ideal
    return quality


def top_lists(scores: Doubles, masked: npt.NDArray[np.bool_] | None = None, size: int = LIST) -> IntArray:
    """(m, size) columns of the best scores of each row, in no order."""
    ranked = scores if masked is None else np.where(masked, -np.inf, scores)
    size = min(size, scores.shape[1])
    return np.argpartition(-ranked, size - 1, axis=1)[:, :size].astype(np.int32)
