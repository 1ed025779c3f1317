"""The request's path as pure functions over arrays: retrieve, score, second stage, calibrate, be fair, explore, sort.

Batch first: B requests over one market's n restaurants at once. The API calls it with B = 1.

The score is the left-to-right float64 sum of its terms, and the ledger holds just these terms: an explanation adds up
to the score bit for bit because the score was made by that addition.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg.blas import sgemv

from models.base import FloatArray
from services.ranking import _rank as compiled
from services.ranking.catalogue import BoolArray, Catalogue
from services.ranking.fairness import Lifts
from services.ranking.second_stage import Moments

TERMS: Final = ("relevance", "recency", "second_stage", "calibration", "fairness", "exploration", "payment")
"""What the score is made of, in the order of addition.

relevance    the model's raw score of the restaurant for this diner
recency      the fold-in of what the diner did since the model was trained
second_stage what the model's second stage adds in the moment of the request; 0 for models without one
calibration  what turns all that, and the way to the restaurant, into the probability of an order
fairness     what the restaurant's group is owed, where the policy controls exposure
exploration  the random draw, where the policy explores
payment      what the fee of a sold place is worth, less the cost of its label; 0 here, `services.ads` comes later
"""
PROBABILITY: Final = TERMS.index("calibration") + 1
"""So many terms add up to the probability of an order, as the model sees it."""
FAIRNESS: Final = TERMS.index("fairness")
PAYMENT: Final = TERMS.index("payment")
_EXPLORATION: Final = TERMS.index("exploration")

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Requests:
    """B requests against one market."""

    vectors: FloatArray
    """(B, d)"""
    biases: FloatArray
    """(B,)"""
    fold_ins: FloatArray | None
    """(B, d); None: no one did anything lately."""
    lat: Doubles
    """(B,) where the diner is; NaN where that is not known."""
    lon: Doubles
    allowed: BoolArray | None = None
    """(B, n) candidates; None: all."""
    gumbel: Doubles | None = None
    """(B, shortlist) standard Gumbel noise, for policies that explore."""
    moments: Moments | None = None
    """For the second stage; None: it adds nothing."""
    lifts: Lifts | None = None
    """For policies that control exposure."""


@dataclass(frozen=True, eq=False)
class Shortlists:
    """What B requests scored in full: S restaurants each."""

    rows: npt.NDArray[np.int64]
    """(B, S) rows of the catalogue, rising."""
    terms: Doubles
    """(len(TERMS), B, S)"""
    scores: Doubles
    """(B, S) the left-to-right sum of the terms."""
    distances_km: Doubles
    """(B, S) NaN where the diner's place is not known."""
    offsets: Doubles
    """(B, S) log travel time less its mean, as the calibration takes it."""
    order: npt.NDArray[np.int64]
    """(B, S) columns by falling score; what did not pass the filters comes last."""
    passing: BoolArray | None
    """(B, S) which of them were candidates; None: all."""

    def size(self, request: int) -> int:
        """How many candidates a request has."""
        return self.rows.shape[1] if self.passing is None else int(self.passing[request].sum())

    def probabilities(self) -> Doubles:
        """(B, S) of an order, as the model sees it: the score before fairness, exploration and payment."""
        found = self.terms[0] + self.terms[1]
        for term in self.terms[2:PROBABILITY]:
            found += term
        return np.asarray(found)

    def typical(self) -> Doubles:
        """(len(TERMS), B) mean of each term over the candidates: a term above it speaks for a restaurant."""
        if self.passing is None:
            return np.asarray(self.terms.sum(axis=2) / max(self.terms.shape[2], 1))
        counts = np.maximum(self.passing.sum(axis=1), 1)
        return np.asarray(self.terms.sum(axis=2, where=self.passing) / counts)


@dataclass(frozen=True, eq=False)
class RankedLists:
    """B lists of up to k. Where fewer candidates than k passed, the row is -1 and the other arrays hold NaN."""

    rows: npt.NDArray[np.int64]
    """(B, k) rows of the catalogue."""
    scores: Doubles
    """(B, k)"""
    terms: Doubles
    """(len(TERMS), B, k); scores are their left-to-right sum."""
    distances_km: Doubles
    """(B, k)"""
    propensities: Doubles
    """(B, k) P(this restaurant at this rank | those above); 1 where nothing is left to chance."""
    shortlists: Shortlists


def rank(catalogue: Catalogue, requests: Requests, k: int, shortlist: int, temperature: float = 0.0) -> RankedLists:
    """The best k restaurants of each request.

    The `shortlist` best by relevance and recency are scored in full; `temperature` (in units of order probability)
    above 0 samples from a Plackett-Luce model over the shortlist by the Gumbel-top-k trick and needs `requests.gumbel`.
    Of restaurants with equal scores the one that the catalogue has first comes first.
    """
    if temperature > 0.0 and requests.gumbel is None:
        raise ValueError("a temperature above 0 needs Gumbel noise")
    size = min(max(shortlist, k), catalogue.size)
    found, log_times = _shortlists(catalogue, requests, size)
    if catalogue.reranker is not None and requests.moments is not None and size:
        correct = catalogue.reranker.correct
        found.terms[2] = correct(requests.moments, found.rows, found.terms[0], log_times)
    lists = _ordered(catalogue, requests, found, min(k, size), temperature)
    if temperature > 0.0:
        best = found.order[:, : lists.rows.shape[1]]
        propensities = _plackett_luce(_before_the_draw(found.terms) / temperature, found.passing, best)
        lists.propensities[:] = np.where(lists.rows >= 0, propensities, np.nan)
    return lists


