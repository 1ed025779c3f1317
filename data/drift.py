"""Have two periods' data come from one world? A test and an effect size for each column, and one verdict over all.

Rows of one diner are alike, and so are those of one day: tests that take each row as a draw of its own would alarm on
data in which nothing has changed. All tests here are therefore corrected by the design effect: how much wider the
difference of the two periods scatters over whole diners, or whole days, than it would over single rows (Rao and Scott,
The Annals of Statistics 12, 1984, first order; for Kolmogorov-Smirnov the same over the reference's deciles).

A column has drifted where its p-value, adjusted for all columns that were looked at (Holm), is below `alpha` and its
effect is not below its floor: the first alone finds what is real but of no account in large data, the second alone
what is chance in small data.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import isfinite
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from data.statistics import holm

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALPHA: Final = 0.01
"""Chance that a report of two periods of one world says of any column that it has drifted, at most."""
PSI_FLOOR: Final = 0.1
"""The credit industry's rule of thumb: below 0.1 nothing to see, above 0.25 another population."""
KS_FLOOR: Final = 0.1
RATE_FLOOR: Final = 0.1
"""Relative change of a rate."""
_BINS: Final = 10
_FEWEST_EXPECTED: Final = 5.0
_MOST_UNITS: Final = 4096
_LEAST_DESIGN_EFFECT: Final = 0.05
"""Where every unit is the same in both periods nothing scatters, and nothing could be divided by."""
_EMPTY_SHARE: Final = 1e-4
"""PSI has no value where a bin is empty in one period: it counts as this share."""


class Part(StrEnum):
    """Where in the system a column stands."""

    INPUT = "input"
    SCORE = "score"
    OUTCOME = "outcome"


class Kind(StrEnum):
    """How a column's values are compared."""

    CATEGORY = "category"
    """Chi-square; the effect is the population stability index."""
    NUMBER = "number"
    """Kolmogorov-Smirnov; the effect is its distance, the largest gap between the two distribution functions."""
    RATE = "rate"
    """Chi-square of a yes or no; the effect is the relative change."""


FLOORS: Final = {Kind.CATEGORY: PSI_FLOOR, Kind.NUMBER: KS_FLOOR, Kind.RATE: RATE_FLOOR}


@dataclass(frozen=True, eq=False)
class Column:
    """One column of one period."""

    name: str
    part: Part
    kind: Kind
    values: npt.NDArray[Any]
    """(m,) labels, finite or NaN numbers (NaN is left out), or truth values."""
    units: tuple[npt.NDArray[Any], ...] = ()
    """Each (m,): what every row belongs to, such as its diner, or its day. Rows of one unit are taken as alike."""

    def present(self) -> "Column":
        """Without the rows that have no value."""
        known = ~pd.isna(self.values)
        if known.all():
            return self
        return Column(self.name, self.part, self.kind, self.values[known], tuple(unit[known] for unit in self.units))


@dataclass(frozen=True)
class ColumnDrift:
    """What one column shows."""

    name: str
    part: Part
    kind: Kind
    reference_rows: int
    current_rows: int
    effect: float
    """PSI, KS distance, or relative change, by `kind`; below 0 for a rate that has fallen."""
    psi: float
    wasserstein: float | None
    """In standard deviations of the reference; numbers only."""
    design_effect: float
    p_value: float
    adjusted: float
    """p-value after Holm's adjustment for all columns of the report."""
    drifted: bool


@dataclass(frozen=True)
class DriftReport:
    """All columns of two periods."""

    columns: tuple[ColumnDrift, ...]
    skipped: tuple[str, ...]
    """Columns that one of the periods does not have, or of which it has too little."""
    alpha: float

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """What has changed, the surest first."""
        return tuple(sorted((one for one in self.columns if one.drifted), key=lambda one: one.p_value))

    def lines(self) -> list[str]:
        """For the terminal."""
        head = f"{'':<10}{'column':<16}{'rows':>19}{'effect':>10}{'PSI':>8}{'W1':>7}{'deff':>7}{'p (Holm)':>11}"
        return [head, *map(_line, self.columns), *(f"skipped   {name}" for name in self.skipped)]

    def to_json(self) -> dict[str, Any]:
        """Plain objects, lists, texts and finite numbers; null where one is infinite."""
        columns = [
            {
                name: None if isinstance(value, float) and not isfinite(value) else value
                for name, value in asdict(one).items()
            }
            for one in self.columns
        ]
        return {"drifted": bool(self.drifted), "alpha": self.alpha, "columns": columns, "skipped": list(self.skipped)}


