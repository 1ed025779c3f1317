"""Every model of the ladder, taken apart: its parts sum to what is served, and say what the model says."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse

from models.base import Model, ModelError, TrainingData
from models.ease import EaseModel
from models.ensemble import EnsembleModel
from models.explanation.parts import Kind, Parts, TakesApart, cells
from models.hybrid import LightFMModel
from models.ials import IalsModel
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
    "popular": {},
    "lightfm": {"components": 12, "epochs": 5, "seed": 1},
    "ease": {"penalty": 5.0, "dimensions": 9},
    "ials": {"components": 8, "epochs": 5},
    "lightfm+lambdamart": {"trees": {"rounds": 5, "fewest_in_leaf": 5}, "first": {"components": 12, "epochs": 3}},
    "ensemble": {"members": {name: {} for name in ("popular", "lightfm", "ease", "ials")}},
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


def test_popular_says_what_the_district_changes_in_what_the_market_orders(data: TrainingData) -> None:
    model = make("popular").fit(data)
    assert isinstance(model, TakesApart)
    row = int(np.flatnonzero(data.diner_districts >= 0)[0])
    everybody = model.new_diners([[]]).vectors @ model.restaurants().vectors.T
    diner = model.diner_parts(row)
    table = cells(diner, model.restaurant_parts(3))
    home = data.districts[data.diner_districts[row]]
    assert [source.tag for source in diner.sources] == ["", f"home_district={home}"]
    assert table.products[0, 0] == everybody[0, 3]


class TestHistories:
    """What each restaurant of a diner's history says."""

    def test_ease_is_what_the_model_s_own_reasons_are(self, data: TrainingData) -> None:
        model = EaseModel(penalty=5.0, dimensions=9).fit(data)
        acts = data.interactions
        for diner in np.unique(acts.diners).tolist():
            own = acts.diners == diner
            reasons = model.reasons(acts.restaurants[own], acts.weights[own], 4)
            parts = model.diner_parts(diner)
            table = cells(parts, model.restaurant_parts(4))
            assert {source.kind for source in parts.sources} == {Kind.HISTORY}
            found = {source.row: value for source, value in zip(parts.sources, table.products[:, 0], strict=True)}
            assert sorted(found) == sorted(acts.restaurants[own].tolist())
            for restaurant, reason in zip(acts.restaurants[own].tolist(), reasons.tolist(), strict=True):
                assert found[restaurant] == pytest.approx(reason, rel=1e-4, abs=1e-6)

    def test_ials_is_the_solution_by_its_right_sides_and_the_rest_is_named(self, data: TrainingData) -> None:
        model = IalsModel(components=8, epochs=30, alpha=5.0, regularisation=5.0).fit(data)
        acts = data.interactions
        diner = int(acts.diners[0])
        parts = model.diner_parts(diner)
        kinds = [source.kind for source in parts.sources]
        assert kinds.count(Kind.REST) <= 1
        told = parts.vectors[[kind is Kind.HISTORY for kind in kinds]].sum(axis=0)
        own = acts.diners == diner
        places = model.restaurants().vectors.astype(np.float64)
        seen = np.isin(np.arange(len(places)), acts.restaurants)
        weights = np.ones(len(places))
        weights[acts.restaurants[own]] += 5.0 * acts.weights[own]
        system = (places[seen].T * weights[seen]) @ places[seen] + 5.0 * np.eye(8)
        right = (weights[acts.restaurants[own], None] * places[acts.restaurants[own]]).sum(axis=0)
        np.testing.assert_allclose(told, np.linalg.solve(system, right), rtol=1e-6, atol=1e-9)
        # Alternated to the end, what is solved is what is served.
        np.testing.assert_allclose(told, model.diners().vectors[diner], rtol=0, atol=0.02 * np.abs(told).max())

    def test_a_model_without_its_histories_says_so(self, data: TrainingData) -> None:
        for model in (EaseModel(penalty=5.0).fit(data), IalsModel(components=4, epochs=2).fit(data)):
            newer = ("_tag_starts", "_tag_columns", "_seen", "liked_starts", "liked_restaurants", "liked_weights")
            old = {name: array for name, array in model.arrays().items() if not name.endswith(newer)}
            parts = type(model).restore(model.parameters(), old).diner_parts(0)
            assert [source.kind for source in parts.sources] == [Kind.REST]


def test_an_ensemble_is_the_weighed_sum_of_its_members(data: TrainingData) -> None:
    model = EnsembleModel({"lightfm": {"epochs": 3}, "ease": {"penalty": 5.0}}).fit(data)
    table_of = {name: cells(one.diner_parts(2), one.restaurant_parts(3)) for name, one in model._apart().items()}
    diner, place = model.diner_parts(2), model.restaurant_parts(3)
    whole = cells(diner, place)
    for name, table in table_of.items():
        rows = [source.member == name for source in diner.sources]
        columns = [source.member == name for source in place.sources]
        np.testing.assert_allclose(
            whole.products[np.ix_(rows, columns)], table.products * model._scales[name], rtol=1e-6, atol=1e-12
        )
        assert not whole.products[np.ix_(rows, np.logical_not(columns))].any()


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        ("diner_tag_starts", lambda array: array[:-1]),
        ("diner_tag_starts", lambda array: array[::-1].copy()),
        ("restaurant_tag_columns", lambda array: array + 1000),
        ("restaurant_tag_columns", lambda array: array - 1),
        ("diner_seen", lambda array: array[1:]),
        ("liked_restaurants", lambda array: array + 1000),
        ("liked_starts", lambda array: array + 1),
        ("liked_weights", lambda array: array[1:]),
    ],
)
def test_what_rows_are_made_of_must_fit_the_rows(
    data: TrainingData, name: str, spoilt: Callable[[np.ndarray], np.ndarray]
) -> None:
    model = EaseModel(penalty=5.0).fit(data)
    arrays = {**model.arrays(), name: spoilt(model.arrays()[name])}
    with pytest.raises(ModelError, match="of other rows"):
        EaseModel.restore(model.parameters(), arrays)
