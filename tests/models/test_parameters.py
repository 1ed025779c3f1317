"""Parameters of models: refused where they cannot be, used where they can."""

import doctest

import pytest

from data.dataset import Dataset
from models.base import ModelError
from models.contest import Contest, evaluate
from models.ladder import make
from models.pipeline import train
from services.cli import learning


@pytest.mark.parametrize(
    ("model", "parameter", "value"),
    [
        ("lightfm", "components", 0),
        ("lightfm", "components", 8.5),
        ("lightfm", "components", "abc"),
        ("lightfm", "components", None),
        ("lightfm", "components", [4]),
        ("lightfm", "epochs", -3),
        ("lightfm", "learning_rate", float("nan")),
        ("lightfm", "learning_rate", 0.0),
        ("lightfm", "restaurant_alpha", -1e-6),
        ("lightfm", "tag_share", 1.5),
        ("lightfm", "seed", -1),
        ("lightfm", "threads", 0),
        ("lightfm", "_tags", {}),
        ("popular", "half_life_days", 0.0),
        ("popular", "half_life_days", float("inf")),
        ("popular", "shrinkage", -1.0),
        ("popular", "components", 4),
        ("random", "seed", "x"),
    ],
)
def test_impossible_parameters_are_named(model, parameter, value):
    with pytest.raises(ModelError, match=f"model {model}.*{parameter}"):
        make(model, **{parameter: value})


def test_parameters_reach_the_models_that_were_asked_for_and_no_baseline(town: Dataset, tmp_path):
    kept = train(town, town.markets[0], "lightfm", tmp_path, parameters={"components": 7, "epochs": 2, "seed": 5})
    assert kept.manifest.dimensions == 7
    assert (kept.manifest.parameters["epochs"], kept.manifest.parameters["seed"]) == (2, 5)
    figures = [
        evaluate(town, Contest(tuple(models), parameters=parameters, cold_start=False))["models"]
        for models, parameters in (
            (["lightfm"], {"epochs": 1}),
            (["lightfm"], {"epochs": 9}),
            (["popular"], {"half_life_days": 0.5}),
        )
    ]
    assert figures[0]["lightfm"] != figures[1]["lightfm"]
    assert figures[0]["popular"] == figures[1]["popular"]
    assert figures[0]["popular"] != figures[2]["popular"]


def test_the_examples_of_the_option_hold():
    assert doctest.testmod(learning).attempted >= 1
    assert learning.parameters_of(["loss=bpr", "x=true", "y=", "z=a=b"]) == {
        "loss": "bpr",
        "x": True,
        "y": "",
        "z": "a=b",
    }
