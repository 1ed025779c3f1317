"""Corrections for looking at many."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


def holm(p_values: Doubles | Sequence[float]) -> Doubles:
    """(m,) p-values adjusted so that the chance of any false rejection is bounded (Holm 1979).

    >>> holm([0.01, 0.04, 0.03]).round(2)
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1.0)
    return adjusted
