"""P-MMF list by list: what it may show, how far from the best it stays, and what a greater weight does."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from models.fairness.control import project
from models.fairness.measure_mmf import lines, main, run
from models.fairness.mmf import Providers, p_mmf, worth

SEEDS = st.integers(0, 10_000)


def market(seed: int, lists: int, items: int = 12, providers: int = 3) -> tuple[np.ndarray, Providers]:
    """Scores that favour the first providers."""
    rng = np.random.default_rng(seed)
    of_item = np.sort(np.concatenate([np.arange(providers), rng.integers(0, providers, items - providers)]))
    scores = rng.uniform(0.05, 0.3, (lists, items)) + 0.2 * rng.random(providers)[of_item]
    return scores, Providers.with_slack(of_item)


def upper_bound(scores: np.ndarray, k: int, providers: Providers, weight: float) -> float:
    """The linear relaxation, solved with all lists known: no choice of lists is worth more."""
    t, n = scores.shape
    groups = len(providers.due)
    member = (providers.of_item[None] == np.arange(groups)[:, None]).astype(float)
    places = np.tile(member, (1, t))
    quotas = t * k * providers.due
    found = linprog(
        -np.append(scores.ravel() / t, weight),
        A_ub=np.block([[places, np.zeros((groups, 1))], [-places / quotas[:, None], np.ones((groups, 1))]]),
        b_ub=np.concatenate([quotas, np.zeros(groups)]),
        A_eq=np.hstack([np.kron(np.eye(t), np.ones(n)), np.zeros((t, 1))]),
        b_eq=np.full(t, k),
        bounds=[(0.0, 1.0)] * (t * n) + [(0.0, None)],
    )
    assert found.status == 0
    return -float(found.fun)


@given(SEEDS, st.integers(1, 40), st.integers(1, 6), st.sampled_from([0.0, 0.05, 0.5, 5.0]))
def test_lists_are_whole_and_nobody_has_more_than_is_due(seed: int, t: int, k: int, weight: float) -> None:
    scores, providers = market(seed, t)

    lists = p_mmf(scores, k, providers, weight)

    assert all(len(set(row)) == k for row in lists.tolist())
    assert (np.diff(np.take_along_axis(scores, lists, axis=1), axis=1) <= 0.0).all()
    # Who had all places is shown on only where the others have too few items: that needs a list with no more of them.
    had = np.zeros(len(providers.due))
    for row in lists:
        open_items = (t * k * providers.due - had >= 1.0)[providers.of_item]
        assert open_items[row].sum() == min(k, open_items.sum())
        had += np.bincount(providers.of_item[row], minlength=len(had))


@given(SEEDS, st.sampled_from([0.0, 0.1, 1.0]))
def test_no_lists_are_worth_more_than_the_relaxation(seed: int, weight: float) -> None:
    """Only where quotas can be kept: the relaxation has them, too few items may break them."""
    scores, providers = market(seed, 30)
    lists = p_mmf(scores, 3, providers, weight)
    if (providers.places(lists) <= 30 * 3 * providers.due).all():
        assert worth(scores, lists, providers).objective(weight) <= upper_bound(scores, 3, providers, weight) + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_the_relaxation_is_no_less_than_the_best_of_all_lists(seed: int) -> None:
    """Brute force: two lists of two among five items."""
    scores, providers = market(seed, 2, items=5, providers=2)
    sets = [np.asarray(chosen) for chosen in combinations(range(5), 2)]
    allowed = [
        lists
        for pair in product(sets, sets)
        if (providers.places(lists := np.stack(pair)) <= 2 * 2 * providers.due).all()
    ]
    best = max(worth(scores, lists, providers).objective(0.3) for lists in allowed)
    assert best <= upper_bound(scores, 2, providers, 0.3) + 1e-9
    lists = p_mmf(scores, 2, providers, 0.3)
    if (providers.places(lists) <= 2 * 2 * providers.due).all():
        assert worth(scores, lists, providers).objective(0.3) <= best + 1e-12


def test_what_is_missed_of_the_best_gets_less_with_more_lists() -> None:
    def missed(t: int) -> float:
        losses = []
        for seed in range(4):
            scores, providers = market(seed, t)
            found = worth(scores, p_mmf(scores, 3, providers, 0.3), providers).objective(0.3)
            losses.append(upper_bound(scores, 3, providers, 0.3) - found)
        return float(np.mean(losses))

    few, many = missed(25), missed(400)
    assert many < 0.7 * few
    assert many < 0.05


def test_a_greater_weight_gives_more_to_the_least_for_less_score() -> None:
    runs = [run(*market(seed, 300, items=60, providers=5), 5, (0.0, 0.01, 0.1), 0.03) for seed in range(4)]
    least = [np.mean([one[weight].least for one in runs]) for weight in runs[0]]
    score = [np.mean([one[weight].score for one in runs]) for weight in runs[0]]
    assert least[0] < least[1] < least[2] < least[3]
    assert score[0] > max(score[1:])
    assert score[2] > score[3]
    assert lines(runs)[2].startswith("| the best k | 0.00 % [0.00, 0.00] |")


@given(
    st.integers(2, 6).flatmap(
        lambda size: st.tuples(
            arrays(np.float64, size, elements=st.floats(0.1, 1.0)), arrays(np.float64, size, elements=st.floats(-3, 3))
        )
    ),
    st.floats(0.01, 2.0),
)
def test_the_projection_fulfils_the_conditions_of_karush_kuhn_and_tucker(
    pair: tuple[np.ndarray, np.ndarray], weight: float
) -> None:
    """min |y - w|^2 so that the negative parts add up to the weight at most: one multiplier, above 0 only at the bound,
    explains all that moved."""
    rho, prices = pair
    wanted = rho * prices
    found = rho * project(prices, rho, weight)
    used = -np.minimum(found, 0.0).sum()
    assert used <= weight + 1e-9
    moved = found - wanted
    assert (moved[wanted >= 0.0] == pytest.approx(0.0, abs=1e-12)) or not (wanted >= 0.0).any()
    multiplier = moved[found < -1e-12]
    if len(multiplier):
        assert multiplier == pytest.approx(np.full(len(multiplier), multiplier[0]), abs=1e-9)
        assert multiplier[0] >= -1e-12
        if multiplier[0] > 1e-9:
            assert used == pytest.approx(weight, abs=1e-9)
        # What came up to 0 had no farther to go than the multiplier.
        assert (-wanted[(wanted < 0.0) & (found >= -1e-12)] <= multiplier[0] + 1e-9).all()


def test_somebody_elses_scores_are_read_from_files(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, providers = market(0, 50)
    np.save(tmp_path / "scores.npy", scores)
    np.save(tmp_path / "providers.npy", providers.of_item)
    files = ["--scores", str(tmp_path / "scores.npy"), "--providers", str(tmp_path / "providers.npy")]

    assert main([*files, "--weights", "0.1", "--k", "3", "--lists", "40"]) == 0

    told = capsys.readouterr().out
    expected = worth(scores[:40], p_mmf(scores[:40], 3, providers, 0.1), providers).objective(0.1)
    assert f"W at weight 0.1: {expected:.4f}" in told


def test_what_cannot_be_shown_is_refused() -> None:
    scores, providers = market(0, 4)
    with pytest.raises(ValueError, match="k: a number of items from 1 to 12, not 13"):
        p_mmf(scores, 13, providers, 0.1)
    with pytest.raises(ValueError, match="provider 1 has no item"):
        Providers.with_slack(np.asarray([0, 2, 2]))
