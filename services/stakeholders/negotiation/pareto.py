"""Which policies are worth talking about: nobody can gain there without another one losing.

Throughout, `values` are (n, s): what n policies give to s seats, more being better.
"""

from collections.abc import Sequence
from typing import Final

import moocore
import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

MOST_EXACT: Final = 256
"""Points of which the hypervolume is computed exactly; of more it is taken from the best so many."""


def nondominated(values: Doubles) -> Bools:
    """(n,) whether no other policy is at least as good for all seats and better for one; equals are kept."""
    if not len(values):
        return np.zeros(0, np.bool_)
    return np.asarray(moocore.is_nondominated(values, maximise=True, keep_weakly=True), np.bool_)


def doubtful(values: Doubles, errors: Doubles, kept: Bools, z: float) -> Bools:
    """(n,) dominated policies of which that may be chance.

    A policy is dominated beyond chance where some policy of `kept` (n,) that dominates it is better for a seat by more
    than `z` standard errors of the difference. Policies share the luck of their cities, so the true error is smaller:
    fewer are marked as surely dominated than are. `errors` (n, s) are standard errors, 0 where there are none.
    """
    marked = np.zeros(len(values), np.bool_)
    above, noise = values[kept], np.square(errors[kept])
    for row in np.flatnonzero(~kept):
        better = above - values[row]
        dominates = (better >= 0.0).all(axis=1) & (better > 0.0).any(axis=1)
        surely = (better > z * np.sqrt(noise + np.square(errors[row]))).any(axis=1)
        marked[row] = not (dominates & surely).any()
    return marked


def hypervolume(gains: Doubles) -> float:
    """The share of the unit cube that gains (n, s) dominate: 1 where one policy gives all seats all they hope for.

    Gains below 0 count as 0; what exceeds 1 is not counted.
    """
    if not len(gains):
        return 0.0
    points = np.clip(np.nan_to_num(gains, nan=0.0), 0.0, 1.0)
    # A seat that has its 1 everywhere is a factor of 1, and a dimension less.
    points = points[:, (points < 1.0).any(axis=0)]
    points = points[(points > 0.0).all(axis=1)]
    if not points.size:
        return float(len(points) > 0)
    best = points[np.argsort(-points.prod(axis=1), kind="stable")[:MOST_EXACT]]
    return float(moocore.hypervolume(best, ref=0.0, maximise=True))


def thinned(gains: Doubles, rows: Rows, always: Sequence[int], most: int) -> list[int]:
    """At most `most` of `rows`: those of `always` first, then one by one whoever adds most to the hypervolume.

    Ties go to the lower row. The answer is in the order of choice.
    """
    chosen = list(dict.fromkeys(always))[:most]
    left = [row for row in rows.tolist() if row not in chosen]
    # What a policy adds only falls as the set grows (hypervolume is submodular), and never exceeds its own box: whoever
    # is ahead of all others' bounds with a fresh number of its own is first (lazy greedy, Minoux 1978).
    bounds = np.clip(np.nan_to_num(gains[left], nan=0.0), 0.0, 1.0).prod(axis=1)
    fresh = np.zeros(len(left), np.bool_)
    volume = hypervolume(gains[chosen])
    while left and len(chosen) < most:
        first = int(np.argmax(bounds))
        if not fresh[first]:
            bounds[first], fresh[first] = hypervolume(gains[[*chosen, left[first]]]) - volume, True
            continue
        volume += bounds[first]
        chosen.append(left.pop(first))
        bounds = np.delete(bounds, first)
        fresh = np.zeros(len(left), np.bool_)
    return chosen
