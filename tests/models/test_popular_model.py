"""`popular`, computed by hand."""

from dataclasses import replace

import numpy as np
import pytest

from models.base import FeatureTable, Interactions, TrainingData, encode_tags
from models.popular import PopularModel, decayed_counts


def market(orders: list[tuple[int, int, float, float]]) -> TrainingData:
    """Diners 0 and 1 live in the east, 2 in the west, 3 nobody knows where; three restaurants."""
    columns = list(zip(*orders, strict=True)) or [(), (), (), ()]
    none = FeatureTable((), encode_tags([[]] * 4, ()))
    return TrainingData(
        market="m",
        diner_ids=("a", "b", "c", "d"),
        restaurant_ids=("x", "y", "z"),
        diner_features=none,
        restaurant_features=none,
        diner_districts=np.asarray([0, 0, 1, -1], np.int32),
        restaurant_districts=np.asarray([0, 1, 1], np.int32),
        districts=("east", "west"),
        interactions=Interactions(
            np.asarray(columns[0], np.int32),
            np.asarray(columns[1], np.int32),
            np.asarray(columns[2], np.float32),
            np.asarray(columns[3], np.float32),
        ),
        snapshot="",
    )


#         diner, restaurant, weight, age in days
ORDERS = [(0, 0, 1.0, 0.0), (1, 0, 1.0, 7.0), (1, 1, 2.0, 14.0), (2, 1, 1.0, 0.0), (3, 2, 4.0, 7.0)]


def test_counts_halve_with_every_half_life():
    acts = market(ORDERS).interactions
    np.testing.assert_allclose(decayed_counts(acts, 3, 7.0), [1 + 1 / 2, 2 / 4 + 1, 4 / 2])
    np.testing.assert_allclose(decayed_counts(acts, 4, 14.0)[3], 0.0)


def test_shares_by_district_shrunk_towards_the_market():
    model = PopularModel(half_life_days=7.0, shrinkage=2.0).fit(market(ORDERS))
    market_share = (np.asarray([1.5, 1.5, 2.0]) + 1 / 3) / 6
    east = np.asarray([1.5, 0.5, 0.0]) + 2 * market_share  # of a and b
    west = np.asarray([0.0, 1.0, 0.0]) + 2 * market_share  # of c
    expected = np.log([east / 4, east / 4, west / 3, market_share])
    np.testing.assert_allclose(model.score(np.arange(4, dtype=np.int32)), expected, rtol=1e-5)


def test_the_neighbourhood_decides_as_much_as_it_knows():
    """Without shrinkage the district alone counts, with much of it the market alone."""
    rows = np.asarray([0, 2, 3], np.int32)
    local = PopularModel(half_life_days=7.0, shrinkage=1e-6).fit(market(ORDERS)).score(rows)
    wide = PopularModel(half_life_days=7.0, shrinkage=1e9).fit(market(ORDERS)).score(rows)
    assert local.argmax(axis=1).tolist() == [0, 1, 2]
    assert wide.argmax(axis=1).tolist() == [2, 2, 2]
    np.testing.assert_allclose(wide[0], wide[2], atol=1e-5)


def test_what_was_popular_gives_way_to_what_is():
    orders = [(0, 0, 1.0, 60.0)] * 9 + [(0, 1, 1.0, 0.0)] * 2
    rows = np.asarray([0], np.int32)
    assert PopularModel(half_life_days=7.0).fit(market(orders)).score(rows).argmax() == 1
    assert PopularModel(half_life_days=1e6).fit(market(orders)).score(rows).argmax() == 0


def test_a_newcomer_gets_the_list_of_the_district():
    model = PopularModel(half_life_days=7.0).fit(market(ORDERS))
    new = model.new_diners([["budget=1", "home_district=west"], ["home_district=atlantis"], []])
    known = model.diners().vectors
    np.testing.assert_array_equal(new.vectors, known[[2, 3, 3]])


def test_a_new_restaurant_stands_at_the_lower_quartile():
    model = PopularModel().fit(market(ORDERS))
    new = model.new_restaurants([["cuisine=thai"], []])
    below = (model.restaurants().vectors < new.vectors[0]).sum(axis=0)
    assert ((below >= 0) & (below <= 1)).all()  # of three
    np.testing.assert_array_equal(new.vectors[0], new.vectors[1])


@pytest.mark.parametrize("orders", [[], [(3, 2, 1.0, 0.0)]])
def test_districts_without_an_order_follow_the_market(orders):
    model = PopularModel().fit(market(orders))
    scores = model.score(np.arange(4, dtype=np.int32))
    np.testing.assert_allclose(scores, np.tile(scores[3], (4, 1)), rtol=1e-5)
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1.0, rtol=1e-5)


def test_a_market_without_districts():
    data = replace(market(ORDERS), districts=(), diner_districts=np.full(4, -1, np.int32))
    scores = PopularModel(half_life_days=7.0).fit(data).score(np.arange(4, dtype=np.int32))
    assert scores.argmax(axis=1).tolist() == [2, 2, 2, 2]
