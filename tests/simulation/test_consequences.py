"""The closed loop with consequences: slowness, ads, standing still, machines that are full; and nothing gets lost."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.city.life import LifeParameters
from data.city.parameters import ChoiceModel
from services.ads.campaign import MICRO
from services.fan_out import Engine
from services.simulation.advertisers import Reaction
from services.simulation.closed_loop import report, run_seed, simulate
from services.simulation.conflicts import CONFLICTS, Reading, in_world, lines, read
from services.simulation.latency import LIGHT_MS, Machines, cpu_ms
from services.simulation.outcomes import DinerSums, Tally, exposure_ratio, figures, latency_bins
from services.simulation.plan import Arm, Drift, Plan, World
from services.simulation.town import Town
from services.simulation.wallets import Pacing
from services.stakeholders.policy import AdPolicy, Policy


def policy(name: str, **ads: object) -> Policy:
    return Policy(name=name, ads=AdPolicy(**{"max_calibration_error": 1.0, **ads}))


ORGANIC, SOLD, SLOW = policy("organic", money=0.0), policy("sold", money=0.02, gap=2), policy("slow", money=0.0)
PLAN = Plan(
    (ORGANIC, SOLD, SLOW),
    restaurants=60,
    diners=250,
    warm_days=9,
    days=9,
    world=World(),
    minutes=60,
    judge_every=2,
    arms={"slow": Arm(added_ms=1_500.0)},
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town.found(PLAN, 3, tmp_path_factory.mktemp("town"))


def lived(town: Town, one: Policy, plan: Plan = PLAN) -> Tally:
    return sum(town.live(town.lister(one, plan.pacing), plan), start=Tally())


def test_slowness_loses_the_diners_that_it_must(town: Town) -> None:
    quick, slow = lived(town, ORGANIC), lived(town, SLOW)
    expected = 1.0 - np.exp(-LifeParameters().impatience * 1.56)
    share = slow.abandoned / slow.requests
    assert share == pytest.approx(expected, abs=4.0 * np.sqrt(expected / slow.requests))
    assert slow.orders < quick.orders
    assert quick.abandoned / quick.requests < 0.02


def test_sums_by_diner_are_those_of_all(town: Town) -> None:
    lister = town.lister(SOLD, Pacing.DUAL)
    total = sum(town.live(lister, PLAN), start=Tally())
    for name in ("requests", "orders", "fees", "gain", "judged", "abandoned", "diner_days", "returning"):
        assert lister.by_diner.sums[name].sum() == pytest.approx(getattr(total, name)), name
    for name in ("exposure", "merit"):
        assert lister.by_diner.sums[name].sum(axis=0) == pytest.approx(getattr(total, name)), name


def test_money_in_is_money_out(town: Town) -> None:
    """Fees are what budgets lost and what restaurants paid; all orders are some restaurant's."""
    lister = town.lister(SOLD, Pacing.NONE)
    trade, wallets = lister.simulation.life.trade, lister.wallets  # type: ignore[union-attr]
    left, ended, days = sum(wallets._left), trade.end_day, []

    def ending(orders: np.ndarray, fees: np.ndarray, there: np.ndarray) -> None:
        days.append((orders.sum(), fees.sum()))
        ended(orders, fees, there)

    trade.end_day = ending  # type: ignore[method-assign]
    total = sum(town.live(lister, replace(PLAN, days=5)), start=Tally())
    orders, fees = np.sum(days, axis=0)
    assert total.fees == left - sum(wallets._left) > 0
    assert fees == pytest.approx(total.fees / MICRO)
    assert orders == total.orders


def test_a_life_is_the_same_however_often_it_is_lived(town: Town) -> None:
    assert lived(town, SOLD) == lived(town, SOLD)


@pytest.mark.parametrize("choice", list(ChoiceModel))
def test_diners_of_every_kind_order(choice: ChoiceModel, tmp_path: Path) -> None:
    plan = in_world(replace(PLAN, policies=(ORGANIC,), days=3, arms={}), choice)
    one = Town.found(plan, 1, tmp_path)
    total = lived(one, ORGANIC, plan)
    assert 0.15 < total.orders / total.requests < 0.95
    assert one.market.city.restaurants.lat.size == PLAN.restaurants


