"""What would have been: against lists made by hand, brute force, and markets built anew."""

import itertools
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.columns import Billing, EventType
from models.ease import EaseModel
from models.explanation.what_if import Forgets
from models.ials import IalsModel
from services.ads.campaign import Campaign
from services.ranking.candidates import Filters
from services.ranking.rank import TERMS
from services.serving.counterfactuals import place_in, positions, without_term
from services.serving.own_actions import Found, Without, choices_of, own_actions, smallest_change
from services.serving.recommender import Answer, ranked_lists, sold_list
from services.serving.restaurant_changes import Trials, least_bid, to_reach
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.stakeholders.policy import AdPolicy, Policy
from tests.conftest import SmallCity
from tests.explanation.lists import AT, listed, market_of, under

SELLING = Policy(name="selling", ads=AdPolicy(money=0.004, max_calibration_error=1.0))
DID = [(0, EventType.ORDER), (3, EventType.CLICK), (9, EventType.ORDER), (17, EventType.DISMISS)]


@pytest.fixture(scope="module")
def market(small_city: SmallCity) -> MarketSnapshot:
    return market_of(small_city.dataset, "lightfm")


@pytest.fixture(scope="module")
def selling(market: MarketSnapshot) -> MarketSnapshot:
    campaigns = [
        Campaign(
            campaign_id=f"c{row}",
            market=market.info.market,
            restaurant_id=market.catalogue.ids[row],
            payer="Payer",
            bid=60 + row,
            billing=Billing.ORDER if row % 2 else Billing.CLICK,
            daily_budget=10**6,
            total_budget=10**7,
        )
        for row in range(0, 150, 4)
    ]
    return under(market, SELLING, campaigns)


def busy(market: MarketSnapshot, diner: int, k: int = 20, filters: Filters | None = None) -> Answer:
    names = market.catalogue.ids
    did = [(names[(row + diner) % len(names)], kind) for row, kind in DID]
    return listed(market, diner, did, k, filters)


def test_without_payment_is_the_list_that_was_ranked(selling: MarketSnapshot) -> None:
    sold = 0
    for diner in range(20):
        answer = busy(selling, diner)
        free = answer.ranked.rows[0].tolist()
        for rank, row in enumerate(answer.shown.rows.tolist(), 1):
            found = positions(answer, selling.catalogue.ids[row])
            assert found["now"]["rank"] == rank
            assert found["without_payment"]["rank"] == (free.index(row) + 1 if row in free else None)
            assert found["now"]["organic_rank"] == answer.shown.organic_ranks[rank - 1]
            sold += rank - 1 in answer.shown.sponsors
    assert sold


def test_without_personalisation_is_anybodys_list(selling: MarketSnapshot) -> None:
    for diner in range(5):
        answer, anybody = busy(selling, diner), listed(selling, None)
        rows = anybody.shown.rows.tolist()
        for row in answer.shown.rows.tolist():
            found = positions(answer, selling.catalogue.ids[row])["without_personalisation"]
            assert found["rank"] == (rows.index(row) + 1 if row in rows else None)


@pytest.mark.parametrize("term", ["relevance", "recency", "second_stage", "exploration"])
@pytest.mark.parametrize("model", ["lightfm", "lightfm+lambdamart"])
def test_without_a_term_is_the_order_of_the_others(small_city: SmallCity, model: str, term: str) -> None:
    market = under(market_of(small_city.dataset, model), Policy(name="curious", exploration=0.02), [])
    moved = 0
    for diner in range(6):
        answer = busy(market, diner)
        lists, curve = answer.ranked.shortlists, market.catalogue.calibration
        terms = {name: lists.terms[n, 0] for n, name in enumerate(TERMS)} | {term: 0.0}
        raw = terms["relevance"] + terms["recency"] + terms["second_stage"]
        scores = curve.order_probability(raw, lists.offsets[0]) + terms["exploration"]
        if lists.passing is not None:
            scores = np.where(lists.passing[0], scores, -np.inf)
        falling = lists.rows[0][np.argsort(-scores, kind="stable")].tolist()
        for row in answer.shown.rows.tolist():
            place = without_term(answer, term, row)
            assert place.organic_rank == falling.index(row) + 1
            moved += place.organic_rank != place_in(answer.ask, answer.ranked, row).organic_rank
    assert moved or (term == "second_stage" and model == "lightfm")


def test_every_term_has_a_name(market: MarketSnapshot) -> None:
    answer = busy(market, 1)
    for term in TERMS:
        without_term(answer, term, int(answer.shown.rows[0]))
    with pytest.raises(ValueError, match="there is no term 'luck': the terms are relevance"):
        without_term(answer, "luck", 0)


