"""What an experiment says: a difference, how sure it is, and how many diners it would take to be surer."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEVEL: Final = 0.95
ALPHA: Final = 0.05
POWER: Final = 0.8


@dataclass(frozen=True)
class Estimate:
    """Treatment less control."""

    value: float
    standard_error: float
    freedom: float = np.inf
    """Degrees of freedom of Student's t; inf: the normal."""

    @property
    def statistic(self) -> float:
        """The value in standard errors; 0 where both are 0."""
        if self.standard_error == 0.0:
            return 0.0 if self.value == 0.0 else float(np.copysign(np.inf, self.value))
        return self.value / self.standard_error

    @property
    def p_value(self) -> float:
        """Two-sided, of no difference; for one look that was planned beforehand."""
        beyond = -abs(self.statistic)
        # Not stats.t, which takes a hundred times as long for one number.
        tail = special.ndtr(beyond) if np.isinf(self.freedom) else special.stdtr(self.freedom, beyond)
        return float(2.0 * tail)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Low and high."""
        share = 0.5 + level / 2.0
        quantile = special.ndtri(share) if np.isinf(self.freedom) else special.stdtrit(self.freedom, share)
        reach = float(quantile) * self.standard_error
        return self.value - reach, self.value + reach

    def covers(self, truth: float, level: float = LEVEL) -> bool:
        """Whether the interval holds this value."""
        low, high = self.interval(level)
        return low <= truth <= high


@dataclass(frozen=True, eq=False)
class Arm:
    """The ratio metric sum(numerators) / sum(denominators) of an arm's n clusters, linearised.

    With R the ratio and m the mean denominator, its error is that of the mean of (Y_i - R N_i) / m: the delta method
    with clusters as units (Deng, Knoblich, Lu, "Applying the delta method in metric analytics", KDD 2018).
    """

    ratio: float
    influence: Doubles
    """(n,) what each cluster adds to the ratio's error; their mean is 0."""

    @classmethod
    def of(cls, numerators: Doubles, denominators: Doubles) -> "Arm":
        """Raises ValueError for fewer than two clusters, or denominators that do not sum to more than 0."""
        if len(numerators) < 2:
            raise ValueError(f"each arm needs at least two clusters, one has {len(numerators)}")
        mean = float(denominators.mean())
        if not mean > 0.0:
            raise ValueError("an arm's denominators sum to 0: nothing was measured in it")
        ratio = float(numerators.mean()) / mean
        return cls(ratio, (numerators - ratio * denominators) / mean)


def difference(numerators: Doubles, denominators: Doubles, treated: Bools) -> Estimate:
    """The ratio metric under treatment less that under control, clusters being what was randomised: diners, say.

    numerators, denominators: (n,) sums of each cluster, as orders and lists; denominators of 1 give the difference of
    means. treated: (n,). Clusters with 0 / 0 count as drawn, which they were. The degrees of freedom are Welch's.

    Raises ValueError as `Arm.of` does.
    """
    return contrast(*_arms(numerators, denominators, treated))


def contrast(control: Arm, treatment: Arm) -> Estimate:
    """Difference of two independent arms."""
    parts = [float(arm.influence.var(ddof=1)) / len(arm.influence) for arm in (control, treatment)]
    variance = sum(parts)
    spread = sum(part**2 / (len(arm.influence) - 1) for part, arm in zip(parts, (control, treatment), strict=True))
    freedom = variance**2 / spread if spread > 0.0 else np.inf
    return Estimate(treatment.ratio - control.ratio, float(np.sqrt(variance)), freedom)


@dataclass(frozen=True)
class Adjusted:
    """A difference after CUPED, beside the plain one."""

    estimate: Estimate
    plain: Estimate
    theta: tuple[float, ...]
    """What a unit of each covariate predicts."""

    @property
    def variance_reduction(self) -> float:
        """Share of the plain variance that is gone; so many fewer diners are needed."""
        plain = self.plain.standard_error
        return 1.0 - (self.estimate.standard_error / plain) ** 2 if plain > 0.0 else 0.0


def cuped(numerators: Doubles, denominators: Doubles, treated: Bools, covariates: Doubles) -> Adjusted:
    """`difference`, less what the time before the experiment explains of it.

    covariates: (n, p) known before the assignment, as the diner's orders and lists of the weeks before; a row with nan
    is of a new cluster and gets the mean. theta is pooled: one least-squares fit of both arms' deviations from their
    own means. With Z_i the linearised metric, Z'_i = Z_i - theta (X_i - mean X), and the variance falls by the share R²
    that X explains (Deng, Xu, Kohavi, Walker, "Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data", WSDM 2013; for ratios Budylin et al., WSDM 2018).

    Raises ValueError as `difference` does, and where no cluster has covariates.
    """
    control, treatment = _arms(numerators, denominators, treated)
    known: Bools = np.all(np.isfinite(covariates), axis=1)
    if not known.any():
        raise ValueError("no cluster has covariates: there is no time before the experiment")
    filled = np.where(known[:, None], covariates, covariates[known].mean(axis=0))
    centred = [filled[mask] - filled[mask].mean(axis=0) for mask in (~treated, treated)]
    influences = (control.influence, treatment.influence)
    theta, *_ = np.linalg.lstsq(np.concatenate(centred), np.concatenate(influences), rcond=None)
    middle = filled.mean(axis=0)
    adjusted = [
        Arm(arm.ratio - float(theta @ (filled[mask].mean(axis=0) - middle)), arm.influence - own @ theta)
        for arm, mask, own in zip((control, treatment), (~treated, treated), centred, strict=True)
    ]
    return Adjusted(contrast(*adjusted), contrast(control, treatment), tuple(theta.tolist()))


def minimum_detectable(standard_error: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The least true difference that a two-sided test of one look finds with this power: (z_a/2 + z_power) s."""
    return float(special.ndtri(1.0 - alpha / 2.0) + special.ndtri(power)) * standard_error


def diners_needed(diners: int, standard_error: float, effect: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """How many it takes to find this effect, if so many gave this standard error, which falls with their root.

    Raises ValueError for an effect of 0, which nothing finds.
    """
    if effect == 0.0:
        raise ValueError("effect: no number of diners finds a difference of 0")
    return int(np.ceil(diners * (minimum_detectable(standard_error, alpha, power) / effect) ** 2))


def _arms(numerators: Doubles, denominators: Doubles, treated: Bools) -> tuple[Arm, Arm]:
    of_control = Arm.of(numerators[~treated], denominators[~treated])
    return of_control, Arm.of(numerators[treated], denominators[treated])
