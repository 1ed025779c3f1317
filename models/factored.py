"""What all factor models of the ladder have in common: vectors of known rows, and tags for the others."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.base import (
    FeatureTable,
    FloatArray,
    IntArray,
    Interactions,
    ModelError,
    Representations,
    encode_tags,
    factor_scores,
)
from models.explanation.parts import Kind, Parts
from models.explanation.spoken_for import TagEffects
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

    @property
    def exact_parts(self) -> bool:
        """True for versions that keep their rows' tags."""
        return all(f"{side}_tag_starts" in self._arrays for side in SIDES)

    def diner_parts(self, row: int) -> Parts:
        """What a diner of the training data is made of."""
        return self._parts("diner", row)

    def restaurant_parts(self, row: int) -> Parts:
        """What a restaurant of the training data is made of."""
        return self._parts("restaurant", row)

    def new_diner_parts(self, tags: Sequence[str]) -> Parts:
        """What a diner who is known by tags alone is made of."""
        return self._by_tags["diner"].parts(encode_tags([tags], self._by_tags["diner"].names).indices)

    def new_restaurant_parts(self, tags: Sequence[str]) -> Parts:
        """What a restaurant that is known by its tags alone is made of."""
        return self._by_tags["restaurant"].parts(encode_tags([tags], self._by_tags["restaurant"].names).indices)

    def tag_effects(self) -> TagEffects:
        """What restaurants of the same tags have in common."""
        by_tags = self._by_tags["restaurant"]
        return TagEffects(by_tags.names, by_tags.effects[:-1])

    def diners_seen(self) -> npt.NDArray[np.bool_]:
        """(diners,) of whom something was seen in training; all, in versions from before that was kept."""
        return self._arrays.get("diner_seen", np.ones(len(self._arrays["diner_vectors"]), np.bool_))

    def restaurant_with(self, row: int, tags: Sequence[str]) -> FloatArray:
        """(d + 1,) a restaurant of the training data with other tags.

        Where its identity is all that was learnt of it, the tags change nothing.
        """
        if "restaurant_seen" in self._arrays and not self._arrays["restaurant_seen"][row]:
            new = self.new_restaurants([tags])
            return np.append(new.vectors[0], new.biases[0])
        return np.append(self._arrays["restaurant_vectors"][row], self._arrays["restaurant_biases"][row])

    def chosen_by(self, row: int) -> IntArray:
        """(m,) restaurants that a diner of the training data chose; none where the model does not keep them."""
        return self._liked_by(row)[0] if "liked_starts" in self._arrays else np.empty(0, np.int32)

    def diner_without(self, row: int, restaurants: Collection[int]) -> FloatArray:
        """(d + 1,) the diner without these of `chosen_by`: what they add is taken off."""
        served = np.append(self._arrays["diner_vectors"][row], self._arrays["diner_biases"][row])
        if not restaurants:
            return served
        parts = self._parts("diner", row)
        gone = np.asarray([source.kind is Kind.HISTORY and source.row in restaurants for source in parts.sources])
        lost = np.append(parts.vectors[gone].sum(axis=0), parts.biases[gone].sum())
        return np.asarray(served - lost, np.float32)

    def parameters(self) -> dict[str, Any]:
        """Hyper-parameters and the tags' names."""
        given = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return given | {f"{side}_tags": list(self._by_tags[side].names) for side in SIDES if side in self._by_tags}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Vectors and biases of rows, and what tags say of them."""
        return self._arrays

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From what was learnt; raise ModelError where it does not fit together."""
        model = cls(**{name: value for name, value in parameters.items() if not name.endswith("_tags")})
        model._by_tags = {side: TagRegression.restore(side, parameters[f"{side}_tags"], arrays) for side in SIDES}
        model._arrays = dict(arrays)
        model._check_kept()
        return model

    def _check_kept(self) -> None:
        """Raise ModelError where what rows are made of is not of these rows, tags and restaurants."""
        counts = {side: len(self._arrays[f"{side}_vectors"]) for side in SIDES}
        for starts, columns, rows, width in (
            *((f"{one}_tag_starts", f"{one}_tag_columns", counts[one], len(self._by_tags[one].names)) for one in SIDES),
            ("liked_starts", "liked_restaurants", counts["diner"], counts["restaurant"]),
        ):
            if starts in self._arrays and not _is_sparse(self._arrays[starts], self._arrays[columns], rows, width):
                raise ModelError(f"{starts} and {columns} are of other rows")
        wanted = {f"{side}_seen": counts[side] for side in SIDES if f"{side}_tag_starts" in self._arrays}
        if "liked_starts" in self._arrays:
            wanted["liked_weights"] = len(self._arrays["liked_restaurants"])
        for name, count in wanted.items():
            if self._arrays[name].shape != (count,):
                raise ModelError(f"{name} is of other rows")

    def _keep(self, side: str, table: FeatureTable, rows: FloatArray, acted: IntArray) -> None:
        """Keep (n, d + 1) vectors with biases; rows that are not in `acted` are taken for new ones, known by tags."""
        seen = np.bincount(acted, minlength=len(rows)) > 0
        whole, self._by_tags[side] = completed(table, rows, seen)
        learnt = split(whole)
        self._arrays |= {f"{side}_vectors": learnt.vectors, f"{side}_biases": learnt.biases}
        self._arrays |= self._by_tags[side].arrays(side)
        self._arrays |= {
            f"{side}_seen": seen,
            f"{side}_tag_starts": table.matrix.indptr.astype(np.int32),
            f"{side}_tag_columns": table.matrix.indices.astype(np.int32),
        }

    def _keep_liked(self, acts: Interactions, shape: tuple[int, int]) -> None:
        """Keep what each diner liked and how much, for models that explain by it."""
        liked = sparse.csr_matrix((acts.weights, (acts.diners, acts.restaurants)), shape=shape)
        liked.sort_indices()
        self._arrays |= {
            "liked_starts": liked.indptr.astype(np.int32),
            "liked_restaurants": liked.indices.astype(np.int32),
            "liked_weights": liked.data.astype(np.float32),
        }

    def _liked_by(self, diner: int) -> tuple[IntArray, FloatArray]:
        """(m,) restaurants that a diner of the training data liked, and how much."""
        first, last = self._arrays["liked_starts"][diner : diner + 2].tolist()
        return self._arrays["liked_restaurants"][first:last], self._arrays["liked_weights"][first:last]

    def _parts(self, side: str, row: int) -> Parts:
        """A row of the training data. In versions from before tags were kept it is one part, not taken apart."""
        served = np.append(self._arrays[f"{side}_vectors"][row], self._arrays[f"{side}_biases"][row])
        if f"{side}_tag_starts" not in self._arrays:
            return Parts.whole(served, Kind.REST)
        first, last = self._arrays[f"{side}_tag_starts"][row : row + 2].tolist()
        tags = self._arrays[f"{side}_tag_columns"][first:last]
        if not self._arrays[f"{side}_seen"][row]:
            return self._by_tags[side].parts(tags)
        return self._learnt_parts(side, row, tags, served)

    def _learnt_parts(self, side: str, row: int, tags: IntArray, served: FloatArray) -> Parts:  # noqa: ARG002 - for others
        """Of a row that was seen: (d + 1,) as served. Where its identity is all that was learnt, it is one part."""
        return Parts.whole(served)


def _is_sparse(starts: IntArray, columns: IntArray, rows: int, width: int) -> bool:
    """Whether these are the rows of a compressed sparse matrix (rows, width)."""
    if starts.shape != (rows + 1,) or starts[0] != 0 or starts[-1] != len(columns) or (np.diff(starts) < 0).any():
        return False
    return not len(columns) or bool(columns.min() >= 0 and columns.max() < width)
