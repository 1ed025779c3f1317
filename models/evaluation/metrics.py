"""Ranking metrics, vectorised over diners: relevance in ranked order, (B, n), in, one number a diner out."""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Relevance = npt.NDArray[np.floating] | npt.NDArray[np.bool_]


def ndcg(relevance: Relevance, ideal: Doubles, k: int) -> Doubles:
    """Normalised discounted cumulative gain at k: gains over log2(rank + 1), divided by those of the best order.

    relevance: (B, >= k) gains in ranked order. ideal: (B,) the best possible DCG at k, see `ideal_dcg`.

    >>> ndcg(np.array([[0, 1, 0, 1]]), ideal_dcg(np.array([2]), 4), 4).round(4)
    array([0.6509])
    """
    return dcg(relevance, k) / ideal


def dcg(relevance: Relevance, k: int) -> Doubles:
    """Discounted cumulative gain at k, (B,).

    >>> dcg(np.array([[1, 0, 1]]), 3)
    array([1.5])
    """
    shown = relevance[:, :k]
    return np.asarray(shown @ (1.0 / np.log2(np.arange(2, shown.shape[1] + 2))))


def ideal_dcg(relevant: npt.NDArray[np.integer], k: int) -> Doubles:
    """DCG at k of an order that has all relevant ones first; binary gains; (B,) from (B,) numbers of relevant ones.

    >>> ideal_dcg(np.array([1, 3]), 2).round(4)
    array([1.    , 1.6309])
    """
    cumulated = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))
    return np.asarray(cumulated[np.minimum(relevant, k) - 1])


def precision(relevance: Relevance, k: int) -> Doubles:
    """Share of the first k that is relevant; a list shorter than k counts as filled with misses.

    >>> precision(np.array([[1, 0, 1, 1]]), 2)
    array([0.5])
    """
    return np.asarray(relevance[:, :k].sum(axis=1) / k)


def recall(relevance: Relevance, relevant: npt.NDArray[np.integer], k: int) -> Doubles:
    """Share of the relevant ones that stands among the first k.

    >>> recall(np.array([[1, 0, 1, 1]]), np.array([3]), 3).round(4)
    array([0.6667])
    """
    return np.asarray(relevance[:, :k].sum(axis=1) / relevant)


def reciprocal_rank(relevance: Relevance) -> Doubles:
    """One over the rank of the first relevant one; 0 without any.

    >>> reciprocal_rank(np.array([[0, 0, 1], [0, 0, 0]])).round(4)
    array([0.3333, 0.    ])
    """
    hits = np.asarray(relevance, dtype=np.float64) > 0
    return np.where(hits.any(axis=1), 1.0 / (hits.argmax(axis=1) + 1.0), 0.0)


def auc(relevance: Relevance, candidates: npt.NDArray[np.integer]) -> Doubles:
    """Probability that a relevant one stands above one that is not; relevance in ranked order over all candidates.

    candidates: (B,) how many of the columns are candidates (the rest, at the end, is padding). 0.5 where there is
    nothing to tell apart.

    >>> auc(np.array([[1, 0, 1, 0]]), np.array([4]))
    array([0.75])
    """
    hits = np.asarray(relevance, dtype=np.float64) > 0
    positives = hits.sum(axis=1)
    negatives = candidates - positives
    ranks = np.arange(1, hits.shape[1] + 1)
    # Sum over the relevant of how many irrelevant ones stand below them.
    above = (hits * (candidates[:, None] - ranks)).sum(axis=1) - positives * (positives - 1) / 2
    pairs = positives * negatives
    return np.asarray(np.divide(above, pairs, out=np.full(len(hits), 0.5), where=pairs > 0))


def gini(values: npt.NDArray[np.floating] | npt.NDArray[np.integer]) -> float:
    """Gini index of non-negative amounts, zeros included: 0 for equal shares, near 1 when one has all.

    >>> gini(np.array([1, 1, 1, 1])), gini(np.array([0, 0, 0, 4]))
    (0.0, 0.75)
    """
    return float(ginis(np.asarray(values, np.float64)[None])[0])


def ginis(amounts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(b,) Gini index of (b, n) amounts that are not negative, zeros included; 0 where all are 0.

    >>> ginis(np.array([[1.0, 1.0], [0.0, 4.0]]))
    array([0. , 0.5])
    """
    rising = np.sort(amounts, axis=1)
    n, total = amounts.shape[1], amounts.sum(axis=1)
    above = rising @ (2.0 * np.arange(1, n + 1) - n - 1)
    return np.asarray(np.divide(above, n * total, out=np.zeros(len(amounts)), where=total > 0.0))
