"""The gate of fairness: what it stops, in which words, and what it lets pass."""

from typing import Any

import numpy as np
import pytest

from models.fairness.frames import compare_diners
from models.fairness.groups import Groups
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
            "restaurants of kind new get 0.500 [0.366, 0.648] of the exposure of chain: at least 0.8",
        ),
        (
            FairnessBounds(greatest_quality_gap=0.02),
            "diners of age old have ndcg@10 lower than those of young by 0.100 [0.029, 0.171]: at most 0.02",
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


def test_groups_that_are_alike_stop_nobody_however_many_there_are() -> None:
    """The bootstrap's own interval of the gap of eight such groups mostly is above 0; a stop is rare all the same."""
    stops, above = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        groups = Groups.of("area", rng.integers(0, 8, 400).astype(str).tolist(), fewest=20)
        found = compare_diners("ndcg@10", rng.beta(0.7, 1.3, 400), groups, draws=200, permutations=1, seed=seed)
        assert found is not None
        above += found.gap.low > 0.05
        stops += bool(gates([], [found.document()], FairnessBounds(greatest_quality_gap=0.0)))

    assert above > 30
    assert stops <= 9  # 5 % are 3


def test_a_gap_that_is_there_stops_a_version_among_many_groups() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 8, 4_000)
    groups = Groups.of("area", codes.astype(str).tolist(), fewest=20)
    values = rng.beta(0.7, 1.3, 4_000) + np.where(codes == 3, -0.2, 0.0)
    found = compare_diners("ndcg@10", values, groups, draws=200, permutations=1)
    assert found is not None

    [reason] = gates([], [found.document()], FairnessBounds(greatest_quality_gap=0.1))

    assert reason.startswith("diners of area 3 have ndcg@10 lower than those of")


@pytest.mark.parametrize(
    ("groups", "stops"),
    [
        ((("chain", 4.0, 3.5, 4.5), ("new", 0.0, 0.0, 0.0)), True),
        ((("chain", 4.0, 3.5, 4.5), ("new", 0.0, 0.0, 3.4)), False),
        ((("chain", 4.0, 0.0, 9.0), ("new", 0.1, 0.0, 0.2)), False),
        ((("chain", 0.0, 0.0, 0.0), ("new", 0.0, 0.0, 0.0)), False),
    ],
)
def test_groups_that_are_hardly_shown_are_judged_too(
    groups: tuple[tuple[str, float, float, float], ...], stops: bool
) -> None:
    shown = comparison("exposure", *groups, side="restaurants", attribute="kind")

    assert bool(gates([], [shown], FairnessBounds(least_exposure_ratio=0.8))) is stops


def test_other_gates_keep_their_word() -> None:
    stopped = Verdict(False, ("it knows nothing",))

    assert with_fairness(stopped, [], [QUALITY]).reasons == ("it knows nothing",)
    assert not with_fairness(stopped, [], [QUALITY]).passed
    assert with_fairness(Verdict(True, ()), [], [QUALITY]).passed
