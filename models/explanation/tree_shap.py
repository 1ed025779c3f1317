"""Exact Shapley values of a sum of regression trees (TreeSHAP, Lundberg et al. 2018), leaf by leaf.

In the game of TreeSHAP a feature that is absent goes both ways at a split, in the proportion of the training rows that
went there. A leaf of value v on a path over the features F then pays v prod_{k in F} (o_k if k is present, else r_k):
o_k is 1 where the row fulfils all of the path's conditions on k, else 0, and r_k is the share of rows that passes them.
The Shapley value of such a product is an integral of a polynomial of degree |F| - 1,

    phi_j = v (o_j - r_j) int_0^1 prod_{k in F, k != j} (t o_k + (1 - t) r_k) dt

since s! (m - 1 - s)! / m! = int_0^1 t^s (1 - t)^(m-1-s) dt. Gauss and Legendre's rule with |F| / 2 points, rounded up,
gives it exactly. The cost is of order leaves x depth^2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from models.base import ModelError
from models.second_stage.trees import Trees

Doubles = npt.NDArray[np.float64]
Path = dict[int, tuple[float, float, float]]
"""By feature: lower and upper bound of what passes, and the share of rows that does."""
_ROWS_AT_ONCE: Final = 64


@dataclass(frozen=True, eq=False)
class TreeShap:
    """The paths to L leaves; a path over fewer than D features is filled up with features that change nothing."""

    width: int
    """Number of features."""
    values: Doubles
    """(L,)"""
    features: npt.NDArray[np.intp]
    """(L, D)"""
    low: Doubles
    """(L, D) a row passes where low < x <= high."""
    high: Doubles
    ratios: Doubles
    """(L, D) share of the training rows that passes; 1 where it changes nothing."""

    @classmethod
    def of(cls, trees: Trees) -> Self:
        """The paths of trees; raise ModelError where their text does not say how many rows each node has seen."""
        paths = list(_paths(trees))
        depth = max((len(path) for _, path in paths), default=0)
        shape = (len(paths), max(depth, 1))
        features, ratios = np.zeros(shape, np.intp), np.ones(shape)
        low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
        for leaf, (_, path) in enumerate(paths):
            for at, (feature, (least, most, ratio)) in enumerate(path.items()):
                features[leaf, at], ratios[leaf, at] = feature, ratio
                low[leaf, at], high[leaf, at] = least, most
        return cls(trees.width, np.asarray([value for value, _ in paths]), features, low, high, ratios)

    @property
    def expected(self) -> float:
        """What the trees give where nothing is known: the sum's mean over their training rows."""
        return float(self.values @ self.ratios.prod(axis=1))

    def values_of(self, rows: Doubles) -> Doubles:
        """(B, width) Shapley values of (B, width) finite features; with `expected` they sum to the trees' sum."""
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ValueError(f"the trees take (rows, {self.width}) features, not {rows.shape}")
        found = np.empty(rows.shape)
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[first : first + _ROWS_AT_ONCE]
            found[first : first + _ROWS_AT_ONCE] = self._of(part)
        return found

    def known(self, row: Doubles, present: npt.NDArray[np.bool_]) -> Doubles:
        """(C,) what the trees give where of a row's features, (width,), those in `present`, (C, width), are known.

        The game that `values_of` shares out: `expected` where none is, the trees' sum where all are.
        """
        passes = self._passes(row[self.features])
        found = np.empty(len(present))
        for first in range(0, len(present), _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            factors = np.where(present[part][:, self.features], passes, self.ratios)
            found[part] = factors.prod(axis=2) @ self.values
        return found

    def _passes(self, asked: Doubles) -> Doubles:
        """(…, L, D) 1 where a feature fulfils all of a path's conditions on it, else 0."""
        return ((asked > self.low) & (asked <= self.high)).astype(np.float64)

    def _of(self, rows: Doubles) -> Doubles:
        asked = rows[:, self.features]  # (B, L, D)
        passes = self._passes(asked)
        integrals = np.zeros(asked.shape)
        for point, weight in zip(*_rule(self.features.shape[1]), strict=True):
            integrals += weight * _products_of_others(point * passes + (1.0 - point) * self.ratios)
        shares = self.values[:, None] * (passes - self.ratios) * integrals
        own = np.broadcast_to(np.arange(len(rows))[:, None, None] * self.width + self.features, asked.shape)
        summed = np.bincount(own.ravel(), weights=shares.ravel(), minlength=rows.size)
        return np.asarray(summed.reshape(rows.shape))


def _rule(depth: int) -> tuple[Doubles, Doubles]:
    """Points and weights on [0, 1] that are exact for polynomials of degree depth - 1."""
    points, weights = np.polynomial.legendre.leggauss((depth + 1) // 2)
    return (points + 1.0) / 2.0, weights / 2.0


def _products_of_others(factors: Doubles) -> Doubles:
    """(…, D) products along the last axis, each without the factor that stands there; no division."""
    before, after = np.ones(factors.shape), np.ones(factors.shape)
    np.cumprod(factors[..., :-1], axis=-1, out=before[..., 1:])
    after[..., :-1] = np.cumprod(factors[..., :0:-1], axis=-1)[..., ::-1]
    return np.asarray(before * after)


def _paths(trees: Trees) -> Iterator[tuple[float, Path]]:
    """Every leaf's value with the way to it."""
    covers, counts = _covers(trees)
    ahead: list[tuple[int, Path]] = [(root, {}) for root in trees.roots.tolist()]
    while ahead:
        node, path = ahead.pop()
        if node < 0:
            yield float(trees.values[~node]), path
            continue
        split = trees.nodes[node]
        feature, threshold = int(split["feature"]), float(split["threshold"])
        low, high, ratio = path.get(feature, (-np.inf, np.inf, 1.0))
        for child, bounds in (
            (int(split["left"]), (low, min(high, threshold))),
            (int(split["right"]), (max(low, threshold), high)),
        ):
            share = (covers[child] if child >= 0 else counts[~child]) / covers[node]
            ahead.append((child, {**path, feature: (*bounds, ratio * float(share))}))


def _covers(trees: Trees) -> tuple[Doubles, Doubles]:
    """(splits,) and (leaves,) how many training rows each has seen, as LightGBM's text has it."""
    nodes: list[float] = []
    leaves: list[float] = []
    text = trees.text.decode("ascii").split("\nend of trees\n")[0]
    for block in text.split("\n\nTree=")[1:]:
        fields = dict(line.split("=", 1) for line in block.split("\n") if "=" in line)
        if fields["num_leaves"] == "1":
            leaves.append(1.0)
            continue
        nodes.extend(map(float, fields.get("internal_count", "").split()))
        leaves.extend(map(float, fields.get("leaf_count", "").split()))
    covers, counts = np.asarray(nodes), np.asarray(leaves)
    if (len(covers), len(counts)) != (len(trees.nodes), len(trees.values)) or not (covers > 0).all():
        raise ModelError("the trees do not say how many rows each of their nodes has seen")
    return covers, counts