class Additive:
    """A list whose lead is a sum over choices, so that brute force can say what is smallest."""

    def __init__(self, lead: float, gains: list[float]) -> None:
        self.lead, self.gains, self.asked = lead, gains, 0

    def top(self, removed: Collection[int]) -> tuple[int | None, float]:
        self.asked += 1
        left = self.lead - sum(self.gains[one] for one in removed)
        return (0 if left >= 0 else 1), left


def least(lead: float, gains: list[float]) -> int | None:
    for size in range(1, len(gains) + 1):
        for removed in itertools.combinations(gains, size):
            if lead - sum(removed) < 0:
                return size
    return None


@given(st.floats(0, 6), st.lists(st.floats(-1, 2), min_size=1, max_size=7), st.sampled_from([3_000, 20, 4]))
def test_the_search_is_smallest_or_says_that_it_may_not_be(lead: float, gains: list[float], bound: int) -> None:
    found, true = smallest_change(Additive(lead, gains), len(gains), bound), least(lead, gains)  # type: ignore[arg-type]
    assert isinstance(found, Found)
    if found.removed:
        assert true is not None
        assert found.at_least <= true <= len(found.removed)
        assert lead - sum(gains[one] for one in found.removed) < 0
        if found.smallest:
            assert len(found.removed) == true
    else:
        assert not found.smallest
    if bound == 3_000 and true is not None and true <= 3:
        assert (len(found.removed), found.smallest) == (true, True)


class TwoWays:
    """A list whose top goes without 3 and 4, or without 0, 1 and 2, which shrink its lead one by one."""

    def top(self, removed: Collection[int]) -> tuple[int | None, float]:
        gone = set(removed)
        return (1 if {3, 4} <= gone or {0, 1, 2} <= gone else 0), 1.0 - 0.1 * len(gone & {0, 1, 2})


def test_a_search_that_is_cut_short_says_that_a_smaller_set_may_exist() -> None:
    whole, short = (smallest_change(TwoWays(), 5, bound) for bound in (3_000, 1))  # type: ignore[arg-type]
    assert (whole.removed, whole.smallest, whole.at_least) == ((3, 4), True, 2)
    assert (short.removed, short.smallest, short.at_least) == ((0, 1, 2), False, 2)


class Sets:
    """A list whose top goes without some sets of choices, and stays without any other, whatever they hold."""

    def __init__(self, change: Collection[frozenset[int]]) -> None:
        self.change = change

    def top(self, removed: Collection[int]) -> tuple[int | None, float]:
        return int(frozenset(removed) in self.change), 1.0 + 0.1 * min(removed, default=0)


def check_nothing_can_be_left_out(sets: Sets, found: Found) -> None:
    if not found.removed:
        return
    assert sets.top(found.removed)[0] == found.then_top == 1
    if len(found.removed) > 1:
        assert all(sets.top(set(found.removed) - {one})[0] == 0 for one in found.removed)


def test_of_a_greedy_set_no_choice_can_be_left_out() -> None:
    """0 cannot be left out of all five, nor of four; once 1 is, it can."""
    sets = Sets([frozenset(those) for those in ({0, 1, 2, 3, 4}, {0, 2, 3, 4}, {2, 3, 4})])
    found = smallest_change(sets, 5, 1)  # type: ignore[arg-type]
    check_nothing_can_be_left_out(sets, found)
    assert (found.removed, found.smallest, found.at_least) == ((2, 3, 4), False, 2)


@given(st.sets(st.frozensets(st.integers(0, 5), min_size=1)), st.sampled_from([3_000, 10, 1]))
def test_whatever_the_sets_are_no_choice_can_be_left_out(change: set[frozenset[int]], bound: int) -> None:
    sets = Sets(change)
    check_nothing_can_be_left_out(sets, smallest_change(sets, 6, bound))  # type: ignore[arg-type]


def test_where_no_set_was_found_it_is_said_which_were_tried(small_city: SmallCity) -> None:
    market, unmoved = market_of(small_city.dataset, "lightfm"), 0
    for diner in range(12):
        found = own_actions(busy(market, diner, k=5))
        assert found is not None
        assert found["none_up_to"] == min(found["at_least"] - 1, found["considered"])
        if not found["remove"]:
            assert not found["proven_smallest"]
            assert found["none_up_to"] == min(3, found["considered"])
            unmoved += 1
    assert unmoved


