"""The request's path as pure functions over arrays: retrieve, score, second stage, calibrate, be fair, explore, sort.

Batch first: B requests over one market's n restaurants at once. The API calls it with B = 1.

The score is the left-to-right float64 sum of its terms, and the ledger holds just these terms: an explanation adds up
to the score bit for bit because the score was made by that addition.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from data.geo import distance_km, log_travel_time
from models.base import FloatArray
from services.ranking.catalogue import BoolArray, Catalogue
from services.ranking.fairness import Lifts
from services.ranking.second_stage import Moments
from services.ranking.select import best_columns

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
    """
    shortlist = min(max(shortlist, k), catalogue.size)
    k = min(k, shortlist)
    wanted = requests.vectors if requests.fold_ins is None else requests.vectors + requests.fold_ins
    # One request is a matrix times a vector, which reads the matrix in the order in which it lies.
    coarse = (catalogue.vectors @ wanted[0])[None] if len(wanted) == 1 else wanted @ catalogue.vectors.T
    coarse += catalogue.biases
    if requests.allowed is not None:
        coarse = np.where(requests.allowed, coarse, -np.inf)
    columns = best_columns(coarse, shortlist)
    batch = np.arange(len(columns))[:, None]
    terms = np.zeros((len(TERMS), *columns.shape))
    terms[0] = coarse[batch, columns] + requests.biases[:, None]
    passing = None if requests.allowed is None else np.isfinite(terms[0])
    if passing is not None:
        terms[0, ~passing] = 0.0
    if requests.fold_ins is not None:
        picked = catalogue.vectors[columns]  # (B, shortlist, d)
        terms[0] = (picked @ requests.vectors[:, :, None])[:, :, 0] + catalogue.biases[columns]
        terms[0] += requests.biases[:, None]
        terms[1] = (picked @ requests.fold_ins[:, :, None])[:, :, 0]
    distances = _distances(catalogue, requests, columns)
    log_times = log_travel_time(distances)
    offsets = _log_time_offset(catalogue, log_times)
    raw = terms[0] + terms[1]
    if catalogue.reranker is not None and requests.moments is not None:
        terms[2] = catalogue.reranker.correct(requests.moments, columns, terms[0], log_times)
        raw = raw + terms[2]
    terms[3] = catalogue.calibration.order_probability(raw, offsets) - raw
    values = raw + terms[3]
    if requests.lifts is not None:
        terms[FAIRNESS] = requests.lifts.term(columns, values)
        values = values + terms[FAIRNESS]
    if temperature > 0.0:
        if requests.gumbel is None:
            raise ValueError("a temperature above 0 needs Gumbel noise")
        terms[_EXPLORATION] = temperature * requests.gumbel[:, :shortlist]
    scores = values + terms[_EXPLORATION]
    falling = -scores if passing is None else np.where(passing, -scores, np.inf)
    order = np.argsort(falling, axis=1, kind="stable")
    best = order[:, :k]
    lists = RankedLists(
        rows=columns[batch, best],
        scores=scores[batch, best],
        terms=terms[:, batch, best],
        distances_km=distances[batch, best],
        propensities=_plackett_luce(values / temperature, passing, best) if temperature > 0.0 else np.ones(best.shape),
        shortlists=Shortlists(columns, terms, scores, distances, offsets, order, passing),
    )
    return lists if passing is None else _blanked(lists, passing[batch, best])


def _blanked(lists: RankedLists, shown: BoolArray) -> RankedLists:
    """Lists without what did not pass and only filled the shortlist."""
    return RankedLists(
        rows=np.where(shown, lists.rows, -1),
        scores=np.where(shown, lists.scores, np.nan),
        terms=np.where(shown, lists.terms, np.nan),
        distances_km=np.where(shown, lists.distances_km, np.nan),
        propensities=np.where(shown, lists.propensities, np.nan),
        shortlists=lists.shortlists,
    )


def _distances(catalogue: Catalogue, requests: Requests, columns: npt.NDArray[np.int64]) -> Doubles:
    """(B, shortlist) km; NaN where the diner's place is not known."""
    return distance_km(requests.lat[:, None], requests.lon[:, None], catalogue.lat[columns], catalogue.lon[columns])


def _log_time_offset(catalogue: Catalogue, log_times: Doubles) -> Doubles:
    """Log travel time less the calibration's mean; 0, the average way, where the place is not known."""
    offset = log_times - catalogue.calibration.mean_log_time
    return np.where(np.isnan(offset), 0.0, offset)


def _plackett_luce(logits: Doubles, passing: BoolArray | None, order: npt.NDArray[np.int64]) -> Doubles:
    """(B, k) propensity of each drawn position given those above: softmax over what is still in the urn."""
    weights = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    if passing is not None:
        weights[~passing] = 0.0
    drawn = np.take_along_axis(weights, order, axis=1)
    left = weights.sum(axis=1, keepdims=True) - (np.cumsum(drawn, axis=1) - drawn)
    # Where the urn is empty nothing was drawn; rounding may leave a little less in it than is taken out.
    return np.asarray(np.minimum(np.divide(drawn, left, out=np.zeros_like(drawn), where=left > 0.0), 1.0))
