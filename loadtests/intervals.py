"""Intervals of what one run measured, and whether two of them part.

Latencies that follow one another are alike: a stall makes neighbours slow together, so an interval from single requests
would be far too narrow. Here blocks of neighbours are drawn instead (block bootstrap; Künsch, 1989).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

BLOCKS: Final = 20
RESAMPLES: Final = 300
_LEVEL: Final = 0.95

Verdict = Literal["worse", "better", "not apart"]


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval; NaN bounds where there was too little to tell."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """NaN is null in JSON."""
        return {name: None if value != value else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Interval":
        """The inverse of `as_json`."""
        return cls(
            *(float("nan") if fields[name] is None else float(fields[name]) for name in ("value", "low", "high"))
        )


def blocked(
    statistic: Callable[[npt.NDArray[np.int64]], float], count: int, *, seed: int = 0, blocks: int = BLOCKS
) -> Interval:
    """A statistic of `count` things in their order, with its percentile interval over resampled blocks of neighbours.

    `statistic` gets the indices that it is to be taken of. Fewer than two things a block: no interval.
    """
    if count == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    value = statistic(np.arange(count))
    if count < 2 * blocks:
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    edges = np.linspace(0, count, blocks + 1).astype(np.int64)
    pieces = [np.arange(first, last) for first, last in pairwise(edges.tolist())]
    drawn = [
        statistic(np.concatenate([pieces[piece] for piece in rng.integers(0, blocks, blocks)]))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Interval(value, float(low), float(high))


def quantile(values: npt.NDArray[np.float64], q: float) -> float:
    """The smallest value that at least a share q of them does not pass; NaN of nothing."""
    return float(np.quantile(values, q, method="inverted_cdf")) if values.size else float("nan")


def verdict(before: Interval, now: Interval, *, more_is_worse: bool = True) -> Verdict:
    """Whether `now` is certainly worse or better: only where the intervals part."""
    if now.low > before.high:
        return "worse" if more_is_worse else "better"
    if now.high < before.low:
        return "better" if more_is_worse else "worse"
    return "not apart"


def difference(before: Interval, now: Interval) -> Interval:
    """Now less before; from the farthest ends, so at least 95 %."""
    return Interval(now.value - before.value, now.low - before.high, now.high - before.low)
