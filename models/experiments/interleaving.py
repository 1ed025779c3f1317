"""Team-draft interleaving: both rankers in one list, and the diner's actions say whose restaurants were preferred.

In each round a coin says who picks first; each ranker then adds its best restaurant that is not yet in the list
(Radlinski, Kurup, Joachims, "How does clickthrough data reflect retrieval quality?", CIKM 2008). Every restaurant
counts for the team that brought it. It tells which organic list diners prefer, with far fewer of them than a split; it
cannot tell fees, churn, or by how much orders would change.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from models.experiments.estimate import Bools, Doubles, Estimate

Rows = npt.NDArray[np.integer]
Teams = npt.NDArray[np.int8]


class Interleaved(NamedTuple):
    """R lists of two rankers."""

    rows: npt.NDArray[np.int32]
    """(R, K) restaurants; -1 where both rankers have no more."""
    teams: Teams
    """(R, K) who brought each: 0 the first ranker, 1 the second, -1 nobody."""


def team_draft(first: Rows, second: Rows, coins: Bools) -> Interleaved:
    """Interleave the lists (R, K) of two rankers, best first, no restaurant twice in one, -1 behind their end.

    coins: (R, ceil(K / 2)) True where the second ranker picks first in that round. A ranker that has no more leaves the
    place to the other.
    """
    requests, k = first.shape
    rows, teams = np.full((requests, k), -1, np.int32), np.full((requests, k), -1, np.int8)
    lists = np.stack([first, second], axis=1)
    free = lists >= 0
    everyone = np.arange(requests)
    for place in range(k):
        turn = coins[:, place // 2].astype(np.int64) ^ (place % 2)
        turn = np.where(free[everyone, turn].any(axis=1), turn, 1 - turn)
        at = free[everyone, turn].argmax(axis=1)
        left = free[everyone, turn, at]
        picked = lists[everyone, turn, at]
        rows[left, place], teams[left, place] = picked[left], turn[left]
        free &= ~(left[:, None, None] & (lists == picked[:, None, None]))
    return Interleaved(rows, teams)


class Preference(NamedTuple):
    """Which ranker the diners prefer."""

    delta: Estimate
    """(wins of the second less wins of the first) / lists with credit; -1 to 1, errors over diners."""
    wins: tuple[int, int]
    """Lists that each ranker won."""
    ties: int
    """Lists with as much credit for both."""
    sign_p_value: float
    """Of the exact sign test over diners who prefer one: of them all, half should prefer each."""


def preference(teams: Teams, credited: Bools, diners: Rows, population: int) -> Preference:
    """Judge R interleaved lists by what was clicked or ordered.

    teams: (R, K) as `team_draft` gives them. credited: (R, K) clicked, or ordered. diners: (R,) below `population`.
    Delta = (W_second - W_first) / (W_first + W_second + ties) over the lists with any credit; its error is the delta
    method's with diners as clusters, since one diner's lists are not independent.

    Raises ValueError where no list has credit or all credit is of one diner.
    """
    scores = [np.count_nonzero(credited & (teams == team), axis=1) for team in (0, 1)]
    heard = scores[0] + scores[1] > 0
    signs = np.sign(scores[1] - scores[0]).astype(np.float64) * heard
    sums, lists = (np.bincount(diners, values, population).astype(np.float64) for values in (signs, heard))
    present = lists > 0
    delta = _ratio(sums[present], lists[present])
    leanings = np.sign(sums[present])
    leaning = int(np.count_nonzero(leanings))
    p_value = stats.binomtest(int(np.count_nonzero(leanings > 0)), leaning).pvalue if leaning else 1.0
    first, second = (int(np.count_nonzero(signs == sign)) for sign in (-1.0, 1.0))
    return Preference(delta, (first, second), int(np.count_nonzero(heard)) - first - second, float(p_value))


def _ratio(parts: Doubles, wholes: Doubles) -> Estimate:
    if len(parts) < 2:
        raise ValueError(f"interleaving needs credit of at least two diners, there are {len(parts)}")
    value = float(parts.sum() / wholes.sum())
    influence = (parts - value * wholes) / wholes.mean()
    error = float(np.sqrt(influence.var(ddof=1) / len(parts)))
    return Estimate(value, error, len(parts) - 1.0)
