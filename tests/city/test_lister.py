"""Lists by somebody else: the visits and the luck stay, only what is shown differs."""

import numpy as np
import pytest

from data.city.choice import Outcome
from data.city.generate import generate, generate_market
from data.city.lister import Asked, LoggingPolicy, Visits
from data.city.logging_policy import Slates
from data.city.market import Market
from data.city.parameters import CityParameters
from data.city.simulation import Simulation

NOBODY = np.full((150, 6), -1, np.int32)
UNIFORMS = np.random.default_rng(0).random((150, 10))
SIZES = {"restaurants": 60, "diners": 150, "days": 3, "ahead": 4, "seed": 5}


class Nearest:
    """Shows the first open restaurants by row; from diners in `silent` it keeps its lists."""

    def __init__(self, market: Market, silent: int = 0, reverse: bool = False) -> None:
        self.market, self.silent, self.reverse = market, silent, reverse
        self.asked: list[Asked] = []
        self.learnt: list[Visits] = []

    def lists(self, asked: Asked) -> Slates:
        assert len(self.learnt) == len(self.asked)
        self.asked.append(asked)
        open_rows = np.flatnonzero(self.market.city.open_at(asked.day, asked.hour))
        rows = np.full(10, -1)
        best = (open_rows[::-1] if self.reverse else open_rows)[:10]
        rows[: len(best)] = best
        slates = np.tile(rows, (len(asked.diners), 1)).astype(np.int32)
        slates[asked.diners < self.silent] = -1
        return Slates(slates, np.ones(slates.shape))

    def learn(self, visits: Visits) -> None:
        self.learnt.append(visits)


@pytest.fixture(scope="module")
def left(tmp_path_factory) -> tuple[Market, Simulation]:
    return generate_market(tmp_path_factory.mktemp("cities") / "c", **SIZES)


def test_the_log_of_a_market_that_goes_on_is_that_of_its_dataset(tmp_path):
    """Days ahead move the newcomers' dates, so a city without newcomers is compared."""
    still = CityParameters(newcomers=0.0, late_diners=0.0)
    generate_market(tmp_path / "on", **SIZES, parameters=still)
    sizes = {name: size for name, size in SIZES.items() if name != "ahead"}
    generate(tmp_path / "only", **sizes, markets=1, parameters=still)
    for file in ("restaurants", "diners", "campaigns", "events"):
        assert (tmp_path / f"on/{file}.parquet").read_bytes() == (tmp_path / f"only/{file}.parquet").read_bytes()
    truth = "truth/aldermoor.safetensors"
    assert (tmp_path / "on" / truth).read_bytes() == (tmp_path / "only" / truth).read_bytes()


@pytest.mark.parametrize("minutes", [60, 10])
def test_the_logging_policy_may_be_asked_as_often_as_one_likes(left, minutes):
    market, simulation = left
    lister = LoggingPolicy(market.city, simulation.parameters)
    again = Simulation(market.city, simulation.parameters, simulation._seed_key)
    for day in range(-simulation.parameters.warm_up_days, 3):
        market.run_day(again, day, lister, minutes)
    assert np.array_equal(again._memory.restaurants, simulation._memory.restaurants)
    assert np.array_equal(again._memory.orders, simulation._memory.orders)


def test_the_logging_policy_shows_what_was_ordered_lately_more_often(left):
    """Orders count from the next day on and fade by half in a half-life."""
    market, simulation = left
    first, later = (LoggingPolicy(market.city, simulation.parameters) for _ in range(2))
    asked = [Asked(day, 19, np.arange(150), np.arange(150), NOBODY, UNIFORMS) for day in (3, 4, 4 + 14)]
    row = int(np.flatnonzero(market.city.open_at(3, 19))[7])
    slates = Slates(np.full((150, 10), row, np.int32), np.ones((150, 10)))
    outcome = Outcome(*[np.zeros((150, 10), np.bool_)] * 2, np.zeros(150, np.int64), np.zeros((150, 10)), np.zeros(150))
    for lister, day in ((first, asked[1]), (later, asked[2])):
        before = lister.lists(asked[0])
        lister.learn(Visits(3, asked[0].diners, asked[0].seconds, slates, outcome, np.arange(len(asked[0].diners))))
        again = lister.lists(asked[0])
        assert np.array_equal(before.restaurants, again.restaurants)
        after = lister.lists(day)
        times = [int((shown.restaurants == row).sum()) for shown in (before, after)]
        assert times[1] > times[0]
    assert first._popularity[row] == 150.0
    assert later._popularity[row] == pytest.approx(75.0)


def test_two_listers_meet_the_same_visits(left):
    market, simulation = left
    first, second = Nearest(market), Nearest(market, reverse=True)
    for lister in (first, second):
        diners = simulation.copy()
        for day in (3, 4):
            market.run_day(diners, day, lister)
    for one, other in zip(first.asked, second.asked, strict=True):
        assert np.array_equal(one.diners, other.diners)
        assert np.array_equal(one.seconds, other.seconds)
        assert (one.day, one.hour) == (other.day, other.hour)
    shown = [np.concatenate([visits.slates.restaurants for visits in it.learnt]) for it in (first, second)]
    assert not np.array_equal(*shown)


def test_luck_belongs_to_diner_day_and_restaurant(left):
    market, simulation = left
    first, second = Nearest(market), Nearest(market, reverse=True)
    for lister in (first, second):
        market.run_day(simulation.copy(), 3, lister)
    met = 0
    for one, other in zip(first.learnt, second.learnt, strict=True):
        for rows, felt, other_rows, other_felt in zip(
            one.slates.restaurants, one.outcome.utility, other.slates.restaurants, other.outcome.utility, strict=True
        ):
            by_row = dict(zip(rows.tolist(), felt.tolist(), strict=True))
            for row, value in zip(other_rows.tolist(), other_felt.tolist(), strict=True):
                if row >= 0 and row in by_row:
                    assert by_row[row] == value
                    met += 1
    assert met > 20


def test_parts_of_an_hour_change_nothing_for_a_lister_that_does_not_learn(left):
    market, simulation = left
    hourly, often = Nearest(market), Nearest(market)
    market.run_day(simulation.copy(), 3, hourly)
    market.run_day(simulation.copy(), 3, often, minutes=10)
    assert len(often.learnt) > len(hourly.learnt)
    orders = [np.concatenate([visits.outcome.ordered for visits in lister.learnt]) for lister in (hourly, often)]
    assert np.array_equal(*orders)


def test_whoever_gets_an_empty_list_leaves(left):
    market, simulation = left
    everyone, some = Nearest(market), Nearest(market, silent=75)
    for lister in (everyone, some):
        market.run_day(simulation.copy(), 3, lister)
    came = np.concatenate([visits.diners for visits in everyone.learnt])
    stayed = np.concatenate([visits.diners for visits in some.learnt])
    assert (came < 75).any()
    assert np.array_equal(stayed, came[came >= 75])


def test_a_copy_remembers_apart(left):
    market, simulation = left
    before = simulation._memory.orders.copy()
    copy = simulation.copy()
    market.run_day(copy, 3, Nearest(market))
    assert np.array_equal(simulation._memory.orders, before)
    assert not np.array_equal(copy._memory.orders, before)
