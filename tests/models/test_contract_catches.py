"""The contract is worth something: each promise is broken once, and its check says so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pytest

from models.base import FloatArray, IntArray, Model, Representations, TrainingData
from models.popular import PopularModel
from models.testing import ModelContract
from models.uniform import RandomModel


class _Restless(RandomModel):
    """Draws anew at each fit."""

    def fit(self, data: TrainingData) -> Self:
        self.seed += 1
        return super().fit(data)


class _Forgetful(RandomModel):
    """Loses its restaurants on the way to disk."""

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, Any]) -> Self:
        return super().restore(parameters, {**arrays, "restaurants": arrays["restaurants"] * 0.5})


class _TwoFaced(RandomModel):
    """Is measured by one score and serves another."""

    def score(self, diners: IntArray, restaurants: IntArray | None = None) -> FloatArray:
        return np.tanh(super().score(diners, restaurants))


class _Crowded(PopularModel):
    """Represents a newcomer by who else is asked about."""

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        known = super().new_diners(tags)
        return replace(known, vectors=known.vectors + np.float32(len(tags)))


class _Gullible(PopularModel):
    """Takes a tag that it has never seen for something."""

    def new_restaurants(self, tags: Sequence[Sequence[str]]) -> Representations:
        known = super().new_restaurants(tags)
        return replace(known, biases=np.asarray([len(row) for row in tags], np.float32))


class _Narrow(PopularModel):
    """Gives newcomers fewer dimensions than it has."""

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        known = super().new_diners(tags)
        return replace(known, vectors=np.ascontiguousarray(known.vectors[:, 1:]))


class _Diverged(PopularModel):
    """Holds a NaN."""

    def fit(self, data: TrainingData) -> Self:
        super().fit(data)
        self._log_shares[0, 0] = np.nan
        return self


class _Vandal(PopularModel):
    """Changes the data that it learns from."""

    def fit(self, data: TrainingData) -> Self:
        super().fit(data)
        data.interactions.weights[:] = 1.0
        return self


class _Careless(PopularModel):
    """Divides by the number of orders."""

    def fit(self, data: TrainingData) -> Self:
        super().fit(data)
        with np.errstate(divide="ignore"):
            self._log_shares /= np.float32(len(data.interactions.diners))
        return self


@pytest.mark.parametrize(
    ("model", "check"),
    [
        (_Restless, "test_the_same_data_and_seed_give_the_same_model_bit_for_bit"),
        (_Forgetful, "test_a_saved_model_is_restored_bit_for_bit"),
        (_TwoFaced, "test_scores_are_products_of_representations"),
        (_Crowded, "test_new_rows_are_told_by_their_tags_alone"),
        (_Gullible, "test_unknown_tags_change_nothing"),
        (_Narrow, "test_new_rows_fit_the_known_ones"),
        (_Diverged, "test_representations_have_the_promised_form"),
        (_Vandal, "test_fit_leaves_its_input_as_it_is"),
        (_Careless, "test_no_interactions_is_an_error_or_a_finite_model"),
    ],
)
def test_a_broken_promise_is_caught(model, check):
    class Contract(ModelContract):
        def make(self) -> Model:
            return model()

    with pytest.raises(AssertionError):
        getattr(Contract(), check)()


def test_each_promise_is_broken_above():
    marks = test_a_broken_promise_is_caught.pytestmark
    broken = {check for mark in marks for _, check in mark.args[1]}
    assert broken == {name for name in vars(ModelContract) if name.startswith("test_")}
