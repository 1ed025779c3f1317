"""Lists drawn without replacement: at each place, what is left is drawn in proportion to its weight.

The chance of a list, place by place, is closed form. Drawing one is a race: restaurant i arrives after an exponential
time of rate w_i, and the list is the order of arrival, which is the same as the order of log w_i + Gumbel noise
(Yellott 1977). The chance of one restaurant at one place, whatever stands above, is an integral.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.integer]

_STEP: Final = 0.5
"""Of the trapezoid rule in log time, whose error on these integrands is about exp(-pi² / step)."""
_EARLIEST: Final = -16.0
"""Log time, in units of 1 / (sum of the weights), before which nothing arrives but with chance 1e-7."""
_LATEST: Final = 40.0
"""After so many mean waiting times the last place is filled but with chance exp(-40)."""


def weights_of(values: Doubles, temperature: float, candidates: npt.NDArray[np.bool_]) -> Doubles:
    """(R, n) exp(value / temperature), each row's greatest scaled to 1; 0 for what is no candidate."""
    shown = np.where(candidates, values, -np.inf)
    top = shown.max(axis=1, keepdims=True, initial=-np.inf)
    return np.asarray(np.exp((shown - np.where(np.isfinite(top), top, 0.0)) / temperature))


def conditional(weights: Doubles, lists: Rows) -> Doubles:
    """(R, k) P(this restaurant at this place | those above) of lists (R, k) under weights (R, n) >= 0.

    NaN where no weight is left, and where the list has no restaurant (-1): what stands there is not the policy's doing.
    """
    left, rows = weights.copy(), np.arange(len(weights))
    chances = np.full(lists.shape, np.nan)
    for place in range(lists.shape[1]):
        items = np.maximum(lists[:, place], 0)
        total = left.sum(axis=1)
        there = lists[:, place] >= 0
        drawn = there & (total > 0.0)
        chances[drawn, place] = left[rows, items][drawn] / total[drawn]
        left[rows[there], items[there]] = 0.0
    return chances


def expected(weights: Doubles, lists: Rows, gains: Doubles) -> Doubles:
    """(R, k) expectation of `gains` (R, n) over what is drawn at each place, given what the list has above it."""
    left, rows = weights.copy(), np.arange(len(weights))
    means = np.zeros(lists.shape)
    for place in range(lists.shape[1]):
        total = left.sum(axis=1)
        means[:, place] = np.einsum("rn,rn->r", left, gains) / np.where(total > 0.0, total, 1.0)
        there = lists[:, place] >= 0
        left[rows[there], lists[there, place]] = 0.0
    return means


def draw(weights: Doubles, length: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(R, length) a list for each row of weights (R, n); -1 where nothing is left."""
    with np.errstate(divide="ignore", over="ignore"):
        arrivals = rng.standard_exponential(weights.shape) / weights
    length = min(length, weights.shape[1])
    first = np.argpartition(arrivals, length - 1, axis=1)[:, :length]
    order = np.argsort(np.take_along_axis(arrivals, first, axis=1), axis=1)
    lists = np.take_along_axis(first, order, axis=1)
    return np.where(np.take_along_axis(weights, lists, axis=1) > 0.0, lists, -1)


def marginal(weights: Doubles, lists: Rows) -> Doubles:
    """(R, k) P(this restaurant at this place), whatever stands above; NaN where the list has none.

    In the race, restaurant i stands at place j + 1 if just j others came before it:
    the integral over t of w_i exp(-w_i t) P(j of the others by t), the latter a Poisson binomial distribution.
    Takes n · nodes · k² steps for each list: for studies, not for requests.
    """
    shares = weights / np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    places = lists.shape[1]
    # When all but the last place's competitors have come, so that the slowest request is covered.
    slowest = np.sort(shares, axis=1)[:, : max(shares.shape[1] - places + 1, 1)].sum(axis=1)
    slowest = np.where(slowest > 0.0, slowest, 1.0).min(initial=1.0)
    times = np.exp(np.arange(_EARLIEST, np.log(_LATEST / slowest) + _STEP, _STEP))
    chances = np.full(lists.shape, np.nan)
    for place in range(places):
        there = np.flatnonzero(lists[:, place] >= 0)
        own = shares[there, lists[there, place]]
        others = shares[there].copy()
        others[np.arange(len(there)), lists[there, place]] = 0.0
        density = own[:, None] * np.exp(-own[:, None] * times) * times
        chances[there, place] = _STEP * (density * _just(place, others, times)).sum(axis=1)
    return chances


def _just(count: int, rates: Doubles, times: Doubles) -> Doubles:
    """(R, T) chance that just `count` of (R, n) exponential arrivals have come by each of the times."""
    come = np.zeros((count + 1, len(rates), len(times)))
    come[0] = 1.0
    for rate in np.ascontiguousarray(rates.T):
        waiting = np.exp(-rate[:, None] * times)
        for number in range(count, 0, -1):
            come[number] += (1.0 - waiting) * (come[number - 1] - come[number])
        come[0] *= waiting
    return np.asarray(come[count])
