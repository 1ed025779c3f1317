"""Consequences: who comes back, who does not wait, whose kitchen is full, who closes. And the cascade."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from data.city import choice
from data.city.choice import Outcome
from data.city.life import Feelings, Life, LifeParameters, Trade
from data.city.lister import Asked, Visits
from data.city.logging_policy import Slates
from data.city.market import Market
from data.city.noise import mix
from data.city.parameters import ChoiceModel, CityParameters
from data.city.simulation import Simulation

PARAMETERS = LifeParameters()
RESTAURANTS, DINERS, DAYS = 60, 150, 6


def keys(count: int, seed: int = 0) -> np.ndarray:
    return mix(np.full(1, seed, np.uint64), np.arange(count))


def fresh(count: int, usual: float = 1.0) -> Feelings:
    return Feelings.fresh(count, usual, PARAMETERS)


def outcome(surplus: np.ndarray) -> Outcome:
    nothing = np.zeros((len(surplus), 1), np.bool_)
    return Outcome(nothing, nothing, np.full(len(surplus), -1), np.zeros((len(surplus), 1)), surplus)


def fed(seed: int = 1, model: ChoiceModel = ChoiceModel.NESTED) -> tuple[Market, Simulation]:
    """A market whose diners have lived some days of its log, and will now have consequences."""
    market = Market(0, RESTAURANTS, DINERS, DAYS, seed, CityParameters(choice_model=model), ahead=10)
    simulation = market.newcomers()
    for day in range(DAYS):
        market.run_day(simulation, day, market.logging)
    trade = Trade.fresh(np.full(RESTAURANTS, 6.0), DAYS, np.full(RESTAURANTS, 1_500.0), PARAMETERS)
    simulation.begin_life(Life(fresh(DINERS), trade))
    return market, simulation


def test_who_is_treated_as_usual_comes_as_usual() -> None:
    feelings, usually = fresh(40), np.linspace(0.0, 0.9, 40)
    feelings.learn(np.arange(40), keys(40), outcome(np.ones(40)), np.zeros(40))
    feelings.gone[:] = False
    assert np.allclose(feelings.likely(usually), usually)
    assert feelings.likely(usually)[0] == 0.0


@given(st.floats(0.0, 4.0), st.floats(0.0, 6.0))
def test_better_lists_bring_diners_back_and_bad_ads_keep_them_away(surplus: float, badness: float) -> None:
    usually = np.full(3, 0.3)
    better, worse, both = fresh(3), fresh(3), fresh(3)
    everybody = np.arange(3)
    for _ in range(4):
        better.learn(everybody, keys(3), outcome(np.full(3, 1.0 + surplus)), np.zeros(3))
        worse.learn(everybody, keys(3), outcome(np.full(3, 1.0)), np.full(3, badness))
        both.learn(everybody, keys(3), outcome(np.full(3, 1.0 + surplus)), np.full(3, badness))
    for feelings in (better, worse, both):
        feelings.gone[:] = False
    assert (better.likely(usually) >= usually).all()
    assert (worse.likely(usually) <= usually).all()
    assert (worse.likely(usually) <= both.likely(usually) + 1e-12).all()
    assert (both.likely(usually) <= better.likely(usually) + 1e-12).all()


def test_annoyance_is_a_mean_of_visits_that_moves_at_its_rate() -> None:
    feelings = fresh(1)
    for visits in range(1, 30):
        feelings.learn(np.zeros(1, np.int64), keys(1), outcome(np.ones(1)), np.full(1, 2.0))
        assert feelings.annoyance[0] == pytest.approx(2.0 * (1.0 - (1.0 - PARAMETERS.annoyance_rate) ** visits))


def test_who_has_gone_never_comes_and_more_of_the_annoyed_go() -> None:
    calm, annoyed = fresh(20_000), fresh(20_000)
    annoyed.annoyance[:] = 6.0
    for feelings, badness in ((calm, 0.0), (annoyed, 6.0)):
        feelings.learn(np.arange(20_000), keys(20_000), outcome(np.ones(20_000)), np.full(20_000, badness))
    assert calm.gone.mean() == pytest.approx(PARAMETERS.churn, abs=0.001)
    expected = PARAMETERS.churn * np.exp(PARAMETERS.churn_slope * PARAMETERS.annoyance * 6.0)
    assert annoyed.gone.mean() == pytest.approx(expected, abs=0.005)
    assert not calm.gone[~annoyed.gone].any()  # the same luck: who leaves calmly leaves annoyed too
    assert (annoyed.likely(np.full(20_000, 0.5))[annoyed.gone] == 0.0).all()


def test_the_share_that_does_not_wait_is_the_hazards_and_grows_by_the_same_diners() -> None:
    feelings, visits = fresh(1), keys(50_000)
    short, long = (feelings.leaving(visits, np.full(50_000, ms)) for ms in (200.0, 2_000.0))
    assert short.mean() == pytest.approx(1.0 - np.exp(-PARAMETERS.impatience * 0.2), abs=0.003)
    assert long.mean() == pytest.approx(1.0 - np.exp(-PARAMETERS.impatience * 2.0), abs=0.006)
    assert not (short & ~long).any()
    assert not feelings.leaving(visits, np.zeros(50_000)).any()


def test_only_ads_that_are_looked_at_and_worse_than_nothing_are_bad() -> None:
    feelings = fresh(1)
    utilities = np.asarray([[2.0, -1.0, -9.0, -1.0]])
    sold, examined = np.asarray([[True, True, True, False]]), np.asarray([[True, True, True, True]])
    cap = PARAMETERS.badness_cap
    assert feelings.badness(utilities, np.zeros(1), sold, examined)[0] == pytest.approx(1.0 + cap)
    assert feelings.badness(utilities, np.zeros(1), sold, ~examined)[0] == 0.0


def test_one_cook_is_the_exact_queue_and_an_empty_kitchen_waits_for_nothing() -> None:
    one_cook = LifeParameters(least_capacity=3.0, headroom=0.01, prep_minutes=20.0, longest_wait=1e9)
    trade = Trade.fresh(np.ones(4), 1, np.ones(4), one_cook)
    assert (trade.waits() == 0.0).all()
    trade.recent[:] = np.asarray([0.3, 1.0, 2.0, 2.7])
    busy = trade.recent / 3.0
    assert trade.waits() == pytest.approx(20.0 * busy / (1.0 - busy))  # M/M/1: rho / (1 - rho) services


def test_more_cooks_wait_less_at_the_same_load_and_nobody_waits_for_ever() -> None:
    trade = Trade.fresh(np.asarray([10.0, 1_000.0]), 1, np.ones(2), PARAMETERS)
    trade.recent[:] = 0.8 * trade.capacity
    few, many = trade.waits()
    assert many < few
    trade.recent[:] = 100.0 * trade.capacity
    assert (trade.waits() <= PARAMETERS.longest_wait).all()


def test_orders_fade_from_a_kitchen_over_an_hour() -> None:
    trade = Trade.fresh(np.ones(2), 1, np.ones(2), PARAMETERS)
    trade.serve(np.asarray([0, 0, 1]), 1)
    assert trade.recent == pytest.approx([2.0, 1.0], rel=0.01)
    before = trade.recent.copy()
    for _ in range(6):
        trade.serve(np.empty(0, np.int64), 10)
    assert trade.recent == pytest.approx(before / np.e)


@pytest.mark.parametrize("minutes", [1, 10, 60])
def test_a_steady_hour_is_as_full_however_long_the_parts(minutes: int) -> None:
    trade = Trade.fresh(np.ones(1), 1, np.ones(1), PARAMETERS)
    for _ in range(12 * 60 // minutes):
        trade.serve(np.zeros(minutes, np.int64), minutes)
    assert trade.recent[0] == pytest.approx(60.0, rel=1e-4)


def test_who_has_closed_stays_closed_though_money_comes_in() -> None:
    trade = Trade.fresh(np.asarray([20.0]), 10, np.asarray([1_500.0]), PARAMETERS)
    trade.end_day(np.zeros(1), trade.cash * 2.0, np.ones(1, np.bool_))
    assert trade.closed[0]
    trade.cash[:] = 1e6
    trade.end_day(np.full(1, 40.0), np.zeros(1), np.ones(1, np.bool_))
    assert trade.closed[0]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0.0, 5_000.0)), min_size=1, max_size=60))
def test_money_is_conserved_and_who_has_none_left_stays_closed(days: list[tuple[int, float]]) -> None:
    trade = Trade.fresh(np.asarray([20.0]), 10, np.asarray([1_500.0]), PARAMETERS)
    cash, closed = float(trade.cash[0]), False
    for orders, fees in days:
        trade.end_day(np.asarray([float(orders)]), np.asarray([fees]), np.ones(1, np.bool_))
        if not closed:
            cash += PARAMETERS.margin * orders * 1_500.0 - fees - float(trade.fixed[0])
        closed |= cash < 0.0
        assert trade.cash[0] == pytest.approx(cash)
        assert bool(trade.closed[0]) is closed


def test_who_has_not_opened_yet_pays_nothing() -> None:
    trade = Trade.fresh(np.ones(2), 1, np.ones(2), PARAMETERS)
    before = trade.cash.copy()
    trade.end_day(np.zeros(2), np.zeros(2), np.asarray([True, False]))
    assert trade.cash[1] == before[1]
    assert trade.cash[0] < before[0]


@pytest.mark.parametrize("lived", [False, True])
def test_all_utilities_are_those_of_each_restaurant(lived: bool) -> None:
    market, simulation = fed()
    if lived:
        market.city.know_pairs()
        simulation.life.trade.serve(np.repeat(np.arange(RESTAURANTS), np.arange(RESTAURANTS) % 4), 10)  # type: ignore[union-attr]
    diners = np.arange(40)
    everything = np.broadcast_to(np.arange(RESTAURANTS), (40, RESTAURANTS))
    one_by_one = simulation.utilities(DAYS + 1, 19, diners, everything)
    assert np.allclose(simulation.all_utilities(DAYS + 1, 19, diners), one_by_one, atol=1e-9)


def test_habits_fade_with_their_half_life() -> None:
    _, simulation = fed()
    diners = np.flatnonzero((simulation._memory.restaurants >= 0).any(axis=1))
    for later in (0, 28, 56):
        left = simulation._memory.orders_of(diners, DAYS + later)
        now = simulation._memory.orders_of(diners, DAYS)
        assert left == pytest.approx(now * 0.5 ** (later / PARAMETERS.habit_half_life_days))


class Nearest:
    """Shows everybody the same ten, and remembers who came when."""

    def __init__(self) -> None:
        self.came: dict[int, int] = {}

    def lists(self, asked: Asked) -> Slates:
        self.came |= dict(zip(asked.diners.tolist(), asked.seconds.tolist(), strict=True))
        shape = (len(asked.diners), 10)
        return Slates(np.broadcast_to(np.arange(10, dtype=np.int32), shape).copy(), np.ones(shape))

    def learn(self, visits: Visits) -> None:
        """Nothing."""


def test_who_stays_away_leaves_the_others_hour_as_it_is() -> None:
    market, simulation = fed()
    calm, annoyed = simulation.copy(), simulation.copy()
    annoyed.life.feelings.annoyance[::2] = 9.0  # type: ignore[union-attr]
    listers = Nearest(), Nearest()
    for one, lister in zip((calm, annoyed), listers, strict=True):
        market.run_day(one, DAYS, lister)
    first, second = (lister.came for lister in listers)
    assert set(second) < set(first)
    assert all(first[diner] == second[diner] for diner in second)


def test_copies_live_apart() -> None:
    market, simulation = fed()
    other = simulation.copy()
    market.run_day(other, DAYS, Nearest())
    assert not simulation.life.feelings.satisfaction.any()  # type: ignore[union-attr]
    assert other.life.feelings.satisfaction.any()  # type: ignore[union-attr]


def test_closed_restaurants_are_not_open_at_any_hour() -> None:
    _, simulation = fed()
    simulation.life.trade.closed[5] = True  # type: ignore[union-attr]
    assert not any(simulation.open_at(day, hour)[5] for day in range(7) for hour in range(24))


def test_the_surplus_is_worth_what_the_logit_says() -> None:
    """E max(0, best - outside) = -log P(outside), for multinomial and nested logit (Small and Rosen 1981)."""
    rng, many = np.random.default_rng(3), 60_000
    nests = np.broadcast_to(np.asarray([0, 0, 1, 1, 2]), (many, 5))
    utilities = np.broadcast_to(rng.normal(0.0, 1.0, 5), (many, 5))
    outside = np.full(many, 0.3)
    for mu in (1.0, 0.6):
        shown = np.broadcast_to(np.arange(5), (many, 5))
        found = choice.decide(keys(many, 7), shown, nests, utilities, outside, np.ones(5), mu, 0.0)
        _, none = choice.choice_probabilities(utilities[:1], nests[:1], outside[:1], mu)
        assert found.surplus.mean() == pytest.approx(-np.log(none[0]), abs=0.02)
        assert ((found.surplus > 0.0) == (found.ordered >= 0)).all()


def test_the_cascade_orders_as_its_closed_form_says() -> None:
    rng, many = np.random.default_rng(5), 120_000
    utilities = np.broadcast_to(rng.normal(0.0, 1.0, 6), (many, 6))
    theta, outside = choice.examination(6, 0.2), np.full(many, 0.8)
    found = choice.decide_in_cascade(
        keys(many), np.broadcast_to(np.arange(6), (many, 6)), utilities, outside, theta, 0.0
    )
    orders, none = choice.cascade_probabilities(utilities[:1], outside[:1], theta)
    shares = np.bincount(found.ordered + 1, minlength=7) / many
    assert shares[1:] == pytest.approx(orders[0], abs=0.005)
    assert shares[0] == pytest.approx(none[0], abs=0.005)
    below = np.arange(6) > found.ordered[:, None]
    assert not (found.examined & below & (found.ordered >= 0)[:, None]).any()


def test_one_restaurant_is_ordered_with_the_logistic_probability_in_every_model() -> None:
    many, value, outside = 60_000, 0.7, np.full(60_000, 0.2)
    shown, utilities = np.zeros((many, 1), np.int64), np.full((many, 1), value)
    nested = choice.decide(keys(many), shown, shown, utilities, outside, np.ones(1), 0.75, 0.0)
    cascade = choice.decide_in_cascade(keys(many), shown, utilities, outside, np.ones(1), 0.0)
    for found in (nested, cascade):
        assert (found.ordered >= 0).mean() == pytest.approx(expit(value - 0.2), abs=0.007)


@pytest.mark.parametrize("model", list(ChoiceModel))
def test_the_chance_of_an_order_is_the_mean_of_what_happens(model: ChoiceModel) -> None:
    market, simulation = fed(model=model)
    rng, happened, expected = np.random.default_rng(0), 0.0, 0.0
    shown = np.broadcast_to(np.arange(10, dtype=np.int32), (DINERS, 10)).copy()
    for day in range(DAYS, DAYS + 8):
        asked = Asked(day, 19, np.arange(DINERS), np.arange(DINERS), np.full((DINERS, 6), -1, np.int32), np.empty(0))
        visits = simulation._visit(replace(asked, day=day), Slates(shown, np.ones(shown.shape)))
        happened += float((visits.outcome.ordered >= 0).sum())
        expected += float(
            np.mean([simulation.order_chances(asked, shown, rng.random(shown.shape)).sum() for _ in range(8)])
        )
    spread = np.sqrt(expected)
    assert abs(happened - expected) < 4.0 * spread
    assert market.city.restaurants.lat.size == RESTAURANTS
