"""Regression trees as LightGBM writes them, read, checked and summed without LightGBM.

Serving needs nothing of the library but these sums. The text is kept as it is: the library opens it where more is asked
of it (TreeSHAP). Only what the second stage is made of is read: numerical splits without missing values, and constant
leaves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from models.base import ModelError
from models.second_stage import _trees

Doubles = npt.NDArray[np.float64]

NODE: Final = np.dtype([("threshold", "<f8"), ("feature", "<i4"), ("left", "<i4"), ("right", "<i4"), ("unused", "<i4")])
"""A split: features up to the threshold go left. A child from 0 on is a node, one below 0 is the leaf ~child."""
_MOST_BYTES: Final = 50_000_000
_DEFAULT_LEFT: Final = 2
"""The one bit of `decision_type` that may be set: it speaks of missing values, of which there are none."""


@dataclass(frozen=True, eq=False)
class Trees:
    """T trees in one row of nodes and one of leaves."""

    text: bytes
    """LightGBM's own."""
    nodes: npt.NDArray[np.void]
    """(splits,) of NODE; a node's children come after it, so every way ends."""
    roots: npt.NDArray[np.int32]
    """(T,) node of each tree's first split, or ~leaf for a tree without any."""
    values: Doubles
    """(leaves,)"""
    width: int
    """Number of features."""

    @classmethod
    def read(cls, text: bytes, features: Sequence[str]) -> Self:
        """From LightGBM's text; raise ModelError unless it is whole, of this kind, and over just these features."""
        try:
            return cls._read(text, features)
        except (ValueError, LookupError, OverflowError) as error:
            raise ModelError(f"the trees cannot be read: {error}") from None

    @classmethod
    def _read(cls, text: bytes, features: Sequence[str]) -> Self:
        if len(text) > _MOST_BYTES:
            raise ValueError("too long")
        head, *blocks = text.decode("ascii").split("\n\nTree=")
        names = _fields(head)["feature_names"].split(" ")
        if names != list(features):
            raise ValueError(f"they are over other features: {', '.join(names)[:200]}")
        if not blocks or "\nend of trees\n" not in blocks[-1]:
            raise ValueError("they have no end")
        blocks[-1] = blocks[-1].split("\nend of trees\n")[0]
        nodes, roots, values = [], [], []
        splits = leaves = 0
        for number, block in enumerate(blocks):
            if block.partition("\n")[0] != str(number):
                raise ValueError(f"tree {number} is missing")
            own, of_leaves = _tree(_fields(block), len(names), splits, leaves)
            roots.append(splits if len(own) else ~leaves)
            nodes.append(own)
            values.append(of_leaves)
            splits, leaves = splits + len(own), leaves + len(of_leaves)
        return cls(text, np.concatenate(nodes), np.asarray(roots, np.int32), np.concatenate(values), len(names))

    @property
    def nbytes(self) -> int:
        """Bytes that serving reads."""
        return self.nodes.nbytes + self.roots.nbytes + self.values.nbytes

    def sums(self, features: Doubles) -> Doubles:
        """(…,) from (…, width) finite features: the sum of the leaves that a row falls into, in the trees' order."""
        if features.shape[-1] != self.width:
            raise ValueError(f"the trees take {self.width} features, not {features.shape[-1]}")
        rows = np.ascontiguousarray(features, np.float64).reshape(-1, self.width)
        found = np.zeros(len(rows))
        _trees.add(self.nodes, self.roots, self.values, rows, found)
        return found.reshape(features.shape[:-1])


def _fields(block: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in block.split("\n") if "=" in line)


def _tree(fields: Mapping[str, str], width: int, first_node: int, first_leaf: int) -> tuple[npt.NDArray[Any], Doubles]:
    """Nodes and leaves of one tree, its indices moved to where it begins."""
    if fields["num_cat"] != "0" or fields.get("is_linear", "0") != "0":
        raise ValueError("categorical splits and linear leaves are not read")
    count = int(fields["num_leaves"])
    values = _numbers(fields["leaf_value"], np.float64, count)
    nodes = np.zeros(count - 1, NODE)
    if count > 1:
        nodes["threshold"] = _numbers(fields["threshold"], np.float64, count - 1)
        nodes["feature"] = _numbers(fields["split_feature"], np.int32, count - 1)
        decisions = _numbers(fields["decision_type"], np.int32, count - 1)
        if ((decisions & ~_DEFAULT_LEFT) != 0).any():
            raise ValueError("only numerical splits without missing values are read")
        if nodes["feature"].min() < 0 or nodes["feature"].max() >= width:
            raise ValueError("a split is on a feature that there is not")
        children = np.stack([_numbers(fields[f"{side}_child"], np.int32, count - 1) for side in ("left", "right")])
        _check_shape(children, count)
        nodes["left"], nodes["right"] = np.where(children >= 0, children + first_node, children - first_leaf)
    if not (np.isfinite(values).all() and np.isfinite(nodes["threshold"]).all()):
        raise ValueError("a number is not finite")
    return nodes, values


def _check_shape(children: npt.NDArray[np.int32], leaves: int) -> None:
    """Each node but the first and each leaf is the child of one node, which comes before it."""
    own = np.arange(leaves - 1)
    inner = children >= 0
    expected = np.concatenate([np.arange(-leaves, 0), np.arange(1, leaves - 1)])
    if not np.array_equal(np.sort(children.ravel()), expected) or (inner & (children <= own)).any():
        raise ValueError("the splits are no tree")


def _numbers(text: str, kind: type[Any], count: int) -> npt.NDArray[Any]:
    numbers = [kind(word) for word in text.split(" ")]
    if len(numbers) != count or count < 1 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{len(numbers)} numbers where {count} finite ones are wanted")
    return np.asarray(numbers, kind)
