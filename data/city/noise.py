"""Random numbers by name: a pure function of keys, so that two policies meet the same luck (common random numbers).

A generator gives its numbers in the order of the calls; here the number belongs to (diner, visit, restaurant) whatever
else was shown, so a difference between two policies is never a difference of luck.
"""

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(key: Keys, *parts: npt.NDArray[np.integer] | int) -> Keys:
    """Keys of a finer grain: one for each combination of `key` and `parts`, which broadcast."""
    for part in parts:
        bits = np.atleast_1d(np.asarray(part)).astype(np.uint64)  # arrays wrap around silently, scalars warn
        key = _scramble((key ^ _scramble(bits + _GOLDEN)) + _GOLDEN)
    return key


def uniform(key: Keys) -> npt.NDArray[np.float64]:
    """Uniform numbers in the open interval (0, 1), one a key."""
    return ((key >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def gumbel(key: Keys) -> npt.NDArray[np.float64]:
    """Standard Gumbel numbers (mean 0.5772, variance pi²/6), one a key."""
    return np.asarray(-np.log(-np.log(uniform(key))))


def log_positive_stable(key: Keys, alpha: float) -> npt.NDArray[np.float64]:
    """log S of positive stable numbers with E exp(-tS) = exp(-t^alpha), 0 < alpha <= 1; one a key (Kanter 1975)."""
    if alpha == 1.0:
        return np.zeros(key.shape)
    angle = np.pi * uniform(mix(key, 1))
    exponential = -np.log(uniform(mix(key, 2)))
    ratio = (1.0 - alpha) / alpha
    return np.asarray(
        np.log(np.sin(alpha * angle))
        - np.log(np.sin(angle)) / alpha
        + ratio * (np.log(np.sin((1.0 - alpha) * angle)) - np.log(exponential))
    )


def _scramble(bits: Keys) -> Keys:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
