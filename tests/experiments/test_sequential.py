"""Tests that may be looked at before their end: the promised false alarms under peeking, and the power that is left."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from models.experiments.estimate import Estimate, difference
from models.experiments.sequential import AlwaysValid, GroupSequential, naive_stop, spending

POSITIVE = st.floats(0.01, 100.0)
STREAMS = 2_000


def streams(rng: np.random.Generator, effect: float, looks: int, count: int = STREAMS) -> list[list[Estimate]]:
    """Estimates whose score is a Brownian motion with drift: `looks` of them until the standard error is 1."""
    steps = rng.normal(effect / looks, 1.0 / np.sqrt(looks), (count, looks))
    information = np.arange(1, looks + 1) / looks
    values = np.cumsum(steps, axis=1) / information
    errors = 1.0 / np.sqrt(information)
    return [[Estimate(float(x), float(s)) for x, s in zip(row, errors, strict=True)] for row in values]


def stopped(streams: list[list[Estimate]], stops) -> float:
    return float(np.mean([stops(looks) is not None for looks in streams]))


def test_peeking_spoils_a_test_for_one_look_and_neither_of_these() -> None:
    equal = streams(np.random.default_rng(1), 0.0, 100)
    weekly = GroupSequential.planned(np.arange(1, 11) / 10)
    bound = 3 * np.sqrt(0.05 * 0.95 / STREAMS)
    assert stopped(equal, naive_stop) > 0.3
    assert stopped(equal, AlwaysValid.planned(1.0).stops) <= 0.05
    assert abs(stopped([looks[9::10] for looks in equal], weekly.stops) - 0.05) < bound


@given(POSITIVE, st.floats(0.3, 3.0))
def test_always_valid_holds_whatever_effect_it_is_made_for(tau: float, scale: float) -> None:
    equal = streams(np.random.default_rng(2), 0.0, 30, 200)
    scaled = [[Estimate(scale * one.value, scale * one.standard_error) for one in looks] for looks in equal]
    assert stopped(scaled, AlwaysValid(tau).stops) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_diners_who_come_again_and_again_do_not_spoil_it() -> None:
    """Clusters that grow by a day at a look, with rates of their own, judged by the split's own estimate."""
    rng = np.random.default_rng(3)
    alarms, naive = [], []
    test = AlwaysValid.planned(0.05)
    for _ in range(300):
        keen = rng.beta(2.0, 2.0, 300)
        lists = rng.poisson(0.5, (28, 300)).astype(float)
        orders = rng.binomial(lists.astype(int), keen)
        mask = rng.random(300) < 0.5
        looks = [difference(*(v[: day + 1].sum(axis=0) for v in (orders, lists)), mask) for day in range(28)]
        alarms.append(test.stops(looks) is not None)
        naive.append(naive_stop(looks) is not None)
    assert np.mean(alarms) <= 0.05
    assert np.mean(naive) > 0.1


@given(POSITIVE, POSITIVE)
def test_the_evidence_is_one_on_average_where_there_is_nothing(tau: float, error: float) -> None:
    """The martingale's mean, by quadrature."""
    test = AlwaysValid(tau)

    def weighed(z: float) -> float:
        return float(np.exp(test.log_evidence(Estimate(z * error, error)) + stats.norm.logpdf(z)))

    edge = 12.0 * np.hypot(tau, error) / error
    mean, _ = integrate.quad(weighed, -edge, edge, limit=400, points=[0.0])
    assert mean == pytest.approx(1.0, rel=1e-4)


@given(st.floats(-6.0, 6.0), POSITIVE, st.floats(0.3, 10.0))
def test_the_interval_leaves_out_nothing_just_where_the_test_stops(z: float, error: float, wider: float) -> None:
    test, look = AlwaysValid(wider * error), Estimate(z * error, error)
    low, high = test.interval(look)
    reached = test.log_evidence(look) - np.log(1 / 0.05)
    if abs(reached) > 1e-9:
        assert (low > 0.0 or high < 0.0) == (reached > 0.0)


@given(st.floats(-5.0, 5.0), POSITIVE, POSITIVE)
def test_units_and_signs_do_not_matter(value: float, error: float, unit: float) -> None:
    one = AlwaysValid(1.0).log_evidence(Estimate(value, error))
    assert AlwaysValid(unit).log_evidence(Estimate(-unit * value, unit * error)) == pytest.approx(one)


def test_it_is_narrowest_where_it_was_planned_for() -> None:
    look = Estimate(0.0, 1.0)
    planned = AlwaysValid.planned(1.0)
    reach = planned.interval(look)[1]
    assert reach < min(AlwaysValid(planned.tau * factor).interval(look)[1] for factor in (0.7, 0.9, 1.1, 1.4))
    assert 2.5 < reach < 3.5  # what peeking costs: 1.96 for one look


def test_p_values_never_rise_and_nothing_is_known_before_the_first_diner() -> None:
    looks = [Estimate(0.0, 0.0), *streams(np.random.default_rng(4), 3.0, 50, 1)[0]]
    p_values = AlwaysValid(1.0).p_values(looks)
    assert p_values[0] == 1.0
    assert (np.diff(p_values) <= 0.0).all()
    assert AlwaysValid(1.0).interval(looks[0]) == (-np.inf, np.inf)


def test_intervals_hold_the_effect_at_all_looks_together() -> None:
    test = AlwaysValid.planned(1.0)
    held = [
        all(low <= 2.0 <= high for low, high in map(test.interval, looks))
        for looks in streams(np.random.default_rng(5), 2.0, 100)
    ]
    assert np.mean(held) >= 0.95


@pytest.mark.parametrize(
    ("looks", "bounds"),
    [
        (1, [1.9600]),
        (2, [2.9626, 1.9686]),
        (5, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
    ],
)
def test_bounds_are_the_published_ones(looks: int, bounds: list[float]) -> None:
    """Lan and DeMets' O'Brien-Fleming bounds, two-sided 5 %, as the package ldbounds prints them."""
    assert GroupSequential.planned(np.arange(1, looks + 1) / looks).bounds == pytest.approx(bounds, abs=2e-4)


def test_all_of_alpha_is_spent_at_the_end_and_hardly_any_before_the_middle() -> None:
    spent = spending(np.array([0.25, 0.5, 1.0]))
    assert spent[-1] == pytest.approx(0.05)
    assert (np.diff(spent) > 0.0).all()
    assert spent[1] < 0.005


def test_planned_looks_keep_nearly_all_the_power() -> None:
    effect = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    moved = streams(np.random.default_rng(6), effect, 28)
    group = stopped([looks[6::7] for looks in moved], GroupSequential.planned(np.arange(1, 5) / 4).stops)
    always = stopped(moved, AlwaysValid.planned(1.0).stops)
    assert stopped([looks[-1:] for looks in moved], naive_stop) == pytest.approx(0.8, abs=0.03)
    assert 0.75 < group < 0.83
    assert 0.4 < always < group


@pytest.mark.parametrize("shares", [[], [0.0, 1.0], [0.5, 0.5], [0.5, 1.2]])
def test_looks_that_do_not_rise_to_the_end_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="information"):
        GroupSequential.planned(shares)


def test_more_looks_than_planned_are_refused() -> None:
    with pytest.raises(ValueError, match="2 looks were planned"):
        GroupSequential.planned([0.5, 1.0]).stops([Estimate(0.0, 1.0)] * 3)