@pytest.mark.parametrize("model", ["lightfm", "ease", "ials", "ensemble", "lightfm+lambdamart"])
def test_the_fewest_choices_are_those_of_brute_force(small_city: SmallCity, model: str) -> None:
    market, sizes = market_of(small_city.dataset, model), set()
    for diner in range(8):
        answer = busy(market, diner, k=5)
        choices = choices_of(answer)
        without, found = Without(answer, choices), own_actions(answer)
        assert found is not None
        top = market.catalogue.ids[without.top(())[0] or 0]
        assert found["top"] == top == market.catalogue.ids[int(answer.shown.rows[0])]
        names = [market.catalogue.ids[choice.row] for choice in choices]
        removed = [names.index(one["restaurant_id"]) for one in found["remove"]]
        sizes.add(len(removed))
        if removed:
            assert market.catalogue.ids[without.top(removed)[0] or 0] == found["then_top"] != top
        for size in range(1, min(len(removed), 3)):
            for fewer in itertools.islice(itertools.combinations(range(len(choices)), size), 300):
                assert market.catalogue.ids[without.top(fewer)[0] or 0] == top
    assert sizes - {0}


def test_a_list_without_a_profile_knows_of_no_choices(market: MarketSnapshot) -> None:
    assert own_actions(listed(market, None)) is None
    assert own_actions(listed(market, 3)) is None


def test_ease_without_a_choice_is_the_sum_over_the_others(small_city: SmallCity) -> None:
    model = market_of(small_city.dataset, "ease").artifact.model
    assert isinstance(model, EaseModel)
    for diner in range(10):
        liked, weights = model._liked_by(diner)
        if len(liked) < 2:
            continue
        left = model.diner_without(diner, {int(liked[0])})
        expected = weights[1:].astype(np.float64) @ model.arrays()["history_vectors"][liked[1:]].astype(np.float64)
        assert left[:-1] == pytest.approx(expected, abs=1e-4)


def test_ials_without_a_choice_is_solved_without_it(small_city: SmallCity) -> None:
    model = market_of(small_city.dataset, "ials").artifact.model
    assert isinstance(model, IalsModel)
    places = model.arrays()["restaurant_vectors"].astype(np.float64)
    seen = places[model.arrays()["restaurant_seen"]]
    for diner in range(6):
        liked, weights = model._liked_by(diner)
        if len(liked) < 2:
            continue

        def solved(rows: np.ndarray, much: np.ndarray) -> np.ndarray:
            system, right = seen.T @ seen + model.regularisation * np.eye(seen.shape[1]), 0.0
            for row, weight in zip(rows, much, strict=True):
                system = system + model.alpha * weight * np.outer(places[row], places[row])
                right = right + (1.0 + model.alpha * weight) * places[row]
            return np.linalg.solve(system, right)

        moved = model.diners().vectors[diner] - model.diner_without(diner, {int(liked[0])})[:-1]
        assert moved == pytest.approx(solved(liked, weights) - solved(liked[1:], weights[1:]), abs=1e-4)


@pytest.mark.parametrize("model", ["lightfm", "ease", "ials", "ensemble"])
def test_nothing_removed_is_the_diner_that_is_served(small_city: SmallCity, model: str) -> None:
    market = market_of(small_city.dataset, model)
    learnt, one = market.artifact.diners, market.artifact.model
    assert isinstance(one, Forgets)
    for diner in range(5):
        assert one.diner_without(diner, ()) == pytest.approx(
            np.append(learnt.vectors[diner], learnt.biases[diner]), abs=1e-5
        )


def test_a_new_restaurants_change_is_a_market_built_with_it(market: MarketSnapshot) -> None:
    """A restaurant that the model has not seen is told by its tags alone, so building the market anew is the oracle."""
    new = market.restaurants[7].model_copy(update={"restaurant_id": "just-opened"})
    restaurants = (*market.restaurants, new)

    def opened(one: object) -> MarketSnapshot:
        rows = (*market.restaurants, one)
        made = build_snapshot(market.info, 1, rows, market.artifact, market.policies, market.active_policy, 1, [])
        return replace(made, catalogue=replace(made.catalogue, recency_scale=scale))

    scale = build_snapshot(
        market.info, 1, restaurants, market.artifact, market.policies, market.active_policy, 1, []
    ).catalogue.recency_scale
    changes = [{"price_level": 1}, {"cuisines": ("thai",)}, {"delivery": not new.delivery}, {"hours": (0, 60)}]
    changes.append({name: value for change in changes for name, value in change.items()})
    for diner in range(4):
        answer = busy(opened(new), diner, filters=Filters(max_price=3))
        trials = Trials(answer, answer.ask.snapshot.catalogue.row_of["just-opened"])
        for change in changes:
            anew = busy(opened(new.model_copy(update=change)), diner, filters=Filters(max_price=3))
            assert trials.with_change(change) == place_in(anew.ask, anew.ranked, trials.row)


