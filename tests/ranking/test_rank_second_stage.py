"""Ranking with a second stage, against scoring every restaurant directly; and that without one nothing changes."""

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from data.geo import distance_km, log_travel_time
from models.calibration import Calibration, Curve
from models.journal import Actions, Asked
from models.second_stage.features import Past, features
from models.second_stage.learning import TreeSettings
from models.second_stage.stage import SecondStage, second_stage_of
from models.testing import sample_data
from models.two_stage import LightFMLambdaMartModel
from services.ranking.catalogue import Catalogue, build_catalogue
from services.ranking.rank import TERMS, Requests, rank
from services.ranking.second_stage import Moments, Reranker

CURVE: Final = Curve(slope=0.7, travel=-1.2, intercept=-0.5)
CALIBRATION: Final = Calibration(order=CURVE, click=CURVE, examination=(1.0, 0.8), mean_log_time=2.0)
SECOND: Final = TERMS.index("second_stage")
NOBODY: Final = Actions(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_))
DAY: Final = 86_400


@pytest.fixture(scope="module")
def model() -> LightFMLambdaMartModel:
    trees = TreeSettings(rounds=12, leaves=5, fewest_in_leaf=5, negatives=3)
    return LightFMLambdaMartModel({"components": 6, "epochs": 4}, trees, seed=1).fit(sample_data())


@pytest.fixture(scope="module")
def stage(model: LightFMLambdaMartModel) -> SecondStage:
    found = second_stage_of(model)
    assert found is not None
    return found


def catalogue_of(model: LightFMLambdaMartModel, stage: SecondStage | None, order: np.ndarray) -> Catalogue:
    """The training data's restaurants in another order, with one new restaurant at the end."""
    data = sample_data()
    assert data.rehearsal is not None
    places = data.rehearsal.journal.places
    rows = np.append(order, -1)
    lat, lon = np.append(places.lat[order], 50.01), np.append(places.lon[order], 0.01)
    prices = [int(level) or None for level in places.price_levels[order]] + [2]
    cuisines = [[data.rehearsal.journal.cuisines[number]] for number in places.cuisines[order]] + [["martian"]]
    opened = [None if np.isnan(at) else float(at) for at in places.opened_at[order]] + [9.0 * DAY]
    reranker = None if stage is None else Reranker.of(stage, rows, lat, lon, prices, cuisines, opened)
    vectors = model.restaurants()
    return build_catalogue(
        ids=[f"r{row}" for row in rows],
        representations=replace(
            vectors, vectors=vectors.vectors[np.maximum(rows, 0)], biases=vectors.biases[np.maximum(rows, 0)]
        ),
        lat=lat,
        lon=lon,
        price_levels=prices,
        cuisines=cuisines,
        hours=[None] * len(rows),
        calibration=CALIBRATION,
        typical_diners=model.diners().vectors,
        reranker=reranker,
    )


def asked_by(model: LightFMLambdaMartModel, diners: list[int], moments: Moments | None, **fields: object) -> Requests:
    known = model.diners()
    places = {"lat": np.full(len(diners), 50.02), "lon": np.full(len(diners), 0.02)}
    return Requests(known.vectors[diners], known.biases[diners], None, **{**places, **fields}, moments=moments)


def test_the_term_is_what_the_trees_say_of_the_features_computed_directly(model, stage):
    order = np.random.default_rng(2).permutation(15)
    catalogue = catalogue_of(model, stage, order)
    reranker = catalogue.reranker
    assert reranker is not None
    now = 11 * DAY + 19 * 3600
    ranked = rank(catalogue, asked_by(model, [7], reranker.moment(7, NOBODY, now, 1140, 50.02, 0.02)), 16, 50)
    shown = ranked.shortlists
    assert shown.rows[0].tolist() == list(range(16))

    data = sample_data()
    assert data.rehearsal is not None
    journal = data.rehearsal.journal
    asked = Asked(*(np.asarray([value]) for value in (7, now, 1140, 50.02, 0.02)))
    relevance = model.score(np.asarray([7], np.int32), order.astype(np.int32)).astype(np.float64)
    km = distance_km(50.02, 0.02, journal.places.lat[order], journal.places.lon[order])
    looked_at = features(
        stage.figures.venues(journal.places),
        Past(journal.actions, journal.places),
        asked,
        order[None],
        shown.terms[0][:, :15],
        log_travel_time(km)[None],
    )
    np.testing.assert_allclose(shown.terms[0, 0, :15], relevance[0], rtol=1e-5)
    assert shown.terms[SECOND, 0, :15].tolist() == stage.trees.sums(looked_at)[0].tolist()
    assert np.ptp(shown.terms[SECOND]) > 0.1
    raw = shown.terms[0] + shown.terms[1] + shown.terms[SECOND]
    expected = CALIBRATION.order_probability(raw, shown.offsets)
    np.testing.assert_allclose(shown.scores, expected, rtol=1e-12)
    total = np.zeros_like(shown.scores)
    for values in shown.terms:
        total = total + values
    assert total.tobytes() == shown.scores.tobytes()


