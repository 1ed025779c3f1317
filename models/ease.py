"""`ease`: what goes together, in closed form (Steck 2019), and the diner's own memory.

    B = I - P diag(1 / diag P),    P = (X'X + l I)^-1,    score(u, i) = sum_j x_uj (B_ji + h [i = j])

x_uj is how much diner u liked restaurant j. B has a zero diagonal: it says what speaks for i in all else that was
liked. Where diners come back, having been there speaks too: that is h. The score is a sum over the diner's own history.

Served by vectors: X (B + h I) is projected on its first d right singular vectors V, the best approximation of that rank
of what the known diners are told; a diner is x_u (B + h I) V, a restaurant its row of V. With d = n it is exact.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, validate_call
from scipy import sparse

from models.base import FloatArray, IntArray, ModelError, TrainingData
from models.explanation.parts import Kind, Parts, Source
from models.factored import FactoredModel

Doubles = npt.NDArray[np.float64]
_NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
MOST_RESTAURANTS = 20_000
"""The inverse is dense: 20,000 restaurants are 3 GB and some minutes."""


class EaseModel(FactoredModel):
    """The embarrassingly shallow autoencoder, served from a factorisation of what it says."""

    name: ClassVar[str] = "ease"
    summary: ClassVar[str] = "what goes together, in closed form, and the diner's own memory"

    @validate_call
    def __init__(
        self,
        penalty: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] = 300.0,
        memory: _NotNegative = 0.2,
        dimensions: Annotated[int, Field(ge=1, le=16_000)] = 256,
    ) -> None:
        super().__init__()
        self.penalty = penalty
        """l: how much is asked of a pair before it counts."""
        self.memory = memory
        """h: what having been there oneself is worth."""
        self.dimensions = dimensions
        """Of the vectors that are served; as many as there are restaurants are exact."""
        self._kept = 1.0

    def fit(self, data: TrainingData) -> Self:
        """Invert and factorise; raise ModelError where there is nothing to learn from or too much to invert."""
        acts, n = data.interactions, len(data.restaurant_ids)
        if not len(acts.diners):
            raise ModelError(f"market {data.market} has no positive feedback to learn from")
        if n > MOST_RESTAURANTS:
            raise ModelError(f"ease inverts a matrix of all restaurants: {n:,} are more than {MOST_RESTAURANTS:,}")
        shape = (len(data.diner_ids), n)
        liked = sparse.csr_matrix((acts.weights.astype(np.float64), (acts.diners, acts.restaurants)), shape=shape)
        gram = (liked.T @ liked).toarray()
        told = together(gram, self.penalty)
        told[np.diag_indices(n)] += self.memory
        basis, self._kept = _basis(told, gram, min(self.dimensions, n))
        history = told @ basis
        vectors = {"diner": liked @ history, "restaurant": basis}
        for side, table, rows in (
            ("diner", data.diner_features, acts.diners),
            ("restaurant", data.restaurant_features, acts.restaurants),
        ):
            own = np.zeros((len(vectors[side]), vectors[side].shape[1] + 1), np.float32)
            own[:, :-1] = vectors[side]
            self._keep(side, table, own, rows)
        self._keep_liked(acts, shape)
        self._arrays["history_vectors"] = np.ascontiguousarray(history, np.float32)
        return self

    def reasons(self, liked: IntArray, weights: FloatArray, restaurant: int) -> FloatArray:
        """(m,) what each restaurant of a history, (m,) rows and weights, adds to the score of one: they sum to it."""
        vectors, served = self._arrays["history_vectors"], self._arrays["restaurant_vectors"][restaurant]
        return np.asarray(weights * (vectors[liked] @ served), dtype=np.float32)

    def history(self, row: int) -> tuple[IntArray, FloatArray]:
        """(m,) restaurants that a diner of the training data liked, and (m, d) what each adds to the diner."""
        if "liked_starts" not in self._arrays or not self._arrays["diner_seen"][row]:
            return np.empty(0, np.int32), np.empty((0, self._arrays["diner_vectors"].shape[1]), np.float32)
        liked, weights = self._liked_by(row)
        return liked, self._arrays["history_vectors"][liked] * weights[:, None]

    def _learnt_parts(self, side: str, row: int, tags: IntArray, served: FloatArray) -> Parts:
        """A diner is the sum of what each restaurant of the own history says."""
        if side == "restaurant":
            return super()._learnt_parts(side, row, tags, served)
        liked, weights = self._liked_by(row)
        said = self._arrays["history_vectors"][liked].astype(np.float64) * weights[:, None].astype(np.float64)
        sources = [Source(Kind.HISTORY, row=restaurant) for restaurant in liked.tolist()]
        return Parts(tuple(sources), said, np.zeros(len(liked)))

    def parameters(self) -> dict[str, Any]:
        """Hyper-parameters and the tags' names, and how much of the scores' energy the vectors kept."""
        return super().parameters() | {"kept": self._kept}

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From what was learnt."""
        model = super().restore({name: value for name, value in parameters.items() if name != "kept"}, arrays)
        model._kept = float(parameters["kept"])
        return model


def together(gram: Doubles, penalty: float) -> Doubles:
    """(n, n) B of EASE from X'X: column i holds what each other restaurant says for restaurant i."""
    from scipy import linalg  # not for those who only serve what was learnt

    inverse = linalg.inv(gram + penalty * np.eye(len(gram)), overwrite_a=True, check_finite=False)
    found = -inverse / np.diag(inverse)
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def _basis(told: Doubles, gram: Doubles, d: int) -> tuple[Doubles, float]:
    """(n, d) the first right singular vectors of X told, and the share of its energy that they keep.

    Each vector's sign is that of its largest entry, so that the same data give the same vectors.
    """
    from scipy import linalg  # as above

    energy = told.T @ gram @ told
    n = len(energy)
    values, vectors = linalg.eigh((energy + energy.T) / 2, subset_by_index=(n - d, n - 1), check_finite=False)
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.sign(vectors[largest, np.arange(d)])
    total = float(np.trace(energy))
    return vectors * np.where(signs == 0, 1.0, signs), float(values.sum()) / total if total > 0.0 else 1.0
