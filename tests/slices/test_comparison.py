"""Two versions by slice: where the new one is worse is named, whatever the mean says, and equal ones pass."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from models.slices.cases import Cases, Feature
from models.slices.comparison import OPTIONS, compare_slices
from services.retraining.gates import Bounds, judge
from tests.retraining.test_gates import GOOD


def questions(seed: int, n: int = 1_500) -> tuple[Cases, np.ndarray]:
    """One held-out question a diner, by district and cuisine, and the older version's figures."""
    rng = np.random.default_rng(seed)
    features = (
        Feature.of_codes("cuisine", [f"cuisine={k}" for k in range(6)], rng.integers(0, 6, n)),
        Feature.of_codes("district", [f"district={k}" for k in range(4)], rng.integers(0, 4, n)),
    )
    return Cases(np.zeros(n), np.arange(n), features), rng.beta(1.0, 2.0, n)


def other_version(before: np.ndarray, seed: int) -> np.ndarray:
    """An equally good one, right where the other is wrong and the other way round."""
    rng = np.random.default_rng(seed)
    return np.clip(before + rng.normal(0.0, 0.15, len(before)), 0.0, 1.0)


def test_a_slice_that_got_worse_is_named_although_the_mean_got_better() -> None:
    cases, before = questions(1)
    bad = cases.features[0].holds(3, len(cases)) & cases.features[1].holds(0, len(cases))
    after = other_version(before, 2) + np.where(bad, -0.2, 0.05)
    found = compare_slices(before, after, cases)
    assert found.gain > 0.0
    assert [one.conditions for one in found.regressions] == [("cuisine=3", "district=0")]
    one = found.regressions[0]
    assert one.n == bad.sum()
    assert one.before == pytest.approx(before[bad].mean())
    assert one.after == pytest.approx(after[bad].mean())
    assert one.low < 0.2 < one.high
    assert "cuisine=3 and district=0" in one.sentence()


def test_a_version_that_is_worse_everywhere_is_worse_in_slices_too() -> None:
    cases, before = questions(3)
    assert compare_slices(before, other_version(before, 4) - 0.1, cases).regressions


def test_an_equally_good_version_has_hardly_ever_a_regression() -> None:
    false = 0
    for seed in range(100):
        cases, before = questions(seed)
        champion, challenger = other_version(before, seed + 1_000), other_version(before, seed)
        false += bool(compare_slices(champion, challenger, cases).regressions)
    assert stats.binomtest(false, 100, 0.05, alternative="greater").pvalue > 0.01, false


def test_the_gate_names_the_slice_and_lets_small_losses_pass() -> None:
    cases, before = questions(5)
    bad = cases.features[0].holds(1, len(cases))
    after = other_version(before, 6) - np.where(bad, 0.1, 0.0)
    documents = tuple(one.document() for one in compare_slices(before, after, cases, replace(OPTIONS)).regressions)
    verdict = judge(replace(GOOD, regressions=documents))
    assert not verdict.passed
    assert len(verdict.reasons) == 1
    assert "where cuisine=1, its ndcg@10 is worse than the champion's by 0.0" in verdict.reasons[0]
    assert judge(replace(GOOD, regressions=documents), Bounds(slice_loss=0.5)).passed
