"""The formulas, over plain arrays. A leading axis of b bootstrap draws goes through all of them.

Exposure of a restaurant: the sum of theta_k, the chance that place k is looked at, over the places that it had. Merit:
its orders, each over theta_k, as if all places were looked at alike (Singh, Joachims, KDD 2018, with merit from
debiased feedback). Sold places and the others are ledgers apart.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.fairness.groups import NOBODY, Groups

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]

EXPOSURE: Final = "exposure per merit"
"""The measure's name, in the audit and in the gate."""
MERIT_FLOOR: Final = 0.1
"""Of the mean merit of a restaurant: one that nobody has ordered from yet is not without merit."""
TAIL_SHARE: Final = 0.8
"""The long tail: all restaurants but the most popular fifth."""


@dataclass(frozen=True, eq=False)
class Shown:
    """m places of lists, with what became of them."""

    diner: Rows
    """(m,) row of the diner, below `diners`."""
    restaurant: Rows
    """(m,) row of the restaurant, below `restaurants`; -1: in the catalogue no more."""
    look: Doubles
    """(m,) chance of a look, in (0, 1]."""
    ordered: Bools
    """(m,)"""
    sold: Bools
    """(m,)"""
    diners: int
    restaurants: int


@dataclass(frozen=True, eq=False)
class Ledger:
    """What each diner's lists gave to each restaurant in one kind of places, and what it earned in all of them."""

    exposure: sparse.csr_matrix
    """(diners, restaurants) sums of looks."""
    earned: sparse.csr_matrix
    """(diners, restaurants) orders over looks."""

    @classmethod
    def of(cls, shown: Shown, *, sold: bool, groups: Groups | None = None) -> Self:
        """The sold places or the others; with groups, of restaurants that are in one alone."""
        known = shown.restaurant >= 0
        if groups is not None:
            known = known & (groups.codes[np.maximum(shown.restaurant, 0)] != NOBODY)

        def matrix(values: Doubles, where: Bools) -> sparse.csr_matrix:
            cells = (shown.diner[where], shown.restaurant[where])
            return sparse.csr_matrix((values[where], cells), shape=(shown.diners, shown.restaurants))

        return cls(matrix(shown.look, known & (shown.sold == sold)), matrix(1.0 / shown.look, known & shown.ordered))

    @property
    def floor(self) -> float:
        """The least merit that a restaurant is held to have."""
        return MERIT_FLOOR * float(self.earned.sum()) / int(self.earned.shape[1])

    @property
    def by_restaurant(self) -> tuple[Doubles, Doubles]:
        """(n,) exposure and (n,) merit, floored."""
        exposure = np.asarray(self.exposure.sum(axis=0)).ravel()
        return exposure, np.maximum(np.asarray(self.earned.sum(axis=0)).ravel(), self.floor)

    def per_merit(self, groups: Groups, weights: Doubles) -> Doubles:
        """(b, G) exposure per merit of groups, from (b, diners) how often each diner was drawn. NaN without merit."""
        member = sparse.csr_matrix(groups.member)
        earned = np.maximum((self.earned.T.tocsr() @ weights.T).T, self.floor) @ member
        given = weights @ (self.exposure @ member).toarray()
        return np.asarray(np.divide(given, earned, out=np.full(earned.shape, np.nan), where=earned > 0.0))

    def errors(self, groups: Groups) -> Doubles:
        """(diners, G) what each diner adds to the error of the groups' exposure per merit, up to a factor a group."""
        member = sparse.csr_matrix(groups.member)
        return _errors((self.exposure @ member).toarray(), (self.earned @ member).toarray())


def _errors(given: Doubles, earned: Doubles) -> Doubles:
    """(diners, G) what each adds to the error of the ratios of sums, up to a factor a group."""
    total = earned.sum(axis=0)
    rates = np.divide(given.sum(axis=0), total, out=np.zeros(total.shape), where=total > 0.0)
    return np.asarray(given - rates * earned)


def least_over_greatest(values: Doubles) -> Doubles:
    """(b,) of (b, G); NaN where the greatest is 0.

    >>> least_over_greatest(np.array([[1.0, 4.0, 2.0]]))
    array([0.25])
    """
    greatest, least = values.max(axis=1), values.min(axis=1)
    return np.asarray(np.divide(least, greatest, out=np.full(len(values), np.nan), where=greatest > 0.0))


def spread(values: Doubles) -> Doubles:
    """(b,) greatest less least of (b, G).

    >>> spread(np.array([[1.0, 4.0, 2.0]]))
    array([3.])
    """
    return np.asarray(values.max(axis=1) - values.min(axis=1))


def group_ratios(parts: Doubles, wholes: Doubles, groups: Groups, weights: Doubles) -> Doubles:
    """(b, G) sum of `parts` over sum of `wholes` in each group of members, (n,) each; NaN where the latter is 0.

    weights: (b, n) how often each member was drawn. With wholes of 1 these are means.
    """
    member = groups.member
    above, below = weights @ (member * parts[:, None]), weights @ (member * wholes[:, None])
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0.0))


def coverage(exposure: Doubles) -> float:
    """Share of all restaurants that were shown at all.

    >>> coverage(np.array([0.0, 2.0, 1.0, 0.0]))
    0.5
    """
    return float(np.mean(exposure > 0.0))


def average_popularity(lists: Rows, popularity: Doubles) -> Doubles:
    """(B,) mean popularity of what each of B lists (B, k) shows: ARP is their mean (Abdollahpouri et al.).

    >>> average_popularity(np.array([[0, 1], [1, 2]]), np.array([9.0, 3.0, 1.0]))
    array([6., 2.])
    """
    return np.asarray(popularity[lists].mean(axis=1))


def long_tail(popularity: Doubles, share: float = TAIL_SHARE) -> Bools:
    """(n,) which restaurants are of the long tail: this share of them, those with the least; ties by row.

    >>> long_tail(np.array([5.0, 1.0, 2.0, 0.0, 9.0]), 0.8)
    array([ True,  True,  True,  True, False])
    """
    tail = np.zeros(len(popularity), np.bool_)
    tail[np.argsort(popularity, kind="stable")[: round(share * len(popularity))]] = True
    return tail


def tail_share(lists: Rows, tail: Bools) -> Doubles:
    """(B,) share of each list (B, k) that is of the long tail: APLT is their mean.

    >>> tail_share(np.array([[0, 1], [1, 2]]), np.array([False, True, True]))
    array([0.5, 1. ])
    """
    return np.asarray(tail[lists].mean(axis=1))


def without_good_option(best: Doubles, enough: float = 0.0) -> Doubles:
    """(B,) 1 for a diner whose best shown restaurant is worth no more than `enough`, else 0.

    best: what the best one shown is worth: the truth's utility above staying at home where it is known, or how many of
    the held-out choices were shown.

    >>> without_good_option(np.array([0.0, 2.0]))
    array([1., 0.])
    """
    return np.asarray(best <= enough, np.float64)


def log_looks(positions: Rows) -> Doubles:
    """(m,) chance of a look at places 1, 2, ...: as the logarithm of nDCG discounts, where no curve is known."""
    return np.asarray(1.0 / np.log2(positions + 1.0))
