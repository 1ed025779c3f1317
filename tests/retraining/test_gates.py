"""The gates: each stops what it is for, with words that a person can act on, and lets the equally good one pass."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.city.generate import generate
from data.dataset import Dataset
from models.base import Model
from models.evaluation import evaluate as evaluation
from models.evaluation.report import summaries
from models.ground import Ground
from models.ladder import make
from services.retraining.gates import Bounds, Evidence, judge
from tests.retraining.conftest import MARKET


def figure(value: float, width: float = 0.01) -> dict[str, float]:
    return {"value": value, "low": value - width, "high": value + width}


GOOD = Evidence(
    own={"ndcg@10": figure(0.40)},
    random={"ndcg@10": figure(0.02)},
    against={"ndcg@10": figure(0.0)},
    champion={"ndcg@10": figure(0.40)},
    calibration={"order_ece": figure(0.01, 0.002)},
    checks=({"name": "known places", "passed": True, "explanation": ""},),
    estimate={**figure(0.0), "ess": 900.0, "refused": None},
)


def test_an_equally_good_version_passes() -> None:
    assert judge(GOOD).passed
    assert judge(replace(GOOD, against=None, champion=None, estimate=None, calibration={}, checks=())).passed


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"own": {}}, "nothing was measured"),
        ({"own": {"ndcg@10": figure(0.025)}}, r"0\.0250 \[0\.0150, 0\.0350\] is not certainly above that of a random"),
        ({"against": {"ndcg@10": figure(-0.02)}}, r"worse than the champion's by 0\.0200 \[0\.0100, 0\.0300\]"),
        ({"against": {"ndcg@10": figure(0.0, 0.08)}}, r"more than 15% of the champion's ndcg@10 \(0\.4000\) cannot be"),
        ({"calibration": {"order_ece": figure(0.08)}}, "calibration error of orders, 0.0800"),
        ({"checks": ({"name": "c", "passed": False, "explanation": "it is not so"},)}, "check 'c': it is not so"),
        ({"estimate": {**figure(-0.1), "ess": 400.0, "refused": None}}, "fewer orders a list than what was served"),
    ],
)
def test_each_gate_stops_what_it_is_for(fault: dict, words: str) -> None:
    verdict = judge(replace(GOOD, **fault))
    assert not verdict.passed
    assert len(verdict.reasons) == 1
    assert re.search(words, verdict.reasons[0])


@pytest.mark.parametrize("excuse", [{"ess": 40.0}, {"refused": "no overlap"}])
def test_an_estimate_that_rests_on_nothing_stops_nobody(excuse: dict) -> None:
    estimate = {**figure(-0.1), "ess": 400.0, "refused": None, **excuse}
    assert judge(replace(GOOD, estimate=estimate)).passed


@given(st.floats(-0.5, 0.5), st.floats(0.0, 0.3))
def test_a_better_difference_never_turns_a_pass_into_a_stop(value: float, width: float) -> None:
    def passed(gain: float) -> bool:
        return judge(replace(GOOD, against={"ndcg@10": figure(gain, width)})).passed

    assert passed(value + 0.1) or not passed(value)


def test_what_is_tolerated_is_a_bound() -> None:
    close = replace(GOOD, against={"ndcg@10": figure(0.0, 0.07)})
    assert judge(close, Bounds(tolerated_loss=0.2)).passed


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Large enough that a loss of 15 % can be excluded."""
    folder = tmp_path_factory.mktemp("gates") / "city"
    generate(folder, restaurants=80, diners=2_000, days=10, markets=1, seed=6)
    return Ground(Dataset.open(folder), MARKET)


def evidence(ground: Ground, model: Model, champion: Model) -> Evidence:
    own = evaluation.measure(ground.prepared.question, model.score)
    rival = evaluation.measure(ground.prepared.question, champion.score)
    figures = summaries({"own": own, **ground.beside, "champion": rival}, 0)
    against = evaluation.differences(own, rival, 0)
    return Evidence(figures["own"], figures["random"], against, figures["champion"], {})


def test_a_model_of_shuffled_choices_is_stopped_and_one_of_another_seed_is_not(ground: Ground) -> None:
    data, quick = ground.prepared.data, {"components": 24, "epochs": 10}
    acts = data.interactions
    champion = make("lightfm", seed=0, **quick).fit(data)
    for seed in range(1, 4):
        twin = make("lightfm", seed=seed, **quick).fit(data)
        assert judge(evidence(ground, twin, champion)).reasons == ()
        shuffled = replace(acts, restaurants=np.random.default_rng(seed).permutation(acts.restaurants))
        worse = make("lightfm", seed=seed, **quick).fit(replace(data, interactions=shuffled))
        assert any("worse than the champion's" in reason for reason in judge(evidence(ground, worse, champion)).reasons)
