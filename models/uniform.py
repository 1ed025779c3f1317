"""`random`: the floor under every comparison."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, validate_call

from models.base import FloatArray, IntArray, Representations, TrainingData, factor_scores

_DIMENSIONS = 16


class RandomModel:
    """Random vectors: each diner has an order of restaurants that knows nothing."""

    name: ClassVar[str] = "random"
    summary: ClassVar[str] = "an order that knows nothing"

    @validate_call
    def __init__(self, seed: Annotated[int, Field(ge=0)] = 0) -> None:
        self.seed = seed
        self._diners = self._restaurants = Representations(np.empty((0, 0), np.float32), np.empty(0, np.float32))

    def fit(self, data: TrainingData) -> Self:
        """Draw vectors."""
        rng = np.random.default_rng(self.seed)
        self._diners = _drawn(rng, len(data.diner_ids))
        self._restaurants = _drawn(rng, len(data.restaurant_ids))
        return self

    def score(self, diners: IntArray, restaurants: IntArray | None = None) -> FloatArray:
        """Random scores."""
        return factor_scores(self._diners, self._restaurants, diners, restaurants)

    def diners(self) -> Representations:
        """Random vectors."""
        return self._diners

    def restaurants(self) -> Representations:
        """Random vectors."""
        return self._restaurants

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        """One random vector for all: tags say nothing here, and the answer for one must not depend on the others."""
        return self._alike(1, len(tags))

    def new_restaurants(self, tags: Sequence[Sequence[str]]) -> Representations:
        """One random vector for all."""
        return self._alike(2, len(tags))

    def parameters(self) -> dict[str, Any]:
        """The seed."""
        return {"seed": self.seed}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The vectors."""
        return {"diners": self._diners.vectors, "restaurants": self._restaurants.vectors}

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From the vectors."""
        model = cls(**parameters)
        model._diners = _without_bias(arrays["diners"])
        model._restaurants = _without_bias(arrays["restaurants"])
        return model

    def _alike(self, side: int, rows: int) -> Representations:
        one = np.random.default_rng((self.seed, side)).standard_normal(_DIMENSIONS, dtype=np.float32)
        return _without_bias(np.tile(one, (rows, 1)))


def _drawn(rng: np.random.Generator, rows: int) -> Representations:
    return _without_bias(rng.standard_normal((rows, _DIMENSIONS), dtype=np.float32))


def _without_bias(vectors: FloatArray) -> Representations:
    return Representations(vectors, np.zeros(len(vectors), np.float32))
