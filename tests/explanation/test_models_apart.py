"""Every model of the ladder, taken apart: its parts sum to what is served, and say what the model says."""

import json

import numpy as np
import pytest
from scipy import sparse

from models.base import Model, TrainingData
from models.explanation.parts import Kind, Parts, TakesApart, cells
from models.hybrid import LightFMModel
from models.ladder import make
from models.testing import sample_data

TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return sample_data()


def taken_apart(model: Model) -> tuple[list[Parts], list[Parts]]:
    assert isinstance(model, TakesApart)
    diners, restaurants = model.diners(), model.restaurants()
    return (
        [model.diner_parts(row) for row in range(len(diners.vectors))],
        [model.restaurant_parts(row) for row in range(len(restaurants.vectors))],
    )


EXPLAINED = {
    "lightfm": {"components": 12, "epochs": 5, "seed": 1},
}


@pytest.fixture(scope="module", params=EXPLAINED)
def model(request: pytest.FixtureRequest, data: TrainingData) -> Model:
    fitted = make(request.param, **EXPLAINED[request.param]).fit(data)
    arrays = {name: np.array(array) for name, array in fitted.arrays().items()}
    return type(fitted).restore(json.loads(json.dumps(fitted.parameters())), arrays)  # what an artifact keeps


def test_the_cells_of_every_pair_sum_to_its_score(model: Model) -> None:
    diners, restaurants = taken_apart(model)
    scores = model.score(np.arange(len(diners), dtype=np.int32))
    for row, diner in enumerate(diners):
        for column, place in enumerate(restaurants):
            table = cells(diner, place)
            scale = np.abs(table.products).sum() + np.abs(table.diner).sum() + np.abs(table.restaurant).sum()
            assert abs(table.total - float(scores[row, column])) <= TOLERANCE * max(scale, 1e-30)


def test_parts_of_new_rows_sum_to_their_representations(model: Model) -> None:
    assert isinstance(model, TakesApart)
    for tags in (["budget=1", "home_district=south"], ["budget=1", "budget=1", "never=seen"], []):
        served, found = model.new_diners([tags]), model.new_diner_parts(tags)
        np.testing.assert_allclose(found.total[:-1], served.vectors[0], rtol=1e-5, atol=1e-6)
        assert found.total[-1] == pytest.approx(float(served.biases[0]), rel=1e-5, abs=1e-6)
    for tags in (["cuisine=greek", "district=north"], []):
        served, found = model.new_restaurants([tags]), model.new_restaurant_parts(tags)
        np.testing.assert_allclose(found.total[:-1], served.vectors[0], rtol=1e-5, atol=1e-6)


class TestLightFM:
    """What is told of a row is what the library learnt of it."""

    def test_identities_and_tags_are_the_library_s_embeddings(self, data: TrainingData) -> None:
        from lightfm import LightFM

        model = LightFMModel(components=6, epochs=3, seed=2).fit(data)
        acts, shape = data.interactions, (len(data.diner_ids), len(data.restaurant_ids))
        library = LightFM(
            no_components=6, loss="warp", learning_rate=0.08, random_state=2, user_alpha=1e-4, item_alpha=1e-4
        )
        library.fit(
            sparse.coo_matrix((np.ones_like(acts.weights), (acts.diners, acts.restaurants)), shape=shape),
            sample_weight=sparse.coo_matrix((acts.weights, (acts.diners, acts.restaurants)), shape=shape),
            user_features=model._rows(data.diner_features),
            item_features=model._rows(data.restaurant_features),
            epochs=3,
            num_threads=1,
        )
        features = model._rows(data.restaurant_features)
        row = int(acts.restaurants[0])
        parts = model.restaurant_parts(row)
        own = features[row]
        names = [f"row {one}" for one in range(shape[1])] + list(data.restaurant_features.names)
        expected = {names[column]: weight for column, weight in zip(own.indices, own.data, strict=True)}
        assert len(parts.sources) == len(expected)
        for source, vector, bias in zip(parts.sources, parts.vectors, parts.biases, strict=True):
            name = source.tag if source.kind is Kind.TAG else f"row {row}"
            column = names.index(name)
            np.testing.assert_allclose(vector, expected[name] * library.item_embeddings[column], atol=1e-6)
            assert bias == pytest.approx(expected[name] * library.item_biases[column], abs=1e-6)

    def test_a_row_of_which_nothing_was_seen_is_told_by_its_tags_alone(self, data: TrainingData) -> None:
        model = LightFMModel(components=6, epochs=3).fit(data)
        unseen = np.setdiff1d(np.arange(len(data.diner_ids)), data.interactions.diners)
        for row in unseen.tolist():
            assert {source.kind for source in model.diner_parts(row).sources} <= {Kind.TYPICAL, Kind.TAG}

    def test_a_version_from_before_tags_were_kept_is_not_taken_apart(self, data: TrainingData) -> None:
        model = LightFMModel(components=6, epochs=3).fit(data)
        old = {name: array for name, array in model.arrays().items() if "_tag_starts" not in name}
        parts = LightFMModel.restore(model.parameters(), old).diner_parts(0)
        assert [source.kind for source in parts.sources] == [Kind.REST]
        np.testing.assert_array_equal(parts.total[:-1], model.diners().vectors[0])
