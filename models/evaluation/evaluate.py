"""Full ranking of a market's restaurants for held-out diners, with intervals over diners."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.base import FloatArray, IntArray, TrainingData
from models.evaluation import metrics

Doubles = npt.NDArray[np.float64]
Scorer = Callable[[IntArray], FloatArray]
"""(B,) rows of diners -> (B, n) scores of all restaurants."""

METRICS: Final = ("ndcg@10", "recall@20", "precision@10", "mrr", "auc")
MAX_DINERS: Final = 20_000
_CELLS_AT_ONCE: Final = 4_000_000
_DRAWS: Final = 1_000
_SHOWN: Final = 10


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What a model is asked: for each of m diners, which restaurants were chosen in the test period."""

    diners: IntArray
    """(m,) rows."""
    relevant: sparse.csr_matrix
    """(m, n_restaurants) bool."""
    masked: sparse.csr_matrix | None
    """(m, n_restaurants) bool: known from training and left out of the ranking; None: nothing is."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One model's figures for each held-out diner, and what it showed to all of them."""

    per_diner: Mapping[str, Doubles]
    """By metric, (m,)."""
    shown: npt.NDArray[np.int64]
    """(n_restaurants,) how often each stood in a top 10."""


def held_out(
    data: TrainingData, diners: IntArray, restaurants: IntArray, mask_known: bool, rng: np.random.Generator
) -> HeldOut:
    """From the test period's positives, (row of diner, row of restaurant) each; at most MAX_DINERS random diners."""
    chosen = np.unique(diners)
    if len(chosen) > MAX_DINERS:
        chosen = np.sort(rng.choice(chosen, MAX_DINERS, replace=False))
    shape = (len(data.diner_ids), len(data.restaurant_ids))
    relevant = _incidence(diners, restaurants, shape)[chosen]
    known = _incidence(data.interactions.diners, data.interactions.restaurants, shape)[chosen] if mask_known else None
    if known is not None:
        relevant = relevant - relevant.multiply(known)
        relevant.eliminate_zeros()
        left = np.diff(relevant.indptr) > 0
        chosen, relevant, known = chosen[left], relevant[left], known[left]
    return HeldOut(chosen.astype(np.int32), relevant, known)


def measure(question: HeldOut, scorer: Scorer) -> Measured:
    """Rank all restaurants for each diner; ties are broken by row."""
    m, n = question.relevant.shape
    per_diner = {name: np.empty(m) for name in METRICS}
    shown = np.zeros(n, np.int64)
    step = max(1, _CELLS_AT_ONCE // max(n, 1))
    for first in range(0, m, step):
        part = slice(first, min(first + step, m))
        scores = np.array(scorer(question.diners[part]), dtype=np.float32)
        relevant = question.relevant[part].toarray() > 0
        candidates = np.full(len(scores), n)
        if question.masked is not None:
            masked = question.masked[part].toarray() > 0
            scores[masked] = -np.inf
            candidates -= masked.sum(axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        hits = np.take_along_axis(relevant, order, axis=1)
        for name, values in _figures(hits, relevant.sum(axis=1), candidates).items():
            per_diner[name][part] = values
        shown += np.bincount(order[:, :_SHOWN].ravel(), minlength=n)
    return Measured(per_diner, shown)


def _figures(
    hits: npt.NDArray[np.bool_], relevant: npt.NDArray[np.int64], candidates: npt.NDArray[np.int64]
) -> dict[str, Doubles]:
    return {
        "ndcg@10": metrics.ndcg(hits.astype(np.float64), metrics.ideal_dcg(relevant, 10), 10),
        "recall@20": metrics.recall(hits, relevant, 20),
        "precision@10": metrics.precision(hits, 10),
        "mrr": metrics.reciprocal_rank(hits),
        "auc": metrics.auc(hits, candidates),
    }


def interval(values: Doubles, rng: np.random.Generator) -> dict[str, float]:
    """Mean with a 95 % percentile interval over resampled diners."""
    means = resampled_means(values, rng)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def resampled_means(values: Doubles, rng: np.random.Generator) -> Doubles:
    """(draws,) means of diners drawn with replacement; the same generator state pairs the draws of two models."""
    if not len(values):
        return np.full(_DRAWS, np.nan)
    return np.asarray([values[rng.integers(len(values), size=len(values))].mean() for _ in range(_DRAWS)])


def summary(measured: Measured, baseline: Measured | None, seed: int) -> dict[str, Any]:
    """Figures with intervals; beside a baseline also the paired difference in nDCG@10."""
    result: dict[str, Any] = {
        name: interval(values, np.random.default_rng(seed)) for name, values in measured.per_diner.items()
    }
    result["coverage"] = float(np.mean(measured.shown > 0))
    result["gini"] = metrics.gini(measured.shown)
    if baseline is not None:
        difference = measured.per_diner["ndcg@10"] - baseline.per_diner["ndcg@10"]
        result["ndcg@10_over_popular"] = interval(difference, np.random.default_rng(seed))
    return result


def slices(
    measured: Mapping[str, Measured], groups: Mapping[str, npt.NDArray[np.bool_]], seed: int, smallest: int = 20
) -> list[dict[str, Any]]:
    """nDCG@10 of each model in each group of diners that has at least `smallest`."""
    return [
        {
            "slice": group,
            "model": name,
            "diners": int(mask.sum()),
            "ndcg@10": interval(values, np.random.default_rng(seed)),
        }
        for group, mask in groups.items()
        if mask.sum() >= smallest
        for name, values in ((name, one.per_diner["ndcg@10"][mask]) for name, one in measured.items())
    ]


def _incidence(rows: IntArray, columns: IntArray, shape: Sequence[int]) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
