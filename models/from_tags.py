"""New rows from their tags: a regression of what was learnt of known rows on what is written about them.

All factor models of the ladder share it. A row of which nothing was seen, in training or since, has no identity to
look up; what its tags have in common with known rows is all that can be said of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.base import FeatureTable, FloatArray, IntArray, Representations, encode_tags
from models.explanation.parts import Kind, Parts, Source

_PENALTY: Final = 10.0


@dataclass(frozen=True, eq=False)
class TagRegression:
    """Vectors and biases of rows that are known by their tags alone."""

    names: tuple[str, ...]
    effects: FloatArray
    """(n_tags + 1, d + 1) what each tag says of a row's vector and, in the last column, its bias; the last row is the
    intercept."""
    mean: FloatArray
    """(d + 1,) the mean known row, which a row without any known tag is taken for."""

    @classmethod
    def fit(cls, table: FeatureTable, rows: FloatArray, seen: npt.NDArray[np.bool_]) -> Self:
        """Ridge regression of the rows that were seen, (n, d + 1) vectors with biases, on their tags."""
        return cls(table.names, _ridge(table.matrix[seen], rows[seen]), rows[seen].mean(axis=0))

    @classmethod
    def restore(cls, side: str, names: Sequence[str], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `arrays`."""
        return cls(tuple(names), arrays[f"{side}_tag_effects"], arrays[f"{side}_mean"])

    def arrays(self, side: str) -> dict[str, npt.NDArray[Any]]:
        """By name, to be saved."""
        return {f"{side}_tag_effects": self.effects, f"{side}_mean": self.mean}

    def rows(self, tags: sparse.csr_matrix) -> FloatArray:
        """(n, d + 1) of rows of tags over `names`."""
        predicted = np.asarray(tags @ self.effects[:-1] + self.effects[-1], dtype=np.float32)
        predicted[np.diff(tags.indptr) == 0] = self.mean
        return predicted

    def new(self, tags: Sequence[Sequence[str]]) -> Representations:
        """Of rows of tags, known or not."""
        return split(self.rows(encode_tags(tags, self.names)))

    def parts(self, tags: IntArray) -> Parts:
        """What `rows` adds up for one row, whose tags are these of `names`: the intercept, and what each tag says."""
        if not len(tags):
            return Parts.whole(self.mean, Kind.TYPICAL)
        sources = [Source(Kind.TYPICAL), *(Source(Kind.TAG, self.names[tag]) for tag in tags.tolist())]
        return Parts.of(sources, self.effects[[-1, *tags.tolist()]])


def completed(table: FeatureTable, rows: FloatArray, seen: npt.NDArray[np.bool_]) -> tuple[FloatArray, TagRegression]:
    """Rows (n, d + 1) with those that were not seen predicted from their tags, and the regression that did it."""
    by_tags = TagRegression.fit(table, rows, seen)
    whole = rows.copy()
    whole[~seen] = by_tags.rows(table.matrix[~seen])
    return whole, by_tags


def split(rows: FloatArray) -> Representations:
    """(n, d + 1) rows as vectors and biases."""
    return Representations(np.ascontiguousarray(rows[:, :-1]), np.ascontiguousarray(rows[:, -1]))


def _ridge(rows: sparse.csr_matrix, targets: FloatArray) -> FloatArray:
    """(n_tags + 1, d + 1): what each tag says of a known row's whole vector; the last row is the intercept."""
    design = sparse.hstack([rows, np.ones((rows.shape[0], 1))], format="csr")
    gram = (design.T @ design).toarray() + _PENALTY * np.eye(design.shape[1])
    gram[-1, -1] -= _PENALTY
    return np.asarray(np.linalg.solve(gram, design.T @ targets.astype(np.float64)), dtype=np.float32)
