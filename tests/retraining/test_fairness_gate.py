"""The gate of fairness: what it stops, in which words, and what it lets pass."""

from typing import Any

import pytest

from services.releases.verdict import Verdict
from services.retraining.fairness_gate import FairnessBounds, gates, with_fairness


def comparison(measure: str, *groups: tuple[str, float, float, float], **changes: Any) -> dict[str, Any]:
    """Groups as (name, value, low, high)."""
    figures = [{"group": name, "n": 50, "value": v, "low": low, "high": high} for name, v, low, high in groups]
    values = [one["value"] for one in figures]
    wide = {"value": max(values) - min(values), "low": 0.05, "high": 0.3}
    ratio = {"value": 0.5, "low": 0.45, "high": 0.55}
    return {
        "side": "diners",
        "measure": measure,
        "attribute": "age",
        "groups": figures,
        "gap": wide,
        "ratio": ratio,
    } | (changes)


QUALITY = comparison("ndcg@10", ("old", 0.3, 0.25, 0.35), ("young", 0.4, 0.35, 0.45))
SHOWN = comparison("exposure", ("chain", 4.0, 3.5, 4.5), ("new", 2.0, 1.5, 2.5), side="restaurants", attribute="kind")


def test_an_equally_good_version_passes() -> None:
    level = comparison("ndcg@10 gained", ("old", -0.01, -0.05, 0.03), ("young", 0.0, -0.04, 0.04))

    assert gates([QUALITY, SHOWN], [QUALITY, level, SHOWN]) == []


def test_a_group_that_loses_is_named() -> None:
    lost = comparison("ndcg@10 gained", ("old", -0.1, -0.14, -0.06), ("young", 0.05, 0.0, 0.1))

    [reason] = gates([QUALITY], [QUALITY, lost])

    assert reason == (
        "diners of age old lose ndcg@10 -0.100 [-0.140, -0.060] to the champion's 0.300: 10% of it is tolerated"
    )
    assert gates([QUALITY], [QUALITY, lost], FairnessBounds(tolerated_loss=0.25)) == []
    assert gates([], [QUALITY, lost]) == []


def test_restaurants_that_fall_further_behind_are_named() -> None:
    worse = {**SHOWN, "ratio": {"value": 0.2, "low": 0.1, "high": 0.3}}

    [reason] = gates([SHOWN], [worse])

    assert reason.startswith("by kind, restaurants of new get 0.200 [0.100, 0.300] of the greatest exposure")
    assert gates([worse], [SHOWN]) == []


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (
            FairnessBounds(least_exposure_ratio=0.8),
            "restaurants of kind new get 0.500 [0.450, 0.550] of the exposure of",
        ),
        (
            FairnessBounds(greatest_quality_gap=0.04),
            "diners of age old have ndcg@10 lower than those of young by 0.100",
        ),
    ],
)
def test_bounds_hold_for_a_first_version_too(bounds: FairnessBounds, words: str) -> None:
    [reason] = gates([], [QUALITY, SHOWN], bounds)

    assert reason.startswith(words)


@pytest.mark.parametrize(
    "bounds", [FairnessBounds(least_exposure_ratio=0.5), FairnessBounds(greatest_quality_gap=0.06)]
)
def test_what_the_interval_leaves_open_stops_nobody(bounds: FairnessBounds) -> None:
    assert gates([], [QUALITY, SHOWN], bounds) == []


def test_other_gates_keep_their_word() -> None:
    stopped = Verdict(False, ("it knows nothing",))

    assert with_fairness(stopped, [], [QUALITY]).reasons == ("it knows nothing",)
    assert not with_fairness(stopped, [], [QUALITY]).passed
    assert with_fairness(Verdict(True, ()), [], [QUALITY]).passed
