"""A score as an exact sum: rows into parts, pairs into cells, cells into Shapley values, pairs of pairs into contrasts.

A served row is a vector p with a bias. Taken apart it is a sum of named parts e_f with biases b_f, so that

    score(u, i) = sum_f sum_g <e_f, h_g> + sum_f b_f + sum_g c_g                                               (cells)

over the parts f of the diner and g of the restaurant. In the game in which an absent part adds nothing, the Shapley
value of a part is its own bias and half of what it makes together with the other side (all in float64):

    phi_f = b_f + 1/2 <e_f, sum_g h_g>,    phi_g = c_g + 1/2 <h_g, sum_f e_f>                                (Shapley)

and <e_f, h_g> is the interaction of f and g. The form of the sum is that of LightFM (Kula 2015); every model of the
ladder that is served by vectors fits it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


class Kind(StrEnum):
    """What a part comes from."""

    TAG = "tag"
    """A tag of the row."""
    ITSELF = "itself"
    """The row's own identity: what its tags do not say of it."""
    HISTORY = "history"
    """A restaurant that the diner chose before."""
    TYPICAL = "typical"
    """What is the same for everybody."""
    REST = "rest"
    """What the model's own formula does not account for: it is named, not hidden."""
    ROUNDING = "rounding"
    """What served float32 numbers differ by from the sum of their parts."""


class Source(NamedTuple):
    """Where a part comes from."""

    kind: Kind
    tag: str = ""
    row: int = -1
    """Of the restaurant in the training data, where it is history."""
    member: str = ""
    """Of an ensemble."""


@dataclass(frozen=True, eq=False)
class Parts:
    """One row as a sum of m parts."""

    sources: tuple[Source, ...]
    vectors: Doubles
    """(m, d)"""
    biases: Doubles
    """(m,)"""

    @classmethod
    def of(cls, sources: Sequence[Source], rows: npt.NDArray[np.floating]) -> Self:
        """From (m, d + 1) rows, each a vector with its bias."""
        exact = np.asarray(rows, np.float64)
        return cls(tuple(sources), exact[:, :-1], exact[:, -1])

    @classmethod
    def whole(cls, row: npt.NDArray[np.floating], kind: Kind = Kind.ITSELF) -> Self:
        """A row (d + 1,) that is not taken apart."""
        return cls.of([Source(kind)], row[None])

    @property
    def total(self) -> Doubles:
        """(d + 1,) the row: the sum of the parts."""
        return np.append(self.vectors.sum(axis=0), self.biases.sum())

    def closed(self, row: npt.NDArray[np.floating], kind: Kind) -> "Parts":
        """With one part more, of this kind, so that they sum to the row (d + 1,); none where they do so already."""
        missing = np.asarray(row, np.float64) - self.total
        return self.joined(Parts.whole(missing, kind)) if missing.any() else self

    def joined(self, other: "Parts") -> "Parts":
        """The parts of two sums as one."""
        vectors = np.concatenate([self.vectors, other.vectors])
        return Parts(self.sources + other.sources, vectors, np.concatenate([self.biases, other.biases]))


@runtime_checkable
class TakesApart(Protocol):
    """A model that says what its rows are made of. Parts sum to the served row but for the rounding to float32."""

    @property
    def exact_parts(self) -> bool:
        """Whether no row that it learnt has a part that is a `Kind.REST`."""
        ...

    def diner_parts(self, row: int) -> Parts:
        """Of a diner of the training data."""
        ...

    def restaurant_parts(self, row: int) -> Parts:
        """Of a restaurant of the training data."""
        ...

    def new_diner_parts(self, tags: Sequence[str]) -> Parts:
        """Of a diner who is known by tags alone."""
        ...

    def new_restaurant_parts(self, tags: Sequence[str]) -> Parts:
        """Of a restaurant that is known by its tags alone."""
        ...


def explains_exactly(model: object) -> bool:
    """Whether a model's scores are taken apart with nothing left but rounding."""
    return isinstance(model, TakesApart) and model.exact_parts


@dataclass(frozen=True, eq=False)
class Cells:
    """One score as a table; float64."""

    products: Doubles
    """(m, n) what a part of the diner and one of the restaurant make together: their Shapley interaction index."""
    diner: Doubles
    """(m,) what a part of the diner adds with any restaurant."""
    restaurant: Doubles
    """(n,) what a part of the restaurant adds for anybody."""

    @property
    def total(self) -> float:
        """The score."""
        return float(self.products.sum() + self.diner.sum() + self.restaurant.sum())


def cells(diner: Parts, restaurant: Parts) -> Cells:
    """The score of a pair as the table of its parts."""
    return Cells(diner.vectors @ restaurant.vectors.T, diner.biases, restaurant.biases)


def shapley_values(diner: Parts, restaurant: Parts) -> tuple[Doubles, Doubles]:
    """(m,) of the diner's parts and (n,) of the restaurant's; together they sum to the score."""
    person, place = diner.vectors.sum(axis=0), restaurant.vectors.sum(axis=0)
    return (
        diner.biases + diner.vectors @ place / 2.0,
        restaurant.biases + restaurant.vectors @ person / 2.0,
    )


def contrast(diner: Parts, restaurant: Parts, others: Sequence[Parts]) -> dict[Source, float]:
    """Why this one rather than the average of others: what each source adds here, less what it adds there on average.

    Sums to the score less the mean score of the others; with one other this is "why A rather than B". What the diner's
    own bias adds is the same on both sides and is not among it. Raises ValueError where there are no others.
    """
    if not others:
        raise ValueError("a contrast needs others to compare with")
    person = diner.vectors.sum(axis=0)
    found: dict[Source, float] = {}
    for place, weight in [(restaurant, 1.0), *((other, -1.0 / len(others)) for other in others)]:
        values = weight * (place.biases + place.vectors @ person)
        for source, value in zip(place.sources, values.tolist(), strict=True):
            found[source] = found.get(source, 0.0) + value
    return found
