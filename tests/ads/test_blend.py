"""The blend against all layouts there are, and what it promises to each side."""

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markets import Market, eligible, markets, often, patterns

from services.ads.blend import AdRules, Bids, Layout, ad_values, blend
from services.ads.no_repeat import blend_no_repeat
from services.ads.prices import Solver

solvers = pytest.mark.parametrize("solve", [blend, blend_no_repeat])


def brute_force(values: np.ndarray, bids: Bids, weights: np.ndarray, rules: AdRules) -> float:
    """W of the best of all layouts: every pattern, every order of the campaigns in it."""
    k = min(len(weights), len(values))
    campaigns = eligible(values, bids, k, rules)
    best = -np.inf
    for slots in patterns(k, rules):
        for chosen in permutations(campaigns, len(slots)):
            entries = dict(zip(slots, chosen, strict=True))
            organic = iter(values)
            total = 0.0
            for slot in range(k):
                if slot in entries:
                    campaign = entries[slot]
                    money = rules.money * bids.clicks[campaign] * bids.bids[campaign]
                    total += weights[slot] * (values[bids.rows[campaign]] - rules.label_cost + money)
                else:
                    total += weights[slot] * next(organic)
            best = max(best, total)
    return best


def fees(layout: Layout, bids: Bids, weights: np.ndarray) -> float:
    return float((weights[layout.slots] * (bids.clicks * bids.bids)[layout.campaigns]).sum())


@often
@given(markets(most_slots=6))
def test_no_layout_is_better(market: Market) -> None:
    assert blend(*market).welfare == pytest.approx(brute_force(*market), abs=1e-12)


@often
@given(markets())
def test_the_welfare_is_that_of_the_list(market: Market) -> None:
    values, bids, weights, rules = market
    layout = blend(*market)

    worth = values[layout.rows]
    worth[layout.slots] += rules.money * (bids.clicks * bids.bids)[layout.campaigns] - rules.label_cost
    assert layout.welfare == pytest.approx(float(worth @ weights[: len(worth)]), abs=1e-12)


@often
@given(markets())
def test_without_a_price_for_money_the_list_is_the_organic_one(market: Market) -> None:
    values, bids, weights, rules = market

    layout = blend(values, bids, weights, replace(rules, money=0.0))

    assert layout.rows.tolist() == list(range(min(len(weights), len(values))))
    assert layout.welfare == layout.organic_welfare


@pytest.mark.parametrize("seed", range(50))
def test_equals_are_not_sold_by_a_rounding_error(seed: int) -> None:
    weights = -np.sort(-np.random.default_rng(seed).uniform(0.05, 1.0, 6))
    values = np.full(12, 0.1)
    bids = Bids(np.arange(6, 12), np.ones(6), np.ones(6), np.zeros(6))

    layout = blend(values, bids, weights, AdRules(money=0.0, first_slot=1, gap=1, cap=4))

    assert layout.rows.tolist() == list(range(6))


@often
@given(markets())
def test_the_rules_hold(market: Market) -> None:
    values, bids, weights, rules = market
    k = min(len(weights), len(values))
    layout = blend(*market)

    assert tuple(layout.slots.tolist()) in patterns(k, rules)
    assert set(layout.campaigns.tolist()) <= set(eligible(values, bids, k, rules))
    assert bids.rows[layout.campaigns].tolist() == layout.rows[layout.slots].tolist()


@often
@given(markets())
def test_no_restaurant_comes_twice_and_money_never_changes_the_unlabelled_order(market: Market) -> None:
    layout = blend(*market)
    unlabelled = np.delete(layout.rows, layout.slots)

    assert len(set(layout.rows.tolist())) == len(layout.rows)
    assert unlabelled.tolist() == list(range(len(unlabelled)))


@often
@given(markets(), st.floats(1.0, 20.0))
def test_more_weight_on_money_never_lowers_expected_fees_nor_the_number_of_ads(market: Market, factor: float) -> None:
    values, bids, weights, rules = market
    less = blend(*market)
    more = blend(values, bids, weights, replace(rules, money=rules.money * factor))

    assert fees(more, bids, weights) >= fees(less, bids, weights) - 1e-9
    assert len(more.slots) >= len(less.slots)


def greedy(values: np.ndarray, bids: Bids, weights: np.ndarray, rules: AdRules) -> float:
    """W of the merge that takes the best ad wherever it beats the next organic entry and the rules allow it."""
    k = min(len(weights), len(values))
    queue = sorted(ad_values(values, bids, rules)[eligible(values, bids, k, rules)].tolist(), reverse=True)
    total, organic, shown, last = 0.0, 0, 0, -np.inf
    for slot in range(k):
        allowed = slot >= rules.first_slot - 1 and slot - last >= rules.gap and shown < min(rules.cap, len(queue))
        if allowed and queue[shown] > values[organic]:
            total, shown, last = total + weights[slot] * queue[shown], shown + 1, slot
        else:
            total, organic = total + weights[slot] * values[organic], organic + 1
    return total


