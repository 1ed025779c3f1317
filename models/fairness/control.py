"""Controllers of exposure: from what groups of restaurants have had to what their scores are lifted by. Pure.

FairCo: Morik, Singh, Hong, Joachims: Controlling Fairness and Bias in Dynamic Learning-to-Rank, SIGIR 2020.
P-MMF: Xu, Chen, Xu, et al.: P-MMF: Provider Max-min Fairness Re-ranking in Recommender System, WWW 2023.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

LEAST_MERIT: Final = 0.005
"""Of all merit: a group with less is looked at as if it had so much, or the control would chase its noise."""
_STEP: Final = 0.01
"""eta_0 of P-MMF: order probability that a relative shortfall of 1 is worth after one list."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """What G groups have had; older lists count less."""

    groups: tuple[str, ...]
    exposure: Doubles
    """(G,) sum of theta over the places that were not sold."""
    merit: Doubles
    """(G,) sum over lists and all candidates of the estimated probability of an order."""
    newcomers: float = 0.0
    """Exposure of restaurants that opened lately, whatever group they are in."""
    lists: float = 0.0
    days: float = 0.0
    """Of counting, older ones less too: 21 / ln 2 in the end at a half-life of 21 days. Lists of one time have none."""

    @classmethod
    def empty(cls, groups: Sequence[str]) -> Self:
        """Nothing has been shown."""
        return cls(tuple(groups), *np.zeros((2, len(groups))))

    def plus(self, other: Self, weight: float = 1.0) -> Self:
        """Both together; `other`, with weights of its own, is of the same groups and of a time that is in `days`."""
        return type(self)(
            self.groups,
            self.exposure + weight * other.exposure,
            self.merit + weight * other.merit,
            self.newcomers + weight * other.newcomers,
            self.lists + weight * other.lists,
            self.days,
        )

    def scaled(self, factor: float) -> Self:
        """All of it times a factor: how it decays."""
        return type(self)(
            self.groups,
            factor * self.exposure,
            factor * self.merit,
            factor * self.newcomers,
            factor * self.lists,
            factor * self.days,
        )

    def document(self) -> dict[str, Any]:
        """Ready for JSON, which keeps every bit."""
        return {
            "groups": list(self.groups),
            "exposure": self.exposure.tolist(),
            "merit": self.merit.tolist(),
            "newcomers": self.newcomers,
            "lists": self.lists,
            "days": self.days,
        }

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        """From `document`."""
        return cls(
            tuple(document["groups"]),
            np.asarray(document["exposure"], np.float64),
            np.asarray(document["merit"], np.float64),
            float(document["newcomers"]),
            float(document["lists"]),
            float(document.get("days", 0.0)),
        )


def shortfalls(exposure: Doubles, merit: Doubles) -> Doubles:
    """(G,) 0..1: 1 - r_g / max r, r_g = exposure_g / merit_g, by how much less than the best-off a group is shown.

    0 for all where nothing was shown; groups without merit owe nothing and are owed nothing.

    >>> shortfalls(np.asarray([2.0, 1.0, 0.0]), np.asarray([1.0, 1.0, 0.0])).tolist()
    [0.0, 0.5, 0.0]
    """
    there = merit > 0.0
    rates = np.zeros(len(merit))
    np.divide(exposure, np.maximum(merit, LEAST_MERIT * merit.sum()), out=rates, where=there)
    best = rates.max(initial=0.0)
    if not best > 0.0:
        return np.zeros(len(merit))
    return np.asarray(np.where(there, 1.0 - rates / best, 0.0))


def days_counted(age: float, half_life: float) -> float:
    """Days that a ledger of this age speaks of, where what is half_life days old counts half: age less what is
    forgotten, half_life / ln 2 at most.

    >>> round(days_counted(1.0, 21.0), 2), round(days_counted(1000.0, 21.0), 2)
    (0.98, 30.3)
    """
    return half_life / math.log(2.0) * -math.expm1(-math.log(2.0) * max(age, 0.0) / half_life)


def fairco_errors(exposure: Doubles, merit: Doubles, days: float) -> Doubles:
    """(G,) >= 0: days' worth of looks that each group is owed, as against the best-off group.

    FairCo's error after tau lists is (tau - 1) times the disparity of exposure per merit so far (Morik et al. 2020,
    section 5): an integral, under which a disparity that stays falls as 1 / tau. Here tau is in days, so that a gain
    means the same whatever the traffic, and the disparity is in units of the best-off group's. It is made from the
    sums each time and has no state besides: a lift that is cut off at a bound leaves nothing to unwind, and goes with
    the debt.
    """
    return days * shortfalls(exposure, merit)


def mmf_prices(exposure: Doubles, merit: Doubles, lists: float, weight: float) -> Doubles:
    """(G,) mu: what a restaurant of each group costs the objective, negative where it gains it.

    P-MMF maximises the mean score of what is shown plus `weight` times the least of e_g / rho_g, the share of exposure
    over the share that is due: here that of merit, with the paper's slack, rho_g = (1 + 1/G) merit_g / sum merit. The
    paper goes down the dual's gradient list by list; here the gradients of all lists are added up and stepped along
    once (dual averaging: Nesterov 2009, Xiao 2010), which has the same regret, O(sqrt T), and needs no state but the
    ledger, so that processes share nothing else.
    """
    total, due = exposure.sum(), merit.sum()
    if not (total > 0.0 and due > 0.0 and lists > 0.0):
        return np.zeros(len(merit))
    there = merit > 0.0
    rho = (1.0 + 1.0 / max(int(there.sum()), 1)) * np.maximum(merit / due, LEAST_MERIT)
    excess = np.where(there, exposure / total - rho, 0.0)
    return np.where(there, project(_STEP * np.sqrt(lists) * excess / rho**2, rho, weight), 0.0)


def project(prices: Doubles, rho: Doubles, weight: float) -> Doubles:
    """(G,) the prices nearest (in sum (rho mu)^2) at which sum_{g in S} rho_g mu_g >= -weight for every set S.

    With y = rho mu that is: the negative parts of y add up to `weight` at most. Positive parts stay, negative ones are
    soft-thresholded onto the l1 ball (Duchi et al. 2008), in O(G log G). The paper's code solves a QP for it.

    >>> project(np.asarray([0.5, -2.0]), np.asarray([1.0, 0.5]), 0.25).tolist()
    [0.5, -0.5]
    """
    scaled = rho * prices
    falling = np.sort(np.maximum(-scaled, 0.0))[::-1]
    if falling.sum() <= weight:
        return prices
    above = (np.cumsum(falling) - weight) / np.arange(1, len(falling) + 1)
    kept = np.flatnonzero(falling > above)
    # A weight that is lost in the sums' rounding keeps nothing.
    threshold = above[kept[-1]] if len(kept) else falling[0]
    # Rounding must not leave a negative part behind where the threshold takes it all.
    return np.asarray(np.where(scaled < 0.0, np.minimum(scaled + threshold, 0.0), scaled) / rho)


def quota_shortfall(exposure: float, total: float, quota: float) -> float:
    """0..1: by how much the share of exposure is below a quota; 0 where nothing was shown.

    >>> quota_shortfall(1.0, 40.0, 0.05)
    0.5
    """
    due = quota * total
    return max(0.0, 1.0 - exposure / due) if due > 0.0 else 0.0
