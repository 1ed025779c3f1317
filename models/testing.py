"""The contract that every model of the ladder fulfils, as tests that ship with the project.

For a model of one's own:

    class TestMyModel(ModelContract):
        def make(self) -> Model:
            return MyModel(seed=3)

and run pytest over that file. The contract needs no dataset: `sample_data` makes a small one in memory.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from data.hours import WeeklyHours
from models.base import (
    FeatureTable,
    Interactions,
    Model,
    ModelError,
    Rehearsal,
    Representations,
    TrainingData,
    encode_tags,
    factor_scores,
)
from models.journal import Actions, Asked, Journal, Places, ShownLists

_DINERS: Final = 40
_RESTAURANTS: Final = 15
_DISTRICTS: Final = ("north", "south")
_CUISINES: Final = ("thai", "greek", "cafe")
_SAVED_DTYPES: Final = (np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_)


def sample_data(seed: int = 0) -> TrainingData:
    """A market of 40 diners and 15 restaurants who mostly order in their district.

    The last diner and the last restaurant have no interactions; the first diner's home is not known. Its rehearsal is
    of the same diners: what they did in ten days, and lists of five, one for each thing that they did.
    """
    rng = np.random.default_rng(seed)
    homes = rng.integers(len(_DISTRICTS), size=_DINERS).astype(np.int32)
    homes[0] = -1
    places = (np.arange(_RESTAURANTS) % len(_DISTRICTS)).astype(np.int32)
    liking = rng.random((_DINERS, _RESTAURANTS)) + 0.5 * (homes[:, None] == places)
    liking[-1], liking[:, -1] = 0.0, 0.0
    diners, restaurants = np.nonzero(liking > 0.95)
    data = TrainingData(
        market="sample",
        diner_ids=tuple(f"d{row}" for row in range(_DINERS)),
        restaurant_ids=tuple(f"r{row}" for row in range(_RESTAURANTS)),
        diner_features=_features(
            [
                ([f"home_district={_DISTRICTS[home]}"] if home >= 0 else []) + [f"budget={row % 3}"]
                for row, home in enumerate(homes.tolist())
            ]
        ),
        restaurant_features=_features(
            [
                [f"cuisine={_CUISINES[row % 3]}", f"district={_DISTRICTS[place]}"]
                for row, place in enumerate(places.tolist())
            ]
        ),
        diner_districts=homes,
        restaurant_districts=places,
        districts=_DISTRICTS,
        interactions=Interactions(
            diners.astype(np.int32),
            restaurants.astype(np.int32),
            rng.uniform(0.2, 2.0, len(diners)).astype(np.float32),
            rng.uniform(0.0, 20.0, len(diners)).astype(np.float32),
        ),
        snapshot="0" * 64,
    )
    return replace(data, rehearsal=_rehearsal(data, rng))


def _rehearsal(data: TrainingData, rng: np.random.Generator) -> Rehearsal:
    acts, day = data.interactions, 86_400
    at = np.sort(rng.integers(0, 10 * day, len(acts.diners)))
    order, cut = rng.permutation(len(at)), 6 * day
    actions = Actions(
        acts.diners[order].astype(np.int64), acts.restaurants[order].astype(np.int64), at, rng.random(len(at)) < 0.7
    )
    shown = rng.integers(0, _RESTAURANTS, (len(at), 5))
    shown[np.arange(len(at)), rng.integers(0, 5, len(at))] = actions.restaurants
    grades = np.where(shown == actions.restaurants[:, None], 1 + actions.ordered[:, None], 0).astype(np.int8)
    minutes = at // 60 % (7 * 24 * 60)
    places = Places(
        lat=50.0 + rng.random(_RESTAURANTS) / 20,
        lon=rng.random(_RESTAURANTS) / 20,
        price_levels=rng.integers(0, 5, _RESTAURANTS).astype(np.float64),
        cuisines=np.arange(_RESTAURANTS) % len(_CUISINES),
        opened_at=np.where(np.arange(_RESTAURANTS) % 4 == 0, 3.0 * day, np.nan),
    )
    lat, lon = 50.0 + rng.random(_DINERS) / 20, rng.random(_DINERS) / 20
    lat[0] = lon[0] = np.nan
    asked = Asked(actions.diners, at, minutes, lat[actions.diners], lon[actions.diners])
    parts = [
        Interactions(
            actions.diners[part].astype(np.int32),
            actions.restaurants[part].astype(np.int32),
            np.ones(int(part.sum()), np.float32),
            ((cut - at[part]) / day).astype(np.float32),
        )
        for part in (at < cut, at >= cut)
    ]
    journal = Journal(
        places=places,
        cuisines=_CUISINES,
        hours=WeeklyHours.pack([None] * _RESTAURANTS),
        actions=actions,
        minutes=minutes,
        shown=ShownLists(asked, shown, np.tile(np.arange(1, 6), (len(at), 1)), grades),
    )
    return Rehearsal(replace(data, interactions=parts[0]), parts[1], cut, 10 * day, journal)


def _features(rows: list[list[str]]) -> FeatureTable:
    names = tuple(sorted({tag for row in rows for tag in row}))
    return FeatureTable(names, encode_tags(rows, names))


class ModelContract(ABC):
    """What a model must promise before it may stand on the ladder; subclass it and give `make`."""

    @abstractmethod
    def make(self) -> Model:
        """A model as it is before `fit`, with one thread and a fixed seed."""

    def test_the_same_data_and_seed_give_the_same_model_bit_for_bit(self) -> None:
        """Two fits, and a fit after another one by the same object, agree in every bit."""
        data = sample_data()
        once, again, refitted = self.make().fit(data), self.make().fit(data), self.make().fit(sample_data(1)).fit(data)
        for other in (again, refitted):
            _assert_same(_all_of(once), _all_of(other))

    def test_representations_have_the_promised_form(self) -> None:
        """float32, C-contiguous, finite; a row a diner or restaurant; both sides of the same dimensions."""
        data = sample_data()
        model = self.make().fit(data)
        _assert_form(model.diners(), len(data.diner_ids))
        _assert_form(model.restaurants(), len(data.restaurant_ids))
        assert model.diners().vectors.shape[1] == model.restaurants().vectors.shape[1]

    def test_scores_are_products_of_representations(self) -> None:
        """Serving multiplies representations, so this must be what the model means by a score."""
        model = self.make().fit(sample_data())
        diners, restaurants = np.asarray([3, 0, 39], np.int32), np.asarray([14, 2], np.int32)
        scores = model.score(diners, restaurants)
        assert scores.shape == (3, 2)
        assert scores.dtype == np.float32
        expected = factor_scores(model.diners(), model.restaurants(), diners, restaurants)
        np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(model.score(diners)[:, restaurants], scores, rtol=1e-5, atol=1e-5)

    def test_a_saved_model_is_restored_bit_for_bit(self) -> None:
        """`parameters` survive JSON, `arrays` have dtypes that the artifact can hold, and nothing else is needed."""
        model = self.make().fit(sample_data())
        arrays = {name: np.array(array) for name, array in model.arrays().items()}
        assert all(array.dtype in _SAVED_DTYPES for array in arrays.values())
        for array in arrays.values():
            array.flags.writeable = False  # as the memory map of an artifact is
        restored = type(model).restore(json.loads(json.dumps(model.parameters())), arrays)
        _assert_same(_all_of(model), _all_of(restored))

    def test_new_rows_are_told_by_their_tags_alone(self) -> None:
        """The answer for a row does not depend on the other rows of the call, nor on the order of its tags."""
        model = self.make().fit(sample_data())
        for new, tags in _new_sides(model):
            together = new([tags, [], list(reversed(tags))])
            _assert_form(together, 3)
            _assert_same(_rows(together, [0]), _rows(new([tags]), [0]))
            _assert_same(_rows(together, [0]), _rows(together, [2]))
            _assert_form(new([]), 0)

    def test_unknown_tags_change_nothing(self) -> None:
        """Tags that training has not seen are left out; a row of them alone is a row without tags."""
        model = self.make().fit(sample_data())
        for new, tags in _new_sides(model):
            found = new([tags, [*tags, "cuisine=martian"], [], ["never=seen", ""]])
            _assert_same(_rows(found, [0, 2]), _rows(found, [1, 3]))

    def test_new_rows_fit_the_known_ones(self) -> None:
        """New diners can be scored with known restaurants, and known diners with new restaurants."""
        model = self.make().fit(sample_data())
        (new_diners, diner_tags), (new_restaurants, restaurant_tags) = _new_sides(model)
        width = model.diners().vectors.shape[1]
        assert new_diners([diner_tags]).vectors.shape == (1, width)
        assert new_restaurants([restaurant_tags]).vectors.shape == (1, width)

    def test_fit_leaves_its_input_as_it_is(self) -> None:
        """Several models are fitted to the same arrays."""
        data = sample_data()
        self.make().fit(data)
        untouched = sample_data()
        _assert_same(_inputs(data), _inputs(untouched))

    def test_no_interactions_is_an_error_or_a_finite_model(self) -> None:
        """A market without feedback must not end in numbers that are none."""
        none = Interactions(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, "f4"))
        data = replace(sample_data(), interactions=none)
        try:
            model = self.make().fit(data)
        except ModelError:
            return
        _assert_form(model.diners(), len(data.diner_ids))
        _assert_form(model.restaurants(), len(data.restaurant_ids))


_Arrays = dict[str, npt.NDArray[np.generic]]
_New = Callable[[list[list[str]]], Representations]


def _new_sides(model: Model) -> tuple[tuple[_New, list[str]], tuple[_New, list[str]]]:
    """Both calls for new rows, each with tags that the sample data has."""
    return (
        (model.new_diners, ["budget=1", "home_district=south"]),
        (model.new_restaurants, ["cuisine=greek", "district=north"]),
    )


def _all_of(model: Model) -> _Arrays:
    """All that a model answers with, for comparison."""
    found: _Arrays = {}
    (new_diners, diner_tags), (new_restaurants, restaurant_tags) = _new_sides(model)
    for name, side in (
        ("diners", model.diners()),
        ("restaurants", model.restaurants()),
        ("new diners", new_diners([diner_tags, []])),
        ("new restaurants", new_restaurants([restaurant_tags, []])),
    ):
        found |= {f"{name}: vectors": side.vectors, f"{name}: biases": side.biases}
    return found


def _inputs(data: TrainingData) -> _Arrays:
    acts = data.interactions
    found: _Arrays = {
        "diner districts": data.diner_districts,
        "restaurant districts": data.restaurant_districts,
        "diners": acts.diners,
        "restaurants": acts.restaurants,
        "weights": acts.weights,
        "ages": acts.ages_days,
    }
    for name, table in (("diner", data.diner_features), ("restaurant", data.restaurant_features)):
        matrix = table.matrix
        found |= {f"{name} data": matrix.data, f"{name} indices": matrix.indices, f"{name} indptr": matrix.indptr}
    return found


def _rows(side: Representations, rows: list[int]) -> _Arrays:
    return {"vectors": side.vectors[rows], "biases": side.biases[rows]}


def _assert_same(found: _Arrays, expected: _Arrays) -> None:
    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert array.shape == expected[name].shape, name
        assert array.tobytes() == expected[name].tobytes(), f"{name} differ"


def _assert_form(side: Representations, rows: int) -> None:
    assert side.vectors.ndim == 2
    assert (len(side.vectors), side.biases.shape) == (rows, (rows,))
    for array in (side.vectors, side.biases):
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert np.isfinite(array).all()
