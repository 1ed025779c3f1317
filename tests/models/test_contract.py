"""Every rung of the ladder fulfils the contract that is asked of one's own models."""

import inspect

import pytest

from models.base import Model
from models.ease import EaseModel
from models.ensemble import EnsembleModel
from models.hybrid import LightFMModel
from models.ials import IalsModel
from models.ladder import LADDER, make
from models.popular import PopularModel
from models.second_stage.learning import TreeSettings
from models.testing import ModelContract
from models.two_stage import LightFMLambdaMartModel
from models.uniform import RandomModel


class TestRandom(ModelContract):
    def make(self) -> Model:
        return RandomModel(seed=3)


class TestPopular(ModelContract):
    def make(self) -> Model:
        return PopularModel(half_life_days=7.0, shrinkage=5.0)


class TestLightFM(ModelContract):
    def make(self) -> Model:
        return LightFMModel(components=6, epochs=3, seed=3)


class TestEase(ModelContract):
    def make(self) -> Model:
        return EaseModel(penalty=2.0, memory=0.3, dimensions=8)


class TestEaseInFull(ModelContract):
    def make(self) -> Model:
        return EaseModel(penalty=2.0, dimensions=15)


class TestIals(ModelContract):
    def make(self) -> Model:
        return IalsModel(components=6, epochs=3, regularisation=1.0, seed=3)


class TestLightFMLambdaMart(ModelContract):
    def make(self) -> Model:
        return LightFMLambdaMartModel(
            {"components": 6, "epochs": 3}, TreeSettings(rounds=5, leaves=4, fewest_in_leaf=5, negatives=3), seed=3
        )


class TestEnsemble(ModelContract):
    def make(self) -> Model:
        lightfm, ials = {"components": 6, "epochs": 3}, {"components": 4, "epochs": 2}
        return EnsembleModel({"popular": {}, "lightfm": lightfm, "ease": {"dimensions": 8}, "ials": ials}, seed=3)


class TestLightFMWithBPR(ModelContract):
    def make(self) -> Model:
        return LightFMModel(components=6, epochs=3, loss="bpr", tag_share=0.5, seed=3)


class TestLightFMOfIdentitiesAlone(ModelContract):
    def make(self) -> Model:
        return LightFMModel(components=6, epochs=3, tag_share=0.0, seed=3)


def test_every_rung_is_under_contract():
    held = {type(each().make()) for name, each in globals().items() if name.startswith("Test")}
    assert set(LADDER.values()) <= held


@pytest.mark.parametrize("name", sorted(LADDER))
def test_a_rung_has_the_name_it_is_listed_by_and_its_parameters_are_its_constructor(name):
    model = make(name)
    assert model.name == name
    assert model.summary
    assert set(inspect.signature(type(model)).parameters) <= set(model.parameters())