def compare(reference: Sequence[Column], current: Sequence[Column], alpha: float = ALPHA) -> DriftReport:
    """Compare columns of the same name; those that one side does not have are named as skipped.

    Raises ValueError where two columns of one name are of different kinds, or alpha is not within (0, 1).
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha: {alpha} is not within (0, 1)")
    before = {column.name: column for column in reference}
    after = {column.name: column for column in current}
    names = [*before, *(name for name in after if name not in before)]
    found = {
        name: _test(before[name].present(), after[name].present()) for name in names if name in before and name in after
    }
    tested = {name: one for name, one in found.items() if one is not None}
    adjusted = holm(np.asarray([one["p_value"] for one in tested.values()], np.float64))
    columns = [
        ColumnDrift(
            **one,
            adjusted=float(p),
            drifted=bool(p < alpha and abs(one["effect"]) >= FLOORS[one["kind"]]),
        )
        for one, p in zip(tested.values(), adjusted, strict=True)
    ]
    return DriftReport(tuple(columns), tuple(name for name in names if name not in tested), alpha)


def psi(reference: npt.NDArray[Any], current: npt.NDArray[Any]) -> float:
    """Population stability index of two vectors of counts over the same (k,) bins: sum (q - p) ln(q / p).

    Symmetric, not below 0. A bin that is empty counts as a share of 0.0001. Raises ValueError for other than two
    vectors of one length with something in each.
    """
    p, q = _shares(reference, current)
    return float(np.sum((q - p) * np.log(q / p)))


def ks(reference: npt.NDArray[Any], current: npt.NDArray[Any]) -> float:
    """Kolmogorov-Smirnov distance of two samples of numbers, (m,) and (n,): the largest gap of their functions."""
    return float(scipy.stats.ks_2samp(reference, current, method="asymp").statistic)


def wasserstein(reference: npt.NDArray[Any], current: npt.NDArray[Any]) -> float:
    """First Wasserstein distance of two samples, (m,) and (n,), in standard deviations of the reference.

    Where the reference does not vary it is 0 for equal samples and infinite for others.
    """
    distance = float(scipy.stats.wasserstein_distance(reference, current))
    deviation = float(np.std(reference))
    if deviation > 0.0:
        return distance / deviation
    return 0.0 if distance == 0.0 else float("inf")


def design_effect(
    bins: Ints, is_current: npt.NDArray[np.bool_], units: npt.NDArray[Any], ordered: bool = False
) -> float:
    """How many times wider the difference of the bins' shares scatters than it would with independent rows.

    bins: (m,) 0 .. k-1, k >= 2, none of them empty. is_current: (m,) which period. units: (m,) what each row belongs
    to; a unit may be in both periods, and what it has in common there makes the difference scatter less. The mean over
    the bins, weighted as in the chi-square statistic; of `ordered` bins the largest over the steps of their
    distribution function, for that is what Kolmogorov-Smirnov looks at.
    """
    k = int(bins.max()) + 1
    shares = np.bincount(bins, minlength=k) / len(bins)
    later = int(is_current.sum())
    sizes = np.asarray([len(bins) - later, later], np.float64)
    weights = np.where(is_current, 1.0 / sizes[1], -1.0 / sizes[0])
    # Units that share a bucket are one larger unit: the estimate stays right, and its memory is bounded.
    codes = pd.factorize(units)[0].astype(np.int64) % _MOST_UNITS
    groups = int(codes.max()) + 1
    sums = np.bincount(codes * k + bins, weights, minlength=groups * k).reshape(groups, k)
    residuals = sums - sums.sum(axis=1, keepdims=True) * shares
    # Scatter around the units' own mean is too small for a few units.
    unit = (1.0 / sizes).sum() * max(groups - 1, 1) / groups
    if ordered:
        steps = np.cumsum(shares)[:-1]
        variance = np.square(np.cumsum(residuals, axis=1)[:, :-1]).sum(axis=0)
        return float(np.max(variance / (steps * (1.0 - steps))) / unit)
    return float((np.square(residuals).sum(axis=0) / shares).sum() / (k - 1) / unit)


def _test(reference: Column, current: Column) -> dict[str, Any] | None:
    """What a column shows before the adjustment; None where a period has too few rows, or nothing varies."""
    if (reference.kind, reference.part) != (current.kind, current.part):
        raise ValueError(f"column {reference.name!r} is {reference.kind} in one period, {current.kind} in the other")
    sizes = len(reference.values), len(current.values)
    if min(sizes) < 2 * _FEWEST_EXPECTED:
        return None
    is_current = np.repeat([False, True], sizes)
    values = np.concatenate([reference.values, current.values])
    bins = _binned(values, is_current, reference.kind)
    table = np.stack([np.bincount(bins[is_current == side], minlength=bins.max() + 1) for side in (False, True)])
    if table.shape[1] < 2:
        return None
    units = [np.concatenate(pair) for pair in zip(reference.units, current.units, strict=True)]
    is_number = reference.kind is Kind.NUMBER
    effects = [(design_effect(bins, is_current, unit, is_number), _number_of(unit)) for unit in units]
    deff, groups = max(effects, default=(1.0, len(values)))
    if groups < 2:  # how units differ cannot be seen in one
        return None
    deff = max(deff, _LEAST_DESIGN_EFFECT)
    effect, p_value = _judged(reference, current, table, deff, groups)
    return {
        "name": reference.name,
        "part": reference.part,
        "kind": reference.kind,
        "reference_rows": sizes[0],
        "current_rows": sizes[1],
        "effect": effect,
        "psi": psi(table[0], table[1]),
        "wasserstein": wasserstein(reference.values, current.values) if is_number else None,
        "design_effect": deff,
        "p_value": p_value,
    }


def _judged(reference: Column, current: Column, table: Ints, deff: float, groups: int) -> tuple[float, float]:
    """The effect and the p-value, given the design effect and the number of units from which it was estimated."""
    if reference.kind is Kind.NUMBER:
        distance = ks(reference.values, current.values)
        m, n = len(reference.values), len(current.values)
        return distance, float(scipy.stats.kstwo.sf(distance, max(1, round(m * n / (m + n) / deff))))
    statistic = scipy.stats.chi2_contingency(table, correction=False).statistic / deff
    # F in place of chi-square, for a design effect from a few units, such as days, is uncertain (Thomas and Rao 1987).
    k = table.shape[1] - 1
    p_value = float(scipy.stats.f.sf(statistic / k, k, k * max(groups - 1, 1)))
    if reference.kind is Kind.CATEGORY:
        return psi(table[0], table[1]), p_value
    before, after = float(np.mean(reference.values)), float(np.mean(current.values))
    return after / max(before, 1.0 / len(reference.values)) - 1.0, p_value


def _binned(values: npt.NDArray[Any], is_current: npt.NDArray[np.bool_], kind: Kind) -> Ints:
    """(m,) bins from 0 on, none of them empty: deciles of the reference, or labels with the rare ones together."""
    if kind is Kind.NUMBER:
        edges = np.unique(np.quantile(values[~is_current], np.linspace(0.0, 1.0, _BINS + 1)[1:-1]))
        raw = np.searchsorted(edges, values, side="left")
    else:
        raw = pd.factorize(values, sort=True)[0].astype(np.int64)
        counts = np.bincount(raw)
        smaller = min(is_current.mean(), 1.0 - is_current.mean())
        rare = counts * smaller < _FEWEST_EXPECTED
        raw = np.where(rare[raw], len(counts), raw) if rare.sum() > 1 else raw
    return np.unique(raw, return_inverse=True)[1].astype(np.int64)


def _number_of(units: npt.NDArray[Any]) -> int:
    return min(len(pd.unique(units)), _MOST_UNITS)


def _shares(reference: npt.NDArray[Any], current: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    if reference.shape != current.shape or reference.ndim != 1 or not (reference.sum() > 0 and current.sum() > 0):
        raise ValueError("PSI compares two vectors of counts over the same bins, with something in each")
    return (
        np.maximum(reference / reference.sum(), _EMPTY_SHARE),
        np.maximum(current / current.sum(), _EMPTY_SHARE),
    )


def _line(one: ColumnDrift) -> str:
    rows = f"{one.reference_rows:,}/{one.current_rows:,}"
    distance = "" if one.wasserstein is None else f"{one.wasserstein:.3f}"
    verdict = "  DRIFTED" if one.drifted else ""
    numbers = f"{rows:>19}{one.effect:>10.3f}{one.psi:>8.3f}{distance:>7}{one.design_effect:>7.2f}{one.adjusted:>11.2g}"
    return f"{one.part:<10}{one.name:<16}{numbers}{verdict}"
