"""The compiled loops: the best m of n against a full sort, and whole lists against the same formulas on numpy."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from data.geo import distance_km, log_travel_time
from services.ranking import _rank as compiled
from services.ranking.catalogue import Catalogue
from services.ranking.counting import count_shown
from services.ranking.fairness import Groups, Lifts, counted
from services.ranking.rank import FAIRNESS, TERMS, RankedLists, Requests, rank
from tests.ranking.test_rank import city, requests


def shortlisted(scores: np.ndarray, m: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """(m,) rows of the shortlist over restaurants whose only score is a bias."""
    catalogue = city(1)
    catalogue = replace(
        catalogue,
        ids=tuple(map(str, range(len(scores)))),
        vectors=np.zeros((len(scores), 8), np.float32),
        biases=scores,
        lat=np.zeros(len(scores)),
        lon=np.zeros(len(scores)),
    )
    asked = replace(requests(1), biases=np.zeros(1, np.float32), allowed=None if allowed is None else allowed[None])
    return rank(catalogue, asked, 1, m).shortlists.rows[0]


def by_sorting(scores: np.ndarray, m: int) -> np.ndarray:
    return np.sort(np.argsort(-scores, kind="stable")[:m])


@pytest.mark.parametrize("n", [1, 2, 5, 200, 201, 4_095, 4_096, 10_000, 50_000])
def test_the_shortlist_is_what_a_full_sort_finds(n: int) -> None:
    scores = np.random.default_rng(n).standard_normal(n).astype(np.float32)
    m = min(200, n)

    assert np.array_equal(shortlisted(scores, m), by_sorting(scores, m))


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 9_000))
def test_of_equal_scores_the_first_are_taken(seed: int, m: int, n: int) -> None:
    """Heavy ties, where a threshold that is guessed from a sample is easily on the wrong side."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, rng.integers(-2, 1_000), n).astype(np.float32)

    assert np.array_equal(shortlisted(scores, min(m, n)), by_sorting(scores, min(m, n)))


@given(st.integers(0, 2**32 - 1), st.sampled_from([np.inf, -np.inf, np.nan, 1e38, -1e38, 1e-45, -0.0]))
def test_odd_numbers_lose_nobody_else(seed: int, odd: float) -> None:
    scores = np.random.default_rng(seed).standard_normal(5_000).astype(np.float32)
    scores[::7] = odd

    found = shortlisted(scores, 200)

    kept = np.where(np.isnan(scores), -np.inf, scores)
    assert np.array_equal(np.sort(kept[found]), np.sort(kept)[-200:])
    assert np.all(np.diff(found) > 0)


@pytest.mark.parametrize("passing", [0, 1, 150, 199, 200, 201, 5_000])
def test_it_is_exact_when_few_candidates_pass(passing: int) -> None:
    rng = np.random.default_rng(passing)
    scores = rng.standard_normal(10_000).astype(np.float32)
    allowed = np.zeros(10_000, np.bool_)
    allowed[rng.choice(10_000, passing, replace=False)] = True

    found = shortlisted(scores, 200, allowed)

    assert len(set(found.tolist())) == 200
    best = by_sorting(np.where(allowed, scores, -np.inf), 200)
    assert set(found[allowed[found]].tolist()) == set(best[allowed[best]].tolist())


def on_numpy(catalogue: Catalogue, asked: Requests, k: int, size: int, temperature: float) -> RankedLists:
    """The terms, as the docstrings of the module have them, for everything in `rank`'s own shortlists."""
    ranked = rank(catalogue, asked, k, size, temperature)
    rows = ranked.shortlists.rows
    batch = np.arange(len(rows))[:, None]
    passing = np.ones(rows.shape, np.bool_) if asked.allowed is None else asked.allowed[batch, rows]
    terms = np.zeros((len(TERMS), *rows.shape))
    scores = asked.vectors.astype(np.float64) @ catalogue.vectors.T.astype(np.float64)
    terms[0] = (scores + catalogue.biases)[batch, rows] + asked.biases[:, None]
    if asked.fold_ins is not None:
        terms[1] = (asked.fold_ins.astype(np.float64) @ catalogue.vectors.T.astype(np.float64))[batch, rows]
    terms[:2, ~passing] = 0.0
    km = distance_km(asked.lat[:, None], asked.lon[:, None], catalogue.lat[rows], catalogue.lon[rows])
    offsets = np.nan_to_num(log_travel_time(km) - catalogue.calibration.mean_log_time, nan=0.0)
    curve = catalogue.calibration.order
    raw = terms[0] + terms[1]
    terms[3] = expit(curve.slope * raw + curve.travel * offsets + curve.intercept) - raw
    probabilities = raw + terms[3]
    if asked.lifts is not None:
        lifts = asked.lifts.values[rows]
        terms[FAIRNESS] = np.where((probabilities < asked.lifts.quality_floor) & (lifts > 0.0), 0.0, lifts)
    if temperature > 0.0:
        assert asked.gumbel is not None
        terms[FAIRNESS + 1] = temperature * asked.gumbel[:, : rows.shape[1]]
    assert ranked.shortlists.terms == pytest.approx(terms, abs=2e-6)
    assert ranked.shortlists.offsets == pytest.approx(offsets, abs=1e-12)
    assert ranked.shortlists.distances_km == pytest.approx(km, abs=1e-12, nan_ok=True)
    return ranked


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 400),
    batch=st.integers(1, 12),
    k=st.integers(1, 40),
    moved=st.booleans(),
    filtered=st.booleans(),
    lifted=st.booleans(),
    temperature=st.sampled_from([0.0, 0.05]),
    known_place=st.booleans(),
)
def test_every_term_is_its_formula_and_the_order_is_the_scores(
    seed: int,
    n: int,
    batch: int,
    k: int,
    moved: bool,
    filtered: bool,
    lifted: bool,
    temperature: float,
    known_place: bool,
) -> None:
    rng = np.random.default_rng(seed)
    asked = requests(
        batch,
        seed=seed,
        known_place=known_place,
        fold_ins=rng.standard_normal((batch, 8)).astype(np.float32) if moved else None,
        allowed=rng.random((batch, n)) < 0.5 if filtered else None,
        gumbel=rng.gumbel(size=(batch, 100)),
        lifts=Lifts(rng.uniform(-0.1, 0.1, n), 0.3) if lifted else None,
    )

    ranked = on_numpy(city(n), asked, k, 60, temperature)

    found = ranked.shortlists
    total = found.terms[0] + found.terms[1]
    for term in found.terms[2:]:
        total = total + term
    assert np.array_equal(total, found.scores)
    falling = -found.scores if found.passing is None else np.where(found.passing, -found.scores, np.inf)
    assert np.array_equal(found.order, np.argsort(falling, axis=1, kind="stable"))
    best = found.order[:, : ranked.rows.shape[1]]
    there = ranked.rows >= 0
    rows = np.arange(batch)[:, None]
    assert np.array_equal(there, np.ones(best.shape, np.bool_) if found.passing is None else found.passing[rows, best])
    assert np.array_equal(ranked.rows[there], found.rows[rows, best][there])
    assert np.array_equal(ranked.scores[there], found.scores[rows, best][there])
    assert np.array_equal(ranked.terms[:, there], found.terms[:, rows, best][:, there])
    assert np.array_equal(ranked.distances_km[there], found.distances_km[rows, best][there], equal_nan=True)
    for blank in (ranked.scores, ranked.distances_km, ranked.propensities, *ranked.terms):
        assert np.isnan(blank[~there]).all()


