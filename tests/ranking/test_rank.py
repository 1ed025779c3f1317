"""The request's path over arrays, against ranking everything the slow way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.geo import distance_km, log_travel_time
from models.base import Representations
from models.calibration import Calibration, Curve
from services.ranking.candidates import Filters, allowed
from services.ranking.catalogue import Catalogue, build_catalogue
from services.ranking.rank import TERMS, RankedLists, Requests, rank
from services.ranking.recency import action_weights, fold_in

CURVE = Curve(slope=0.7, travel=-1.2, intercept=-0.5)
CALIBRATION = Calibration(order=CURVE, click=CURVE, examination=(1.0, 0.8), mean_log_time=2.9)


def city(n: int, d: int = 8, seed: int = 0) -> Catalogue:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, d)).astype(np.float32)
    return build_catalogue(
        ids=[f"r{row}" for row in range(n)],
        representations=Representations(vectors, rng.standard_normal(n).astype(np.float32)),
        lat=rng.uniform(50.0, 50.1, n),
        lon=rng.uniform(0.0, 0.1, n),
        price_levels=[None if row % 7 == 0 else row % 4 + 1 for row in range(n)],
        cuisines=[["thai"] if row % 3 else ["thai", "bar"] for row in range(n)],
        hours=[None if row % 5 == 0 else [600, 1200] for row in range(n)],
        calibration=CALIBRATION,
        typical_diners=rng.standard_normal((20, d)).astype(np.float32),
    )


def requests(batch: int, d: int = 8, seed: int = 1, known_place: bool = True, **fields: object) -> Requests:
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 0.1, (2, batch)) if known_place else np.full((2, batch), np.nan)
    return Requests(
        vectors=rng.standard_normal((batch, d)).astype(np.float32),
        biases=rng.standard_normal(batch).astype(np.float32),
        fold_ins=fields.pop("fold_ins", None),
        lat=50.0 + place[0],
        lon=place[1],
        **fields,
    )


def slow_scores(catalogue: Catalogue, asked: Requests) -> np.ndarray:
    """Every restaurant in full, no shortlist."""
    wanted = asked.vectors if asked.fold_ins is None else asked.vectors + asked.fold_ins
    raw = (wanted.astype(np.float64) @ catalogue.vectors.T) + catalogue.biases + asked.biases[:, None]
    km = distance_km(asked.lat[:, None], asked.lon[:, None], catalogue.lat, catalogue.lon)
    offset = np.nan_to_num(log_travel_time(km) - CALIBRATION.mean_log_time, nan=0.0)
    return CALIBRATION.order_probability(raw, offset)


@given(st.integers(1, 300), st.integers(1, 12), st.integers(1, 40), st.booleans(), st.booleans())
def test_with_everything_shortlisted_it_is_the_full_ranking(
    n: int, batch: int, k: int, known_place: bool, moved: bool
) -> None:
    catalogue = city(n)
    fold_ins = np.random.default_rng(3).standard_normal((batch, 8)).astype(np.float32) if moved else None
    asked = requests(batch, known_place=known_place, fold_ins=fold_ins)

    ranked = rank(catalogue, asked, k, shortlist=n)

    expected = -np.sort(-slow_scores(catalogue, asked), axis=1)[:, :k]
    assert ranked.scores == pytest.approx(expected, abs=1e-6)
    assert all(len(set(row)) == len(row) for row in ranked.rows.tolist())
    assert np.isnan(ranked.distances_km).all() == (not known_place)


def by_hand(ranked: RankedLists) -> np.ndarray:
    totals = np.zeros_like(ranked.scores)
    for term in range(len(TERMS)):
        totals = totals + ranked.terms[term]
    return totals


@pytest.mark.parametrize("temperature", [0.0, 0.1])
@pytest.mark.parametrize("moved", [False, True])
def test_the_terms_add_up_to_the_score_bit_for_bit(temperature: float, moved: bool) -> None:
    gumbel = np.random.default_rng(5).gumbel(size=(9, 50))
    fold_ins = np.random.default_rng(3).standard_normal((9, 8)).astype(np.float32) if moved else None
    ranked = rank(city(400), requests(9, gumbel=gumbel, fold_ins=fold_ins), 10, 50, temperature)

    assert np.array_equal(by_hand(ranked), ranked.scores)
    assert np.all(np.diff(ranked.scores, axis=1) <= 0)


def test_a_batch_is_its_requests_one_by_one() -> None:
    catalogue, asked = city(300), requests(6)

    together = rank(catalogue, asked, 10, 40)

    for one in range(6):
        alone = Requests(
            vectors=asked.vectors[one : one + 1],
            biases=asked.biases[one : one + 1],
            fold_ins=None,
            lat=asked.lat[one : one + 1],
            lon=asked.lon[one : one + 1],
        )
        assert rank(catalogue, alone, 10, 40).rows.tolist() == together.rows[one : one + 1].tolist()


@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_only_what_is_allowed_is_shown_and_the_rest_is_blank(seed: int, passing: int) -> None:
    catalogue = city(120)
    mask = np.zeros((2, 120), np.bool_)
    mask[:, np.random.default_rng(seed).choice(120, passing, replace=False)] = True

    ranked = rank(catalogue, requests(2, allowed=mask), 20, 60)

    shown = ranked.rows >= 0
    assert (shown.sum(axis=1) == min(passing, 20)).all()
    assert not shown[:, passing:].any()
    for request in range(2):
        assert mask[request, ranked.rows[request][shown[request]]].all()
    assert np.array_equal(np.isnan(ranked.scores), ~shown)


def test_at_the_same_distance_the_models_order_stays() -> None:
    catalogue = city(200)
    asked = requests(1, known_place=False)

    ranked = rank(catalogue, asked, 200, 200)

    assert np.all(np.diff(ranked.terms[0, 0]) <= 1e-6)


def test_without_noise_nothing_is_left_to_chance_and_exploring_needs_noise() -> None:
    assert (rank(city(50), requests(2), 5, 50).propensities == 1).all()
    with pytest.raises(ValueError, match="Gumbel"):
        rank(city(50), requests(2), 5, 50, temperature=0.1)


def test_propensities_are_the_frequencies_of_the_lists() -> None:
    """All lists of 2 out of 4 restaurants, drawn 40,000 times: the product of propensities is how often each comes."""
    catalogue, draws = city(4, seed=2), 40_000
    one = requests(1)
    many = Requests(
        vectors=np.repeat(one.vectors, draws, axis=0),
        biases=np.repeat(one.biases, draws),
        fold_ins=None,
        lat=np.repeat(one.lat, draws),
        lon=np.repeat(one.lon, draws),
        gumbel=np.random.default_rng(11).gumbel(size=(draws, 4)),
    )

    ranked = rank(catalogue, many, 2, 4, temperature=0.2)

    lists, first, counts = np.unique(ranked.rows, axis=0, return_index=True, return_counts=True)
    claimed = ranked.propensities[first].prod(axis=1)
    assert len(lists) == 12
    assert claimed.sum() == pytest.approx(1.0)
    deviations = (counts / draws - claimed) / np.sqrt(claimed * (1 - claimed) / draws)
    assert np.abs(deviations).max() < 4.0


def test_filters_are_what_they_say() -> None:
    catalogue = city(100)

    assert allowed(catalogue, Filters()) is None
    assert np.flatnonzero(allowed(catalogue, Filters(cuisine="bar"))).tolist() == list(range(0, 100, 3))
    assert not allowed(catalogue, Filters(cuisine="none such")).any()
    cheap = allowed(catalogue, Filters(max_price=1))
    assert cheap.tolist() == [row % 7 == 0 or row % 4 == 0 for row in range(100)]
    assert allowed(catalogue, Filters(open_minute=100)).tolist() == [row % 5 == 0 for row in range(100)]
    assert allowed(catalogue, Filters(open_minute=600)).all()
    assert np.flatnonzero(~allowed(catalogue, Filters(exclude=["r3", "r9", "unknown"]))).tolist() == [3, 9]
    assert np.flatnonzero(allowed(catalogue, Filters(only=["r3", "unknown", "r1"]))).tolist() == [1, 3]
    near = allowed(catalogue, Filters(lat=50.05, lon=0.05, radius_km=2.0))
    assert near.tolist() == (distance_km(50.05, 0.05, catalogue.lat, catalogue.lon) <= 2.0).tolist()
    assert allowed(catalogue, Filters(lat=50.05, lon=0.05)) is None
    both = allowed(catalogue, Filters(cuisine="bar", exclude=["r3"]))
    assert np.flatnonzero(both).tolist() == [row for row in range(0, 100, 3) if row != 3]


def test_a_fresh_order_lifts_its_restaurant_by_about_one_standard_deviation() -> None:
    catalogue = city(500, d=16)
    row = 7
    moved = fold_in(catalogue, np.asarray([row]), np.asarray([1.0], np.float32))

    lift = float(moved @ catalogue.vectors[row])

    diners = np.random.default_rng(9).standard_normal((200, 16)).astype(np.float32)
    deviation = float(np.std(diners @ catalogue.vectors.T, axis=1).mean())
    length = float(catalogue.vectors[row] @ catalogue.vectors[row]) / 16
    assert lift == pytest.approx(deviation * length, rel=0.25)


def test_actions_fade_by_half_in_a_half_life_and_unknown_rows_add_nothing() -> None:
    weights = action_weights(np.asarray([1.0, 1.0, -1.0]), np.asarray([0.0, 24.0, -5.0]), 0.5, 24.0)

    assert weights.tolist() == pytest.approx([0.5, 0.25, -0.5])
    catalogue = city(10)
    nothing = fold_in(catalogue, np.asarray([-1, -1]), np.asarray([1.0, 2.0], np.float32))
    assert nothing.tolist() == [0.0] * 8


def test_an_empty_market_gives_an_empty_list() -> None:
    ranked = rank(city(0), requests(2), 5, 50)

    assert ranked.rows.shape == (2, 0)
    assert not math.isnan(float(ranked.scores.sum()))