def _shortlists(catalogue: Catalogue, requests: Requests, size: int) -> tuple[Shortlists, Doubles]:
    """Who is scored in full, with the terms that there are before the second stage; and log travel times, (B, size).

    relevance  v_u . v_i + b_i + b_u, of which v_u . v_i + b_i, for all n restaurants, chooses the shortlist
    recency    f_u . v_i, where the request has a fold-in f_u; it is in what chooses too
    """
    batch, n = len(requests.vectors), catalogue.size
    plane = (batch, size)
    found = Shortlists(
        rows=np.empty(plane, np.int64),
        terms=np.empty((len(TERMS), *plane)),
        scores=np.empty(plane),
        distances_km=np.empty(plane),
        offsets=np.empty(plane),
        order=np.empty(plane, np.int64),
        passing=None if requests.allowed is None else np.empty(plane, np.bool_),
    )
    log_times = np.empty(plane)
    if size:
        wanted = requests.vectors if requests.fold_ins is None else requests.vectors + requests.fold_ins
        coarse = _times(catalogue.vectors, wanted[0]) if batch == 1 else wanted @ catalogue.vectors.T
        compiled.shortlist(
            (batch, n, catalogue.vectors.shape[1], size, len(TERMS)),
            coarse,
            requests.allowed,
            _floats(requests.biases),
            catalogue.vectors,
            catalogue.biases,
            _floats(requests.vectors),
            None if requests.fold_ins is None else _floats(requests.fold_ins),
            catalogue.lat,
            catalogue.lon,
            requests.lat,
            requests.lon,
            catalogue.calibration.mean_log_time,
            found.rows,
            found.terms,
            found.distances_km,
            log_times,
            found.offsets,
            found.passing,
        )
    return found, log_times


def _ordered(catalogue: Catalogue, requests: Requests, found: Shortlists, k: int, temperature: float) -> RankedLists:
    """Fill the other terms, the scores and the order of shortlists; the first k of each as lists.

    calibration  sigmoid(a s + c x + b) - s, s the sum of the terms before it, x the log-time offset
    fairness     the restaurant's lift; 0 for whoever is below the quality floor, if it is above 0
    exploration  temperature times the noise
    """
    batch, size = found.rows.shape
    lists = RankedLists(
        rows=np.empty((batch, k), np.int64),
        scores=np.empty((batch, k)),
        terms=np.empty((len(TERMS), batch, k)),
        distances_km=np.empty((batch, k)),
        propensities=np.empty((batch, k)),
        shortlists=found,
    )
    if size:
        curve, lifts = catalogue.calibration.order, requests.lifts
        gumbel = requests.gumbel if temperature > 0.0 else None
        compiled.order(
            (batch, catalogue.size, size, k, len(TERMS), FAIRNESS, _EXPLORATION),
            (curve.slope, curve.travel, curve.intercept),
            found.rows,
            found.offsets,
            found.distances_km,
            found.passing,
            None if lifts is None else lifts.values,
            0.0 if lifts is None else lifts.quality_floor,
            None if gumbel is None else np.ascontiguousarray(gumbel[:, :size]),
            temperature,
            found.terms,
            found.scores,
            found.order,
            lists.rows,
            lists.scores,
            lists.terms,
            lists.distances_km,
            lists.propensities,
        )
    return lists


def _times(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """(n,) a matrix in the order in which it lies, times a vector: numpy's `@` to the bit, by the same library.

    But this keeps the interpreter's lock: numpy lets go of it, and on a core that they share the thread that writes
    behind takes it, and the caches with it.
    """
    return np.asarray(sgemv(1.0, matrix.T, vector, trans=1))


def _floats(array: FloatArray) -> FloatArray:
    return np.ascontiguousarray(array, np.float32)


def _before_the_draw(terms: Doubles) -> Doubles:
    """(B, S) the left-to-right sum of the terms before exploration."""
    values = terms[0] + terms[1]
    for term in terms[2:_EXPLORATION]:
        values += term
    return np.asarray(values)


def _plackett_luce(logits: Doubles, passing: BoolArray | None, order: npt.NDArray[np.int64]) -> Doubles:
    """(B, k) propensity of each drawn position given those above: softmax over what is still in the urn."""
    weights = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    if passing is not None:
        weights[~passing] = 0.0
    drawn = np.take_along_axis(weights, order, axis=1)
    left = weights.sum(axis=1, keepdims=True) - (np.cumsum(drawn, axis=1) - drawn)
    # Where the urn is empty nothing was drawn; rounding may leave a little less in it than is taken out.
    return np.asarray(np.minimum(np.divide(drawn, left, out=np.zeros_like(drawn), where=left > 0.0), 1.0))
