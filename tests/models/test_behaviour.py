"""The behavioural checks: a model of the ladder passes, and each planted fault is found by the check that is for it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.base import Model, Representations, TrainingData
from models.behaviour import CHECKS, Subject, examine, tags_of
from models.calibration import Calibration, Curve
from models.ladder import make
from models.testing import sample_data

CALIBRATION = Calibration(
    order=Curve(slope=1.0, travel=-1.0, intercept=-2.0),
    click=Curve(slope=1.0, travel=-1.0, intercept=-1.0),
    examination=(1.0,),
    mean_log_time=2.0,
)


def subject(model: Model, data: TrainingData | None = None, **changes: Any) -> Subject:
    data = data or sample_data()
    return replace(Subject(model.fit(data), CALIBRATION, data), **changes)


def failed(one: Subject) -> set[str]:
    return {outcome.name for outcome in examine(one) if not outcome.passed}


@pytest.mark.parametrize("name", ["popular", "lightfm"])
def test_models_that_learn_pass(name: str) -> None:
    outcomes = examine(subject(make(name)))
    assert [outcome.document() for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) == len(CHECKS)


def test_an_order_that_knows_nothing_does_not() -> None:
    assert "known places" in failed(subject(make("random")))


class Planted:
    """LightFM with a fault."""

    def __init__(self, **faults: Any) -> None:
        self._model = make("lightfm")
        self._faults = faults

    def fit(self, data: TrainingData) -> "Planted":
        self._model.fit(data)
        return self

    def __getattr__(self, name: str) -> Any:
        own = getattr(self._model, name)
        fault = self._faults.get(name)
        return own if fault is None else lambda *args: fault(own, *args)


def shifted(own: Any, rows: Any, *more: Any) -> Any:
    return own(rows, *more) + np.arange(len(rows), dtype=np.float32)[:, None]


def reads_unknown_tags(own: Any, tags: Any) -> Representations:
    plain = own(tags)
    return Representations(plain.vectors + np.float32([["never=seen" in row] for row in tags]), plain.biases)


def leading(own: Any, tags: Any) -> Representations:
    plain = own(tags)
    return Representations(plain.vectors, plain.biases + np.float32(1_000.0))


def against_taste(own: Any, tags: Any) -> Representations:
    plain = own(tags)
    middle = plain.vectors.mean(axis=0)
    return Representations(middle - 3.0 * (plain.vectors - middle), -plain.biases)


@pytest.mark.parametrize(
    ("faults", "check"),
    [
        ({"score": shifted}, "order of diners"),
        ({"score": lambda own, rows: np.zeros_like(own(rows))}, "scores differ"),
        ({"score": lambda own, rows: -own(rows)}, "known places"),
        ({"new_diners": reads_unknown_tags}, "unknown tags"),
        ({"new_restaurants": leading}, "unknown restaurant"),
        ({"new_restaurants": against_taste}, "favourite cuisine"),
    ],
)
def test_a_planted_fault_is_found(faults: dict[str, Any], check: str) -> None:
    assert check in failed(subject(Planted(**faults)))


def test_a_way_that_makes_likelier_is_found() -> None:
    wrong = CALIBRATION.model_copy(update={"order": Curve(slope=1.0, travel=0.5, intercept=-2.0)})
    one = subject(make("popular"), calibration=wrong)
    assert failed(one) == {"longer way"}
    assert [outcome.value for outcome in examine(one) if outcome.name == "longer way"] == [0.5]


def test_a_check_of_ones_own_is_a_function() -> None:
    one = subject(make("popular"))
    outcomes = examine(one, [lambda given: replace(examine(given, CHECKS[:1])[0], name="mine", passed=False)])
    assert [(outcome.name, outcome.passed) for outcome in outcomes] == [("mine", False)]


def test_tags_come_back_from_the_matrix() -> None:
    table = sample_data().diner_features
    rows = tags_of(table, np.asarray([3, 0]))
    assert rows == [["budget=0", rows[0][1]], ["budget=0"]]
    assert (table.encode(rows) != table.matrix[[3, 0]]).nnz == 0
