"""The closed loop: real lists, the same luck for all policies, budgets that hold, figures apart from how many jobs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.city.lister import Visits
from models.base import ModelError
from services.ads.campaign import MICRO
from services.fan_out import Engine
from services.ranking.rank import Requests, rank
from services.simulation.closed_loop import report, run_seed, simulate
from services.simulation.exchange import exchange, sweep
from services.simulation.plan import MINUTES, Plan
from services.simulation.ranked_lister import RankedLister
from services.simulation.town import Town
from services.simulation.wallets import Pacing
from services.stakeholders.policy import AdPolicy, Eligibility, Policy


def policy(name: str, **ads: object) -> Policy:
    """The guard is off: a model of so small a log is badly calibrated."""
    return Policy(name=name, ads=AdPolicy(**{"max_calibration_error": 1.0, **ads}))


FREE = policy("free", money=0.0)
PAID = policy("paid", money=0.004)
DEAR = policy("dear", money=0.03)
PLAN = Plan((FREE, PAID, DEAR), restaurants=80, diners=250, warm_days=9, days=3)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town.found(PLAN, 3, tmp_path_factory.mktemp("town"))


def lived(town: Town, lister: RankedLister, days: int = PLAN.days) -> list[Visits]:
    first = PLAN.warm_days
    return [
        visits
        for day in range(first, first + days)
        for visits in town.market.run_day(lister.simulation, day, lister, MINUTES)
    ]


def shown(visits: list[Visits]) -> np.ndarray:
    return np.concatenate([part.slates.restaurants for part in visits])


def test_without_money_the_lists_are_the_organic_ones(town: Town) -> None:
    city, served = town.market.city, town.served
    lister = town.lister(FREE, Pacing.DUAL)
    learnt = served.snapshot.artifact.diners
    for visits in lived(town, lister):
        hour = int(visits.seconds[0]) // 3600
        near = served.distances_km[visits.diners] <= FREE.radius_km
        requests = Requests(
            vectors=learnt.vectors[visits.diners],
            biases=learnt.biases[visits.diners],
            fold_ins=None,
            lat=city.diners.lat[visits.diners],
            lon=city.diners.lon[visits.diners],
            allowed=near & city.open_hours[visits.day % 7, hour] & (city.restaurants.opened_day <= visits.day),
        )
        ranked = rank(served.snapshot.catalogue, requests, 10, FREE.shortlist)
        assert np.array_equal(visits.slates.restaurants, ranked.rows)
    assert (lister.tally.ads, lister.tally.fees, lister.tally.welfare > 0) == (0, 0, True)
    assert lister.tally.organic_tops == lister.tally.requests


def test_money_sells_places_that_are_paid_for(town: Town) -> None:
    lister = town.lister(PAID, Pacing.DUAL)
    lived(town, lister)
    tally = lister.tally
    assert tally.ads > 50
    assert tally.fees > 0
    assert tally.organic_tops == tally.requests  # the first slot is not for sale
    assert 0.0 < tally.price_shares <= tally.billed
    assert tally.sold_value > 0.0


def test_the_same_policy_twice_is_the_same_bit_for_bit(town: Town) -> None:
    listers = [town.lister(PAID, Pacing.DUAL) for _ in range(2)]
    first, second = (lived(town, lister) for lister in listers)
    assert listers[0].tally == listers[1].tally
    assert np.array_equal(shown(first), shown(second))


def test_policies_share_visits_and_luck(town: Town) -> None:
    """Not only who comes when: a list that is equal under both policies ends in the same way on the first day."""
    free, dear = (lived(town, town.lister(one, Pacing.NONE), days=1) for one in (FREE, DEAR))
    for one, other in zip(free, dear, strict=True):
        assert np.array_equal(one.diners, other.diners)
        assert np.array_equal(one.seconds, other.seconds)
        same = (one.slates.restaurants == other.slates.restaurants).all(axis=1)
        assert np.array_equal(one.outcome.ordered[same], other.outcome.ordered[same])
        assert np.array_equal(one.outcome.clicked[same], other.outcome.clicked[same])
    changed = (shown(free) != shown(dear)).any(axis=1)
    assert 0 < changed.sum() < len(changed)


@pytest.mark.parametrize("pacing", list(Pacing))
def test_no_budget_is_exceeded_on_any_day(town: Town, pacing: Pacing) -> None:
    lister = town.lister(DEAR, pacing)
    wallets, charged, exhausted = lister.wallets, [], 0
    charge = wallets.charge

    def watched(campaign: int, price: int) -> int:
        charged.append((campaign, price, charge(campaign, price)))
        return charged[-1][2]

    wallets.charge = watched  # type: ignore[method-assign]
    for day in range(PLAN.warm_days, PLAN.warm_days + PLAN.days):
        charged.clear()
        town.market.run_day(lister.simulation, day, lister, MINUTES)
        spent = dict.fromkeys(range(len(wallets.book.campaigns)), 0)
        for campaign, price, amount in charged:
            assert isinstance(amount, int)
            assert 0 <= amount <= price <= wallets.book.campaigns[campaign].bid * MICRO
            spent[campaign] += amount
        for campaign, amount in spent.items():
            budget = wallets.book.campaigns[campaign].daily_budget * MICRO
            assert amount <= budget
            exhausted += amount == budget
    assert exhausted > 0 or pacing is Pacing.DUAL  # the budgets bind, so the bound was put to the test


def test_a_click_is_charged_to_who_pays_by_the_click_and_an_order_to_who_pays_by_the_order(town: Town) -> None:
    lister = town.lister(DEAR, Pacing.NONE)
    charge, learn, charged, due = lister.wallets.charge, lister.learn, [], []

    def charging(campaign: int, price: int) -> int:
        charged.append((campaign, price))
        return charge(campaign, price)

    def learning(visits: Visits) -> None:
        for place in lister._sold:
            kind = lister.wallets.book.campaigns[place.campaign].billing
            clicked = visits.outcome.clicked[place.request, place.slot]
            ordered = visits.outcome.ordered[place.request] == place.slot
            if {"click": clicked, "order": ordered}[kind]:
                due.append((place.campaign, place.price))
        learn(visits)

    lister.wallets.charge, lister.learn = charging, learning  # type: ignore[method-assign]
    lived(town, lister)
    assert charged == due
    kinds = {str(lister.wallets.book.campaigns[campaign].billing) for campaign, _ in due}
    assert kinds == {"click", "order"}
    assert lister.tally.billed == len(due)


def test_a_total_budget_ends_a_campaign(town: Town) -> None:
    wallets = town.lister(DEAR, Pacing.NONE).wallets
    campaign = wallets.book.campaigns[0]
    spent, day = 0, PLAN.warm_days
    while (offers := wallets.offers(day, 43_200, PLAN.restaurants)) and offers.bids[0] > 0.0:
        spent += wallets.charge(0, campaign.daily_budget * MICRO * 2)
        day += 1
    assert spent == campaign.total_budget * MICRO
    assert day - PLAN.warm_days == campaign.total_budget // campaign.daily_budget
    assert wallets.charge(0, 1) == 0


def test_pacing_holds_bids_back_where_a_budget_binds(town: Town) -> None:
    wallets = town.lister(DEAR, Pacing.DUAL).wallets
    full = wallets.book.bids
    for hour in range(8, 20):
        offers = wallets.offers(PLAN.warm_days, 3600 * hour, PLAN.restaurants)
        assert offers is not None
        if offers.bids[0] > 0:
            wallets.charge(0, int(wallets.book.campaigns[0].daily_budget * MICRO * 0.2))
    assert offers.paces[0] < 0.5
    unspent = offers.paces[1:]
    assert (unspent > 0.99).all()
    assert (offers.paces * full <= full).all()


def test_the_guard_sells_nothing_with_a_badly_calibrated_model(tmp_path: Path) -> None:
    strict = policy("strict", money=0.03, max_calibration_error=0.0)
    plan = replace(PLAN, policies=(strict,), days=1)
    town = Town.found(plan, 3, tmp_path)
    [tally] = town.live(town.lister(strict, Pacing.NONE), plan)
    assert (tally.ads, tally.fees) == (0, 0)
    assert tally.requests > 0


def test_places_of_the_list_itself_are_sold_without_repeats_where_the_policy_says_so(tmp_path: Path) -> None:
    anywhere = policy("anywhere", money=0.004, eligibility=Eligibility.NO_REPEAT)
    plan = replace(PLAN, policies=(anywhere, PAID), days=1)
    town = Town.found(plan, 3, tmp_path)
    tallies = {}
    for one in plan.policies:
        lister = town.lister(one, Pacing.NONE)
        for row in shown(lived(town, lister, days=1)):
            listed = row[row >= 0]
            assert len(set(listed.tolist())) == len(listed)
        tallies[one.name] = lister.tally
    assert tallies["anywhere"].ads > tallies["paid"].ads
    assert tallies["anywhere"].welfare > tallies["paid"].welfare


def test_exploring_lists_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    curious = Policy(name="curious", exploration=0.05, ads=AdPolicy(money=0.0))
    plan = replace(PLAN, policies=(curious, FREE), days=1)
    town = Town.found(plan, 3, tmp_path)
    first, again = (lived(town, town.lister(curious, Pacing.NONE), days=1) for _ in range(2))
    plain = lived(town, town.lister(FREE, Pacing.NONE), days=1)
    assert np.array_equal(shown(first), shown(again))
    assert not np.array_equal(shown(first), shown(plain))
    assert np.concatenate([part.slates.propensities[:, 0] for part in first]).mean() < 0.9


def test_payment_costs_the_truth_some_of_its_order(town: Town) -> None:
    free, dear = (town.lister(one, Pacing.NONE) for one in (FREE, DEAR))
    for lister in (free, dear):
        lived(town, lister)
    shares = [lister.tally.gain / lister.tally.requests for lister in (free, dear)]
    assert 0.0 < shares[1] < shares[0] < 1.0


def test_jobs_do_not_change_the_figures() -> None:
    plan = replace(PLAN, policies=(FREE, DEAR), days=2)
    one, two = (simulate(plan, [3, 4], Engine(jobs=jobs), lambda *_: None) for jobs in (1, 2))
    assert [run.weeks for run in one] == [run.weeks for run in two]
    result = report(plan, one)
    assert result["policies"]["dear"]["fee_revenue_per_1000"]["value"] > 0.0
    assert result["policies"]["free"]["fee_revenue_per_1000"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert result["differences"]["dear"]["orders_per_1000"]["value"] == pytest.approx(
        result["policies"]["dear"]["orders_per_1000"]["value"] - result["policies"]["free"]["orders_per_1000"]["value"]
    )


def test_days_beyond_a_week_are_a_week_of_their_own(town: Town) -> None:
    plan = replace(PLAN, days=3)
    whole = town.live(town.lister(PAID, Pacing.NONE), plan)
    assert len(whole) == 1
    plan = replace(PLAN, policies=(PAID,), days=8)
    run = run_seed(plan, 3)
    assert len(run.weeks["paid"]) == 2
    assert run.total("paid").requests == sum(week.requests for week in run.weeks["paid"])
    assert run.weeks["paid"][0].requests > run.weeks["paid"][1].requests > 0


def test_the_exchange_curve_is_of_one_policy_at_rising_money() -> None:
    policies = sweep(policy("base", cap=2), money=(0.0, 0.004, 0.03))
    plan = replace(PLAN, policies=policies, days=2)
    runs = simulate(plan, [3, 4], Engine(), lambda *_: None)
    points = exchange(plan, runs)["points"]
    assert [point["money"] for point in points] == [0.0, 0.004, 0.03]
    assert all(one.ads.cap == 2 for one in policies)
    fees = [point["fee_revenue_per_1000"]["value"] for point in points]
    assert fees[0] == 0.0 < fees[1] < fees[2]
    orders = [point["orders_per_1000"]["value"] for point in points]
    assert points[2]["average"]["value"] == pytest.approx(100.0 * (orders[0] - orders[2]) / fees[2])
    assert points[2]["marginal"]["value"] == pytest.approx(100.0 * (orders[1] - orders[2]) / (fees[2] - fees[1]))
    assert "average" not in points[0]


def test_what_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(ValueError, match="its own name"):
        Plan((FREE, FREE))
    with pytest.raises(ValueError, match="at least 2"):
        simulate(PLAN, [1], Engine(), lambda *_: None)
    with pytest.raises(ValueError, match="all different"):
        simulate(PLAN, [1, 1], Engine(), lambda *_: None)
    with pytest.raises(ModelError):
        run_seed(replace(PLAN, model="oracle"), 1)
