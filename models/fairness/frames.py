"""Comparisons of groups: Fairlearn's MetricFrame has the figures of each, bootstraps of diners their intervals.

Rows of a frame are diners or restaurants, never places: Fairlearn's own bootstrap (`n_boot`) draws rows, and takes
seconds for what takes milliseconds here, so it is not used.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.statistics import holm
from models.fairness.groups import NOBODY, Groups
from models.fairness.intervals import (
    DRAWS,
    PERMUTATIONS,
    SURE,
    Chance,
    Figure,
    degrees,
    expanded,
    figure,
    permuted,
    permuted_ratio,
    resampled,
)
from models.fairness.measures import Ledger, group_ratios, least_over_greatest, spread

if TYPE_CHECKING:
    from fairlearn.metrics import MetricFrame

Doubles = npt.NDArray[np.float64]

_FINER: Final = 20
"""So many times smaller than needed is the least p-value that the permutations can give."""


class Side(StrEnum):
    """Whose groups."""

    RESTAURANTS = "restaurants"
    DINERS = "diners"


@dataclass(frozen=True)
class GroupFigure:
    """One group."""

    name: str
    n: int
    """Its members."""
    figure: Figure


@dataclass(frozen=True)
class Comparison:
    """One measure over the groups of one attribute."""

    side: Side
    measure: str
    """`ndcg@10`, `exposure per merit`, ..."""
    attribute: str
    groups: tuple[GroupFigure, ...]
    overall: float
    gap: Figure
    """Greatest less least. With more than two groups it is above 0 by chance alone: hold it against `chance`."""
    ratio: Figure
    """Least over greatest."""
    chance: Chance
    """Of the gap for diners, of the ratio for restaurants."""
    fewest: int
    small: int
    """Groups with fewer members than `fewest`, which are not shown."""
    left_out: int
    """Their members."""
    p_adjusted: float = 1.0
    """Corrected for all comparisons of the report (Holm)."""

    @property
    def worst(self) -> GroupFigure:
        """The group with the least."""
        return min(self.groups, key=lambda group: group.figure.value)

    @property
    def best(self) -> GroupFigure:
        """The group with the greatest."""
        return max(self.groups, key=lambda group: group.figure.value)

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "side": str(self.side),
            "measure": self.measure,
            "attribute": self.attribute,
            "groups": [{"group": one.name, "n": one.n, **one.figure.document()} for one in self.groups],
            "overall": self.overall,
            "gap": self.gap.document(),
            "ratio": self.ratio.document(),
            "by_chance": self.chance.expected,
            "p": self.chance.p,
            "p_adjusted": self.p_adjusted,
            "not_shown": {"groups": self.small, "members": self.left_out, "fewer_than": self.fewest},
        }


def metric_frame(parts: Doubles, wholes: Doubles, labels: pd.DataFrame) -> "MetricFrame":
    """Fairlearn's frame of sum(parts) / sum(wholes) over members, (n,) each; a column of labels an attribute.

    With several columns its groups are their intersections.
    """
    from fairlearn.metrics import MetricFrame

    def ratio(y_true: Doubles, y_pred: Doubles) -> float:
        whole = float(np.sum(y_pred))
        return float(np.sum(y_true)) / whole if whole > 0.0 else float("nan")

    return MetricFrame(metrics=ratio, y_true=parts, y_pred=wholes, sensitive_features=labels)


def compare_diners(
    measure: str,
    parts: Doubles,
    groups: Groups,
    wholes: Doubles | None = None,
    *,
    side: Side = Side.DINERS,
    seed: int = 0,
    draws: int = DRAWS,
    permutations: int = PERMUTATIONS,
) -> Comparison | None:
    """Of sum(parts) / sum(wholes) over diners, (n,) each; without `wholes`, of means. None for fewer than two groups.

    Members with no `wholes` count for nothing, so a group of these alone has no figure: it is left out.
    """
    whole = np.ones(len(parts)) if wholes is None else wholes
    groups = _with_something(groups, whole)
    if not groups.comparable:
        return None
    value, found = resampled(lambda weights: group_ratios(parts, whole, groups, weights), len(parts), draws, seed)
    return _comparison(side, measure, parts, whole, groups, value, found, permuted(parts, whole, groups, permutations))


def compare_exposure(
    measure: str, ledger: Ledger, groups: Groups, *, seed: int = 0, draws: int = 400, permutations: int = PERMUTATIONS
) -> Comparison | None:
    """Of exposure per merit over groups of restaurants, with a bootstrap of diners. None for fewer than two groups.

    Intervals are widened by Student's quantile for as many degrees of freedom as the ledger's rows leave: few where
    these are folds of the diners, or where a few diners make most of the error.
    """
    if not groups.comparable or ledger.exposure.sum() == 0.0 or ledger.earned.sum() == 0.0:
        return None
    diners = ledger.exposure.shape[0]
    value, found = resampled(lambda weights: ledger.per_merit(groups, weights), diners, draws, seed)
    exposure, merit = ledger.by_restaurant
    chance = permuted_ratio(exposure, merit, groups, permutations)
    made = _comparison(Side.RESTAURANTS, measure, exposure, merit, groups, value, found, chance)
    freedom = degrees(ledger.errors(groups))
    wide = [
        replace(one, figure=_within(expanded(one.figure, diners, of_group)))
        for one, of_group in zip(made.groups, freedom.tolist(), strict=True)
    ]
    least = float(freedom.min())
    return replace(
        made,
        groups=tuple(wide),
        gap=_within(expanded(made.gap, diners, least)),
        ratio=_within(expanded(made.ratio, diners, least), 1.0),
    )


def adjusted(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """With p-values corrected for how many they are.

    Where the permutations were too few for one that the correction leaves below SURE, they are dealt out anew.
    """
    needed = math.ceil(_FINER * len(comparisons) / SURE)
    settled = [replace(one, chance=one.chance.again(needed)) for one in comparisons]
    corrected = holm([one.chance.p for one in settled])
    return [replace(one, p_adjusted=p) for one, p in zip(settled, corrected.tolist(), strict=True)]


def crossings(groups: Sequence[Groups]) -> list[Groups]:
    """Every two attributes crossed, where two groups or more are large enough."""
    pairs = [a.crossed(b) for index, a in enumerate(groups) for b in groups[index + 1 :]]
    return [pair for pair in pairs if pair.comparable]


def _comparison(
    side: Side,
    measure: str,
    parts: Doubles,
    wholes: Doubles,
    groups: Groups,
    value: Doubles,
    found: Doubles,
    chance: Chance,
) -> Comparison:
    there = groups.codes != NOBODY
    labels = pd.DataFrame({groups.attribute: [groups.names[code] for code in groups.codes[there].tolist()]})
    frame = metric_frame(parts[there], wholes[there], labels)
    of_members = side is Side.DINERS
    figures = [
        GroupFigure(name, int(size), _figure(float(frame.by_group[name]), draws, int(size) if of_members else None))
        for name, size, draws in zip(groups.names, groups.sizes, found.T, strict=True)
    ]
    ratios = least_over_greatest(value[None])
    return Comparison(
        side,
        measure,
        groups.attribute,
        tuple(figures),
        float(frame.overall),
        figure(float(frame.difference()), spread(found)),
        figure(float(ratios[0]) if np.isfinite(ratios[0]) else 1.0, least_over_greatest(found)),
        chance,
        groups.fewest,
        groups.small,
        groups.left_out,
    )


def _within(found: Figure, high: float = math.inf) -> Figure:
    return replace(found, low=max(0.0, found.low), high=min(high, found.high))


def _figure(value: float, draws: Doubles, members: int | None) -> Figure:
    """Of a group; where its own members are what is drawn, few of them make it wider."""
    found = figure(value, draws)
    if members is None:
        return found
    wide = expanded(found, members)
    return replace(wide, low=max(0.0, wide.low)) if draws.min(initial=0.0) >= 0.0 else wide


def _with_something(groups: Groups, wholes: Doubles) -> Groups:
    """The groups among members who have something to divide by."""
    kept = np.where(wholes > 0.0, groups.codes, NOBODY)
    labels = [groups.names[code] if code != NOBODY else None for code in kept.tolist()]
    again = Groups.of(groups.attribute, labels, groups.fewest)
    return replace(again, small=again.small + groups.small, left_out=again.left_out + groups.left_out)
