"""Corrections of feedback: what was seen less counts more, and what has not come yet is counted in those that have."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import columns as col
from data.columns import EventType, Table
from data.dataset import Dataset, writing
from models import pipeline
from models.base import ModelError, TrainingData
from models.corrections import (
    NO_CORRECTIONS,
    Corrections,
    Delay,
    corrected,
    examination,
    fit_delay,
    inverse,
    maturity,
    options_apart,
)
from models.fairness import labels
from models.fairness.groups import kinds
from models.fairness.planted import half_logged
from models.ground import Ground
from models.ladder import LADDER, rung
from models.preparation import prepare, usual
from models.training_data import WEIGHT, positive_feedback
from services.simulation.measure_corrections import late

HOUR = 3_600.0
FEEDBACK = (EventType.ORDER, EventType.CLICK)


def positives_of(dataset: Dataset) -> pd.DataFrame:
    return positive_feedback(dataset.events(dataset.markets[0], FEEDBACK))


@pytest.fixture(scope="module")
def late_town(town: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The town with orders that come a day after their list, in the median."""
    return late(town, tmp_path_factory.mktemp("late") / "town", seed=2)


def with_events(dataset: Dataset, out: Path, events: pd.DataFrame) -> Dataset:
    with writing(out) as writer:
        writer.append(Table.RESTAURANTS, dataset.restaurants())
        writer.append(Table.DINERS, dataset.diners())
        writer.append(Table.EVENTS, events)
        writer.finish(dataset.manifest)
    return Dataset.open(out)


def test_weighting_by_the_inverse_of_what_has_come_is_unbiased():
    """E[observed / F(age)] = E[order], whatever the ages; the plain count is far too low."""
    rng = np.random.default_rng(0)
    lists, rate = 400_000, 0.3
    ages = rng.uniform(HOUR, 72 * HOUR, lists)
    ordered = rng.random(lists) < rate
    delays = 10 * HOUR * np.exp(0.9 * rng.standard_normal(lists))
    seen = ordered & (delays <= ages)
    delay = Delay.fit(delays[seen], ages[seen])
    weights = inverse(delay.share_by(ages), most=1e6)
    values = np.where(seen, weights, 0.0)
    assert abs(values.mean() - rate) < 4 * values.std() / np.sqrt(lists)
    assert seen.mean() < 0.9 * rate
    # With the true distribution it holds age by age, not only on average.
    truth = Delay(10 * HOUR, 0.9)
    for low, high in ((HOUR, 5 * HOUR), (5 * HOUR, 20 * HOUR), (20 * HOUR, 72 * HOUR)):
        young = (ages >= low) & (ages < high)
        of_these = np.where(seen, inverse(truth.share_by(ages), 1e6), 0.0)[young]
        assert abs(of_these.mean() - rate) < 4 * of_these.std() / np.sqrt(young.sum())


@settings(max_examples=20)
@given(st.floats(60.0, 48 * HOUR), st.floats(0.3, 1.5), st.integers(0, 999))
def test_the_delay_is_found_again_though_the_late_are_missing(median, sigma, seed):
    rng = np.random.default_rng(seed)
    delays = median * np.exp(sigma * rng.standard_normal(8_000))
    ages = rng.uniform(0.0, 4 * median * np.exp(sigma), 8_000)
    seen = delays <= ages
    found = Delay.fit(delays[seen], ages[seen])
    assert found.median_seconds == pytest.approx(median, rel=0.25)
    assert found.sigma == pytest.approx(sigma, rel=0.25)
    naive = np.exp(np.log(delays[seen]).mean())
    assert naive < found.median_seconds * 1.05  # those seen came sooner than all do


def test_too_few_delays_are_no_distribution():
    assert Delay.fit(np.full(49, 60.0), np.full(49, HOUR)) is None


@given(st.floats(30.0, 1e6), st.floats(0.1, 2.0))
def test_the_share_rises_from_nothing_to_all_and_maturity_is_its_inverse(median, sigma):
    delay = Delay(median, sigma)
    ages = median * np.exp(np.linspace(-5, 5, 21) * sigma)
    shares = delay.share_by(ages)
    assert (np.diff(shares) > 0).all()
    assert shares[10] == pytest.approx(0.5)
    assert delay.share_by(np.array([0.0]))[0] == pytest.approx(0.0, abs=1e-9)
    waited = delay.maturity(0.9).total_seconds()
    assert delay.share_by(np.array([waited]))[0] == pytest.approx(0.9, abs=1e-3)


@given(st.lists(st.floats(1e-6, 1.0), min_size=1), st.floats(1.0, 10.0))
def test_no_event_is_believed_beyond_the_bound(chances, most):
    weights = inverse(np.array(chances), most)
    assert (weights <= most * (1 + 1e-12)).all()
    assert (weights >= 1.0 - 1e-12).all()


