"""Cases with a loss each, and the features by which they can be cut into slices. Plain arrays, no tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Self

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BINS: Final = 5


@dataclass(frozen=True, eq=False)
class Feature:
    """One property of n cases: each case has none of its values, one, or several (a restaurant's cuisines)."""

    name: str
    conditions: tuple[str, ...]
    """What each value is called in a finding, such as `cuisine=thai` or `distance 2.1 to 3.4 km`."""
    cases: Rows
    """(e,) the case of each entry, rising; no pair of case and code stands twice."""
    codes: Rows
    """(e,) its value, from 0 to len(conditions) - 1."""
    is_binned: bool = False
    """Values are bins of a number, whose edges are those of these very cases."""

    @classmethod
    def of_codes(cls, name: str, conditions: Sequence[str], codes: npt.NDArray[np.integer]) -> Self:
        """codes: (n,) the one value of each case; -1: none is known."""
        known = np.flatnonzero(codes >= 0)
        return cls(name, tuple(conditions), known, np.asarray(codes[known], np.int64))

    @classmethod
    def binned(cls, name: str, numbers: Doubles, unit: str = "", bins: int = BINS) -> Self:
        """Equally filled bins of a number; NaN: not known. A number that is often the same fills fewer bins."""
        known = np.isfinite(numbers)
        if not known.any():
            return cls.of_codes(name, (), np.full(len(numbers), -1))
        edges = np.unique(np.quantile(numbers[known], np.linspace(0.0, 1.0, bins + 1)))
        if len(edges) == 1:
            edges = np.repeat(edges, 2)
        codes = np.full(len(numbers), -1)
        codes[known] = np.clip(np.searchsorted(edges, numbers[known], side="right") - 1, 0, len(edges) - 2)
        ends = [f"{edge:.3g}" for edge in edges]
        unit = f" {unit}" if unit else ""
        found = cls.of_codes(name, [f"{name} {a} to {b}{unit}" for a, b in pairwise(ends)], codes)
        return replace(found, is_binned=True)

    @classmethod
    def of_tags(
        cls, name: str, conditions: Sequence[str], indptr: npt.NDArray[np.integer], indices: npt.NDArray[np.integer]
    ) -> Self:
        """Several values a case, as rows of a compressed matrix: `indices[indptr[i]:indptr[i + 1]]` are case i's."""
        cases = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        return cls(name, tuple(conditions), cases, np.asarray(indices, np.int64))

    def of(self, rows: npt.NDArray[np.integer]) -> Self:
        """The same property of cases that are each one of these rows, -1: of none; for what n restaurants are."""
        counts = np.bincount(self.cases, minlength=int(rows.max(initial=-1)) + 1)
        starts = np.concatenate([[0], np.cumsum(counts)])
        own = np.where(rows >= 0, counts[np.maximum(rows, 0)], 0)
        cases = np.repeat(np.arange(len(rows)), own)
        within = np.arange(len(cases)) - np.repeat(np.cumsum(own) - own, own)
        return replace(self, cases=cases, codes=self.codes[starts[rows[cases]] + within])

    def where(self, mask: Bools) -> Self:
        """The same of the cases in the mask, numbered anew."""
        number = np.cumsum(mask) - 1
        kept = mask[self.cases]
        return replace(self, cases=number[self.cases[kept]], codes=self.codes[kept])

    def moved(self, place: Rows) -> Self:
        """The same of the cases in another order; place: (n,) the new number of each."""
        order = np.argsort(place[self.cases], kind="stable")
        return replace(self, cases=place[self.cases][order], codes=self.codes[order])

    def holds(self, code: int, n: int) -> Bools:
        """(n,) the cases that have this value."""
        mask = np.zeros(n, np.bool_)
        mask[self.cases[self.codes == code]] = True
        return mask


@dataclass(frozen=True, eq=False)
class Cases:
    """n cases."""

    losses: Doubles
    """(n,) higher is worse."""
    diners: Rows
    """(n,) numbers from 0: the cases of one diner are not independent."""
    features: tuple[Feature, ...]
    unit: str = "case"
    """What a case is, for people."""
    loss: str = "loss"
    """What the loss is, for people."""

    def __len__(self) -> int:
        return len(self.losses)

    def where(self, mask: Bools) -> Self:
        """A part of them."""
        features = tuple(feature.where(mask) for feature in self.features)
        return type(self)(self.losses[mask], self.diners[mask], features, self.unit, self.loss)

    def by_diner(self) -> Self:
        """The same cases, those of a diner one after the other."""
        if np.all(self.diners[1:] >= self.diners[:-1]):
            return self
        order = np.argsort(self.diners, kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        features = tuple(feature.moved(place) for feature in self.features)
        return type(self)(self.losses[order], self.diners[order], features, self.unit, self.loss)
