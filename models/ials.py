"""`ials`: implicit alternating least squares (Hu, Koren, Volinsky 2008; settings after Rendle et al. 2022).

    sum over all u, i of c_ui (y_ui - <w_u, h_i>)^2 + reg (|W|^2 + |H|^2)

    y = 1, c = 1 + alpha x where diner u liked restaurant i by x; y = 0, c = 1 elsewhere

The library `implicit` alternates; vectors start with a standard deviation of 0.1 / sqrt(d), as Rendle et al. have it.
Its penalty is the same for all rows; theirs, which grows with a row's observations, it does not have.
"""

from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, validate_call
from scipy import sparse
from threadpoolctl import threadpool_limits

from models.base import FloatArray, IntArray, Model, ModelError, TrainingData
from models.explanation.parts import Kind, Parts, Source
from models.factored import SIDES, FactoredModel

_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class IalsModel(FactoredModel):
    """Factors of what was liked, weighed by how much."""

    name: ClassVar[str] = "ials"
    summary: ClassVar[str] = "matrix factorisation of all pairs by alternating least squares"

    @validate_call
    def __init__(
        self,
        components: Annotated[int, Field(ge=1, le=4096)] = 128,
        epochs: Annotated[int, Field(ge=1, le=1_000)] = 16,
        warm_epochs: Annotated[int, Field(ge=1, le=1_000)] = 4,
        alpha: _Positive = 30.0,
        regularisation: _Positive = 100.0,
        seed: Annotated[int, Field(ge=0, lt=2**32)] = 0,
        threads: Annotated[int, Field(ge=1, le=1024)] = 1,
    ) -> None:
        super().__init__()
        self.components = components
        self.epochs = epochs
        self.warm_epochs = warm_epochs
        """Of a fit that begins where another stood."""
        self.alpha = alpha
        self.regularisation = regularisation
        self.seed = seed
        self.threads = threads
        self._kept_gram: tuple[FloatArray, npt.NDArray[np.float64]] | None = None

    def fit(self, data: TrainingData) -> Self:
        """Alternate; raise ModelError where there is nothing to learn from."""
        rng, scale = np.random.default_rng(self.seed), 0.1 / self.components**0.5
        rows = {"diner": len(data.diner_ids), "restaurant": len(data.restaurant_ids)}
        start = {side: scale * rng.standard_normal((n, self.components), dtype=np.float32) for side, n in rows.items()}
        return self._fit(data, start, self.epochs)

    @property
    def exact_parts(self) -> bool:
        """False: what a diner's history gives is near the vector that was alternated, not the same."""
        return False

    def fit_from(self, data: TrainingData, start: Model, diners: IntArray, restaurants: IntArray) -> Self:
        """Alternate from another's vectors, for `warm_epochs`; one of other dimensions is no start."""
        if not isinstance(start, IalsModel) or start.components != self.components:
            return self.fit(data)
        rows = {"diner": diners, "restaurant": restaurants}
        placed = {side: np.zeros((len(own), self.components), np.float32) for side, own in rows.items()}
        for side, own in rows.items():
            placed[side][own >= 0] = start.arrays()[f"{side}_vectors"][own[own >= 0]]
        return self._fit(data, placed, self.warm_epochs)

    def _fit(self, data: TrainingData, start: Mapping[str, FloatArray], epochs: int) -> Self:
        acts = data.interactions
        if not len(acts.diners):
            raise ModelError(f"market {data.market} has no positive feedback to learn from")
        shape = (len(data.diner_ids), len(data.restaurant_ids))
        weights = 1.0 + np.float32(self.alpha) * acts.weights
        liked = sparse.csr_matrix((weights, (acts.diners, acts.restaurants)), shape=shape)
        vectors = _alternated(liked, start, self.regularisation, epochs, self.threads)
        for side, table, rows in (
            ("diner", data.diner_features, acts.diners),
            ("restaurant", data.restaurant_features, acts.restaurants),
        ):
            self._keep(side, table, np.column_stack([vectors[side], np.zeros(len(vectors[side]), np.float32)]), rows)
        self._keep_liked(acts, shape)
        return self

    def _learnt_parts(self, side: str, row: int, tags: IntArray, served: FloatArray) -> Parts:
        """A diner is the solution of a linear system whose right side is a sum over the own history:

            w_u = A^-1 sum_j c_uj h_j,    A = sum_i c_ui h_i h_i' + reg I

        The vectors of restaurants were moved once more after those of diners, and conjugate gradients stop early. So
        this solution is near what is served, not the same: the difference is a part of its own, the rest.
        """
        if side == "restaurant":
            return super()._learnt_parts(side, row, tags, served)
        liked, weights = self._liked_by(row)
        said = self._solution(liked, weights)
        sources = [Source(Kind.HISTORY, row=restaurant) for restaurant in liked.tolist()]
        return Parts(tuple(sources), said, np.zeros(len(liked))).closed(served, Kind.REST)

    def diner_without(self, row: int, restaurants: Collection[int]) -> FloatArray:
        """(d + 1,) the solution without these of the own history, and what the solution left of the diner's vector."""
        liked, weights = self._liked_by(row)
        stays = ~np.isin(liked, list(restaurants))
        served = self._arrays["diner_vectors"][row].astype(np.float64)
        rest = served - self._solution(liked, weights).sum(axis=0)
        vector = self._solution(liked[stays], weights[stays]).sum(axis=0) + rest
        return np.append(vector, self._arrays["diner_biases"][row]).astype(np.float32)

    def _solution(self, liked: IntArray, weights: FloatArray) -> npt.NDArray[np.float64]:
        """(m, d) what each restaurant of a history adds to the solution."""
        confidences = 1.0 + self.alpha * weights.astype(np.float64)
        own = self._arrays["restaurant_vectors"][liked].astype(np.float64)
        system = self._gram() + (own.T * (confidences - 1.0)) @ own
        return np.asarray(np.linalg.solve(system, (own * confidences[:, None]).T).T, np.float64)

    def _gram(self) -> npt.NDArray[np.float64]:
        """(d, d) of all restaurants that were seen, with the penalty: the others were zero when diners were solved.

        Kept for as long as the vectors are the same: many diners are asked about one after the other.
        """
        vectors = self._arrays["restaurant_vectors"]
        if self._kept_gram is None or self._kept_gram[0] is not vectors:
            seen = vectors[self._arrays["restaurant_seen"]].astype(np.float64)
            self._kept_gram = vectors, np.asarray(seen.T @ seen + self.regularisation * np.eye(seen.shape[1]))
        return self._kept_gram[1]


def _alternated(
    liked: sparse.csr_matrix, start: Mapping[str, FloatArray], regularisation: float, epochs: int, threads: int
) -> dict[str, FloatArray]:
    """Vectors of both sides after so many rounds, each of diners, then of restaurants.

    liked: (diners, restaurants) the confidences c > 1. The equations are solved by three steps of conjugate gradients,
    as the library does by default: a tenth of the time of the exact solution, and as good after some rounds.
    """
    # The library warns of, and is slowed by, a BLAS with threads of its own. Serving never imports it.
    with threadpool_limits(1, "blas"):
        from implicit.cpu.als import AlternatingLeastSquares

        learner = AlternatingLeastSquares(
            factors=start["diner"].shape[1],
            regularization=regularisation,
            iterations=epochs,
            num_threads=threads,
        )
        learner.user_factors, learner.item_factors = (np.array(start[side], np.float32) for side in SIDES)
        learner.fit(liked, show_progress=False)
    return {"diner": learner.user_factors, "restaurant": learner.item_factors}
