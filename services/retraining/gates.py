"""The gates: may a version ever serve? Pure functions over what was measured.

A gate stops a version with a sentence that names the figure, its interval and the bound. What a small difference means
is decided by intervals, so an equally good version passes: it is stopped where it is certainly worse than the champion,
or where so little was measured that a great loss cannot be excluded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.releases.verdict import Verdict

Figure = Mapping[str, float]
Document = Mapping[str, Any]

ACCURACY: Final = "ndcg@10"


@dataclass(frozen=True)
class Bounds:
    """What the gates allow."""

    tolerated_loss: float = 0.15
    """Of the champion's nDCG@10: the interval of the difference must not reach below it."""
    calibration_error: float = 0.05
    """Highest expected calibration error of orders on the test period."""
    slice_loss: float = 0.1
    """Of the champion's nDCG@10 in a slice: a slice that is certainly worse by more than that stops a version."""
    effective_sample: float = 100.0
    """An off-policy estimate that rests on fewer effective observations stops nobody."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a version. Figures are `{"value", "low", "high"}`, 95 %, on data that it had not seen."""

    own: Document
    """Its figures by metric."""
    random: Document
    """Those of a random order on the same question."""
    against: Document | None
    """By how much it is better than the champion, diner by diner; None where the market has no champion."""
    champion: Document | None
    """The champion's figures on the same question."""
    calibration: Document
    """Its calibration errors by name; empty where nothing could be measured."""
    checks: tuple[Document, ...] = ()
    """Behavioural checks: `{"name", "passed", "explanation"}`."""
    regressions: tuple[Document, ...] = ()
    """Slices in which it is worse than the champion on the same question: `models.slices.comparison.Regression`."""
    estimate: Document | None = None
    """Off-policy: by how many orders a list the version is better than what was served, `{"value", "low", "high",
    "ess", "refused"}`."""


Gate = Callable[[Evidence, Bounds], Iterator[str]]
"""Reasons against the version; none where it may pass."""


def knows_something(evidence: Evidence, _: Bounds) -> Iterator[str]:
    """Better than a random order, with certainty."""
    own, floor = evidence.own.get(ACCURACY), evidence.random[ACCURACY]
    if own is None:
        yield f"it has no {ACCURACY}: nothing was measured"
    elif own["low"] <= floor["high"]:
        yield f"its {ACCURACY} of {_shown(own)} is not certainly above that of a random order, {_shown(floor)}"


def not_worse_than_the_champion(evidence: Evidence, bounds: Bounds) -> Iterator[str]:
    """Neither certainly worse, nor possibly by more than the tolerated loss."""
    if evidence.against is None or evidence.champion is None:
        return
    gain, champion = evidence.against[ACCURACY], evidence.champion[ACCURACY]
    floor = -bounds.tolerated_loss * champion["value"]
    if gain["high"] < 0.0:
        yield f"its {ACCURACY} is worse than the champion's by {_shown(gain, -1)}, on the same diners"
    elif gain["low"] < floor:
        yield (
            f"a loss of more than {bounds.tolerated_loss:.0%} of the champion's {ACCURACY} ({champion['value']:.4f}) "
            f"cannot be excluded: the difference is {_shown(gain)}"
        )


def not_worse_in_a_slice(evidence: Evidence, bounds: Bounds) -> Iterator[str]:
    """Nor certainly by more than the tolerated loss in some part of the market, whatever the mean says.

    That many slices were looked at is corrected for when they are found; the interval's low end is held to the bound.
    """
    for one in evidence.regressions:
        if one["low"] > bounds.slice_loss * one["before"]:
            yield (
                f"where {' and '.join(one['conditions'])}, its {ACCURACY} is worse than the champion's by "
                f"{_shown({**one, 'value': one['loss']})}, which is certainly more than {bounds.slice_loss:.0%} of "
                f"{one['before']:.4f} ({one['n']:,} held-out questions)"
            )


def calibrated(evidence: Evidence, bounds: Bounds) -> Iterator[str]:
    """Its probabilities may be used for prices."""
    error = evidence.calibration.get("order_ece")
    if error is not None and error["low"] > bounds.calibration_error:
        yield f"its calibration error of orders, {_shown(error)}, is above {bounds.calibration_error:g}"


def behaves(evidence: Evidence, _: Bounds) -> Iterator[str]:
    """All behavioural checks."""
    for check in evidence.checks:
        if not check["passed"]:
            yield f"check {check['name']!r}: {check['explanation']}"


def not_worse_off_policy(evidence: Evidence, bounds: Bounds) -> Iterator[str]:
    """The log's own diners would not have ordered less, as far as it can tell."""
    estimate = evidence.estimate
    if estimate is None or estimate.get("refused") or estimate["ess"] < bounds.effective_sample:
        return
    if estimate["high"] < 0.0:
        yield f"off-policy, it would bring fewer orders a list than what was served: {_shown(estimate)}"


GATES: Final[tuple[Gate, ...]] = (
    knows_something,
    not_worse_than_the_champion,
    not_worse_in_a_slice,
    calibrated,
    behaves,
    not_worse_off_policy,
)


def judge(evidence: Evidence, bounds: Bounds | None = None, gates: tuple[Gate, ...] = GATES) -> Verdict:
    """All gates' reasons together."""
    reasons = tuple(reason for gate in gates for reason in gate(evidence, bounds or Bounds()))
    return Verdict(not reasons, reasons)


def _shown(figure: Figure, sign: int = 1) -> str:
    value, ends = sign * figure["value"], sorted((sign * figure["low"], sign * figure["high"]))
    return f"{value:.4f} [{ends[0]:.4f}, {ends[1]:.4f}]"
