"""Which diners an experiment gives which arm: a hash of salt and diner, so that it needs no memory and never wavers."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

_RANGE: Final = 2.0**64


def position(salt: str, unit: str) -> float:
    """Where a unit (a diner, a pair of days) stands in [0, 1): uniform over units, independent between salts."""
    named = blake2b(f"{salt}\0{unit}".encode("utf-8", "surrogatepass"), digest_size=8, person=b"ts-exper")
    return int.from_bytes(named.digest(), "little") / _RANGE


def is_treated(salt: str, unit: str, share: float = 0.5) -> bool:
    """Whether a unit gets the treatment; a larger share keeps those of a smaller one."""
    return position(salt, unit) < share


def treated(salt: str, units: Iterable[str], share: float = 0.5) -> npt.NDArray[np.bool_]:
    """(n,) the same of many units. Raises ValueError for a share outside (0, 1)."""
    if not 0.0 < share < 1.0:
        raise ValueError(f"share must lie between 0 and 1, not {share}")
    return np.asarray([is_treated(salt, unit, share) for unit in units], np.bool_)


def mismatch_p_value(control: int, treatment: int, share: float = 0.5) -> float:
    """The sample-ratio test: the chance of counts at least so far from the intended share (chi-square, 1 degree).

    A small one (p < 0.001 is customary) says that assignment or logging is broken, and no result is to be read
    (Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019).
    Raises ValueError where nobody was counted.
    """
    total = control + treatment
    if total == 0:
        raise ValueError("a sample ratio needs at least one unit")
    return float(stats.chisquare([control, treatment], [total * (1.0 - share), total * share]).pvalue)