def test_a_market_without_restaurants_has_empty_lists() -> None:
    catalogue = city(3)
    none = replace(
        catalogue,
        ids=(),
        vectors=catalogue.vectors[:0],
        biases=catalogue.biases[:0],
        lat=catalogue.lat[:0],
        lon=catalogue.lon[:0],
    )

    ranked = rank(none, requests(2), 5, 10)

    assert ranked.rows.shape == ranked.scores.shape == (2, 0)
    assert ranked.shortlists.terms.shape == (len(TERMS), 2, 0)


def test_arrays_of_other_sizes_or_types_are_refused_and_named() -> None:
    catalogue, asked = city(30), requests(2)

    with pytest.raises(ValueError, match="allowed has"):
        rank(catalogue, replace(asked, allowed=np.ones((2, 29), np.bool_)), 5, 10)
    with pytest.raises(ValueError, match="lifts has"):
        rank(catalogue, replace(asked, lifts=Lifts(np.zeros(29), 0.0)), 5, 10)
    with pytest.raises(ValueError, match="diners' latitudes"):
        rank(catalogue, replace(asked, lat=asked.lat.astype(np.float32)), 5, 10)
    with pytest.raises(ValueError, match="sizes do not fit"):
        compiled.shortlist((1, 3, 8, 4, len(TERMS)), *[None] * 11, 0.0, *[None] * 6)
    with pytest.raises(ValueError, match="coarse: there is no such array"):
        compiled.shortlist((1, 3, 8, 2, len(TERMS)), *[None] * 11, 0.0, *[None] * 6)


GROUPED = Groups(("a", "b", "c"), np.arange(200) % 3, np.arange(200) % 7 == 0)


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 200),
    filtered=st.booleans(),
    request=st.integers(0, 2),
    sold=st.dictionaries(st.integers(0, 30), st.integers(0, 5)),
)
def test_the_compiled_count_of_a_list_is_the_written_one(
    seed: int, n: int, filtered: bool, request: int, sold: dict[int, int]
) -> None:
    groups = Groups(GROUPED.names, GROUPED.codes[:n], GROUPED.newcomers[:n])
    allowed = np.random.default_rng(seed).random((3, n)) < 0.5 if filtered else None
    ranked = rank(city(n), requests(3, seed=seed, allowed=allowed), 20, 60)
    looks = 0.9 ** np.arange(100)
    shown = ranked.rows[request][ranked.rows[request] >= 0]

    found = count_shown(groups, ranked.shortlists, shown, looks, sold, request)

    passing = ranked.shortlists.passing
    candidates = np.ones(ranked.shortlists.rows.shape[1], np.bool_) if passing is None else passing[request]
    free = np.asarray([slot not in sold for slot in range(len(shown))], np.bool_)
    rows, probabilities = ranked.shortlists.rows[request], ranked.shortlists.probabilities()[request]
    written = counted(groups, rows[candidates], probabilities[candidates], shown[free], looks[: len(shown)][free])
    assert found.groups == written.groups
    assert found.merit == pytest.approx(written.merit, abs=1e-12)
    assert found.exposure == pytest.approx(written.exposure, abs=1e-12)
    assert found.newcomers == pytest.approx(written.newcomers, abs=1e-12)
    assert found.lists == written.lists


def test_a_count_refuses_rows_and_groups_that_are_not_there() -> None:
    ranked = rank(city(10), requests(1), 5, 10)
    beyond = Groups(("a",), np.ones(10, np.int64), np.zeros(10, np.bool_))

    with pytest.raises(ValueError, match="of no group"):
        count_shown(beyond, ranked.shortlists, ranked.rows[0], np.ones(100), {})
    narrow = Groups(("a",), np.zeros(10, np.int32), np.zeros(10, np.bool_))
    with pytest.raises(ValueError, match="codes has"):
        count_shown(narrow, ranked.shortlists, ranked.rows[0], np.ones(100), {})
