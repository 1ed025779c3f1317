"""Rows as they would be, had a diner done less or a restaurant been another: asked of the model that is there.

Nothing is trained anew: what a model learnt from everybody stays as it is.
"""

from collections.abc import Collection, Sequence
from typing import Protocol, runtime_checkable

from models.base import FloatArray, IntArray


@runtime_checkable
class Forgets(Protocol):
    """A model that keeps what each diner chose, and can tell who the diner would be without some of it."""

    def chosen_by(self, row: int) -> IntArray:
        """(m,) restaurants, rows of the training data, that a diner of it chose; empty where that is not kept."""
        ...

    def diner_without(self, row: int, restaurants: Collection[int]) -> FloatArray:
        """(d + 1,) float32 the diner's vector and bias without these restaurants of the own history."""
        ...


@runtime_checkable
class Retags(Protocol):
    """A model that can tell what a restaurant would be with other tags."""

    def restaurant_with(self, row: int, tags: Sequence[str]) -> FloatArray:
        """(d + 1,) float32 vector and bias of a restaurant of the training data, its identity with these tags."""
        ...
