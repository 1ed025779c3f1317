"""What every list can be explained by, quickly: what tags say of restaurants, and what a diner's own history adds.

`TakesApart` takes one pair apart by the model's own formula; a list is made far too often for that. These are told for
a whole market by one product with the diner's vector.
"""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from models.base import FloatArray, IntArray


class TagEffects(NamedTuple):
    """What each of t tags says of a restaurant's vector and bias: the regression that places new restaurants."""

    names: tuple[str, ...]
    table: FloatArray
    """(t, d + 1)"""


@runtime_checkable
class TellsTags(Protocol):
    """A model that has learnt what restaurants of the same tags have in common."""

    def tag_effects(self) -> TagEffects:
        """Of the restaurants' tags. A restaurant's row is the sum of its tags' effects, and what is its own."""
        ...

    def diners_seen(self) -> npt.NDArray[np.bool_]:
        """(diners,) of whom something was seen in training; the others are known by their profile alone."""
        ...


@runtime_checkable
class TellsHistory(Protocol):
    """A model whose diners are sums over their own history."""

    def history(self, row: int) -> tuple[IntArray, FloatArray]:
        """(m,) restaurants, rows of the training data, that a diner of it chose, and (m, d) what each adds."""
        ...
