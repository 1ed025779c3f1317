"""The gate of fairness: does a version treat some group worse than bounds allow, or worse than the champion does?

Pure, over the comparisons of `models.fairness` as documents (`Comparison.document()`). A version is stopped where it is
certainly beyond a bound, in words that name the group; what an interval leaves open stops nobody. A group that is too
small to be shown is in no comparison and so in no gate.

The greatest of several groups is above the least by chance alone, in each resample even more than in the sample, so
that the bootstrap's interval of a gap may lie above a bound where all groups are alike. What is held against an
absolute bound is therefore two groups at a time, with intervals that hold for all pairs together (Bonferroni). Errors
of groups of diners are independent, and their squares add up; groups of restaurants are looked at by the same diners,
which makes such an interval wide rather than narrow.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from scipy.special import ndtri

from services.releases.verdict import Verdict

Document = Mapping[str, Any]

GAINED: Final = " gained"
_Z: Final = 1.959964


@dataclass(frozen=True)
class FairnessBounds:
    """What is allowed; None: nothing is asked."""

    least_exposure_ratio: float | None = None
    """Least over greatest exposure per merit of groups of restaurants."""
    greatest_quality_gap: float | None = None
    """Of a diners' measure between its groups, greatest less least."""
    tolerated_loss: float | None = 0.1
    """A group may have this much less than under the champion, as a share of what it has there."""
    measure: str = "ndcg@10"
    """The diners' measure that is held to it; `ndcg@10 gained` is the version's less the champion's, diner by diner."""


def gates(
    champion: Sequence[Document], challenger: Sequence[Document], bounds: FairnessBounds | None = None
) -> list[str]:
    """Reasons against the challenger; none where it may pass. `champion`: empty where there is none."""
    held = bounds or FairnessBounds()
    before = {_key(one): one for one in champion}
    reasons: list[str] = []
    for one in challenger:
        reasons += _beyond_bounds(one, held)
        if one["measure"] == f"{held.measure}{GAINED}":
            reasons += _lost(before.get((one["side"], held.measure, one["attribute"])), one, held)
        elif one["side"] == "restaurants" and _key(one) in before:
            reasons += _less_even(before[_key(one)], one, held)
    return reasons


def with_fairness(
    verdict: Verdict, champion: Sequence[Document], challenger: Sequence[Document], bounds: FairnessBounds | None = None
) -> Verdict:
    """A verdict with this gate's reasons beside the others'."""
    reasons = (*verdict.reasons, *gates(champion, challenger, bounds))
    return Verdict(not reasons, reasons)


def _beyond_bounds(one: Document, bounds: FairnessBounds) -> Iterator[str]:
    if one["side"] == "restaurants":
        floor = bounds.least_exposure_ratio
        if floor is None:
            return
        least, most, ratio = min(_pairs(one, _ratio), key=lambda pair: pair[2]["high"])
        if ratio["high"] < floor:
            yield (
                f"restaurants of {one['attribute']} {least} get {_shown(ratio)} of the {one['measure']} of {most}: at "
                f"least {floor:g} is asked"
            )
    elif one["measure"] == bounds.measure and bounds.greatest_quality_gap is not None:
        ceiling = bounds.greatest_quality_gap
        least, most, gap = max(_pairs(one, _gap), key=lambda pair: pair[2]["low"])
        if gap["low"] > ceiling:
            yield (
                f"diners of {one['attribute']} {least} have {one['measure']} lower than those of {most} by "
                f"{_shown(gap)}: at most {ceiling:g} is allowed"
            )


def _pairs(one: Document, compared: Callable[[Document, Document, float], Document]) -> list[tuple[str, str, Document]]:
    """(group with less, group with more, how they compare) of all pairs, with intervals that hold for all together."""
    groups = one["groups"]
    pairs = len(groups) * (len(groups) - 1) // 2
    wider = float(ndtri(1.0 - 0.025 / pairs)) / _Z
    found = []
    for first, second in combinations(groups, 2):
        less, more = sorted((first, second), key=lambda group: group["value"])
        found.append((less["group"], more["group"], compared(less, more, wider)))
    return found


def _gap(less: Document, more: Document, wider: float) -> Document:
    value = more["value"] - less["value"]
    down = wider * math.hypot(more["value"] - more["low"], less["high"] - less["value"])
    up = wider * math.hypot(more["high"] - more["value"], less["value"] - less["low"])
    return {"value": value, "low": value - down, "high": value + up}


def _ratio(less: Document, more: Document, wider: float) -> Document:
    """On the logarithm's scale; where it has no end there, 0 or 1 is one."""
    if not more["low"] > 0.0:
        return {"value": less["value"] / more["value"] if more["value"] > 0.0 else 1.0, "low": 0.0, "high": 1.0}
    value = less["value"] / more["value"]
    if not less["value"] > 0.0:
        return {"value": value, "low": 0.0, "high": less["high"] / more["low"]}
    up = wider * math.hypot(math.log(less["high"] / less["value"]), math.log(more["value"] / more["low"]))
    below = math.log(less["value"] / less["low"]) if less["low"] > 0.0 else math.inf
    down = wider * math.hypot(below, math.log(more["high"] / more["value"]))
    return {"value": value, "low": value * math.exp(-down), "high": min(1.0, value * math.exp(up))}


def _lost(before: Document | None, one: Document, bounds: FairnessBounds) -> Iterator[str]:
    """Groups that certainly lose more than is tolerated, diner by diner."""
    if before is None or bounds.tolerated_loss is None:
        return
    had = {group["group"]: group["value"] for group in before["groups"]}
    for group in one["groups"]:
        allowed = bounds.tolerated_loss * had.get(group["group"], 0.0)
        if group["group"] in had and group["high"] < -allowed:
            yield (
                f"diners of {one['attribute']} {group['group']} lose {bounds.measure} {_shown(group)} to the "
                f"champion's {had[group['group']]:.3f}: {bounds.tolerated_loss:.0%} of it is tolerated"
            )


def _less_even(before: Document, one: Document, bounds: FairnessBounds) -> Iterator[str]:
    """Where the least is certainly further below the greatest than under the champion."""
    tolerated = bounds.tolerated_loss
    if tolerated is not None and one["ratio"]["high"] < (1.0 - tolerated) * before["ratio"]["low"]:
        yield (
            f"by {one['attribute']}, restaurants of {_ends(one)[0]['group']} get {_shown(one['ratio'])} of the "
            f"greatest {one['measure']}, under the champion {_shown(before['ratio'])}"
        )


def _ends(one: Document) -> tuple[Document, Document]:
    ordered = sorted(one["groups"], key=lambda group: group["value"])
    return ordered[0], ordered[-1]


def _key(one: Document) -> tuple[str, str, str]:
    return one["side"], one["measure"], one["attribute"]


def _shown(figure: Document) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
