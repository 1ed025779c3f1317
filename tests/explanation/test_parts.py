"""Cells, Shapley values and contrasts: identities, and the sum over all coalitions."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.explanation.parts import Kind, Parts, Source, cells, contrast, shapley_values

SEEDS = st.integers(0, 2**31 - 1)


def some_parts(rng: np.random.Generator, count: int, d: int, side: str = "tag") -> Parts:
    sources = [Source(Kind.TAG, f"{side}={number}") for number in range(count)]
    return Parts.of(sources, rng.normal(size=(count, d + 1)) * 10.0 ** rng.integers(-3, 3))


def a_pair(seed: int) -> tuple[Parts, Parts]:
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 40))
    return some_parts(rng, int(rng.integers(1, 9)), d, "u"), some_parts(rng, int(rng.integers(1, 9)), d, "i")


def score(diner: Parts, place: Parts) -> float:
    person, restaurant = diner.total, place.total
    return float(person[:-1] @ restaurant[:-1] + person[-1] + restaurant[-1])


def part_of(parts: Parts, chosen: list[int]) -> Parts:
    return Parts(tuple(parts.sources[one] for one in chosen), parts.vectors[chosen], parts.biases[chosen])


def size(diner: Parts, place: Parts) -> float:
    """What rounding is relative to: the sum of the cells' sizes."""
    table = cells(diner, place)
    return float(np.abs(table.products).sum() + np.abs(table.diner).sum() + np.abs(table.restaurant).sum())


def by_coalitions(diner: Parts, place: Parts) -> np.ndarray:
    """Shapley values by their definition: absent parts add nothing."""
    m, n = len(diner.sources), len(diner.sources) + len(place.sources)
    worth = {
        chosen: score(
            part_of(diner, [one for one in chosen if one < m]),
            part_of(place, [one - m for one in chosen if one >= m]),
        )
        for count in range(n + 1)
        for chosen in itertools.combinations(range(n), count)
    }
    found = np.zeros(n)
    for chosen, value in worth.items():
        for one in chosen:
            before = tuple(other for other in chosen if other != one)
            weight = math.factorial(len(before)) * math.factorial(n - len(chosen)) / math.factorial(n)
            found[one] += weight * (value - worth[before])
    return found


@given(SEEDS)
def test_cells_and_shapley_values_are_complete(seed: int) -> None:
    diner, place = a_pair(seed)
    expected, tolerance = score(diner, place), 1e-12 * size(diner, place)
    assert abs(cells(diner, place).total - expected) <= tolerance
    of_diner, of_place = shapley_values(diner, place)
    assert abs(of_diner.sum() + of_place.sum() - expected) <= tolerance


@pytest.mark.parametrize("seed", range(8))
def test_the_closed_form_is_the_sum_over_all_coalitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m = 1 + seed % 6
    diner, place = some_parts(rng, m, 5), some_parts(rng, 7 - m, 5)
    found = np.concatenate(shapley_values(diner, place))
    np.testing.assert_allclose(found, by_coalitions(diner, place), rtol=0, atol=1e-12 * size(diner, place))


@given(SEEDS)
def test_equal_parts_have_equal_shares(seed: int) -> None:
    diner, place = a_pair(seed)
    twice = diner.joined(part_of(diner, [0]))
    shares, _ = shapley_values(twice, place)
    assert shares[0] == pytest.approx(shares[-1], rel=1e-12, abs=1e-12 * size(twice, place))


@given(SEEDS)
def test_what_adds_nothing_has_no_share(seed: int) -> None:
    diner, place = a_pair(seed)
    dummy = Parts.whole(np.zeros(diner.vectors.shape[1] + 1))
    shares, others = shapley_values(diner.joined(dummy), place)
    assert shares[-1] == 0.0
    before, tolerance = shapley_values(diner, place), 1e-12 * size(diner, place)
    np.testing.assert_allclose(shares[:-1], before[0], rtol=0, atol=tolerance)
    np.testing.assert_allclose(others, before[1], rtol=0, atol=tolerance)


