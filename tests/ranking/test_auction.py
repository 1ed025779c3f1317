"""The auction of one list: who takes part, what is shown, what it costs, and what it leaves alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from selling import CALIBRATION, NOON, campaign, city, lists, offers, selling

from services.ads.book import UNHEARD, AdBook
from services.ads.campaign import MICRO
from services.events.sales import OUTCOMES
from services.ranking.auction import (
    Outcome,
    Selling,
    ShownList,
    hold_among,
    read_candidates,
    run_auction,
    shown_list,
    why_money_is_off,
)
from services.ranking.fairness import Lifts
from services.ranking.rank import PAYMENT, TERMS, RankedLists
from services.stakeholders.policy import AdPolicy, Eligibility, Pricing


def shown_with(ranked: RankedLists, k: int, bidders: object, **dials: object) -> ShownList:
    return shown_list(ranked, 0, run_auction(ranked.shortlists, 0, k, bidders, selling(**dials)))


@given(st.integers(0, 10_000), st.integers(1, 25), st.sampled_from([0.0005, 0.005, 0.05]), st.booleans())
def test_what_is_shown_adds_up_and_leaves_the_unlabelled_order_alone(
    seed: int, k: int, money: float, exploring: bool
) -> None:
    catalogue = city(60, seed)
    noise = {"gumbel": np.random.default_rng(seed).gumbel(size=(1, 40))} if exploring else {}
    ranked = lists(catalogue, k, seed, shortlist=40, **noise)
    bidders = offers(catalogue, [campaign(n, n * 3, bid=20 + 7 * n) for n in range(20)])

    shown = shown_with(ranked, k, bidders, money=money)

    total = np.zeros(len(shown.rows))
    for term in shown.terms:
        total = total + term
    assert (total == shown.scores).all()
    assert len(set(shown.rows.tolist())) == len(shown.rows) == min(k, 40)
    unlabelled = [row for place, row in enumerate(shown.rows.tolist()) if place not in shown.sponsors]
    assert unlabelled == ranked.rows[0, : len(unlabelled)].tolist()
    for place, bidder in shown.sponsors.items():
        assert bidders.book.campaigns[bidder].restaurant_id == catalogue.ids[shown.rows[place]]
        assert shown.organic_ranks[place] > k
        assert shown.terms[PAYMENT, place] > 0.0
        assert shown.propensities[place] == 1.0
    organic = [place for place in range(len(shown.rows)) if place not in shown.sponsors]
    assert (shown.terms[PAYMENT, organic] == 0.0).all()
    assert (shown.propensities[organic] == ranked.propensities[0, : len(organic)]).all()


@settings(max_examples=600)
@given(
    st.integers(0, 10_000),
    st.integers(1, 30),
    st.sampled_from(list(Pricing)),
    st.sampled_from([0.0005, 0.002, 0.005, 0.05]),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 5),
    st.sampled_from(
        [
            {},
            {"label_cost": 0.002, "reserve_click": 0, "reserve_order": 0},
            {"reserve_click": 60, "reserve_order": 60},
            {"value_floor": 0.25},
            {"click_floor": 0.4},
        ]
    ),
    st.booleans(),
    st.sampled_from([1, 2, 3, 8, 30]),
)
def test_the_compiled_auction_is_the_written_one(
    seed: int,
    k: int,
    pricing: Pricing,
    money: float,
    first: int,
    gap: int,
    cap: int,
    more: dict[str, float],
    tied: bool,
    bidders: int,
) -> None:
    """The same candidates, held by the blend and the prices of `services.ads`."""
    catalogue = city(60, seed)
    ranked = lists(catalogue, k, seed, shortlist=50)
    campaigns = [
        campaign(n, n * 2, bid=60 if tied else 20 + 9 * n, billing="order" if n % 3 == 0 else "click")
        for n in range(30)
    ]
    how = selling(pricing=pricing, money=money, first_slot=first, gap=gap, cap=cap, **more)

    closed = (3, 7) if bidders > 7 else ()

    compiled = run_auction(ranked.shortlists, 0, k, offers(catalogue, campaigns, closed=closed), how)

    assume(compiled is not None)
    assert compiled is not None
    organic = ranked.shortlists.scores[0, ranked.shortlists.order[0, :k]]
    written = hold_among(compiled.candidates, organic, how)
    assert (compiled.slots, compiled.sold, compiled.ranks) == (written.slots, written.sold, written.ranks)
    assert compiled.prices == pytest.approx(written.prices, abs=2)
    assert compiled.payments == written.payments
    assert compiled.gain == pytest.approx(written.gain, abs=1e-12)
    assert compiled.candidates.tolist() == written.candidates.tolist()


@given(st.integers(0, 10_000), st.sampled_from([0.002, 0.005]))
def test_a_gsp_price_pays_for_the_label_whoever_follows(seed: int, money: float) -> None:
    catalogue = city(60, seed)
    ranked = lists(catalogue, 10, seed, shortlist=50)
    how = selling(pricing="gsp", money=money, label_cost=0.01, reserve_click=0)
    bidders = offers(catalogue, [campaign(n, n, bid=30 + n) for n in range(0, 60, 6)])
    auction = run_auction(ranked.shortlists, 0, 10, bidders, how)
    assume(auction is not None)
    assert auction is not None
    clicks = {int(one["entry"]): float(one["clicks"]) for one in auction.candidates}
    for entry, price in zip(auction.sold, auction.prices, strict=True):
        assert price / MICRO >= 0.01 / (money * clicks[entry]) - 1e-5


def test_the_compiled_auction_names_the_right_candidates() -> None:
    catalogue = city(60)
    ranked = lists(catalogue, 10, shortlist=50)
    bidders = offers(catalogue, [campaign(n, n * 2, billing="order" if n % 2 else "click") for n in range(30)], (4,))
    auction = run_auction(ranked.shortlists, 0, 10, bidders, selling())
    assert auction is not None
    shortlists, order = ranked.shortlists, ranked.shortlists.order[0]
    expected = [
        (int(bidders.of_row[shortlists.rows[0, column]]), rank, column)
        for rank, column in enumerate(order.tolist())
        if rank >= 10 and bidders.of_row[shortlists.rows[0, column]] >= 0
    ]
    assert [(one["entry"], one["rank"]) for one in auction.candidates] == [pair[:2] for pair in expected]
    for one, (entry, _, column) in zip(auction.candidates, expected, strict=True):
        raw = shortlists.terms[0, 0, column] + shortlists.terms[1, 0, column] + shortlists.terms[2, 0, column]
        per_order = entry % 2 == 1
        clicks = float(CALIBRATION.click_probability(raw, shortlists.offsets[0, column]))
        assert one["clicks"] == pytest.approx(shortlists.scores[0, column] if per_order else clicks, rel=1e-14)
        assert one["value"] == shortlists.scores[0, column]
        assert one["bid"] == (UNHEARD if entry == 4 else 60.0)
        assert (one["reserve"], one["per_order"], one["pace"]) == (50.0 if per_order else 5.0, per_order, 1.0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"k": 101}, ValueError),
        ({"k": 0}, ValueError),
        ({"request": 1}, ValueError),
        ({"of_row": np.zeros(3, np.int64)}, ValueError),
        ({"of_row": np.zeros(60, np.int32)}, ValueError),
        ({"bids": np.zeros(1)}, ValueError),
        ({"paces": np.zeros(1)}, ValueError),
        ({"bids": None}, TypeError),
    ],
)
def test_arrays_that_do_not_fit_are_refused_before_they_are_read(
    change: dict[str, Any], problem: type[Exception]
) -> None:
    catalogue = city(60)
    shortlists = lists(catalogue, 10, shortlist=50).shortlists
    bidders = offers(catalogue, [campaign(n, n) for n in range(60)])
    given = {"request": 0, "k": 10, "of_row": bidders.of_row, "bids": bidders.bids, "paces": bidders.paces, **change}
    altered = replace(bidders, of_row=given["of_row"], bids=given["bids"], paces=given["paces"])
    with pytest.raises(problem):
        run_auction(shortlists, given["request"], given["k"], altered, selling())


@given(st.integers(0, 10_000), st.sampled_from(list(Pricing)))
def test_a_price_lies_between_the_reserve_and_the_paced_bid(seed: int, pricing: Pricing) -> None:
    catalogue = city(60, seed)
    ranked = lists(catalogue, 10, seed, shortlist=60)
    campaigns = [campaign(n, n * 3, billing="order" if n % 2 else "click", bid=80 + 30 * n) for n in range(20)]
    bidders = offers(catalogue, campaigns, mu=0.5)

    auction = run_auction(ranked.shortlists, 0, 10, bidders, selling(pricing=pricing))

    assert auction is not None
    for bidder, price in zip(auction.sold, auction.prices, strict=True):
        reserve = 50 if campaigns[bidder].billing == "order" else 5
        assert reserve * MICRO <= price <= campaigns[bidder].bid * MICRO / 1.5


def test_an_ad_is_shown_and_its_fee_is_what_its_score_says() -> None:
    catalogue = city(60)
    ranked = lists(catalogue, 10, shortlist=60)
    order = ranked.shortlists.order[0]
    row = int(ranked.shortlists.rows[0, order[12]])
    bidders = offers(catalogue, [campaign(1, row)])

    shown = shown_with(ranked, 10, bidders, money=0.02, label_cost=0.01)

    assert list(shown.sponsors.values()) == [0]
    place = next(iter(shown.sponsors))
    assert shown.rows[place] == row
    assert shown.organic_ranks[place] == 13
    column = order[12]
    raw = ranked.shortlists.terms[:3, 0, column].sum()
    clicks = float(CALIBRATION.click_probability(raw, ranked.shortlists.offsets[0, column]))
    assert shown.terms[PAYMENT, place] == pytest.approx(0.02 * clicks * 60 - 0.01)


def test_a_campaign_by_the_order_is_weighed_by_the_probability_of_an_order() -> None:
    catalogue = city(60)
    ranked = lists(catalogue, 10, shortlist=60)
    column = ranked.shortlists.order[0, 11]
    row = int(ranked.shortlists.rows[0, column])

    shown = shown_with(ranked, 10, offers(catalogue, [campaign(1, row, billing="order", bid=300)]), money=0.02)

    place = next(iter(shown.sponsors))
    assert shown.terms[PAYMENT, place] == pytest.approx(0.02 * ranked.shortlists.scores[0, column] * 300)


def test_a_restaurant_of_the_organic_list_is_not_sold_a_place() -> None:
    catalogue = city(60)
    ranked = lists(catalogue, 10, shortlist=60)
    top = [campaign(place, row, bid=5_000) for place, row in enumerate(ranked.rows[0].tolist())]
    assert run_auction(ranked.shortlists, 0, 10, offers(catalogue, top), selling()) is None


def test_a_restaurant_of_the_list_may_pay_to_stand_higher_where_the_policy_says_so() -> None:
    catalogue = city(60)
    ranked = lists(catalogue, 10, shortlist=60)
    campaigns = [campaign(place, row, bid=5_000) for place, row in enumerate(ranked.rows[0].tolist())]
    bidders = offers(catalogue, campaigns)
    free = selling(eligibility="no-repeat")
    auction = run_auction(ranked.shortlists, 0, 10, bidders, free)
    shown = shown_list(ranked, 0, auction)

    assert auction is not None
    assert len(shown.sponsors) == 3
    assert sorted(shown.rows.tolist()) == sorted(ranked.rows[0].tolist())
    assert all(5 * MICRO <= price <= 5_000 * MICRO for price in auction.prices)
    with pytest.raises(ValidationError, match="needs the queue"):
        AdPolicy(pricing="gsp", eligibility="no-repeat")


def test_a_sold_list_is_what_taking_from_the_shortlist_gives() -> None:
    catalogue, sold = city(120), 0
    for seed in range(20):
        ranked = lists(catalogue, 10, shortlist=100, seed=seed)
        bidders = offers(catalogue, [campaign(n, row, bid=900 + 90 * n) for n, row in enumerate(range(0, 120, 4))])
        auction = run_auction(ranked.shortlists, 0, 10, bidders, selling())
        shown, found = shown_list(ranked, 0, auction), ranked.shortlists
        if auction is None or not auction.slots:
            continue
        columns = found.order[0][auction.ranks]
        terms, scores = found.terms[:, 0][:, columns], found.scores[0][columns]
        for slot, payment in zip(auction.slots, auction.payments, strict=True):
            terms[PAYMENT, slot] = payment
            scores[slot] += payment
        np.testing.assert_array_equal(shown.rows, found.rows[0][columns])
        np.testing.assert_array_equal(shown.terms, terms)
        np.testing.assert_array_equal(shown.scores, scores)
        np.testing.assert_array_equal(shown.distances_km, found.distances_km[0][columns])
        assert shown.organic_ranks == [rank + 1 for rank in auction.ranks]
        sold += len(auction.slots)
        for wrong in ({"ranks": [100]}, {"ranks": [-1]}, {"slots": [99]}, {"payments": []}):
            with pytest.raises(ValueError, match=r"rank|slot|sizes"):
                shown_list(ranked, 0, replace(auction, **{"slots": [0], "sold": [0], "payments": [0.0], **wrong}))
    assert sold


def test_what_the_filters_leave_out_is_not_sold_either() -> None:
    catalogue = city(60)
    allowed = np.zeros((1, 60), np.bool_)
    allowed[0, :20] = True
    ranked = lists(catalogue, 10, shortlist=60, allowed=allowed)
    bidders = offers(catalogue, [campaign(n, n, bid=5_000) for n in range(60)])
    shown = shown_with(ranked, 10, bidders)
    assert shown.sponsors
    assert max(shown.rows.tolist()) < 20


def test_outcomes_name_the_reason() -> None:
    catalogue = city(60)
    ranked = lists(catalogue, 10, shortlist=60)
    below = ranked.shortlists.rows[0, ranked.shortlists.order[0, 10:]].tolist()
    campaigns = [campaign(0, below[0], bid=400), campaign(1, below[1], bid=5_000), campaign(2, below[2], bid=4)]
    campaigns += [campaign(3, below[-1], bid=400), campaign(4, below[3], bid=6)]
    floor = float(ranked.shortlists.scores[0, ranked.shortlists.order[0, 20]])

    auction = run_auction(
        ranked.shortlists, 0, 10, offers(catalogue, campaigns, closed=(1,)), selling(value_floor=floor, cap=1)
    )

    assert auction is not None
    assert auction.sold == [0]
    assert dict(
        zip(auction.candidates["entry"].tolist(), map(Outcome, auction.candidates["outcome"].tolist()), strict=True)
    ) == {
        0: Outcome.SHOWN,
        1: Outcome.LOST_TO_BUDGET,
        2: Outcome.LOST_TO_PRICE,
        3: Outcome.LOST_TO_FLOOR,
        4: Outcome.LOST_TO_PRICE,
    }


@pytest.mark.parametrize("eligibility", list(Eligibility))
def test_a_lift_brings_nobody_over_the_value_floor(eligibility: Eligibility) -> None:
    """Nor does being pushed down keep anybody out: the floor reads the probability of an order alone."""
    catalogue = city(60)
    plain = lists(catalogue, 10, shortlist=60).shortlists
    ranked = plain.order[0].tolist()
    good, bad = int(plain.rows[0, ranked[15]]), int(plain.rows[0, ranked[40]])
    floor = float(plain.probabilities()[0, ranked[25]])
    values = np.zeros(60)
    values[bad] = 0.9 * (plain.scores[0, ranked[9]] - plain.scores[0, ranked[40]])
    values[good] = floor - plain.scores[0, ranked[15]] - 0.01
    lifted = lists(catalogue, 10, shortlist=60, lifts=Lifts(values, 0.0))
    bidders = offers(catalogue, [campaign(0, good, bid=9_000), campaign(1, bad, bid=9_000)])
    how = selling(value_floor=floor, eligibility=eligibility)

    auction = run_auction(lifted.shortlists, 0, 10, bidders, how)

    assert auction is not None
    by_entry = {int(one["entry"]): one for one in auction.candidates}
    assert by_entry[1]["value"] > floor > by_entry[0]["value"]
    assert auction.sold == [0]
    assert by_entry[1]["outcome"] == Outcome.LOST_TO_FLOOR
    written = hold_among(auction.candidates, lifted.shortlists.scores[0, lifted.shortlists.order[0, :10]], how)
    assert (written.slots, written.sold) == (auction.slots, auction.sold)
    assert written.prices == pytest.approx(auction.prices, abs=2)


def test_candidates_of_before_are_read_with_the_floor_of_then() -> None:
    ranked = lists(city(60), 10, shortlist=50)
    auction = run_auction(ranked.shortlists, 0, 10, offers(city(60), [campaign(n, n) for n in range(30)]), selling())
    assert auction is not None
    names = list(auction.candidates.dtype.names or ())[:-1]
    older = np.empty(len(auction.candidates), [(name, auction.candidates.dtype[name]) for name in names])
    for name in names:
        older[name] = auction.candidates[name]

    found = read_candidates(older.tobytes(), len(older))

    assert found[names].tolist() == auction.candidates[names].tolist()
    assert found["orders"].tolist() == auction.candidates["value"].tolist()
    same = read_candidates(auction.candidates.tobytes(), len(auction.candidates))
    assert same.tolist() == auction.candidates.tolist()


def test_the_counters_are_named_in_the_order_of_the_outcomes() -> None:
    assert [outcome.name.lower() for outcome in Outcome] == list(OUTCOMES)


def test_a_campaign_runs_in_its_time_with_a_budget_and_a_restaurant() -> None:
    hour = timedelta(hours=1)
    campaigns = [
        campaign(0, 0, starts_at=NOON, ends_at=NOON + hour),
        campaign(1, 1, starts_at=NOON + hour),
        campaign(2, 2, ends_at=NOON),
        campaign(3, 3, daily_budget=0),
        campaign(4, 4, total_budget=0),
        campaign(5, 999),
        campaign(6, 0, starts_at=NOON + hour, bid=90),
    ]
    book = AdBook.of(1, campaigns, city(20).row_of)
    open_all, mu = np.ones(7, np.bool_), np.full(7, 1.0)
    now, later = (book.offers(at, 20, mu, open_all) for at in (NOON, NOON + hour))
    assert now is not None
    assert later is not None
    assert {row: campaign for row, campaign in enumerate(now.of_row.tolist()) if campaign >= 0} == {0: 0}
    assert {row: campaign for row, campaign in enumerate(later.of_row.tolist()) if campaign >= 0} == {0: 6, 1: 1}
    assert now.bids[0] == 30.0
    assert book.offers(NOON - 2 * hour, 20, mu, open_all) is not None  # the one that has not ended
    assert AdBook.of(1, [], {}).offers(NOON, 20, np.empty(0), np.empty(0, np.bool_)) is None


def test_money_is_off_with_probabilities_that_are_not_to_be_trusted() -> None:
    policy = AdPolicy(max_calibration_error=0.01)
    bad = {**CALIBRATION.errors, "click_ece": {"value": 0.02, "low": 0.01, "high": 0.03}}
    cases = {
        "assumed": CALIBRATION.model_copy(update={"assumed": True}),
        "click_ece is 0.0200": CALIBRATION.model_copy(update={"errors": bad}),
        "order_ece was not measured": CALIBRATION.model_copy(update={"errors": {}}),
    }
    for words, calibration in cases.items():
        assert words in str(why_money_is_off(policy, calibration))
        assert Selling.under(policy, calibration) is None
    assert why_money_is_off(policy, CALIBRATION) is None
    assert Selling.under(AdPolicy(money=0.0), CALIBRATION) is None
    assert Selling.under(AdPolicy(cap=0), CALIBRATION) is None


def test_the_terms_end_with_the_payment() -> None:
    assert TERMS[PAYMENT] == TERMS[-1] == "payment"