def test_the_loop_learns_from_its_own_lists_and_a_frozen_arm_does_not(tmp_path: Path) -> None:
    frozen = policy("frozen", money=0.0)
    plan = replace(
        PLAN,
        policies=(ORGANIC, frozen),
        arms={"frozen": Arm(retrain_days=0)},
        retrain_days=4,
        world=World(drift=Drift()),
    )
    one = Town.found(plan, 2, tmp_path)
    listers = {each.name: one.lister(each, plan.pacing) for each in plan.policies}
    first = listers["frozen"].market.snapshot.artifact.version
    for lister in listers.values():
        one.live(lister, plan)
    assert listers["frozen"].market.snapshot.artifact.version == first
    assert listers["organic"].market.snapshot.artifact.version != first
    catalogue = listers["organic"].market.snapshot.catalogue
    assert catalogue.ids == listers["frozen"].market.snapshot.catalogue.ids  # in the city's order, newcomers too
    [(week, city)] = one.drifted.items()
    assert week == 1
    assert (city.diners.taste != one.market.city.diners.taste).any()


def test_a_policy_is_ranked_with_the_model_that_it_names(tmp_path: Path) -> None:
    popular = Policy(name="by-popularity", model="popular", ads=AdPolicy(money=0.0))
    plan = replace(PLAN, policies=(ORGANIC, popular), arms={}, days=2)
    one = Town.found(plan, 4, tmp_path)
    assert one.lister(popular, Pacing.NONE).market.snapshot.artifact.manifest.model == "popular"
    assert one.served.snapshot.artifact.manifest.model == "lightfm"


def test_jobs_do_not_change_what_comes_of_it() -> None:
    plan = replace(PLAN, policies=(SOLD,), arms={}, days=2)
    runs = [simulate(plan, [1, 2], Engine(jobs=jobs), lambda *_: None) for jobs in (1, 2)]
    assert runs[0][0].weeks == runs[1][0].weeks
    assert runs[0][1].errors == runs[1][1].errors
    document = report(plan, runs[0])
    assert document["setting"]["world"]["choice"] == "nested"
    assert document["policies"]["sold"]["return_rate_28d"]["value"] > 0.3


@pytest.mark.parametrize(
    "wrong", [{"minutes": 7}, {"judge_every": 0}, {"retrain_days": -1}, {"arms": {"nobody": Arm()}}, {"policies": ()}]
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^(minutes|judge_every|arms|policies)"):
        replace(PLAN, **wrong)


LUCK = (np.arange(200_000) + 0.5) / 200_000


def test_machines_that_are_half_idle_are_quick_and_full_ones_are_late() -> None:
    machines = Machines(network_ms=10.0, utilisation=0.5, timeout_ms=50.0)
    idle, none_late = machines.wait(LIGHT_MS, 1.0, LUCK)
    assert idle.mean() - 10.0 == pytest.approx(LIGHT_MS / 0.5, rel=0.01)  # M/M/1: s / (1 - rho)
    assert not none_late.any()
    full, late = machines.wait(4.0 * LIGHT_MS, 1.0, LUCK)  # twice what they can do
    assert late.mean() == pytest.approx(0.5, abs=0.001)
    assert full.max() == 60.0


@given(st.floats(0.05, 5.0), st.floats(1.0, 1.5), st.floats(0.05, 0.95))
def test_more_traffic_never_makes_anyone_wait_less(traffic: float, more: float, utilisation: float) -> None:
    machines, luck = Machines(utilisation=utilisation, timeout_ms=40.0), LUCK[::997]
    waits, late = machines.wait(LIGHT_MS, traffic, luck)
    longer, more_late = machines.wait(LIGHT_MS, traffic * more, luck)
    assert (longer >= waits - 1e-9).all()
    assert (more_late >= late).all()


@pytest.mark.parametrize("busy", [0.3, 0.999, 1.0, 1.001, 1.7])
def test_a_queue_is_full_as_often_as_its_closed_form_says(busy: float) -> None:
    machines = Machines(utilisation=0.5, timeout_ms=20.0 * LIGHT_MS)
    _, late = machines.wait(LIGHT_MS, 2.0 * busy, LUCK)
    lengths = busy ** np.arange(21)
    assert late.mean() == pytest.approx(lengths[-1] / lengths.sum(), abs=2e-4)


@pytest.mark.parametrize(
    "wrong", [{"utilisation": 1.0}, {"utilisation": 0.0}, {"network_ms": -1.0}, {"timeout_ms": 0.0}, {"slowness": 0.0}]
)
def test_machines_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"utilisation|network_ms"):
        Machines(**wrong)


