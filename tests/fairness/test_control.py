"""The controllers: identities, the projection against its optimum, and how fast a disparity falls."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from models.fairness.control import (
    Ledger,
    days_counted,
    fairco_errors,
    mmf_prices,
    project,
    quota_shortfall,
    shortfalls,
)

SIZES = st.integers(2, 6)
AMOUNTS = st.floats(0.01, 1e6)


@st.composite
def had(draw):
    size = draw(SIZES)
    return tuple(draw(arrays(np.float64, size, elements=AMOUNTS)) for _ in range(2))


@given(had(), st.floats(1e-3, 1e3), st.floats(0.0, 30.0))
def test_what_is_owed_does_not_depend_on_the_traffic(pair, volume, days):
    exposure, merit = pair
    expected = fairco_errors(exposure, merit, days)
    np.testing.assert_allclose(fairco_errors(volume * exposure, volume * merit, days), expected, atol=1e-9)


@given(st.floats(0.0, 400.0), st.floats(0.0, 400.0), st.floats(0.5, 365.0))
def test_days_add_up_as_they_are_forgotten(first, second, half_life):
    decayed = days_counted(first, half_life) * 0.5 ** (second / half_life)
    whole = days_counted(first + second, half_life)
    assert whole == pytest.approx(decayed + days_counted(second, half_life), rel=1e-9, abs=1e-12)
    assert whole <= min(first + second, half_life / np.log(2.0)) * (1.0 + 1e-12)


@given(SIZES, AMOUNTS, AMOUNTS)
def test_groups_that_are_treated_alike_are_owed_nothing(size, rate, scale):
    merit = scale * np.arange(1.0, size + 1)
    assert fairco_errors(rate * merit, merit, 100) == pytest.approx(np.zeros(size), abs=1e-6 * rate * scale)


@given(had(), st.randoms())
def test_a_group_is_owed_the_same_whatever_its_name(pair, random):
    exposure, merit = pair
    order = list(range(len(merit)))
    random.shuffle(order)
    for controller in (lambda e, m: fairco_errors(e, m, 100), lambda e, m: mmf_prices(e, m, 50.0, 0.1)):
        expected = controller(exposure, merit)[order]
        np.testing.assert_allclose(controller(exposure[order], merit[order]), expected, rtol=1e-9, atol=1e-12)


@given(had(), st.floats(0.1, 10.0))
def test_shortfalls_have_no_unit_and_the_best_off_has_none(pair, scale):
    exposure, merit = pair
    found = shortfalls(exposure, merit)
    assert ((found >= 0.0) & (found <= 1.0)).all()
    assert found.min() == 0.0
    np.testing.assert_allclose(shortfalls(scale * exposure, merit / scale), found, atol=1e-12)


def test_nobody_is_owed_where_nothing_was_shown_or_has_merit():
    none, some = np.zeros(3), np.asarray([1.0, 2.0, 0.0])
    for exposure, merit in ((none, some), (some, none), (none, none)):
        assert fairco_errors(exposure, merit, 10).tolist() == [0.0] * 3
    assert mmf_prices(none, some, 10.0, 0.1).tolist() == [0.0] * 3
    assert fairco_errors(some, some, 10)[2] == 0.0


def test_a_group_of_next_to_no_merit_does_not_make_all_others_owed():
    assert shortfalls(np.asarray([1.0, 100.0]), np.asarray([1e-12, 100.0]))[1] < 0.6


@given(had(), st.floats(0.0, 2.0))
def test_the_projection_is_inside_the_set_and_stays_there(pair, weight):
    rho, prices = pair[0] / pair[0].sum(), pair[1] / 1e3 - 500.0
    inside = project(prices, rho, weight)
    assert np.minimum(rho * inside, 0.0).sum() >= -weight - 1e-9
    np.testing.assert_allclose(project(inside, rho, weight), inside, atol=1e-9)


@given(
    SIZES.flatmap(
        lambda size: st.tuples(
            arrays(np.float64, size, elements=st.floats(0.1, 1.0)), arrays(np.float64, size, elements=st.floats(-2, 2))
        )
    ),
    st.floats(0.05, 1.0),
)
def test_the_projection_is_the_nearest_point_of_the_set(pair, weight):
    """Against a general solver: split into positive and negative parts the set is a simplex."""
    rho, prices = pair
    wanted, size = rho * prices, len(rho)
    assume(np.minimum(wanted, 0.0).sum() < -weight - 1e-3)
    solved = minimize(
        lambda parts: np.sum((parts[:size] - parts[size:] - wanted) ** 2),
        np.zeros(2 * size),
        jac=lambda parts: np.concatenate([d := 2 * (parts[:size] - parts[size:] - wanted), -d]),
        bounds=[(0.0, None)] * (2 * size),
        constraints={"type": "ineq", "fun": lambda parts: weight - parts[size:].sum()},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    own = np.sum((rho * project(prices, rho, weight) - wanted) ** 2)
    assert own <= solved.fun + 1e-6


def test_all_lifts_of_p_mmf_together_are_bounded_by_the_gain():
    exposure, merit = np.asarray([99.0, 1.0, 0.0]), np.asarray([1.0, 1.0, 1.0])
    for lists in (1.0, 1e3, 1e9):
        prices = mmf_prices(exposure, merit, lists, 0.2)
        assert -np.minimum(prices * (4.0 / 3.0) / 3.0, 0.0).sum() <= 0.2 + 1e-12
    assert prices[0] > 0.0 > prices[2]


@given(st.floats(0.0, 1.0), st.floats(0.0, 100.0), st.floats(0.0, 0.5))
def test_a_quota_is_missed_by_a_share(share, total, quota):
    found = quota_shortfall(share * total, total, quota)
    assert 0.0 <= found <= 1.0
    if share >= quota:
        assert found == pytest.approx(0.0, abs=1e-9)


@given(had())
def test_a_ledger_survives_json_bit_for_bit(pair):
    ledger = Ledger(tuple("abcdef"[: len(pair[0])]), *pair, newcomers=1.0 / 3.0, lists=0.1, days=1.0 / 7.0)
    again = Ledger.read(ledger.document())
    assert again.document() == ledger.document()


class StationaryWorld:
    """Restaurants of fixed relevance whose scores are biased against groups; lists of ten are cut off a noisy order."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.codes = np.arange(120) % 4
        self.relevance = self.rng.uniform(0.05, 0.3, 120)
        self.bias = np.asarray([0.0, -0.03, -0.06, -0.09])[self.codes]
        self.looks = 1.0 / np.log2(np.arange(2, 12))
        self.merit = np.bincount(self.codes, self.relevance)

    def live(self, lists: int, control) -> np.ndarray:
        """(lists,) min/max exposure per merit after each list; `control(exposure, merit, lists)` gives (G,) lifts."""
        exposure, ratios = np.zeros(4), []
        for number in range(1, lists + 1):
            noisy = self.relevance + self.bias + self.rng.normal(0.0, 0.05, 120)
            shown = np.argsort(-(noisy + control(exposure, number * self.merit, number)[self.codes]))[:10]
            exposure = exposure + np.bincount(self.codes[shown], self.looks, 4)
            rates = exposure / self.merit
            ratios.append(rates.min() / rates.max())
        return np.asarray(ratios)