def test_a_batch_is_its_requests_one_by_one(model, stage):
    catalogue = catalogue_of(model, stage, np.arange(15))
    reranker, diners = catalogue.reranker, [3, 0, 22, 39]
    assert reranker is not None
    minutes = np.asarray([600, 1140, 4000, 9000])
    at = 12 * DAY + minutes * 60
    everyone = Moments(Asked(np.asarray(diners), at, minutes, np.full(4, 50.02), np.full(4, 0.02)), reranker.everyone)
    together = rank(catalogue, asked_by(model, diners, everyone), 10, 50)
    for place, diner in enumerate(diners):
        moment = reranker.moment(diner, NOBODY, int(at[place]), int(minutes[place]), 50.02, 0.02)
        alone = rank(catalogue, asked_by(model, [diner], moment), 10, 50)
        assert alone.rows[0].tolist() == together.rows[place].tolist()
        np.testing.assert_allclose(alone.terms[SECOND, 0], together.terms[SECOND, place], rtol=1e-12)


def test_what_a_diner_did_since_counts_once_and_what_training_knew_is_not_counted_again(model, stage):
    catalogue = catalogue_of(model, stage, np.arange(15))
    reranker = catalogue.reranker
    assert reranker is not None
    now, columns = stage.until + 5 * DAY, np.arange(16)[None]
    before = reranker.moment(7, NOBODY, now, 1140, np.nan, np.nan)
    known = stage.actions_of(7)
    fresh = Actions(*(np.asarray(v) for v in ([0, 0], [15, -1], [stage.until + DAY] * 2, [True, True])))
    repeated = replace(known, diners=np.zeros(len(known), np.int64))
    after = reranker.moment(
        7,
        Actions(*(np.concatenate([a, b]) for a, b in zip(parts(fresh), parts(repeated), strict=True))),
        now,
        1140,
        np.nan,
        np.nan,
    )
    orders = [moment.past.own(moment.asked, columns)[0][0] for moment in (before, after)]
    assert (orders[1] - orders[0]).tolist() == [0.0] * 15 + [1.0]
    assert orders[0].sum() == known.ordered.sum() > 0


def parts(actions: Actions) -> tuple[np.ndarray, ...]:
    return actions.diners, actions.restaurants, actions.at, actions.ordered


def test_a_restaurant_that_has_left_is_forgotten_and_a_stranger_has_no_past(model, stage):
    catalogue = catalogue_of(model, stage, np.arange(1, 15))
    reranker = catalogue.reranker
    assert reranker is not None
    known = stage.actions_of(7)
    moment = reranker.moment(7, NOBODY, stage.until, 0, np.nan, np.nan)
    own, *_ = moment.past.own(moment.asked, np.arange(15)[None])
    assert own.sum() == (known.ordered & (known.restaurants != 0)).sum()
    stranger = reranker.moment(None, NOBODY, stage.until, 0, np.nan, np.nan)
    assert stranger.past.usual(stranger.asked)[0].tolist() == [0.0]


def test_without_a_moment_or_a_second_stage_the_term_is_zero_and_the_rest_the_same_bit_for_bit(model, stage):
    bare, staged = (catalogue_of(model, one, np.arange(15)) for one in (None, stage))
    for fields in ({}, {"allowed": np.arange(16)[None] % 3 > 0}):
        plain = rank(bare, asked_by(model, [7], None, **fields), 10, 12)
        assert (plain.terms[SECOND][plain.rows >= 0] == 0.0).all()
        without = rank(staged, asked_by(model, [7], None, **fields), 10, 12)
        assert without.scores.tobytes() == plain.scores.tobytes()
        assert without.terms.tobytes() == plain.terms.tobytes()
