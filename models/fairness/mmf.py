"""P-MMF list by list, as its paper has it, and what is made of its objective: for measuring, not for serving.

Xu, Chen, Xu, et al.: P-MMF: Provider Max-min Fairness Re-ranking in Recommender System, WWW 2023. Maximised is

    W = mean over lists of the scores shown + weight * min over providers of e_p / (T K rho_p)

with e_p <= T K rho_p: T lists of K places, e_p the places of a provider, rho_p the share of places that is its due.
Served is `models.fairness.control.mmf_prices`, which has no T, no quota and no momentum, since a service has no last
list; both project with the closed form of `models.fairness.control.project`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from models.fairness.control import project

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.integer]

STEP: Final = 0.03
"""eta_0: the step is this over sqrt(T), as the scores are probabilities."""
MOMENTUM: Final = 0.3
"""Of the newest gradient."""


@dataclass(frozen=True)
class Providers:
    """Who has which of n items, and what share of the places is due to each."""

    of_item: Rows
    """(n,) below G."""
    due: Doubles
    """(G,) rho: above 0; sums to more than 1, or not all places could be filled."""

    @classmethod
    def with_slack(cls, of_item: Rows) -> "Providers":
        """Due by number of items, with the paper's slack: rho_p = (1 + 1/G) n_p / n."""
        sizes = np.bincount(of_item)
        if not sizes.all():
            raise ValueError(f"provider {int(np.argmin(sizes))} has no item")
        return cls(of_item, (1.0 + 1.0 / len(sizes)) * sizes / len(of_item))

    def places(self, lists: Rows) -> Doubles:
        """(G,) of lists (T, K) of items."""
        return np.bincount(self.of_item[lists].ravel(), minlength=len(self.due)).astype(np.float64)


@dataclass(frozen=True)
class Worth:
    """What lists are worth."""

    score: float
    """Mean over lists of the sum of scores."""
    least: float
    """MMF: the least share of what is due that a provider has."""
    quality: float
    """RRQ: mean over lists of DCG with scores as gains, over that of the best K."""

    def objective(self, weight: float) -> float:
        """W"""
        return self.score + weight * self.least


def p_mmf(
    scores: Doubles, k: int, providers: Providers, weight: float, step: float = STEP, momentum: float = MOMENTUM
) -> Rows:
    """(T, k) items of lists that are made one after the other from scores (T, n); each is sorted by the scores.

    The price of a provider is taken off its items' scores. Who has had all its places is not shown any more, unless
    there are too few others. Raises ValueError where k is not in 1 .. n.
    """
    t, n = scores.shape
    if not 1 <= k <= n:
        raise ValueError(f"k: a number of items from 1 to {n}, not {k}")
    due, of_item = providers.due, providers.of_item
    left, prices, gradient = t * k * due, np.zeros(len(due)), np.zeros(len(due))
    lists = np.empty((t, k), np.int64)
    # Above any difference of scores less prices: who is left over is taken last.
    far = 2.0 * (np.abs(scores).max() + weight / due.min()) + 1.0
    for number in range(t):
        worth = scores[number] - prices[of_item] - far * (left < 1.0)[of_item]
        shown = np.argsort(-worth, kind="stable")[:k]
        lists[number] = shown[np.argsort(-scores[number, shown], kind="stable")]
        counts = np.bincount(of_item[shown], minlength=len(due))
        left -= counts
        # The dual's gradient at this list: what is due to it less what it gave.
        gradient = momentum * (due - counts / k) + (1.0 - momentum) * gradient
        prices = project(prices - step / np.sqrt(t) * gradient / due**2, due, weight)
        far = max(far, 2.0 * float(np.abs(prices).max()) + 2.0 * float(np.abs(scores).max()) + 1.0)
    return lists


def worth(scores: Doubles, lists: Rows, providers: Providers) -> Worth:
    """Of lists (T, K) by the scores (T, n)."""
    t, k = lists.shape
    shown = np.take_along_axis(scores, lists, axis=1)
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    best = -np.sort(-scores, axis=1)[:, :k] @ discounts
    quality = np.divide(shown @ discounts, best, out=np.ones(t), where=best > 0.0)
    least = float((providers.places(lists) / (t * k * providers.due)).min())
    return Worth(float(shown.sum(axis=1).mean()), least, float(quality.mean()))
