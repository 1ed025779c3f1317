"""Experiments that may be looked at before their end.

Two ways. *Always valid*: look as often as one likes, for ever. The estimate x with standard error s at a look has
information V = 1 / s² and score S = x V; where there is no effect the score is a Brownian motion in V as the diners
grow many, and with a prior N(0, tau²) over effects the mixture of likelihood ratios

    Lambda = s / sqrt(s² + tau²) · exp( tau² x² / (2 s² (s² + tau²)) )

is a martingale that ever passes 1 / alpha with probability alpha at most (Robbins 1970; as the mixture SPRT of A/B
tests Johari, Koomen, Pekelis, Walsh, "Always valid inference", Operations Research 2022; for estimates with asymptotic
errors Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences", Annals of Statistics 2024). Turned round it is an interval that holds the effect at all looks together.

*Group sequential*: a few looks that are planned, at known shares of the information; alpha is spent over them by Lan
and DeMets' function of the O'Brien-Fleming type (Biometrika 1983), which keeps nearly all of it for the end. The bounds
come from integrating the joint distribution of the looks (Armitage, McPherson, Rowe 1969; Jennison, Turnbull 2000,
chapter 19).

Both rest on independent increments of the score. With diners as clusters who come again and again, standard errors over
diners see to that where what a diner adds from day to day is exchangeable (Scharfstein, Tsiatis, Robins 1997).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from models.experiments.estimate import ALPHA, Estimate

Doubles = npt.NDArray[np.float64]

_GRID: Final = 1_001
_FURTHEST: Final = 8.0
"""Standard deviations beyond which nothing is reckoned with."""


@dataclass(frozen=True)
class AlwaysValid:
    """A test that may be looked at at any time."""

    tau: float
    """Standard deviation of the effects that it is made for, in the metric's unit; valid whatever it is."""
    alpha: float = ALPHA

    @classmethod
    def planned(cls, standard_error: float, alpha: float = ALPHA) -> "AlwaysValid":
        """Narrowest at the look at which the standard error is this one.

        tau² = s² (-W(-alpha² / e) - 1), W the lower branch of Lambert's function (Howard, Ramdas, McAuliffe, Sekhon,
        Annals of Statistics 2021, section 3.5).
        """
        factor = -float(special.lambertw(-(alpha**2) / np.e, -1).real) - 1.0
        return cls(standard_error * float(np.sqrt(factor)), alpha)

    def log_evidence(self, look: Estimate) -> float:
        """log Lambda of one look; no evidence before anything is measured."""
        variance, prior = look.standard_error**2, self.tau**2
        if not variance > 0.0:
            return 0.0
        gain = prior * look.value**2 / (2.0 * variance * (variance + prior))
        return float(0.5 * np.log(variance / (variance + prior)) + gain)

    def interval(self, look: Estimate) -> tuple[float, float]:
        """Low and high: over all looks together the effect is outside at any with probability alpha at most."""
        variance, prior = look.standard_error**2, self.tau**2
        if not variance > 0.0:
            return -np.inf, np.inf
        reach = np.sqrt(variance * (1.0 + variance / prior) * (np.log1p(prior / variance) - 2.0 * np.log(self.alpha)))
        return look.value - float(reach), look.value + float(reach)

    def p_values(self, looks: Sequence[Estimate]) -> Doubles:
        """(looks,) never rising; at or below alpha it may be stopped."""
        evidence = np.maximum.accumulate([self.log_evidence(look) for look in looks])
        return np.minimum(1.0, np.exp(-evidence))

    def stops(self, looks: Sequence[Estimate]) -> int | None:
        """The number of the first look that finds a difference, or None."""
        return _first(self.p_values(looks) <= self.alpha)


@dataclass(frozen=True)
class GroupSequential:
    """A test with planned looks."""

    bounds: tuple[float, ...]
    """What |statistic| must reach at each look."""

    @classmethod
    def planned(cls, information: Sequence[float], alpha: float = ALPHA) -> "GroupSequential":
        """Looks at these shares of the final information, rising to 1; two-sided.

        Raises ValueError where they do not rise within (0, 1].
        """
        shares = np.asarray(information, np.float64)
        if not len(shares) or shares[0] <= 0.0 or (np.diff(shares) <= 0.0).any() or shares[-1] > 1.0:
            raise ValueError("information: shares that rise, above 0 and up to 1")
        spent = spending(shares, alpha)
        return cls(_bounds(shares, np.diff(spent, prepend=0.0)))

    def stops(self, looks: Sequence[Estimate]) -> int | None:
        """The number of the first look that finds a difference, or None.

        Raises ValueError for more looks than planned.
        """
        if len(looks) > len(self.bounds):
            raise ValueError(f"{len(self.bounds)} looks were planned, not {len(looks)}")
        reached = [abs(look.statistic) >= bound for look, bound in zip(looks, self.bounds, strict=False)]
        return _first(np.asarray(reached, np.bool_))


def spending(information: Doubles, alpha: float = ALPHA) -> Doubles:
    """(looks,) alpha that may be spent by each share of the information: 4 (1 - Phi(z_(1 - alpha/4) / sqrt(t)))."""
    return np.asarray(4.0 * stats.norm.sf(stats.norm.ppf(1.0 - alpha / 4.0) / np.sqrt(information)))


def naive_stop(looks: Sequence[Estimate], alpha: float = ALPHA) -> int | None:
    """Where somebody would stop who takes each look for the only one: what the tests above are there against."""
    return _first(np.asarray([look.p_value <= alpha for look in looks], np.bool_))


def _bounds(shares: Doubles, spends: Doubles) -> tuple[float, ...]:
    """Bounds on |z| at each look, such that just this much alpha is spent at it.

    The score S_k = z_k sqrt(t_k) has independent increments; its density among those who go on is kept on a grid.
    """
    bounds = [min(float(stats.norm.isf(spends[0] / 2.0)), _FURTHEST)]
    places = _grid(bounds[0], shares[0])
    density = stats.norm.pdf(places, scale=np.sqrt(shares[0]))
    for before, share, spend in zip(shares[:-1], shares[1:], spends[1:], strict=True):
        step = float(np.sqrt(share - before))
        bounds.append(_bound(places, density, share, step, spend))
        further = _grid(bounds[-1], share)
        kernel = stats.norm.pdf(further[:, None] - places, scale=step)
        places, density = further, np.trapezoid(kernel * density, places, axis=1)
    return tuple(bounds)


def _bound(places: Doubles, density: Doubles, share: float, step: float, spend: float) -> float:
    """The bound that a step of this standard deviation passes with probability `spend`, from this density."""

    def excess(bound: float) -> float:
        edge = bound * np.sqrt(share)
        beyond = stats.norm.sf((edge - places) / step) + stats.norm.sf((edge + places) / step)
        return float(np.trapezoid(density * beyond, places)) - spend

    return _FURTHEST if excess(_FURTHEST) >= 0.0 else float(optimize.brentq(excess, 0.0, _FURTHEST))


def _grid(bound: float, share: float) -> Doubles:
    edge = bound * np.sqrt(share)
    return np.linspace(-edge, edge, _GRID)


def _first(reached: npt.NDArray[np.bool_]) -> int | None:
    return int(reached.argmax()) if reached.any() else None
