"""The gate of fairness: does a version treat some group worse than bounds allow, or worse than the champion does?

Pure, over the comparisons of `models.fairness` as documents (`Comparison.document()`). A version is stopped where it is
certainly beyond a bound, in words that name the group; what an interval leaves open stops nobody. A group that is too
small to be shown is in no comparison and so in no gate.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.releases.verdict import Verdict

Document = Mapping[str, Any]


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
    """The diners' measure that is held to it."""


def gates(
    champion: Sequence[Document], challenger: Sequence[Document], bounds: FairnessBounds | None = None
) -> list[str]:
    """Reasons against the challenger; none where it may pass. `champion`: empty where there is none."""
    held = bounds or FairnessBounds()
    before = {_key(one): one for one in champion}
    reasons = []
    for one in challenger:
        reasons += _beyond_bounds(one, held)
        if _key(one) in before:
            reasons += _worse_than(before[_key(one)], one, held)
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


def _worse_than(before: Document, one: Document, bounds: FairnessBounds) -> Iterator[str]:
    """Diners' groups that certainly have less; restaurants' where the ratio is certainly lower."""
    tolerated = bounds.tolerated_loss
    if tolerated is None:
        return
    if one["side"] == "restaurants":
        if one["ratio"]["high"] < (1.0 - tolerated) * before["ratio"]["low"]:
            yield (
                f"by {one['attribute']}, {_ends(one)[0]['group']} has {_shown(one['ratio'])} of the greatest "
                f"{one['measure']}, under the champion {_shown(before['ratio'])}"
            )
        return
    if one["measure"] != bounds.measure:
        return
    then = {group["group"]: group for group in before["groups"]}
    for group in one["groups"]:
        had = then.get(group["group"])
        if had is not None and group["high"] < (1.0 - tolerated) * had["low"]:
            yield (
                f"diners of {one['attribute']} {group['group']} have {one['measure']} {_shown(group)}, under the "
                f"champion {_shown(had)}: more than {tolerated:.0%} less"
            )


def _ends(one: Document) -> tuple[Document, Document]:
    ordered = sorted(one["groups"], key=lambda group: group["value"])
    return ordered[0], ordered[-1]


def _key(one: Document) -> tuple[str, str, str]:
    return one["side"], one["measure"], one["attribute"]


def _shown(figure: Document) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