def fairco(exposure: np.ndarray, merit: np.ndarray, lists: int) -> np.ndarray:
    """At 250 lists a day."""
    return 0.1 * fairco_errors(exposure, merit, lists / 250.0)


def test_a_disparity_falls_as_one_over_time():
    """Slope of log disparity over log lists; the mean over worlds of what is left, since one world's is noise."""
    at = np.unique(np.geomspace(300, 6_000, 12).astype(int))
    left = np.mean([1.0 - StationaryWorld(seed).live(6_000, fairco)[at - 1] for seed in range(6)], axis=0)
    slope = np.polyfit(np.log(at), np.log(left), 1)[0]
    assert -1.2 <= slope <= -0.8


def test_without_control_the_disparity_stays():
    left = 1.0 - StationaryWorld(0).live(1_500, lambda *_: np.zeros(4))
    assert left[-1] > 0.5
    assert abs(left[-1] - left[500]) < 0.05


def test_p_mmf_lifts_the_least_share():
    """The direction of the paper's result: max-min fairness up, at a small part of the score."""
    before = StationaryWorld(1).live(3_000, lambda *_: np.zeros(4))
    after = StationaryWorld(1).live(3_000, lambda exposure, merit, lists: -mmf_prices(exposure, merit, lists, 0.1))
    assert after[-1] > 0.7 > before[-1]