@given(SEEDS)
def test_shares_of_an_average_of_two_diners_models_are_the_average_of_their_shares(seed: int) -> None:
    """Linear in the diner's side: games that are added have shares that are added."""
    rng = np.random.default_rng(seed)
    one, other, place = (some_parts(rng, 4, 6) for _ in range(3))
    mean = Parts(one.sources, (one.vectors + other.vectors) / 2, (one.biases + other.biases) / 2)
    of_mean = shapley_values(mean, place)[0]
    expected = (shapley_values(one, place)[0] + shapley_values(other, place)[0]) / 2
    np.testing.assert_allclose(of_mean, expected, rtol=0, atol=1e-12 * (size(one, place) + size(other, place)))


@given(SEEDS, st.floats(-1e3, 1e3))
def test_a_constant_in_every_restaurant_changes_no_share_but_its_own_and_no_contrast(seed: int, bias: float) -> None:
    diner, place = a_pair(seed)
    other = some_parts(np.random.default_rng(seed + 1), 3, diner.vectors.shape[1], "i")
    constant = np.zeros(diner.vectors.shape[1] + 1)
    constant[-1] = bias
    added = Parts.whole(constant, Kind.TYPICAL)
    shares, of_place = shapley_values(diner, place.joined(added))
    before, tolerance = shapley_values(diner, place), 1e-12 * (size(diner, place) + size(diner, other) + abs(bias))
    np.testing.assert_allclose(shares, before[0], rtol=0, atol=tolerance)
    np.testing.assert_allclose(of_place[:-1], before[1], rtol=0, atol=tolerance)
    assert of_place[-1] == bias
    found = contrast(diner, place.joined(added), [other.joined(added)])
    assert found.pop(Source(Kind.TYPICAL)) == 0.0
    assert found == pytest.approx(contrast(diner, place, [other]), rel=0, abs=tolerance)


@given(SEEDS)
def test_a_contrast_sums_to_the_difference_and_turns_its_sign(seed: int) -> None:
    diner, place = a_pair(seed)
    other = some_parts(np.random.default_rng(seed + 1), 3, diner.vectors.shape[1], "i")
    found, turned = contrast(diner, place, [other]), contrast(diner, other, [place])
    tolerance = 1e-12 * (size(diner, place) + size(diner, other))
    assert math.fsum(found.values()) == pytest.approx(score(diner, place) - score(diner, other), rel=0, abs=tolerance)
    assert found.keys() == turned.keys()
    for source, value in found.items():
        assert value == pytest.approx(-turned[source], rel=0, abs=tolerance)


@given(SEEDS, st.integers(1, 12))
def test_against_the_average_candidate_it_sums_to_the_score_less_the_mean(seed: int, count: int) -> None:
    diner, place = a_pair(seed)
    rng = np.random.default_rng(seed + 1)
    others = [some_parts(rng, 3, diner.vectors.shape[1], "i") for _ in range(count)]
    expected = score(diner, place) - float(np.mean([score(diner, other) for other in others]))
    tolerance = 1e-12 * (size(diner, place) + sum(size(diner, other) for other in others))
    found = math.fsum(contrast(diner, place, others).values())
    assert found == pytest.approx(expected, rel=0, abs=tolerance)


def test_a_contrast_with_nobody_is_refused():
    diner, place = a_pair(0)
    with pytest.raises(ValueError, match="needs others"):
        contrast(diner, place, [])


@given(SEEDS)
def test_closed_parts_sum_to_the_row_and_closed_ones_stay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = some_parts(rng, 4, 6)
    row = parts.total.astype(np.float32)
    closed = parts.closed(row, Kind.ROUNDING)
    np.testing.assert_allclose(closed.total, row, rtol=1e-12, atol=1e-12 * np.abs(parts.vectors).sum())
    assert Parts.whole(row).closed(row, Kind.ROUNDING).sources == (Source(Kind.ITSELF),)
