"""The blend that may also sell places of the list itself, against all layouts and against an assignment solver."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markets import Market, admitted, markets, often, patterns
from scipy.optimize import linear_sum_assignment

from services.ads.blend import AdRules, Bids, Layout, ad_values, blend
from services.ads.no_repeat import MOST_SETS, _all_sets, _contenders, blend_no_repeat
from services.ads.prices import vcg_prices


def brute_force(values: np.ndarray, bids: Bids, weights: np.ndarray, rules: AdRules) -> float:
    """W of the best of all layouts in which nobody appears twice."""
    k = min(len(weights), len(values))
    best = -np.inf
    for slots in patterns(k, rules):
        for chosen in permutations(admitted(values, bids, rules), len(slots)):
            entries = dict(zip(slots, chosen, strict=True))
            taken = {int(bids.rows[one]) for one in chosen}
            organic = iter(value for row, value in enumerate(values) if row not in taken)
            total = 0.0
            for slot in range(k):
                if slot in entries:
                    one = entries[slot]
                    money = rules.money * bids.clicks[one] * bids.bids[one]
                    total += weights[slot] * (values[bids.rows[one]] - rules.label_cost + money)
                else:
                    total += weights[slot] * next(organic)
            best = max(best, total)
    return best


def by_assignment(values: np.ndarray, bids: Bids, weights: np.ndarray, rules: AdRules) -> float:
    """The same by the Hungarian method, pattern by pattern: restaurants x slots, paid or unpaid by the slot."""
    k = min(len(weights), len(values))
    paid = np.full(len(values), -np.inf)
    for one in admitted(values, bids, rules):
        money = rules.money * bids.clicks[one] * bids.bids[one]
        paid[bids.rows[one]] = values[bids.rows[one]] - rules.label_cost + money
    best = -np.inf
    for slots in patterns(k, rules):
        gain = np.outer(values, weights[:k])
        for slot in slots:
            gain[:, slot] = np.where(np.isfinite(paid), paid * weights[slot], -1e9)
        rows, columns = linear_sum_assignment(gain, maximize=True)
        best = max(best, float(gain[rows, columns].sum()))
    return best


@often
@given(markets(most_slots=6))
def test_no_layout_is_better(market: Market) -> None:
    assert blend_no_repeat(*market).welfare == pytest.approx(brute_force(*market), abs=1e-12)


@often
@given(markets(most_slots=9))
def test_no_assignment_is_better(market: Market) -> None:
    """An assignment may put the organic ones in any order."""
    assert blend_no_repeat(*market).welfare == pytest.approx(by_assignment(*market), abs=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_no_assignment_is_better_in_a_list_of_twenty(seed: int) -> None:
    """Long enough that most sets of ads are ruled out by their bound."""
    rng = np.random.default_rng(seed)
    campaigns = 12
    bids = Bids(
        rows=np.concatenate([rng.permutation(20)[:8], 20 + rng.permutation(20)[:4]]),
        clicks=rng.uniform(0.1, 0.4, campaigns),
        bids=rng.uniform(5.0, 80.0, campaigns),
        reserves=np.full(campaigns, 5.0),
    )
    market = (
        -np.sort(-rng.beta(2.0, 10.0, 40)),
        bids,
        np.arange(1, 21) ** -float(rng.choice([0.2, 1.0])),
        AdRules(money=float(rng.choice([0.0005, 0.002, 0.02])), first_slot=2, gap=4, cap=3 + seed % 2),
    )

    assert blend_no_repeat(*market).welfare == pytest.approx(by_assignment(*market), abs=1e-9)


@often
@given(markets())
def test_the_rules_hold_and_the_unlabelled_order_stays(market: Market) -> None:
    values, bids, weights, rules = market
    k = min(len(weights), len(values))
    layout = blend_no_repeat(*market)

    assert tuple(layout.slots.tolist()) in patterns(k, rules)
    assert set(layout.campaigns.tolist()) <= set(admitted(values, bids, rules))
    assert bids.rows[layout.campaigns].tolist() == layout.rows[layout.slots].tolist()
    assert len(set(layout.rows.tolist())) == len(layout.rows) == k
    unlabelled = np.delete(layout.rows, layout.slots).tolist()
    taken = set(layout.rows[layout.slots].tolist())
    assert unlabelled == [row for row in range(len(values)) if row not in taken][: len(unlabelled)]
    worth = values[layout.rows]
    worth[layout.slots] += rules.money * (bids.clicks * bids.bids)[layout.campaigns] - rules.label_cost
    assert layout.welfare == pytest.approx(float(worth @ weights[:k]), abs=1e-12)


@often
@given(markets())
def test_it_is_never_worse_than_the_blend_and_the_same_where_nobody_of_the_list_bids(market: Market) -> None:
    values, bids, weights, rules = market
    k = min(len(weights), len(values))
    assert blend_no_repeat(*market).welfare >= blend(*market).welfare - 1e-12

    below = bids.rows >= k
    outside = Bids(bids.rows[below], bids.clicks[below], bids.bids[below], bids.reserves[below])
    both = [solve(values, outside, weights, rules) for solve in (blend, blend_no_repeat)]
    assert both[0].rows.tolist() == both[1].rows.tolist()
    assert both[0].welfare == pytest.approx(both[1].welfare, abs=1e-12)


@often
@given(markets())
def test_without_a_price_for_money_the_list_is_the_organic_one(market: Market) -> None:
    values, bids, weights, rules = market
    layout = blend_no_repeat(values, bids, weights, replace(rules, money=0.0))
    assert layout.rows.tolist() == list(range(min(len(weights), len(values))))
    assert layout.welfare == layout.organic_welfare


@often
@given(markets())
def test_prices_lie_between_reserve_and_bid(market: Market) -> None:
    bids = market[1]
    layout = blend_no_repeat(*market)
    prices = vcg_prices(*market, layout, blend_no_repeat)
    assert np.all(bids.reserves[layout.campaigns] <= prices)
    assert np.all(prices <= bids.bids[layout.campaigns])


@often
@given(markets(), st.floats(1.0, 20.0))
def test_more_weight_on_money_never_lowers_expected_fees(market: Market, factor: float) -> None:
    values, bids, weights, rules = market

    def fees(layout: Layout) -> float:
        return float((weights[layout.slots] * (bids.clicks * bids.bids)[layout.campaigns]).sum())

    more = blend_no_repeat(values, bids, weights, replace(rules, money=rules.money * factor))
    assert fees(more) >= fees(blend_no_repeat(*market)) - 1e-9


def test_a_restaurant_of_the_list_pays_to_stand_higher() -> None:
    values, weights = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1.0, 0.5, 0.25])
    bids = Bids(np.array([2]), np.ones(1), np.ones(1), np.zeros(1))
    rules = AdRules(money=1.0, first_slot=1, gap=1, cap=1)

    assert blend_no_repeat(values, bids, weights, rules).rows.tolist() == [2, 0, 1]
    assert blend(values, bids, weights, rules).rows.tolist() == [0, 1, 2]
    assert ad_values(values, bids, rules).tolist() == [1.7]


def test_more_weight_on_money_may_mean_fewer_ads() -> None:
    """The better payer leaves the last place, where it was an ad as well, and takes the first from the other one."""
    values, weights = np.array([1.0, 0.5, 0.5]), np.array([1.0, 0.5, 0.05])
    bids = Bids(np.array([0, 2]), np.ones(2), np.array([0.9, 1.5]), np.zeros(2))
    sold = {0.2: {0: 0, 2: 1}, 1.0: {0: 1}, 10.0: {0: 1, 2: 0}}

    for money, expected in sold.items():
        layout = blend_no_repeat(values, bids, weights, AdRules(money=money, first_slot=1, gap=2, cap=2))
        assert dict(zip(layout.slots.tolist(), layout.campaigns.tolist(), strict=True)) == expected


def test_with_more_sets_than_can_be_tried_it_is_still_a_layout_no_worse_than_the_blend() -> None:
    rng = np.random.default_rng(0)
    rows = rng.permutation(80)[:60]
    bids = Bids(rows, rng.uniform(0.1, 0.4, 60), rng.uniform(5.0, 80.0, 60), np.full(60, 5.0))
    market = (-np.sort(-rng.beta(2.0, 10.0, 80)), bids, np.arange(1, 51) ** -0.5, AdRules(money=0.002, gap=2, cap=6))
    layout = blend_no_repeat(*market)

    contenders = _contenders(market[0], ad_values(market[0], bids, market[3]), rows, 50, 6)
    assert len(_all_sets(len(contenders), 6).sizes) <= MOST_SETS
    assert len(set(layout.rows.tolist())) == 50
    assert layout.welfare > blend(*market).welfare


def test_more_ads_than_sets_can_be_tried_of_are_refused() -> None:
    values, weights = np.linspace(1.0, 0.5, 60), np.ones(50)
    bids = Bids(np.arange(40), np.ones(40), np.ones(40), np.zeros(40))

    with pytest.raises(ValueError, match="ads"):
        blend_no_repeat(values, bids, weights, AdRules(money=1.0, gap=1, cap=11))
