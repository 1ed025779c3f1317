"""Full ranking of a market's restaurants for held-out diners, with intervals over diners."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
FEWEST_DINERS: Final = 20
"""Groups of fewer are left out of reports: an interval over so few says nothing."""
FOLDS: Final = 20
"""Parts of the diners, for the jackknife."""


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
    """(FOLDS, n_restaurants) how often each stood in a top 10, for each of FOLDS parts of the diners."""
    looks: Doubles
    """The same, each place counting as the logarithm of nDCG discounts it: how often it is looked at."""


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
    """Rank all restaurants for each diner.

    Ties are broken by one random order of the restaurants, so that nothing is gained from the order of the table.
    """
    m, n = question.relevant.shape
    shuffled = np.random.default_rng(n).permutation(n)
    per_diner = {name: np.empty(m) for name in METRICS}
    shown, looks = np.zeros((FOLDS, n), np.int64), np.zeros((FOLDS, n))
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
        order = shuffled[np.argsort(-scores[:, shuffled], axis=1, kind="stable")]
        hits = np.take_along_axis(relevant, order, axis=1)
        for name, values in _figures(hits, relevant.sum(axis=1), candidates).items():
            per_diner[name][part] = values
        folds = np.arange(part.start, part.stop)[:, None] % FOLDS
        top = order[:, :_SHOWN]
        np.add.at(shown, (folds, top), 1)
        np.add.at(looks, (folds, top), 1.0 / np.log2(np.arange(2, top.shape[1] + 2)))
    return Measured(per_diner, shown, looks)


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


def resampled_means(series: Doubles, seed: int) -> Doubles:
    """(draws, k) means of k series over diners, (k, m), drawn with replacement.

    All series share the draws, and so do calls with the same seed and m: differences of two models are paired.
    """
    m = series.shape[1]
    times = _times_drawn(seed, m)
    step = max(1, _CELLS_AT_ONCE // max(m, 1))
    drawn = [times[first : first + step].astype(np.float64) @ series.T for first in range(0, _DRAWS, step)]
    means: Doubles = np.concatenate(drawn) / m
    return means


@lru_cache(maxsize=2)
def _times_drawn(seed: int, m: int) -> npt.NDArray[np.uint16]:
    """(draws, m) how often each of m diners is drawn; kept, since figures of the same diners follow one another."""
    rng = np.random.default_rng(seed)
    times = np.empty((_DRAWS, m), np.uint16)
    for draw in times:
        draw[:] = np.bincount(rng.integers(m, size=m), minlength=m)
    times.setflags(write=False)
    return times


def interval(values: Doubles, seed: int) -> dict[str, float]:
    """Mean with a 95 % percentile interval over resampled diners."""
    return intervals([values], seed)[0]


def intervals(series: Sequence[Doubles], seed: int) -> list[dict[str, float]]:
    """Means of several figures of the same diners, with intervals from the same draws."""
    stacked = np.stack(series)
    drawn = resampled_means(stacked, seed)
    return [_within(float(values.mean()), means) for values, means in zip(stacked, drawn.T, strict=True)]


def ratio(values: Doubles, reference: Doubles, seed: int) -> dict[str, float]:
    """Ratio of two means over the same diners, with a paired interval; 0 where the reference is 0."""
    above, below = resampled_means(np.stack([values, reference]), seed).T
    drawn = np.divide(above, below, out=np.zeros(_DRAWS), where=below > 0)
    mean = float(reference.mean())
    return _within(float(values.mean()) / mean if mean > 0 else 0.0, drawn)


def jackknife(shown: npt.NDArray[np.int64], figure: Callable[[npt.NDArray[np.int64]], float]) -> dict[str, float]:
    """A figure of all lists together, with a 95 % interval by leaving out one fold of the diners at a time.

    A bootstrap would not do: resampled diners are fewer different ones, who see fewer different restaurants.
    """
    total = shown.sum(axis=0)
    used = shown[shown.sum(axis=1) > 0]
    value = figure(total)
    left_out = np.asarray([figure(total - fold) for fold in used])
    spread = 1.96 * float(np.sqrt((len(used) - 1) * left_out.var())) if len(used) > 1 else 0.0
    return {"value": value, "low": max(0.0, value - spread), "high": min(1.0, value + spread)}


def summary(measured: Measured, baseline: Measured | None, seed: int) -> dict[str, dict[str, float]]:
    """Figures with intervals; beside a baseline also the paired difference in nDCG@10."""
    figures = dict(measured.per_diner)
    if baseline is not None:
        figures["ndcg@10_over_popular"] = measured.per_diner["ndcg@10"] - baseline.per_diner["ndcg@10"]
    result = dict(zip(figures, intervals(list(figures.values()), seed), strict=True))
    result["coverage"] = jackknife(measured.shown, lambda shown: float(np.mean(shown > 0)))
    result["gini"] = jackknife(measured.shown, metrics.gini)
    return result


def differences(measured: Measured, rival: Measured, seed: int) -> dict[str, dict[str, float]]:
    """By how much each figure is better than the rival's, diner by diner, with intervals from the same draws."""
    paired = [measured.per_diner[name] - rival.per_diner[name] for name in METRICS]
    return dict(zip(METRICS, intervals(paired, seed), strict=True))


def slices(
    measured: Mapping[str, Measured], groups: Mapping[str, npt.NDArray[np.bool_]], seed: int
) -> list[dict[str, Any]]:
    """nDCG@10 of each model in each group that has at least FEWEST_DINERS."""
    found: list[dict[str, Any]] = []
    for group, mask in groups.items():
        if mask.sum() >= FEWEST_DINERS:
            figures = intervals([one.per_diner["ndcg@10"][mask] for one in measured.values()], seed)
            found += [
                {"slice": group, "model": name, "diners": int(mask.sum()), "ndcg@10": figure}
                for name, figure in zip(measured, figures, strict=True)
            ]
    return found


def _within(value: float, drawn: Doubles) -> dict[str, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"value": value, "low": float(low), "high": float(high)}


def _incidence(rows: IntArray, columns: IntArray, shape: Sequence[int]) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