@often
@given(markets())
def test_it_is_never_worse_than_the_greedy_merge(market: Market) -> None:
    assert blend(*market).welfare >= greedy(*market) - 1e-12


@solvers
@often
@given(market=markets())
def test_welfare_is_convex_and_rises_with_the_price_of_money(solve: Solver, market: Market) -> None:
    values, bids, weights, rules = market
    grid = np.linspace(0.0, 0.4, 21)
    welfare = np.array([solve(values, bids, weights, replace(rules, money=float(money))).welfare for money in grid])

    assert np.all(np.diff(welfare) >= -1e-12)
    assert np.all(np.diff(welfare, 2) >= -1e-12)


@solvers
@often
@given(market=markets(), factor=st.floats(1.0, 20.0))
def test_what_the_diner_gets_never_rises_with_the_price_of_money(solve: Solver, market: Market, factor: float) -> None:
    values, bids, weights, rules = market

    def diners_value(money: float) -> float:
        layout = solve(values, bids, weights, replace(rules, money=money))
        shown = values[layout.rows]
        shown[layout.slots] -= rules.label_cost
        return float(shown @ weights[: len(shown)])

    assert diners_value(rules.money * factor) <= diners_value(rules.money) + 1e-12


@solvers
@often
@given(market=markets())
def test_scaling_bids_up_and_the_price_of_money_down_changes_nothing(solve: Solver, market: Market) -> None:
    values, bids, weights, rules = market
    layout = solve(*market)
    for factor in (0.25, 4.0, 1024.0, 0.3, 100.0):
        scaled = Bids(bids.rows, bids.clicks, bids.bids * factor, bids.reserves * factor)
        same = solve(values, scaled, weights, replace(rules, money=rules.money / factor))
        assert same.rows.tolist() == layout.rows.tolist()
        assert same.slots.tolist() == layout.slots.tolist()
        if math.frexp(factor)[0] == 0.5:  # a power of two: not one bit of a product changes
            assert same.welfare == layout.welfare


@solvers
@often
@given(market=markets(), factor=st.floats(1.0, 5.0))
def test_a_higher_bid_never_gets_a_worse_slot(solve: Solver, market: Market, factor: float) -> None:
    values, bids, weights, rules = market

    def expected_clicks(bids: Bids, campaign: int) -> float:
        layout = solve(values, bids, weights, rules)
        return float(weights[layout.slots[layout.campaigns == campaign]].sum())

    for campaign in range(len(bids.rows)):
        higher = bids.bids.copy()
        higher[campaign] *= factor
        raised = Bids(bids.rows, bids.clicks, higher, bids.reserves)
        assert expected_clicks(raised, campaign) >= expected_clicks(bids, campaign) - 1e-12


@pytest.mark.parametrize(
    ("values", "rows", "weights", "named"),
    [
        ([0.1, 0.5, 0.4], [2], [1.0, 0.5], "values"),
        ([0.9, 0.5, 0.4], [2], [0.5, 1.0], "weights"),
        ([0.9, 0.5, 0.4], [2], [1.0, 0.0], "weights"),
        ([0.9, np.nan, 0.4], [2], [1.0, 0.5], "values"),
        ([0.9, 0.5, 0.4], [2], [np.nan], "weights"),
        ([0.9, 0.5, 0.4, 0.3, 0.2], [3, 3], [1.0, 0.5, 0.5], "bids"),
    ],
)
@solvers
def test_wrong_input_is_named(
    solve: Solver, values: list[float], rows: list[int], weights: list[float], named: str
) -> None:
    bids = Bids(np.array(rows), np.ones(len(rows)), np.ones(len(rows)), np.zeros(len(rows)))

    with pytest.raises(ValueError, match=named):
        solve(np.array(values), bids, np.array(weights), AdRules(money=1.0, gap=1))


@pytest.mark.parametrize("wrong", [{"money": -1.0}, {"money": np.nan}, {"label_cost": -0.1}, {"gap": 0}, {"cap": -1}])
def test_rules_without_a_meaning_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="|".join(wrong)):
        AdRules(**{"money": 1.0, **wrong})  # type: ignore[arg-type]


def test_the_gap_holds_where_the_first_ad_alone_would_stand_next_to_the_second() -> None:
    values, weights = np.array([1.0, 0.9, 0.2, 0.2, 0.1, 0.1]), np.array([1.0, 0.99, 0.98, 0.97])
    bids = Bids(np.array([4, 5]), np.ones(2), np.array([0.7, 0.6]), np.zeros(2))

    assert blend(values, bids, weights, AdRules(money=1.0, first_slot=1, gap=2, cap=1)).slots.tolist() == [2]
    assert blend(values, bids, weights, AdRules(money=1.0, first_slot=1, gap=2, cap=2)).slots.tolist() == [1, 3]
