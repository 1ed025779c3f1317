"""A city that changes on one day: what is different after it, and what is not."""

import numpy as np
import pytest

from data.city.change import Change
from data.city.market import Market
from data.city.parameters import CityParameters
from data.city.vocabulary import CUISINES
from data.city.world import City

DAY = 10


@pytest.fixture(scope="module")
def city() -> City:
    return Market(0, 200, 400, 7, 3, CityParameters(), ahead=14).city


def ever_open(city: City, day: int) -> np.ndarray:
    """(n,) who is open at some hour of the week that begins on a day."""
    return np.any([city.open_at(day + more, hour) for more in range(7) for hour in range(24)], axis=0)


def test_who_opens_on_the_day_is_not_open_before_it(city: City) -> None:
    change = Change(DAY, opening=0.3, closing=0.0)
    before = change.before(city, seed=1)
    new = before.restaurants.opened_day == DAY

    assert 0.2 < new.mean() < 0.4
    assert not any((before.open_at(day, hour) & new).any() for day in range(-7, DAY) for hour in range(24))
    assert (ever_open(change.after(before, seed=1), DAY) & new).sum() == new.sum()


def test_who_closes_is_never_open_again_and_none_of_them_has_just_opened(city: City) -> None:
    change = Change(DAY, opening=0.3, closing=0.4)
    before = change.before(city, seed=1)
    after = change.after(before, seed=1)
    new = before.restaurants.opened_day == DAY
    gone = ever_open(before, DAY) & ~ever_open(after, DAY)

    assert 0.3 < gone[~new].mean() < 0.5
    assert not (gone & new).any()


def test_tastes_change_hands_and_stay_the_same_all_together(city: City) -> None:
    after = Change(DAY, taste=0.5).after(city, seed=1)
    moved = (after.diners.taste != city.diners.taste).any(axis=1)

    assert 0.4 < moved.mean() < 0.6
    assert np.array_equal(np.sort(after.diners.taste, axis=0), np.sort(city.diners.taste, axis=0))


def test_a_fashion_is_one_for_all_kitchens_of_a_cuisine(city: City) -> None:
    after = Change(DAY, fashion=0.7).after(city, seed=1)
    turned = after.restaurants.quality - city.restaurants.quality

    for cuisine in range(len(CUISINES)):
        of_cuisine = turned[city.restaurants.cuisine == cuisine]
        assert of_cuisine.size == 0 or np.ptp(of_cuisine) == pytest.approx(0.0, abs=1e-12)
    assert turned.std() > 0.2


def test_a_change_of_nothing_is_none(city: City) -> None:
    change = Change(DAY, opening=0.0, closing=0.0, taste=0.0, fashion=0.0)
    after = change.after(change.before(city, seed=1), seed=1)

    assert np.array_equal(after.restaurants.opened_day, city.restaurants.opened_day)
    assert np.array_equal(after.restaurants.quality, city.restaurants.quality)
    assert np.array_equal(after.diners.taste, city.diners.taste)
    assert np.array_equal(after.open_hours, city.open_hours)


def test_whom_it_meets_depends_on_the_seed_alone(city: City) -> None:
    change = Change(DAY)
    one, same, other = (change.after(change.before(city, seed), seed) for seed in (1, 1, 2))

    assert np.array_equal(one.open_hours, same.open_hours)
    assert np.array_equal(one.diners.taste, same.diners.taste)
    assert not np.array_equal(one.open_hours, other.open_hours)


@pytest.mark.parametrize("wrong", [{"opening": -0.1}, {"closing": 1.1}, {"taste": np.nan}, {"fashion": -1.0}])
def test_what_is_no_share_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Change(DAY, **wrong)
