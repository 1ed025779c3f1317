"""Many rows at once, taken apart by groups of features: what global figures are made of.

The parts of a row that belong to one group are added up, so n rows are an array (n, groups, d + 1), each group a vector
with a bias, and the groups of a row sum to the row as it is served.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from models.base import IntArray
from models.explanation.parts import Doubles, Kind, Parts, Source, TakesApart

IDENTITY: Final = "identity"
HISTORY: Final = "history"
EVERYBODY: Final = "everybody"
NOT_APART: Final = "not taken apart"

_BY_KIND: Final = {Kind.ITSELF: IDENTITY, Kind.HISTORY: HISTORY, Kind.TYPICAL: EVERYBODY}
Naming = Callable[[Source], str]


def feature_of(source: Source) -> str:
    """The group of a part: a tag's name without its value, or what kind of part it is.

    >>> feature_of(Source(Kind.TAG, "cuisine=thai")), feature_of(Source(Kind.ITSELF))
    ('cuisine', 'identity')
    """
    return source.tag.partition("=")[0] if source.kind is Kind.TAG else _BY_KIND.get(source.kind, NOT_APART)


def tag_of(source: Source) -> str:
    """Like `feature_of`, but each tag is a group of its own."""
    return source.tag if source.kind is Kind.TAG else feature_of(source)


def is_tag(name: str) -> bool:
    """Whether a group of `feature_of` or `tag_of` is made of tags."""
    return name not in {IDENTITY, HISTORY, EVERYBODY, NOT_APART}


@dataclass(frozen=True, eq=False)
class Grouped:
    """n rows of one side by G groups."""

    names: tuple[str, ...]
    """(G,) sorted."""
    vectors: Doubles
    """(n, G, d)"""
    biases: Doubles
    """(n, G)"""

    @classmethod
    def of(cls, rows: Iterable[Parts], naming: Naming = feature_of) -> "Grouped":
        """From the parts of each row; at least one row."""
        parts = list(rows)
        names = tuple(sorted({naming(source) for one in parts for source in one.sources}))
        number = {name: index for index, name in enumerate(names)}
        at = np.concatenate([np.full(len(one.sources), row) for row, one in enumerate(parts)])
        group = np.asarray([number[naming(source)] for one in parts for source in one.sources], np.int64)
        vectors = np.zeros((len(parts), len(names), parts[0].vectors.shape[1]))
        biases = np.zeros((len(parts), len(names)))
        np.add.at(vectors, (at, group), np.concatenate([one.vectors for one in parts]))
        np.add.at(biases, (at, group), np.concatenate([one.biases for one in parts]))
        return cls(names, vectors, biases)

    @property
    def rows(self) -> tuple[Doubles, Doubles]:
        """(n, d) and (n,) the rows as they are served."""
        return self.vectors.sum(axis=1), self.biases.sum(axis=1)

    def part(self, rows: npt.NDArray[np.integer]) -> "Grouped":
        """Some of the rows."""
        return Grouped(self.names, self.vectors[rows], self.biases[rows])


def diners_of(model: TakesApart, rows: IntArray, naming: Naming = feature_of) -> Grouped:
    """Diners of the training data."""
    return Grouped.of((model.diner_parts(row) for row in rows.tolist()), naming)


def restaurants_of(model: TakesApart, rows: IntArray, naming: Naming = feature_of) -> Grouped:
    """Restaurants of the training data."""
    return Grouped.of((model.restaurant_parts(row) for row in rows.tolist()), naming)