def test_the_citys_own_examination_and_delay_are_found(town: Dataset):
    positives = positives_of(town)
    theta = examination(town, town.markets[0], positives)
    assert theta[0] == 1.0
    assert (np.diff(theta) <= 0).all()
    assert theta[7] == pytest.approx(np.exp(-0.7), abs=0.25)  # 200 diners do not say more
    delay = fit_delay(town, town.markets[0], positives)
    assert 200 < delay.median_seconds < 400  # one to ten minutes after the list


def test_feedback_from_low_places_weighs_more(town: Dataset):
    market, positives = town.markets[0], positives_of(town)
    found = corrected(town, market, positives, Corrections(place=True, most=20.0))
    factor = found[WEIGHT].to_numpy() / positives[WEIGHT].to_numpy()
    shown = town.events(market, [EventType.IMPRESSION]).set_index([col.REQUEST_ID, col.RESTAURANT_ID])[col.POSITION]
    places = shown.reindex(pd.MultiIndex.from_frame(positives[[col.REQUEST_ID, col.RESTAURANT_ID]])).to_numpy(float)
    theta = examination(town, market, positives)
    np.testing.assert_allclose(factor, 1.0 / theta[places.astype(int) - 1], rtol=1e-5)
    assert factor.min() == pytest.approx(1.0)
    tight = corrected(town, market, positives, Corrections(place=True, most=1.2))
    assert (tight[WEIGHT].to_numpy() / positives[WEIGHT].to_numpy()).max() == pytest.approx(1.2, rel=1e-5)


def test_orders_of_young_lists_weigh_more_and_clicks_as_before(late_town: Dataset):
    market, positives = late_town.markets[0], positives_of(late_town)
    found = corrected(late_town, market, positives, Corrections(delay=True))
    factor = found[WEIGHT].to_numpy() / positives[WEIGHT].to_numpy()
    orders = (positives[col.TYPE] == EventType.ORDER).to_numpy()
    assert (factor[~orders] == 1.0).all()
    assert factor[orders].max() > 1.5
    delay = fit_delay(late_town, market, positives)
    assert delay.median_seconds == pytest.approx(24 * HOUR, rel=0.35)
    assert maturity(late_town, market, positives, Corrections(delay=True)) == delay.maturity()
    assert maturity(late_town, market, positives, NO_CORRECTIONS) == pd.Timedelta(0)


def test_the_log_as_it_is_stays_as_it_is(town: Dataset):
    positives = positives_of(town)
    assert corrected(town, town.markets[0], positives, NO_CORRECTIONS) is positives


@pytest.mark.parametrize("corrections", [Corrections(place=True), Corrections(place=True, delay=True)])
def test_where_the_lists_are_not_known_nothing_is_corrected(town: Dataset, corrections: Corrections, tmp_path: Path):
    events = town.events()
    blind = with_events(town, tmp_path / "blind", events[events[col.TYPE] != EventType.IMPRESSION])
    positives = positives_of(blind)
    found = corrected(blind, blind.markets[0], positives, corrections)
    np.testing.assert_array_equal(found[WEIGHT], positives[WEIGHT])
    untimed = positives.assign(**{col.AT: pd.Series(pd.NaT, index=positives.index, dtype="datetime64[us, UTC]")})
    assert corrected(town, town.markets[0], untimed, corrections) is untimed


def test_corrections_look_at_nothing_after_their_period(town: Dataset, tmp_path: Path):
    """The weights of a period are the same when the log ends with it."""
    market, positives = town.markets[0], positives_of(town)
    past = positives[positives[col.AT] <= positives[col.AT].quantile(0.6)]
    events = town.events()
    short = with_events(town, tmp_path / "short", events[events[col.AT] <= past[col.AT].max()])
    both = Corrections(place=True, delay=True)
    found = corrected(town, market, past, both)[WEIGHT]
    np.testing.assert_array_equal(found, corrected(short, market, past, both)[WEIGHT])
    assert not np.array_equal(found, corrected(town, market, positives, both)[WEIGHT][: len(past)])


def test_training_learns_from_corrected_weights_and_is_measured_on_the_log(town: Dataset, tmp_path: Path):
    market = town.markets[0]
    plain = prepare(town, market, 0, usual(town))
    found = prepare(town, market, 0, usual(town, corrections=Corrections(place=True)))
    assert found.data.interactions.weights.sum() > 1.1 * plain.data.interactions.weights.sum()
    np.testing.assert_array_equal(found.data.interactions.diners, plain.data.interactions.diners)
    assert (found.question.relevant != plain.question.relevant).nnz == 0
    given = {"components": 4, "epochs": 1}
    corrections = Corrections(place=True, delay=True)
    one = pipeline.train(town, market, "lightfm", tmp_path, parameters=given, corrections=corrections)
    other = pipeline.train(town, market, "lightfm", tmp_path, parameters=given)
    assert one.version != other.version


