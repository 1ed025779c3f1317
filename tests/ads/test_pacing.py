"""Pacing: properties of the step and of the plan, and what a simulated day reaches with them."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ads.measure_pacing import SHAPES, Case, simulate
from services.ads.pacing import Descent, Spending, Standing, planned_spend, step, todays_budgets
from services.ads.simulated_day import (
    DualPacer,
    Pacer,
    Rivals,
    SecondPrices,
    ThrottledPacer,
    Timing,
    best_values,
    draw_times,
    play,
)
from services.ads.simulated_lists import BlendedLists
from services.ads.throttling import LEAST, throttle
from services.ads.traffic import PRIOR, DayTraffic

RULE = Descent()
MINUTE = Timing(every=60.0, lag=RULE.lag_seconds)
SEEDS = st.integers(0, 2**32 - 1)
DAY = DayTraffic.of(date(2026, 3, 6), "Europe/London", PRIOR / PRIOR.sum())
EXTREMES = (0.0, 1e-12, 1.0, 250.0, 1e12)


def interval(rng: np.random.Generator, m: int = 8) -> Spending:
    """Money of ordinary sizes."""
    budgets = rng.uniform(100.0, 10_000.0, m)
    return Spending(
        spent=budgets * rng.uniform(-0.01, 0.05, m),
        planned=budgets * rng.uniform(0.0, 0.05, m),
        budgets=budgets,
        bids=rng.uniform(1.0, 100.0, m),
        unseen=rng.uniform(0.0, 0.1, m),
    )


def scaled(money: Spending, factor: float) -> Spending:
    names = ("spent", "planned", "budgets", "bids")
    return replace(money, **{name: factor * getattr(money, name) for name in names})


# -- the step


@given(SEEDS)
def test_who_spends_more_never_bids_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    money, multipliers = interval(rng), rng.uniform(0.0, 3.0, 8)
    higher = replace(money, spent=money.spent + money.budgets * rng.uniform(0.0, 0.05, 8))
    assert np.all(step(multipliers, higher, RULE) >= step(multipliers, money, RULE))
    ahead = replace(money, spent=money.planned + 0.001 * money.budgets)
    behind = replace(money, spent=money.planned - 0.001 * money.budgets)
    on_plan = replace(money, spent=money.planned)
    assert np.all(step(multipliers, ahead, RULE) > multipliers)
    assert np.all(step(multipliers, behind, RULE) < multipliers)
    assert step(multipliers, on_plan, RULE) == pytest.approx(multipliers)


@given(SEEDS, st.sampled_from([2.0**-20, 0.01, 100.0, 2.0**20]))
def test_the_currency_does_not_matter(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    money, multipliers = interval(rng), rng.uniform(0.0, 3.0, 8)
    mine, theirs = (step(multipliers, each, RULE) for each in (money, scaled(money, factor)))
    if np.log2(factor) % 1.0:
        assert theirs == pytest.approx(mine, rel=1e-9)
    else:
        assert np.array_equal(mine, theirs)


@given(SEEDS)
def test_an_interval_in_parts_is_the_same_descent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    money, multipliers = interval(rng), rng.uniform(0.5, 3.0, 8)
    unbound = replace(RULE, damping=1e12, most_step=1e12, most=1e12)
    part = rng.uniform(0.0, 1.0, 8)
    first = replace(money, spent=part * money.spent, planned=part * money.planned)
    second = replace(money, spent=(1 - part) * money.spent, planned=(1 - part) * money.planned)
    between = step(multipliers, first, unbound)
    whole = step(multipliers, money, unbound)
    # Where mu reached 0 on the way the parts differ: a bid is never above the bid.
    free = (between > 0.0) & (whole > 0.0)
    assert step(between, second, unbound)[free] == pytest.approx(whole[free])


@given(SEEDS)
def test_no_amount_makes_the_multiplier_leave_its_range(seed: int) -> None:
    spent, planned, budgets, bids, unseen = np.random.default_rng(seed).choice(EXTREMES, (5, 6))
    multipliers = np.asarray([0.0, 1e-9, 1.0, 7.0, 199.0, 200.0])
    moved = step(multipliers, Spending(spent, planned, budgets, bids, unseen), RULE)
    assert np.all((moved >= 0.0) & (moved <= RULE.most))
    nothing_to_pace = (budgets == 0.0) | (bids == 0.0)
    assert np.array_equal(moved[nothing_to_pace], multipliers[nothing_to_pace])


def test_a_multiplier_falls_to_nothing_and_rises_again() -> None:
    one = np.ones(1)
    idle = Spending(0.0 * one, 0.02 * one, one, one / 400, 0.001 * one)
    busy = replace(idle, spent=0.04 * one)
    multipliers = one
    for _ in range(10):
        multipliers = step(multipliers, idle, RULE)
    assert multipliers.tolist() == [0.0]
    for _ in range(10):
        multipliers = step(multipliers, busy, RULE)
    assert multipliers[0] > 0.5


# -- the plan


@given(SEEDS)
def test_who_keeps_to_the_plan_has_spent_all_when_the_traffic_ends(seed: int) -> None:
    rng = np.random.default_rng(seed)
    to_come = np.append(-np.sort(-rng.uniform(0.0, 1.0, 30)), 0.0)
    budget, left = np.full(1, 1000.0), np.full(1, 1000.0)
    noise = rng.uniform(0.0, 2.0, 29)
    for before, after, factor in zip(to_come[:-2], to_come[1:-1], noise, strict=True):
        left = left - factor * planned_spend(left, np.full(1, before), np.full(1, after))
    last = planned_spend(left, to_come[-2:-1], to_come[-1:])
    assert np.maximum(left, 0.0) == pytest.approx(last, abs=1e-9)
    assert np.all(planned_spend(budget, to_come[:1], to_come[1:2]) <= budget)


def test_an_error_is_spread_over_what_is_still_to_come() -> None:
    half, quarter = np.full(3, 0.5), np.full(3, 0.25)
    left = np.asarray([80.0, 50.0, -5.0])  # too little, the plan, and too much was spent in the first half
    assert planned_spend(left, half, quarter).tolist() == [40.0, 25.0, 0.0]


def test_without_traffic_nothing_is_planned() -> None:
    none = np.zeros(2)
    assert planned_spend(np.full(2, 10.0), none, none).tolist() == [0.0, 0.0]
    # A forecast that was corrected upwards in between is no reason to plan backwards.
    assert planned_spend(np.full(2, 10.0), np.full(2, 0.2), np.full(2, 0.3)).tolist() == [0.0, 0.0]


def test_the_tighter_of_two_budgets_paces() -> None:
    daily = np.asarray([100.0, 100.0, 100.0, 0.0, 100.0])
    total = np.asarray([1e6, 300.0, 30.0, 500.0, -20.0])
    today = np.ones(5)
    later = np.asarray([9.0, 9.0, 0.0, 9.0, 9.0])  # the third has no end: its total is a cap
    assert todays_budgets(daily, total, today, later).tolist() == [100.0, 30.0, 30.0, 0.0, 0.0]
    assert todays_budgets(daily[:1], total[:1], np.zeros(1), np.zeros(1)).tolist() == [100.0]


@given(SEEDS)
def test_a_total_is_spread_evenly_over_the_days_that_are_left(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days, left = int(rng.integers(1, 30)), np.full(1, float(rng.uniform(10.0, 1e6)))
    even = left / days
    for later in range(days - 1, -1, -1):
        budget = todays_budgets(np.full(1, 1e9), left, np.ones(1), np.full(1, float(later)))
        assert budget == pytest.approx(even)
        left = left - budget


# -- where campaigns stand


def standing(m: int = 1, **changes: float) -> Standing:
    """At 14:00, one minute after the last step, nothing spent."""
    fields = {
        "bids": 40.0,
        "daily": 1000.0,
        "total": 1e6,
        "begins": -np.inf,
        "ends": np.inf,
        "spent": 5000.0,
        "spent_today": 0.0,
        "multipliers": 2.0,
        "seen": 0.0,
        "updated": hour(14) - 60.0,
    }
    return Standing(**{name: np.full(m, value) for name, value in {**fields, **changes}.items()})


def hour(clock: float) -> float:
    return float(DAY.bounds[0] + 3600.0 * clock)


def after(now: float, **changes: float) -> float:
    return float(standing(**changes).next_multipliers(DAY, now, RULE)[0])


def test_a_new_campaign_starts_and_a_clock_that_goes_back_moves_nothing() -> None:
    assert after(hour(14), updated=np.nan) == RULE.start
    assert after(hour(14), updated=hour(15), spent_today=900.0) == 2.0
    assert after(hour(14), updated=hour(14)) == 2.0


def test_a_new_day_begins_with_its_own_budget() -> None:
    yesterday = {"updated": hour(-1), "seen": 990.0}
    assert after(hour(0.5), **yesterday) == pytest.approx(2.0, abs=0.1)  # the night is quiet, nothing was due
    assert after(hour(0.5), **yesterday, spent_today=300.0) > 2.0
    assert after(hour(14), **yesterday) < 2.0


def test_a_refund_lets_the_bid_rise() -> None:
    assert after(hour(14), seen=500.0, spent_today=400.0) < after(hour(14), seen=500.0, spent_today=500.0)


def test_the_later_charges_are_reckoned_to_come_the_less_is_made_of_them() -> None:
    def moved(lag_seconds: float) -> float:
        rule = replace(RULE, lag_seconds=lag_seconds)
        rich = standing(daily=100_000.0, spent_today=1_000.0)
        return float(rich.next_multipliers(DAY, hour(14), rule)[0])

    assert moved(0.0) > moved(600.0) > moved(3600.0) > 2.0


def test_only_the_part_of_the_day_in_which_it_runs_is_planned() -> None:
    spent = {"updated": hour(12), "spent_today": 200.0}
    assert after(hour(14), begins=hour(15)) == 2.0
    assert after(hour(14), ends=hour(13), updated=hour(13.5)) == 2.0
    until_three = after(hour(14), ends=hour(15), **spent)
    all_day = after(hour(14), **spent)
    assert until_three < all_day
    # What is due by two o'clock is less where the campaign began at one.
    assert after(hour(14), begins=hour(13), **spent) > after(hour(14), begins=hour(8), **spent)


def test_a_total_that_runs_out_before_the_daily_budget_paces() -> None:
    spent = {"spent_today": 10.0, "spent": 9_000.0, "total": 10_000.0}
    five_days = after(hour(14), ends=hour(24 * 6), **spent)
    assert five_days > after(hour(14), ends=hour(24), **spent)
    assert after(hour(14), **spent) == after(hour(14), ends=hour(24), **spent)


@given(SEEDS)
def test_no_standing_makes_the_multiplier_leave_its_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bids, daily, total, spent, spent_today, seen = rng.choice((*EXTREMES, -40.0), (6, 4))
    times = rng.choice([-np.inf, hour(-30), hour(0), hour(14), hour(23.9), hour(50), np.inf], (2, 4))
    updated = rng.choice([np.nan, hour(-30), hour(13.9), hour(14), hour(20)], 4)
    silent = replace(DAY, shares=np.eye(24)[int(rng.integers(24))])
    at_hand = Standing(bids, daily, total, *times, spent, spent_today, rng.uniform(0, 5, 4), seen, updated)
    for day in (DAY, silent):
        moved = at_hand.next_multipliers(day, hour(14), RULE)
        assert np.all((moved >= 0.0) & (moved <= RULE.most))


# -- the simulated day


@settings(max_examples=15)
@given(SEEDS, st.sampled_from(["dual", "throttling", "none"]), st.sampled_from([0.0, 60.0, 900.0]))
def test_no_day_costs_more_than_the_budget(seed: int, pacer: str, delay: float) -> None:
    rng = np.random.default_rng(seed)
    at = draw_times(rng, 400, SHAPES["two peaks"])
    auctions = SecondPrices(at, rng.exponential(1.0, (400, 3)), rng.exponential(1.0, (400, 3)), np.full(3, 8.0))
    budgets = rng.uniform(0.1, 60.0, 3)
    kinds = {"dual": DualPacer(budgets, auctions.highest_bids, RULE), "throttling": ThrottledPacer(budgets)}
    to_come = 1.0 - np.arange(1, 401) / 400
    outcome = play(auctions, kinds.get(pacer, Pacer(budgets)), to_come, rng, Timing(every=300.0, delay=delay))
    assert np.all((outcome.spent >= 0.0) & (outcome.spent <= budgets))
    # Nothing that a budget can buy is above what hindsight buys, whoever paces.
    best = best_values(auctions.values, auctions.prices, budgets)
    assert np.all(outcome.value <= best * (1.0 + 1e-9))


def test_hindsight_is_the_fractional_knapsack() -> None:
    values, prices = np.asarray([[4.0], [3.0], [9.0], [1.0]]), np.asarray([[1.0], [2.0], [6.0], [5.0]])
    bought = [best_values(values, prices, np.full(1, budget))[0] for budget in (0.0, 0.5, 1.0, 3.0, 6.0, 100.0)]
    assert bought == [0.0, 2.0, 4.0, 7.0, 11.5, 16.0]  # the last one is worth less than it costs


@pytest.mark.parametrize("timing", [Timing(), MINUTE], ids=["each-request", "each-minute"])
def test_pacing_the_bid_buys_nearly_what_hindsight_would(timing: Timing) -> None:
    result = simulate(Case(timing=timing), seed=1)
    assert result.value.min() >= 0.97
    assert result.pace_error.max() <= 0.02
    assert np.all((result.used > 0.99) & (result.used <= 1.0))


def test_throttling_is_even_but_wastes_value_and_no_pacing_is_neither() -> None:
    throttled, unpaced = (simulate(Case(pacer=pacer), seed=1) for pacer in ("throttling", "none"))
    assert throttled.pace_error.mean() < 0.1 < 0.5 < unpaced.pace_error.mean()
    assert max(throttled.value.mean(), unpaced.value.mean()) < 0.7


@pytest.mark.parametrize("shape", ["flat", "two peaks", "one hour"])
def test_the_plan_follows_the_traffic_whatever_its_shape(shape: str) -> None:
    result = simulate(Case(shape=shape), seed=1)
    assert result.value.min() >= 0.97
    assert result.pace_error.max() <= 0.03


def test_a_forecast_from_past_days_is_nearly_as_good() -> None:
    result = simulate(Case(history=28), seed=1)
    assert result.value.min() >= 0.97
    assert result.pace_error.max() <= 0.02 + result.plan_error
    assert result.plan_error < 0.02


@pytest.mark.parametrize(("delay", "worst", "pace"), [(60.0, 0.98, 0.025), (300.0, 0.95, 0.05)])
def test_charges_that_come_late_do_not_make_it_swing(delay: float, worst: float, pace: float) -> None:
    late = simulate(Case(timing=replace(MINUTE, delay=delay)), seed=1)
    assert late.value.min() >= worst
    assert late.pace_error.max() <= pace


def test_without_damping_late_charges_would_make_it_swing() -> None:
    rush = Case(shape="one hour", timing=replace(MINUTE, delay=300.0))
    damped, wild = (simulate(replace(rush, rule=rule), seed=1) for rule in (RULE, replace(RULE, damping=1e9)))
    assert wild.value.min() < 0.85 < 0.94 < damped.value.min()


def test_rivals_pay_the_second_price_once() -> None:
    values = np.asarray([[3.0, 2.0, 1.0], [1.0, 1.0, 5.0]])
    auctions = Rivals(np.asarray([1.0, 2.0]), values, np.asarray([0.5, 2.0]), np.full(3, 5.0), np.zeros((2, 3)))
    everyone = np.ones(3, np.bool_)
    gained, price = auctions.hold(0, np.asarray([1.0, 0.0, 0.0]), everyone)
    assert (gained.tolist(), price.tolist()) == ([0.0, 2.0, 0.0], [0.0, 1.5, 0.0])
    assert auctions.prices[0].tolist() == [2.0, 1.5, 2.0]
    assert auctions.hold(1, np.zeros(3), everyone)[1].tolist() == [0.0, 0.0, 2.0]
    assert auctions.hold(1, np.zeros(3), ~everyone)[1].tolist() == [0.0, 0.0, 0.0]


def test_in_real_lists_all_buy_more_for_the_same_money() -> None:
    def lists() -> BlendedLists:
        rng = np.random.default_rng(2)
        return BlendedLists.draw(rng, draw_times(rng, 4_000, SHAPES["city"]), 10)

    to_come, chance = 1.0 - np.arange(1, 4_001) / 4_000, np.random.default_rng(0)
    budgets = 0.3 * play(lists(), Pacer(np.full(10, 1e15)), to_come, chance).spent
    unpaced = play(lists(), Pacer(budgets), to_come, chance, MINUTE)
    paced = play(lists(), DualPacer(budgets, lists().highest_bids, RULE), to_come, chance, MINUTE)
    assert np.all(paced.spent <= budgets)
    assert paced.spent.sum() > 0.95 * unpaced.spent.sum()
    assert paced.value.sum() > 1.3 * unpaced.value.sum()
    assert paced.pace_error.mean() < 0.5 * unpaced.pace_error.mean()


@given(SEEDS)
def test_throttling_moves_by_a_tenth_and_stays_a_probability(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates, spent, passed = rng.uniform(LEAST, 1.0, 6), rng.uniform(0.0, 1.0, 6), rng.uniform(0.0, 1.0, 6)
    moved = throttle(rates, spent, passed)
    assert np.all((moved >= LEAST) & (moved <= 1.0))
    assert np.all(np.where(spent > passed, moved <= rates, moved >= rates))


@pytest.mark.long
@pytest.mark.parametrize("requests", [10_000, 40_000])
@pytest.mark.parametrize("every", [0.0, 10.0, 60.0])
def test_the_figures_hold_over_seeds(requests: int, every: float) -> None:
    timing = Timing(every=every, lag=RULE.lag_seconds if every else 0.0)
    results = [simulate(Case(requests=requests, timing=timing), seed) for seed in range(10)]
    assert min(float(result.value.min()) for result in results) >= 0.97
    assert float(np.mean([result.pace_error for result in results])) <= 0.02
