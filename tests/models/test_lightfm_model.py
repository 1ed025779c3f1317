"""What LightFM learns here: tastes, and newcomers from their tags alone."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from tastes import market_of_tastes

from models.base import Interactions, ModelError, TrainingData
from models.hybrid import LightFMModel
from models.popular import PopularModel


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return market_of_tastes()


@pytest.fixture(scope="module")
def model(data: TrainingData) -> LightFMModel:
    return LightFMModel(components=16, epochs=30, seed=1).fit(data)


def _cuisine(data: TrainingData, name: str) -> np.ndarray:
    column = data.restaurant_features.names.index(f"cuisine={name}")
    return np.asarray(data.restaurant_features.matrix[:, [column]].todense()).ravel() > 0


def test_what_was_chosen_stands_above_the_rest(data: TrainingData, model: LightFMModel) -> None:
    acts = data.interactions
    scores = model.score(np.arange(len(data.diner_ids), dtype=np.int32))
    chosen = np.zeros(scores.shape, bool)
    chosen[acts.diners, acts.restaurants] = True
    seen = chosen.any(axis=1)
    above = [(scores[row][chosen[row]][:, None] > scores[row][~chosen[row]]).mean() for row in np.flatnonzero(seen)]
    assert np.mean(above) > 0.9


def test_a_new_restaurant_is_liked_by_those_who_like_its_cuisine(data: TrainingData, model: LightFMModel) -> None:
    thai = model.new_restaurants([["cuisine=thai"]])
    scores = model.diners().vectors @ thai.vectors[0] + model.diners().biases
    acts = data.interactions
    thai_orders = np.bincount(acts.diners, _cuisine(data, "thai")[acts.restaurants], minlength=len(data.diner_ids))
    fans = thai_orders >= 2
    assert scores[fans].mean() > scores[~fans].mean() + scores.std()


def test_a_restaurant_nobody_chose_is_represented_like_a_new_one_with_its_tags(
    data: TrainingData, model: LightFMModel
) -> None:
    row = len(data.restaurant_ids) - 1
    has = data.restaurant_features.matrix[row].toarray()[0] > 0
    tags = [name for name, holds in zip(data.restaurant_features.names, has, strict=True) if holds]
    new = model.new_restaurants([tags])
    np.testing.assert_allclose(model.restaurants().vectors[row], new.vectors[0], atol=1e-5)
    np.testing.assert_allclose(model.restaurants().biases[row], new.biases[0], atol=1e-5)


def test_a_newcomer_without_tags_is_the_mean_of_those_who_were_seen(data: TrainingData, model: LightFMModel) -> None:
    seen = np.unique(data.interactions.diners)
    np.testing.assert_allclose(
        model.new_diners([[]]).vectors[0], model.diners().vectors[seen].mean(axis=0), rtol=1e-4, atol=1e-5
    )


def test_the_exported_vectors_give_the_scores_of_the_library(data: TrainingData, model: LightFMModel) -> None:
    """The rows of identities and tags are put together here as LightFM.predict does it."""
    from lightfm import LightFM

    acts, shape = data.interactions, (len(data.diner_ids), len(data.restaurant_ids))
    library = LightFM(
        no_components=16,
        loss="warp",
        learning_rate=model.learning_rate,
        random_state=1,
        user_alpha=model.diner_alpha,
        item_alpha=model.restaurant_alpha,
    )
    features = [model._rows(table) for table in (data.diner_features, data.restaurant_features)]
    library.fit(
        sparse.coo_matrix((np.ones_like(acts.weights), (acts.diners, acts.restaurants)), shape=shape),
        sample_weight=sparse.coo_matrix((acts.weights, (acts.diners, acts.restaurants)), shape=shape),
        user_features=features[0],
        item_features=features[1],
        epochs=30,
        num_threads=1,
    )
    seen_diner, seen_places = int(acts.diners[0]), np.unique(acts.restaurants)
    expected = library.predict(seen_diner, seen_places, user_features=features[0], item_features=features[1])
    ours = model.score(np.asarray([seen_diner], np.int32), seen_places.astype(np.int32))[0]
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


def test_rows_of_features_sum_to_one(data: TrainingData, model: LightFMModel) -> None:
    sums = np.asarray(model._rows(data.restaurant_features).sum(axis=1)).ravel()
    np.testing.assert_allclose(sums, 1.0, atol=1e-6)


def test_the_seed_matters(data: TrainingData) -> None:
    one, other = (LightFMModel(components=8, epochs=1, seed=seed).fit(data) for seed in (1, 2))
    assert not np.array_equal(one.restaurants().vectors, other.restaurants().vectors)


def test_weights_matter(data: TrainingData) -> None:
    acts = data.interactions
    even = replace(data, interactions=replace(acts, weights=np.ones_like(acts.weights)))
    one, other = (LightFMModel(components=8, epochs=1).fit(one) for one in (data, even))
    assert not np.array_equal(one.restaurants().vectors, other.restaurants().vectors)


def test_nothing_to_learn_from_is_said(data: TrainingData) -> None:
    nothing = np.empty(0, np.int32)
    empty = Interactions(nothing, nothing, np.empty(0, np.float32), np.empty(0, np.float32))
    with pytest.raises(ModelError, match="tastes has no positive feedback"):
        LightFMModel().fit(replace(data, interactions=empty))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_fit_that_diverges_is_refused(data: TrainingData) -> None:
    with pytest.raises(ModelError, match="diverged: lower the learning rate"):
        LightFMModel(components=8, epochs=5, learning_rate=1e30).fit(data)


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(ModelError, match="no loss 'hinge': choose one of warp, bpr"):
        LightFMModel(loss="hinge")


class TestPopular:
    def test_recent_orders_count_more(self, data: TrainingData) -> None:
        acts = data.interactions
        one = replace(
            data,
            diner_districts=np.full(len(data.diner_ids), -1, np.int32),
            interactions=Interactions(
                diners=np.asarray([0, 1, 2], np.int32),
                restaurants=np.asarray([4, 4, 7], np.int32),
                weights=np.ones(3, np.float32),
                ages_days=np.asarray([28.0, 28.0, 0.0], np.float32),
            ),
        )
        assert len(acts.diners) > 3
        scores = PopularModel(half_life_days=14.0).fit(one).score(np.asarray([0], np.int32))[0]
        # Two orders, two half-lives ago, are half an order: less than one of today.
        assert scores[7] > scores[4] > scores[0]
        np.testing.assert_allclose(np.exp(scores[7] - scores[4]), (1 + 1 / 48) / (0.5 + 1 / 48), rtol=1e-4)

    def test_each_district_has_its_own_order_and_strangers_have_the_markets(self, data: TrainingData) -> None:
        model = PopularModel(shrinkage=0.1).fit(data)
        known = model.new_diners([["home_district=north"], ["home_district=south"], ["home_district=mars"], []])
        scores = known.vectors @ model.restaurants().vectors.T
        assert not np.array_equal(np.argsort(scores[0]), np.argsort(scores[1]))
        np.testing.assert_array_equal(scores[2], scores[3])

    def test_shares_sum_to_one(self, data: TrainingData) -> None:
        shares = np.exp(PopularModel().fit(data).restaurants().vectors).sum(axis=0)
        np.testing.assert_allclose(shares, 1.0, rtol=1e-4)

    def test_shrinkage_without_end_is_the_market(self, data: TrainingData) -> None:
        vectors = PopularModel(shrinkage=1e9).fit(data).restaurants().vectors
        np.testing.assert_allclose(vectors[:, 0], vectors[:, -1], rtol=1e-3)
