"""The gate of fairness: does a version treat some group worse than bounds allow, or worse than the champion does?

Pure, over the comparisons of `models.fairness` as documents (`Comparison.document()`). A version is stopped where it is
certainly beyond a bound, in words that name the group; what an interval leaves open stops nobody. A group that is too
small to be shown is in no comparison and so in no gate.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.releases.verdict import Verdict

Document = Mapping[str, Any]

GAINED: Final = " gained"


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
    least, most = _ends(one)
    if one["side"] == "restaurants":
        floor = bounds.least_exposure_ratio
        if floor is not None and one["ratio"]["high"] < floor:
            yield (
                f"restaurants of {one['attribute']} {least['group']} get {_shown(one['ratio'])} of the "
                f"{one['measure']} of {most['group']}: at least {floor:g} is asked"
            )
    elif one["measure"] == bounds.measure:
        ceiling = bounds.greatest_quality_gap
        if ceiling is not None and one["gap"]["low"] > ceiling:
            yield (
                f"diners of {one['attribute']} {least['group']} have {one['measure']} lower than those of "
                f"{most['group']} by {_shown(one['gap'])}: at most {ceiling:g} is allowed"
            )


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