def test_more_work_costs_more() -> None:
    assert cpu_ms(False, False, 200) < cpu_ms(False, True, 200) < cpu_ms(True, True, 200)
    assert cpu_ms(False, False, 200) < cpu_ms(False, False, 1_000)


@given(st.lists(st.tuples(st.floats(0.0, 1e6), st.floats(0.0, 1e7)), min_size=1, max_size=8))
def test_advertisers_raise_what_pays_and_lower_what_does_not(weeks: list[tuple[float, float]]) -> None:
    reaction = Reaction()
    fees, value = np.asarray(weeks).T
    factors = reaction.factors(fees, value)
    brings = reaction.margin * reaction.incremental * value
    assert (factors[fees == 0.0] == 1.0).all()
    assert (factors[(fees > 0.0) & (brings >= fees)] >= 1.0).all()
    assert (factors[(fees > 0.0) & (brings <= fees)] <= 1.0).all()
    first = np.full(len(fees), 40.0)
    bids = first
    for _ in range(30):
        bids = reaction.bids(first, bids, factors)
    assert (bids >= first / reaction.range - 1e-9).all()
    assert (bids <= first * reaction.range + 1e-9).all()


def test_budgets_rise_only_where_they_were_used_up() -> None:
    reaction, first = Reaction(), np.full(4, 100.0)
    pays = np.asarray([1.2, 1.2, 0.8, 0.8])
    used = np.asarray([1.0, 0.2, 1.0, 0.2])
    assert reaction.budgets(first, first, pays, used) == pytest.approx([120.0, 100.0, 80.0, 80.0])


def test_errors_over_diners_are_those_of_the_bootstrap() -> None:
    rng, many = np.random.default_rng(0), 800
    sums = DinerSums.none(many)
    visits = rng.poisson(rng.gamma(1.0, 6.0, many)).astype(np.float64)
    sums.sums["requests"][:] = visits
    sums.sums["orders"][:] = rng.binomial(visits.astype(int), rng.beta(4.0, 4.0, many))
    sums.sums["exposure"][:] = rng.gamma(2.0, 1.0, (many, 3)) * [1.0, 2.0, 0.5]
    sums.sums["merit"][:] = rng.gamma(2.0, 1.0, (many, 3))
    errors = sums.standard_errors()
    draws = rng.integers(0, many, (2_000, many))
    orders, lists = (sums.sums[name][draws].sum(axis=1) for name in ("orders", "requests"))
    assert errors["orders_per_1000"] == pytest.approx((1_000.0 * orders / lists).std(), rel=0.08)
    ratios = exposure_ratio(*(sums.sums[name][draws].sum(axis=1) for name in ("exposure", "merit")))
    assert errors["exposure_ratio"] == pytest.approx(ratios.std(), rel=0.3)


def test_a_p99_is_within_a_bin_of_the_sample_s() -> None:
    sample = np.random.default_rng(1).lognormal(4.0, 0.6, 20_000)
    found = figures([Tally(latency=latency_bins(sample))])["latency_p99_ms"][0]
    assert found == pytest.approx(np.percentile(sample, 99), rel=0.07)


def test_groups_without_merit_are_left_out_of_the_ratio() -> None:
    ratio = exposure_ratio(np.asarray([2.0, 3.0, 9.0]), np.asarray([1.0, 2.0, 0.0]))
    assert ratio == pytest.approx(0.75)


def test_a_conflict_is_read_and_told() -> None:
    conflict = next(one for one in CONFLICTS if one.name == "latency")
    small = replace(conflict.plan, restaurants=60, diners=200, warm_days=9, days=3)
    runs = [run_seed(in_world(small, ChoiceModel.NESTED), seed) for seed in (1, 2, 3)]
    reading = Reading("left", "abandoned_share", "balanced", "slower", slice(None), 1)
    found = read(reading, runs)
    assert found["difference"]["value"] > 0.0
    assert read(replace(reading, sign=-1), runs)["holds"] is False
    result = {"title": "A title", "worlds": {"nested": [found]}}
    told = "\n".join(lines(result))
    assert "| nested | left |" in told
