"""What every model takes and gives: the one interface of the ladder.

A model learns from `TrainingData` (arrays, no tables) and gives `Representations`: a vector and a bias for each diner
and each restaurant, whose product is the score. Serving needs nothing else, so a new model of this kind is served
without another line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.journal import Journal

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]


class ModelError(Exception):
    """A model that cannot be trained, loaded or asked this; the message names what and the mend."""


@dataclass(frozen=True)
class FeatureTable:
    """Features of all rows of one side, diners or restaurants.

    Feature names are `name=value` tags; a row's own identity is not among them (models that learn identities add it).
    """

    names: tuple[str, ...]
    matrix: sparse.csr_matrix
    """float32, (n_rows, n_features), 0 or 1."""

    def encode(self, rows: Sequence[Sequence[str]]) -> sparse.csr_matrix:
        """Rows of tags, known or new, as a matrix over the same features; unknown tags are left out."""
        return encode_tags(rows, self.names)


@dataclass(frozen=True)
class Interactions:
    """Positive feedback: one row for each (diner, restaurant, time)."""

    diners: IntArray
    restaurants: IntArray
    weights: FloatArray
    ages_days: FloatArray
    """Days before the end of the training period; 0 where the source has no times."""


@dataclass(frozen=True)
class TrainingData:
    """One market's training period as arrays. Nothing of the test period is in here."""

    market: str
    diner_ids: tuple[str, ...]
    restaurant_ids: tuple[str, ...]
    diner_features: FeatureTable
    restaurant_features: FeatureTable
    diner_districts: IntArray
    """(n_diners,) index into `districts`; -1: not known."""
    restaurant_districts: IntArray
    """(n_restaurants,)"""
    districts: tuple[str, ...]
    interactions: Interactions
    snapshot: str
    """Hash of the data that this was made from."""
    rehearsal: "Rehearsal | None" = None
    """For models that learn how to use what others have learnt; None where the data have no times or lists to do so."""


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """The training period once more, cut in two: what a model learns before the cut can be tried on what came after."""

    earlier: TrainingData
    """Of the time before the cut alone."""
    later: Interactions
    """Of the time from the cut on."""
    cut: int
    """Seconds since 1970, UTC."""
    until: int
    """The training period ends before this."""
    journal: Journal
    """Of the whole training period."""


@dataclass(frozen=True)
class Representations:
    """Vectors and biases of n rows: score(u, i) = <diner u, restaurant i> + diner bias u + restaurant bias i."""

    vectors: FloatArray
    """(n, d), C-contiguous."""
    biases: FloatArray
    """(n,)"""


class Model(Protocol):
    """A model of the ladder. `models.testing.ModelContract` holds the checks that each must pass."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """One line for people."""

    def fit(self, data: TrainingData) -> Self:
        """Learn; the same data and seed give the same model bit for bit with one thread."""
        ...

    def score(self, diners: IntArray, restaurants: IntArray | None = None) -> FloatArray:
        """Scores (len(diners), len(restaurants)) of rows of the training data; all restaurants by default."""
        ...

    def diners(self) -> Representations:
        """Representations of the training data's diners."""
        ...

    def restaurants(self) -> Representations:
        """Representations of the training data's restaurants."""
        ...

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        """Representations from features alone: no identity, no bias of one's own. No tags: the average diner."""
        ...

    def new_restaurants(self, tags: Sequence[Sequence[str]]) -> Representations:
        """Representations from features alone."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Hyper-parameters and what else JSON can hold; goes into the manifest."""
        ...

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All learnt arrays; with `parameters` they restore the model."""
        ...

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `parameters` and `arrays`."""
        ...


@runtime_checkable
class StartsWarm(Protocol):
    """A model that can learn on from where another of its kind stood."""

    def fit_from(self, data: TrainingData, start: Model, diners: IntArray, restaurants: IntArray) -> Self:
        """Like `fit`. diners, restaurants: rows of `start` for each row of the data, -1 where it has none."""
        ...


def factor_scores(
    diners: Representations, restaurants: Representations, rows: IntArray, columns: IntArray | None = None
) -> FloatArray:
    """Scores (len(rows), len(columns)) from representations; all restaurants by default."""
    chosen = slice(None) if columns is None else columns
    scores: FloatArray = diners.vectors[rows] @ restaurants.vectors[chosen].T
    scores += diners.biases[rows, None]
    scores += restaurants.biases[chosen]
    return scores


def encode_tags(rows: Sequence[Sequence[str]], names: Sequence[str]) -> sparse.csr_matrix:
    """Rows of tags as a 0/1 float32 matrix (len(rows), len(names)); unknown and repeated tags are left out."""
    column = {name: index for index, name in enumerate(names)}
    indices: list[int] = []
    indptr = [0]
    for tags in rows:
        indices.extend(sorted({column[tag] for tag in tags if tag in column}))
        indptr.append(len(indices))
    ones = np.ones(len(indices), dtype=np.float32)
    shape = (len(rows), len(names))
    return sparse.csr_matrix((ones, np.asarray(indices, np.int32), np.asarray(indptr, np.int32)), shape=shape)