def test_a_learnt_restaurant_keeps_its_identity(small_city: SmallCity, market: MarketSnapshot) -> None:
    answer = busy(market, 2)
    trials = Trials(answer, int(answer.shown.rows[3]))
    assert trials.with_change({}) == place_in(answer.ask, answer.ranked, trials.row)
    one = trials.restaurant
    changed = trials._represented(one.model_copy(update={"price_level": (one.price_level or 1) % 4 + 1}))
    served = np.append(market.catalogue.vectors[trials.row], market.catalogue.biases[trials.row])
    assert not np.array_equal(changed, served)
    ease = busy(market_of(small_city.dataset, "ease"), 2)
    still = Trials(ease, int(ease.shown.rows[3]))
    unread = still._represented(still.restaurant.model_copy(update={"price_level": 4}))
    catalogue = ease.ask.snapshot.catalogue
    assert np.array_equal(unread, np.append(catalogue.vectors[still.row], catalogue.biases[still.row]))


def test_the_changes_that_are_told_reach_the_rank_and_fewer_do_not(market: MarketSnapshot) -> None:
    reached = 0
    for diner in range(2):
        answer = busy(market, diner)
        for place in (3, 12):
            row = int(answer.shown.rows[place])
            trials = Trials(answer, row)
            for rank in (place, place - 2):
                found = to_reach(answer, market.catalogue.ids[row], rank)
                assert found["exhaustive"]
                for told in found["smallest"]:
                    assert trials.with_change(told["change"]).rank == told["rank"] <= rank
                    reached += 1
                    for dropped in told["change"] if len(told["change"]) > 1 else ():
                        fewer = {name: value for name, value in told["change"].items() if name != dropped}
                        assert (trials.with_change(fewer).rank or 10**9) > rank
                assert found["bid"]["why"] == "the policy sold no places"
    assert reached


def test_who_stands_there_already_need_not_change(market: MarketSnapshot) -> None:
    answer = busy(market, 2)
    for entry in (0, 4):
        name = market.catalogue.ids[int(answer.shown.rows[entry])]
        for rank in (entry + 1, entry + 5):
            found = to_reach(answer, name, rank)
            assert found["smallest"] == [{"change": {}, "rank": entry + 1, "organic_rank": entry + 1}]
            assert (found["found"], found["alone"], found["tried"], found["exhaustive"]) == (1, [], 0, True)


def test_hours_are_a_change_where_it_was_closed(market: MarketSnapshot) -> None:
    night = 4 * 60
    shut = np.flatnonzero(~market.catalogue.hours.open_at(night))
    answer = listed(market, 1, filters=Filters(open_minute=night))
    found = to_reach(answer, market.catalogue.ids[int(shut[0])], 100)
    assert [set(one["change"]) for one in found["alone"] if one["organic_rank"]] == [{"hours"}]


def test_the_least_bid_buys_the_place_and_one_less_does_not(selling: MarketSnapshot) -> None:
    bought = 0
    for diner in range(6):
        answer = busy(selling, diner, k=10)
        below = answer.ranked.shortlists.rows[0, answer.ranked.shortlists.order[0, 10:40:6]].tolist()
        for row in below:
            trials = Trials(answer, row)
            found = least_bid(trials, 4)
            if found["bid"] is None:
                continue
            bought += 1
            billing = Billing(found["billing"])
            assert trials.with_bid(found["bid"], billing).rank == found["rank"] <= 4
            for lower in {found["bid"] - 1, found["bid"] // 2, 1} - {found["bid"], 0}:
                assert (trials.with_bid(lower, billing).rank or 10**9) > 4
    assert bought


def test_the_bid_that_was_made_is_the_list_that_was_made(selling: MarketSnapshot) -> None:
    for diner in range(6):
        answer = busy(selling, diner)
        for slot, entry in answer.shown.sponsors.items():
            campaign = selling.book.campaigns[entry]
            trials = Trials(answer, int(answer.shown.rows[slot]))
            assert trials.with_bid(campaign.bid, campaign.billing).rank == slot + 1


def test_lists_are_left_as_they_were(selling: MarketSnapshot) -> None:
    answer = busy(selling, 3)
    before = [array.tobytes() for array in (selling.catalogue.vectors, answer.shown.terms, answer.ranked.rows)]
    name = selling.catalogue.ids[int(answer.shown.rows[5])]
    positions(answer, name), own_actions(answer), to_reach(answer, name, 1)
    assert [array.tobytes() for array in (selling.catalogue.vectors, answer.shown.terms, answer.ranked.rows)] == before
    again = sold_list(answer.ask, ranked_lists(answer.ask, answer.state, AT, answer.request_id))
    assert np.array_equal(again.rows, answer.shown.rows)
