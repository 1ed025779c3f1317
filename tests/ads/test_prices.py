"""Prices: the textbooks' auctions, the interval from reserve to bid, and that lying does not pay."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import Market, markets, often

from services.ads.blend import AdRules, Bids, Layout, ad_values, blend
from services.ads.no_repeat import blend_no_repeat
from services.ads.prices import Solver, first_prices, gsp_prices, vcg_prices

solvers = pytest.mark.parametrize("solve", [blend, blend_no_repeat])
ONLY_MONEY = AdRules(money=1.0, first_slot=1, gap=1, cap=2)


def textbook(clicks: list[float], bids: list[float]) -> tuple[np.ndarray, Bids, np.ndarray, AdRules, Layout]:
    """A pure position auction for two slots: no restaurant is worth anything to the diner."""
    values, weights = np.zeros(2 + len(bids)), np.array(clicks)
    entered = Bids(np.arange(2, 2 + len(bids)), np.ones(len(bids)), np.array(bids), np.zeros(len(bids)))
    return values, entered, weights, ONLY_MONEY, blend(values, entered, weights, ONLY_MONEY)


def gsp_utility(clicks: list[float], bids: list[float], value: float) -> float:
    """What the first bidder is left with."""
    values, entered, _, rules, layout = textbook(clicks, bids)
    prices = gsp_prices(values, entered, rules, layout)
    mine = layout.campaigns == 0
    return float(((value - prices) * np.array(clicks)[layout.slots])[mine].sum())


def test_edelman_ostrovsky_schwarz() -> None:
    values, bids, clicks, rules, layout = textbook([200.0, 199.0], [10.0, 4.0, 2.0])
    vcg = vcg_prices(values, bids, clicks, rules, layout)

    assert gsp_prices(values, bids, rules, layout) @ clicks == pytest.approx(1198)
    assert vcg @ clicks == pytest.approx(800)
    assert vcg[0] == pytest.approx(2.01)
    assert first_prices(bids, layout).tolist() == [10.0, 4.0]


@pytest.mark.parametrize(
    ("clicks", "bids", "utility"),
    [
        ([200.0, 199.0], [10.0, 4.0, 2.0], 1200),
        ([200.0, 199.0], [3.0, 4.0, 2.0], 1592),
        ([300.0, 290.0], [10.0, 5.0, 3.0], 1500),
        ([300.0, 290.0], [4.0, 5.0, 3.0], 2030),
    ],
)
def test_under_gsp_shading_pays_as_in_the_textbooks(clicks: list[float], bids: list[float], utility: float) -> None:
    assert gsp_utility(clicks, bids, value=10.0) == pytest.approx(utility)


@often
@given(markets())
def test_prices_lie_between_reserve_and_bid(market: Market) -> None:
    values, bids, _, rules = market
    layout = blend(*market)

    for prices in (
        vcg_prices(*market, layout),
        gsp_prices(values, bids, rules, layout),
        first_prices(bids, layout),
    ):
        assert len(prices) == len(layout.campaigns)
        assert np.all(bids.reserves[layout.campaigns] <= prices)
        assert np.all(prices <= bids.bids[layout.campaigns])


@often
@given(markets())
def test_a_gsp_price_is_the_least_bid_that_keeps_the_place(market: Market) -> None:
    values, bids, _, rules = market
    layout = blend(*market)

    def place(campaign: int, bid: float) -> int:
        worth = ad_values(values, with_bid(bids, campaign, bid), rules)
        worth[bids.rows < len(layout.rows)] = -np.inf
        return int(np.count_nonzero(worth > worth[campaign])) if worth[campaign] > -np.inf else len(worth)

    for price, campaign in zip(gsp_prices(values, bids, rules, layout), layout.campaigns.tolist(), strict=True):
        bid, reserve = bids.bids[campaign], bids.reserves[campaign]
        if reserve < price < bid:
            assert place(campaign, min(price * (1 + 1e-6), bid)) == place(campaign, bid)
            assert place(campaign, price * (1 - 1e-6)) > place(campaign, bid)


def test_gsp_asks_for_what_the_label_costs_where_nobody_follows() -> None:
    values, weights = np.array([0.5, 0.5]), np.ones(1)
    bids = Bids(np.array([1]), np.array([0.5]), np.array([8.0]), np.zeros(1))
    rules = AdRules(money=0.1, first_slot=1, label_cost=0.1)

    assert gsp_prices(values, bids, rules, blend(values, bids, weights, rules)).tolist() == [2.0]


def test_gsp_needs_a_queue() -> None:
    values, weights = np.array([0.5, 0.4]), np.ones(2)
    bids = Bids(np.array([1]), np.ones(1), np.ones(1), np.zeros(1))
    rules = AdRules(money=1.0, first_slot=1)

    with pytest.raises(ValueError, match="queue"):
        gsp_prices(values, bids, rules, blend_no_repeat(values, bids, weights, rules))


@solvers
@often
@given(market=markets())
def test_where_money_has_no_price_nothing_is_sold_and_nothing_priced(solve: Solver, market: Market) -> None:
    values, bids, weights, rules = market
    free = replace(rules, money=0.0)
    layout = solve(values, bids, weights, free)

    assert vcg_prices(values, bids, weights, free, layout, solve).tolist() == []
    assert gsp_prices(values, bids, free, layout).tolist() == []
    assert first_prices(bids, layout).tolist() == []


@solvers
@settings(max_examples=150)
@given(market=markets())
def test_vcg_is_the_integral_of_myerson(solve: Solver, market: Market) -> None:
    _, bids, weights, _ = market
    layout = solve(*market)
    prices = vcg_prices(*market, layout, solve)
    assert len(prices) == len(layout.campaigns)  # losers pay nothing

    for price, slot, campaign in zip(prices, layout.slots, layout.campaigns, strict=True):
        reserve, bid = bids.reserves[campaign], bids.bids[campaign]
        steps = 100
        grid = reserve + (np.arange(steps) + 0.5) / steps * (bid - reserve)
        area = sum(clicks_at(solve, market, int(campaign), z) for z in grid) * (bid - reserve) / steps
        paid = price * weights[slot] * bids.clicks[campaign]
        full = bid * weights[slot] * bids.clicks[campaign]
        # The midpoint rule is off by half a step at most, times the jumps, which add up to the most clicks there are.
        assert paid == pytest.approx(full - area, abs=(bid - reserve) / steps * bids.clicks[campaign])


@solvers
@often
@given(market=markets(), lie=st.floats(0.0, 30.0))
def test_under_vcg_no_lie_pays_in_what_the_ad_is_worth(solve: Solver, market: Market, lie: float) -> None:
    for campaign, value in enumerate(market[1].bids.tolist()):
        assert surplus(solve, market, campaign, value, lie) <= surplus(solve, market, campaign, value, value) + 1e-9


def test_who_may_also_stand_in_the_list_for_nothing_may_gain_by_a_lie() -> None:
    values, weights = np.array([0.9, 0.5]), np.array([1.0, 0.5])
    rules = AdRules(money=0.1, first_slot=1)
    for bid, paid in ((5.0, [1.0]), (0.0, [])):
        bids = Bids(np.array([0]), np.ones(1), np.array([bid]), np.array([1.0]))
        layout = blend_no_repeat(values, bids, weights, rules)
        assert layout.rows.tolist() == [0, 1]
        assert vcg_prices(values, bids, weights, rules, layout, blend_no_repeat) == pytest.approx(paid)


@solvers
@often
@given(market=markets())
def test_a_vcg_price_does_not_depend_on_the_own_bid_while_the_list_stays(solve: Solver, market: Market) -> None:
    values, bids, weights, rules = market
    layout = solve(*market)
    prices = vcg_prices(*market, layout, solve)

    for price, campaign in zip(prices, layout.campaigns, strict=True):
        for factor in (0.99, 1.01):
            other = with_bid(bids, int(campaign), bids.bids[campaign] * factor)
            again = solve(values, other, weights, rules)
            if again.rows.tolist() == layout.rows.tolist() and again.slots.tolist() == layout.slots.tolist():
                repriced = vcg_prices(values, other, weights, rules, again, solve)[again.campaigns == campaign]
                assert repriced == pytest.approx(price, abs=1e-9)


def with_bid(bids: Bids, campaign: int, bid: float) -> Bids:
    changed = bids.bids.copy()
    changed[campaign] = bid
    return replace(bids, bids=changed)


def clicks_at(solve: Solver, market: Market, campaign: int, bid: float) -> float:
    """Expected clicks of a campaign's ad at another bid of its own."""
    values, bids, weights, rules = market
    layout = solve(values, with_bid(bids, campaign, bid), weights, rules)
    return float(weights[layout.slots[layout.campaigns == campaign]].sum() * bids.clicks[campaign])


def surplus(solve: Solver, market: Market, campaign: int, value: float, bid: float) -> float:
    """What a campaign that is worth `value` a click is left with by its ad when it bids `bid`."""
    values, bids, weights, rules = market
    changed = with_bid(bids, campaign, bid)
    layout = solve(values, changed, weights, rules)
    prices = vcg_prices(values, changed, weights, rules, layout, solve)
    mine = layout.campaigns == campaign
    return float(((value - prices) * weights[layout.slots])[mine].sum() * bids.clicks[campaign])