def test_orders_that_are_logged_in_part_weigh_up_what_is_missing(
    town: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(labels, "FEWEST_CLICKS", 10)  # the town is small
    market, group = town.markets[0], "independent"
    half = half_logged(town, tmp_path / "half", group, seed=3)
    positives = positives_of(half)
    found = corrected(half, market, positives, Corrections(balance="kind"))
    factor = found[WEIGHT].to_numpy() / positives[WEIGHT].to_numpy()
    orders = (positives[col.TYPE] == EventType.ORDER).to_numpy()
    until = positives[col.AT].max()
    kind = dict(zip(half.restaurants()[col.RESTAURANT_ID], kinds(half.restaurants(), until), strict=True))
    ours = positives[col.RESTAURANT_ID].map(kind).to_numpy() == group
    assert (factor[~orders] == 1.0).all()
    assert len(np.unique(factor[orders & ours])) == 1
    assert 1.6 < factor[orders & ours].mean() / factor[orders & ~ours].mean() < 2.6
    # What one group gains the others lose: a model's step is as long as before.
    assert factor[orders].mean() == pytest.approx(1.0, abs=0.02)
    tight = corrected(half, market, positives, Corrections(balance="kind", most=1.1))
    assert (tight[WEIGHT].to_numpy() / positives[WEIGHT].to_numpy())[orders & ours].max() == pytest.approx(1.1)


def test_a_log_without_clicks_is_not_balanced(town: Dataset, tmp_path: Path):
    events = town.events()
    blind = with_events(town, tmp_path / "blind", events[events[col.TYPE] != EventType.CLICK])
    positives = positives_of(blind)
    found = corrected(blind, blind.markets[0], positives, Corrections(balance="district"))
    np.testing.assert_array_equal(found[WEIGHT], positives[WEIGHT])


def test_balance_looks_at_nothing_after_its_period(town: Dataset, tmp_path: Path):
    market, positives = town.markets[0], positives_of(town)
    past = positives[positives[col.AT] <= positives[col.AT].quantile(0.6)]
    events = town.events()
    short = with_events(town, tmp_path / "short", events[events[col.AT] <= past[col.AT].max()])
    balanced = Corrections(balance="district")
    found = corrected(town, market, past, balanced)[WEIGHT]
    np.testing.assert_array_equal(found, corrected(short, market, past, balanced)[WEIGHT])
    np.testing.assert_array_equal(past[WEIGHT] > 0, found > 0)


def test_what_is_left_out_is_no_feature_of_what_is_learnt_or_rehearsed(town: Dataset):
    market, plain = town.markets[0], Ground(town, town.markets[0])
    protocol = usual(town, corrections=Corrections(leave_out=("home_district", "chain")))
    found = Ground(town, market, protocol=protocol)

    def names(data: TrainingData) -> set[str]:
        tables = (data.diner_features, data.restaurant_features)
        return {tag.partition("=")[0] for table in tables for tag in table.names}

    rehearsed = found.train_period(["lightfm+lambdamart"]).rehearsal
    assert rehearsed is not None
    for data, whole in (
        (found.prepared.data, plain.prepared.data),
        (found.everything(), plain.everything()),
        (rehearsed.earlier, plain.prepared.data),
    ):
        assert names(data) == names(whole) - {"home_district", "chain"}
    np.testing.assert_array_equal(found.prepared.data.interactions.weights, plain.prepared.data.interactions.weights)
    with pytest.raises(ModelError, match=r"leave_out: nobody has 'colour'; there are .*home_district"):
        prepare(town, market, 0, usual(town, corrections=Corrections(leave_out=("colour",))))


def test_corrections_are_given_among_a_models_parameters_and_are_written_down(town: Dataset, tmp_path: Path):
    market = town.markets[0]
    given = {"components": 4, "epochs": 1}
    options = {"balance": "kind", "leave_out": ["chain"]}
    one = pipeline.train(town, market, "lightfm", tmp_path, parameters={**given, **options}, gates_alone=True)
    plain = pipeline.train(town, market, "lightfm", tmp_path, parameters=given, gates_alone=True)
    assert one.manifest.metrics["corrections"] == Corrections(balance="kind", leave_out=("chain",)).model_dump(
        mode="json"
    )
    assert "corrections" not in plain.manifest.metrics
    assert one.model.parameters()["components"] == 4
    assert usual(town).given(["lightfm"], options).corrections.leave_out == ("chain",)
    with pytest.raises(ModelError, match="balance: Input should be '', 'kind'"):
        options_apart({"balance": "colour"})


def test_no_model_has_a_parameter_that_is_called_as_a_correction():
    for name in LADDER:
        assert not set(inspect.signature(rung(name)).parameters) & set(Corrections.model_fields)
