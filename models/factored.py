"""What all factor models of the ladder have in common: vectors of known rows, and tags for the others."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

from models.base import FeatureTable, FloatArray, IntArray, Representations, factor_scores
from models.from_tags import TagRegression, completed, split

SIDES: Final = ("diner", "restaurant")


class FactoredModel:
    """A model that is served by vectors; a subclass says how they are learnt, and calls `_keep` for each side.

    Hyper-parameters are the attributes without an underscore; a subclass's constructor takes all of them by name.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    def __init__(self) -> None:
        self._by_tags: dict[str, TagRegression] = {}
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def score(self, diners: IntArray, restaurants: IntArray | None = None) -> FloatArray:
        """Products of vectors plus biases."""
        return factor_scores(self.diners(), self.restaurants(), diners, restaurants)

    def diners(self) -> Representations:
        """Of the training data's diners."""
        return Representations(self._arrays["diner_vectors"], self._arrays["diner_biases"])

    def restaurants(self) -> Representations:
        """Of the training data's restaurants."""
        return Representations(self._arrays["restaurant_vectors"], self._arrays["restaurant_biases"])

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        """From tags alone; a diner without any is the mean of all."""
        return self._by_tags["diner"].new(tags)

    def new_restaurants(self, tags: Sequence[Sequence[str]]) -> Representations:
        """From tags alone; a restaurant without any is the mean of all."""
        return self._by_tags["restaurant"].new(tags)

    def parameters(self) -> dict[str, Any]:
        """Hyper-parameters and the tags' names."""
        given = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return given | {f"{side}_tags": list(self._by_tags[side].names) for side in SIDES if side in self._by_tags}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Vectors and biases of rows, and what tags say of them."""
        return self._arrays

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From what was learnt."""
        model = cls(**{name: value for name, value in parameters.items() if not name.endswith("_tags")})
        model._by_tags = {side: TagRegression.restore(side, parameters[f"{side}_tags"], arrays) for side in SIDES}
        model._arrays = dict(arrays)
        return model

    def _keep(self, side: str, table: FeatureTable, rows: FloatArray, acted: IntArray) -> None:
        """Keep (n, d + 1) vectors with biases; rows that are not in `acted` are taken for new ones, known by tags."""
        seen = np.bincount(acted, minlength=len(rows)) > 0
        whole, self._by_tags[side] = completed(table, rows, seen)
        learnt = split(whole)
        self._arrays |= {f"{side}_vectors": learnt.vectors, f"{side}_biases": learnt.biases}
        self._arrays |= self._by_tags[side].arrays(side)
