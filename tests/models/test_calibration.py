"""Scores to probabilities: the truth is found again, the model's order is kept, and the error is measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from models import calibration
from models.calibration import Calibration, Curve, Impressions

THETA = np.asarray([1.0, 0.8, 0.55, 0.5, 0.3])
ORDER = Curve(slope=0.8, travel=-1.2, intercept=-1.5)
CLICK = Curve(slope=0.5, travel=-0.6, intercept=-0.2)
MEAN_LOG_TIME = 2.4


def shown(lists: int, seed: int, order: Curve = ORDER, click: Curve = CLICK, known_ways: float = 1.0) -> Impressions:
    """Lists of five by a policy that puts good ones first, and what becomes of them under the model of the fit."""
    rng = np.random.default_rng(seed)
    scores = -np.sort(-rng.normal(3.0, 2.0, (lists, 5)), axis=1)
    swap = rng.random(lists) < 0.5  # it explores, or position and score could not be told apart
    scores[swap] = rng.permuted(scores[swap], axis=1)
    log_times = rng.normal(MEAN_LOG_TIME, 0.5, (lists, 5))
    log_times[rng.random(log_times.shape) >= known_ways] = np.nan
    offsets = np.nan_to_num(log_times - MEAN_LOG_TIME)
    seen = rng.random((2, lists, 5)) < THETA
    clicked = seen[0] & (rng.random((lists, 5)) < click.probability(scores, offsets))
    ordered = seen[1] & (rng.random((lists, 5)) < order.probability(scores, offsets))
    return Impressions(
        scores=scores.ravel(),
        log_times=log_times.ravel(),
        positions=np.tile(np.arange(1, 6), lists),
        clicked=clicked.ravel(),
        ordered=ordered.ravel(),
        diners=np.repeat(rng.integers(lists // 3, size=lists), 5),
    )


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    return calibration.fit(shown(40_000, 0))


def test_the_truth_is_found_again(fitted):
    np.testing.assert_allclose(fitted.examination, THETA, atol=0.04)
    for found, truth in ((fitted.order, ORDER), (fitted.click, CLICK)):
        assert found.slope == pytest.approx(truth.slope, rel=0.08)
        assert found.travel == pytest.approx(truth.travel, abs=0.08)
        assert found.intercept == pytest.approx(truth.intercept, abs=0.12)
    assert fitted.mean_log_time == pytest.approx(MEAN_LOG_TIME, abs=0.01)
    assert not fitted.assumed


def test_without_the_positions_effect_the_probabilities_would_be_too_low(fitted):
    """What is fitted is the chance given a look, not the rate in the log."""
    impressions = shown(5_000, 3)
    offsets = impressions.log_times - fitted.mean_log_time
    given_a_look = fitted.order_probability(impressions.scores, offsets)
    truth = ORDER.probability(impressions.scores, impressions.log_times - MEAN_LOG_TIME)
    assert np.abs(given_a_look - truth).max() < 0.03
    assert impressions.ordered.mean() < 0.75 * given_a_look.mean()


def test_ways_that_are_not_known_count_as_average_ones():
    found = calibration.fit(shown(20_000, 1, known_ways=0.5))
    assert found.order.travel == pytest.approx(ORDER.travel, abs=0.12)
    nowhere = calibration.fit(shown(2_000, 2, known_ways=0.0))
    assert nowhere.mean_log_time == 0.0
    assert nowhere.order.travel == pytest.approx(0.0, abs=1e-6)


def test_the_scale_of_the_scores_does_not_matter(fitted):
    impressions = shown(40_000, 0)
    scaled = Impressions(**{**vars(impressions), "scores": 100.0 * impressions.scores - 7.0})
    found = calibration.fit(scaled)
    np.testing.assert_allclose(found.examination, fitted.examination, atol=1e-3)
    assert found.order.slope * 100 == pytest.approx(fitted.order.slope, rel=1e-2)


def test_the_gradient_belongs_to_the_likelihood():
    rng = np.random.default_rng(0)
    logits, log_theta = rng.normal(size=50), -rng.random(50)
    outcome = rng.random(50) < 0.3
    _, by_logit, by_theta = calibration._likelihood(logits, log_theta, outcome)
    step = 1e-6
    for gradient, moved in ((by_logit, (step, 0.0)), (by_theta, (0.0, step))):
        for row in (0, 17, 49):
            unit = np.eye(50)[row]
            up = calibration._likelihood(logits + moved[0] * unit, log_theta + moved[1] * unit, outcome)[0]
            down = calibration._likelihood(logits - moved[0] * unit, log_theta - moved[1] * unit, outcome)[0]
            assert gradient[row] == pytest.approx((up - down) / (2 * step), rel=1e-4)


@given(st.integers(0, 10_000), st.sampled_from([40, 150, 600]), st.booleans())
def test_what_any_fit_promises(seed, lists, against_the_score):
    """Also where the better scored are ordered less, as a model that learnt nonsense would have it."""
    impressions = shown(lists, seed)
    if against_the_score:
        impressions = Impressions(**{**vars(impressions), "scores": -impressions.scores})
    if not impressions.can_calibrate:
        return
    found = calibration.fit(impressions)
    theta = np.asarray(found.examination)
    assert theta[0] == 1.0
    assert (np.diff(theta) <= 0).all()
    assert (theta >= 0).all()
    for curve in (found.order, found.click):
        assert curve.slope > 0
        probabilities = curve.probability(impressions.scores, np.zeros(len(impressions.scores)))
        assert ((probabilities > 0) & (probabilities < 1)).all()


@given(
    st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=20, unique=True),
    st.floats(0.01, 5.0),
    st.floats(-3, 3),
    st.floats(-2, 2),
)
def test_restaurants_at_the_same_distance_keep_the_models_order(scores, slope, travel, offset):
    raw = np.sort(np.asarray(scores, np.float32))
    curve = Curve(slope=slope, travel=travel, intercept=-1.0)
    found = curve.probability(raw, np.full(len(raw), offset))
    assert (np.diff(found) >= 0).all()
    apart = (np.diff(raw.astype(np.float64)) * slope > 1e-6) & (found[1:] < 1 - 1e-6)
    assert (np.diff(found)[apart] > 0).all()


def test_scores_that_differ_in_the_last_bit_stay_apart():
    low = np.float32(0.3)
    pair = np.asarray([low, np.nextafter(low, np.float32(1))])
    found = ORDER.probability(pair, np.zeros(2, np.float32))
    assert found.dtype == np.float64
    assert found[0] < found[1]


def test_positions_beyond_the_last_count_as_the_last():
    found = Calibration(order=ORDER, click=CLICK, examination=(1.0, 0.5, 0.2), mean_log_time=0.0)
    assert found.examination_at(np.asarray([1, 2, 3, 4, 1000])).tolist() == [1.0, 0.5, 0.2, 0.2, 0.2]


def test_curves_by_hand():
    found = Calibration(order=ORDER, click=CLICK, examination=(1.0,), mean_log_time=0.0)
    assert found.order_probability(np.asarray([2.0]), np.asarray([0.5]))[0] == pytest.approx(expit(1.6 - 0.6 - 1.5))
    assert found.click_probability(np.asarray([2.0]), np.asarray([0.5]))[0] == pytest.approx(expit(1.0 - 0.3 - 0.2))


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("outcome", ["clicked", "ordered"])
def test_one_sided_data_are_refused(share, outcome):
    impressions = shown(50, 0)
    one_sided = Impressions(**{**vars(impressions), outcome: np.full(250, share > 0)})
    assert not one_sided.can_calibrate
    with pytest.raises(ValueError, match="needs clicks and orders"):
        calibration.fit(one_sided)


def truth(order: Curve = ORDER) -> Calibration:
    return Calibration(order=order, click=CLICK, examination=tuple(THETA), mean_log_time=MEAN_LOG_TIME)


def test_the_error_of_the_truth_is_noise_and_a_planted_one_is_found():
    impressions = shown(20_000, 5)
    rng = np.random.default_rng(0)
    good = calibration.errors(truth(), impressions, rng)
    assert set(good) == {"order_ece", "order_brier", "click_ece", "click_brier"}
    assert good["order_ece"]["value"] < 0.01
    too_sure = ORDER.model_copy(update={"slope": 1.6, "intercept": ORDER.intercept - 2.4})
    too_high = ORDER.model_copy(update={"intercept": ORDER.intercept + 0.7})
    for wrong in (too_sure, too_high):
        bad = calibration.errors(truth(wrong), impressions, np.random.default_rng(0))
        assert bad["order_ece"]["low"] > 2 * good["order_ece"]["high"]
        assert bad["order_brier"]["value"] > good["order_brier"]["value"]
        assert bad["click_ece"] == good["click_ece"]


def test_a_wrong_examination_is_an_error_too():
    impressions = shown(20_000, 6)
    flat = truth().model_copy(update={"examination": (1.0,)})
    good, bad = (calibration.errors(each, impressions, np.random.default_rng(0)) for each in (truth(), flat))
    assert bad["order_ece"]["low"] > good["order_ece"]["high"]


def test_the_error_by_hand():
    """Two bins of two: predicted .5 each, one bin has 2 of 2 orders, the other 0 of 2."""
    half = Calibration(
        order=Curve(slope=1e-9, travel=0.0, intercept=0.0), click=CLICK, examination=(1.0,), mean_log_time=0.0
    )
    ordered = np.asarray([False, False, True, True])
    impressions = Impressions(np.arange(4.0), np.zeros(4), np.ones(4, int), ordered, ordered, np.arange(4))
    found = calibration.errors(half, impressions, np.random.default_rng(0), bins=2)
    assert found["order_ece"]["value"] == pytest.approx(0.5)
    assert found["order_brier"]["value"] == pytest.approx(0.25)


def test_intervals_resample_diners_not_impressions():
    """A list that is logged twice says nothing new about anybody."""
    once = shown(2_000, 7)
    twice = Impressions(**{name: np.tile(values, 2) for name, values in vars(once).items()})
    widths = []
    for impressions in (once, twice):
        found = calibration.errors(truth(), impressions, np.random.default_rng(0))["order_brier"]
        assert found["low"] < found["value"] < found["high"]
        widths.append(found["high"] - found["low"])
    assert widths[1] == pytest.approx(widths[0])  # impressions resampled one by one: 30 % narrower


def test_what_is_assumed_says_so():
    scores = np.random.default_rng(0).normal(5.0, 3.0, (40, 30))
    found = calibration.assume(scores, np.full((40, 30), 2.0))
    assert found.assumed
    assert found.mean_log_time == pytest.approx(2.0)
    assert (np.diff(found.examination) < 0).all()
    mean = found.order_probability(np.asarray([scores.mean()]), np.zeros(1))[0]
    assert mean == pytest.approx(0.1)
    assert found.order.slope > 0
    nowhere = calibration.assume(np.zeros(3), np.full(3, np.nan))  # equal scores, unknown ways
    assert np.isfinite(nowhere.order_probability(np.zeros(3), np.zeros(3))).all()


def test_json_round_trip(fitted):
    measured = fitted.model_copy(update={"errors": calibration.errors(fitted, shown(500, 9), np.random.default_rng(0))})
    assert Calibration.model_validate_json(measured.model_dump_json()) == measured
