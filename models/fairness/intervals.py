"""Intervals and tests: bootstraps of diners, permutations of labels, and a correction for looking at many.

A diner's lists are alike, so diners are what is drawn, not lists or places (cluster bootstrap, percentile intervals;
Efron, Tibshirani 1993). The greatest of several groups less the least is above 0 even where all are equal: beside such
a gap stands what chance alone would give, from permutations of the labels, and a p-value.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from models.fairness.groups import NOBODY, Groups
from models.fairness.measures import least_over_greatest, spread

Doubles = npt.NDArray[np.float64]
Statistic = Callable[[Doubles], Doubles]
"""(b, clusters) how often each was drawn -> (b, ...); NaN where there is none."""

DRAWS: Final = 1_000
PERMUTATIONS: Final = 1_000
"""At first: the least p-value that these can give is 1 / 1,001, too great where many are looked at (`Chance.again`)."""
SURE: Final = 0.05
"""A corrected p-value below it: chance is no explanation."""
LEVEL: Final = 0.95
_Z: Final = 1.959964
_CELLS_AT_ONCE: Final = 4_000_000
_UNSETTLED: Final = 10
"""Permutations as great as what was seen below which more of them could tell of a smaller p-value."""


@dataclass(frozen=True)
class Figure:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def document(self) -> dict[str, float]:
        """As JSON can hold it."""
        return {"value": self.value, "low": self.low, "high": self.high}


def drawn(clusters: int, draws: int, seed: int) -> Iterator[Doubles]:
    """(b, clusters) in parts: how often each cluster is in each of the resamples.

    The same numbers give the same draws, so measures of the same diners are paired.
    """
    if clusters * draws <= _CELLS_AT_ONCE:
        yield _drawn_at_once(clusters, draws, seed)
        return
    rng, at_once = np.random.default_rng(seed), max(1, _CELLS_AT_ONCE // clusters)
    for first in range(0, draws, at_once):
        yield _draw(rng, clusters, min(at_once, draws - first))


@lru_cache(maxsize=4)
def _drawn_at_once(clusters: int, draws: int, seed: int) -> Doubles:
    weights = _draw(np.random.default_rng(seed), clusters, draws)
    weights.flags.writeable = False
    return weights


def _draw(rng: np.random.Generator, clusters: int, draws: int) -> Doubles:
    return rng.multinomial(clusters, np.full(clusters, 1.0 / clusters), draws).astype(np.float64)


def resampled(statistic: Statistic, clusters: int, draws: int = DRAWS, seed: int = 0) -> tuple[Doubles, Doubles]:
    """The statistic of all clusters once each, and (draws, ...) of resamples of them."""
    value = statistic(np.ones((1, clusters)))[0]
    return np.asarray(value), np.concatenate([statistic(weights) for weights in drawn(clusters, draws, seed)])


def figure(value: float, draws: Doubles, level: float = LEVEL) -> Figure:
    """A value with the percentile interval of its draws; resamples in which there is none are left out."""
    there = draws[np.isfinite(draws)]
    if not len(there):
        return Figure(value, value, value)
    low, high = np.quantile(there, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Figure(float(value), min(float(value), float(low)), max(float(value), float(high)))


def expanded(found: Figure, n: int, degrees: float | None = None) -> Figure:
    """The interval of a mean of n members, made as much wider as a bootstrap of few is too narrow.

    By Student's quantile for `degrees` of freedom, n - 1 by default, over the normal one, and n / (n - 1) for the
    variance (Hesterberg 2015).
    """
    if n < 2:
        return found
    freedom = n - 1 if degrees is None else degrees
    by = float(stdtrit(freedom, (1.0 + LEVEL) / 2.0)) / _Z * float(np.sqrt(n / (n - 1)))
    return Figure(
        found.value, found.value - by * (found.value - found.low), found.value + by * (found.high - found.value)
    )


def degrees(influence: Doubles) -> Doubles:
    """(G,) of freedom of the variances of G figures, from what each of n clusters adds to their errors, (n, G).

    The variance of a sample's variance is (kappa - 1) / n times its square, kappa the kurtosis: by Satterthwaite's rule
    that is 2 n / (kappa - 1) degrees, n - 1 at most. Where a few clusters make most of the error they are few.

    >>> degrees(np.asarray([[1.0], [-1.0], [1.0], [-1.0]]))
    array([3.])
    """
    n = len(influence)
    squares = influence * influence
    total = squares.sum(axis=0)
    kappa = np.divide(n * (squares * squares).sum(axis=0), total * total, out=np.ones(total.shape), where=total > 0.0)
    return np.asarray(np.clip(2.0 * n / np.maximum(kappa - 1.0, 1e-9), 1.0, max(n - 1.0, 1.0)))


def mean(values: Doubles, seed: int = 0, draws: int = DRAWS) -> Figure:
    """The mean over clusters, (n,), with its interval. Raises ValueError where there are none."""
    if not len(values):
        raise ValueError("no mean of nothing")
    value, found = resampled(lambda weights: weights @ values / weights.sum(axis=1), len(values), draws, seed)
    return figure(float(value), found)


def jackknife(total: float, left_out: Doubles, low: float, high: float) -> Figure:
    """A value with the interval from (f,) values without one fold of the diners each, cut to [low, high].

    For concentration and coverage: a resample has fewer different diners, who see fewer different restaurants, so a
    bootstrap of these is off by more than it is wide. Fewer than two folds tell nothing: then it is all of [low, high].
    """
    if len(left_out) < 2:
        return Figure(total, low, high)
    reach = 1.96 * float(np.sqrt((len(left_out) - 1) * left_out.var()))
    return Figure(total, max(low, total - reach), min(high, total + reach))


@dataclass(frozen=True)
class Chance:
    """What a gap would be if labels meant nothing."""

    expected: float
    """In the mean over permutations."""
    p: float
    """Share of permutations, this one among them, with a gap at least as great."""
    draws: int = PERMUTATIONS
    """How many permutations it is from."""
    redrawn: "Callable[[int], Chance] | None" = field(default=None, repr=False, compare=False)
    """The same from so many others."""

    def again(self, draws: int) -> "Chance":
        """From so many permutations, all of them new, where those there were are too few to tell a small p-value."""
        few = self.p * (1 + self.draws) - 1 < _UNSETTLED
        return self.redrawn(draws) if few and draws > self.draws and self.redrawn is not None else self


def permuted(parts: Doubles, wholes: Doubles, groups: Groups, draws: int = PERMUTATIONS, seed: int = 0) -> Chance:
    """Of the spread of sum(parts) / sum(wholes) over groups of members, (n,) each: labels are dealt out anew."""
    return _chance(spread, parts, wholes, groups, draws, seed)


def permuted_ratio(parts: Doubles, wholes: Doubles, groups: Groups, draws: int = PERMUTATIONS, seed: int = 0) -> Chance:
    """The same of the least over the greatest; `p` counts ratios that are at most as great."""
    return _chance(least_over_greatest, parts, wholes, groups, draws, seed)


def _chance(of: Statistic, parts: Doubles, wholes: Doubles, groups: Groups, draws: int, seed: int) -> Chance:
    order = np.argsort(groups.codes, kind="stable")
    order = order[groups.codes[order] != NOBODY]
    starts = np.concatenate([[0], np.cumsum(groups.sizes)[:-1]])
    a, b, n = parts[order], wholes[order], len(order)
    at_once = max(1, _CELLS_AT_ONCE // max(n, 1))
    sign = 1.0 if of is spread else -1.0

    def statistic(rows: npt.NDArray[np.integer]) -> Doubles:
        below = np.add.reduceat(b[rows], starts, axis=1)
        above = np.add.reduceat(a[rows], starts, axis=1)
        return of(np.divide(above, below, out=np.zeros(above.shape), where=below > 0.0))

    plain = np.arange(n)[None]
    seen = float(statistic(plain)[0])

    def dealt(draws: int, seed: int) -> Chance:
        rng, found = np.random.default_rng(seed), []
        for first in range(0, draws, at_once):
            size = min(at_once, draws - first)
            found.append(statistic(rng.permuted(np.broadcast_to(plain, (size, n)), axis=1)))
        # A ratio of nothing over nothing says that nobody was treated worse.
        values = np.nan_to_num(np.concatenate(found), nan=1.0)
        as_great = int(np.sum(sign * values >= sign * seen - 1e-12))
        return Chance(float(values.mean()), (1 + as_great) / (1 + draws), draws, lambda more: dealt(more, seed + 1))

    return dealt(draws, seed)
