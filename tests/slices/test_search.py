"""The search for bad slices, held against brute force, other people's formulas, and slices that were planted."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from data.statistics import holm
from models.slices.cases import Cases, Feature
from models.slices.contrasts import contrast, measure, slice_mask
from models.slices.search import Correction, Options, benjamini, search

SMALL = Options(least_cases=30, least_diners=10)


def some_cases(seed: int, diners: int = 60, each: int = 20) -> Cases:
    """Restaurants with a district and one or two cuisines, shown to diners; the order of the cases is no diner's."""
    rng = np.random.default_rng(seed)
    n = diners * each
    of_diner = rng.permutation(np.repeat(np.arange(diners), each)) * 3  # numbers may have gaps
    several = [np.sort(rng.choice(4, 1 + int(rng.random() < 0.3), replace=False)) for _ in range(n)]
    indptr = np.concatenate([[0], np.cumsum([len(one) for one in several])])
    features = (
        Feature.of_tags("cuisine", [f"cuisine={k}" for k in range(4)], indptr, np.concatenate(several)),
        Feature.of_codes("district", [f"district={k}" for k in range(3)], rng.integers(-1, 3, n)),
        Feature.binned("distance", np.where(rng.random(n) < 0.1, np.nan, rng.exponential(2.0, n)), "km", 3),
    )
    losses = rng.normal(0.0, 1.0, n) + np.repeat(rng.normal(0.0, 0.5, 3 * diners), 1)[of_diner]
    return Cases(losses, of_diner, features)


def by_hand(cases: Cases, inside: np.ndarray) -> tuple[float, float, float]:
    """Mean inside, outside, and the standard error of their difference, diner by diner."""
    value, rest = cases.losses[inside].mean(), cases.losses[~inside].mean()
    parts = []
    for diner in np.unique(cases.diners):
        own = cases.diners == diner
        inner = (cases.losses[own & inside] - value).sum() / inside.sum()
        outer = (cases.losses[own & ~inside] - rest).sum() / (~inside).sum()
        parts.append(inner - outer)
    k = len(np.unique(cases.diners[inside]))
    return value, rest, float(np.sqrt(np.square(parts).sum() * k / (k - 1)))


@pytest.mark.parametrize("seed", range(3))
def test_all_slices_are_measured_as_by_brute_force(seed: int) -> None:
    cases = some_cases(seed)
    table = measure(cases)
    found = {key: at for at, key in enumerate(table.keys)}
    expected = [((a, i),) for a, one in enumerate(cases.features) for i in range(len(one.conditions))]
    expected += [
        ((a, i), (b, j))
        for (a, one), (b, other) in combinations(enumerate(cases.features), 2)
        for i in range(len(one.conditions))
        for j in range(len(other.conditions))
    ]
    assert set(found) == set(expected)
    for key in expected:
        inside = slice_mask(cases, [cases.features[at].conditions[code] for at, code in key])
        at = found[key]
        value, rest, error = by_hand(cases, inside)
        assert table.n[at] == inside.sum()
        assert table.diners[at] == len(np.unique(cases.diners[inside]))
        np.testing.assert_allclose([table.value[at], table.rest[at], table.error[at]], [value, rest, error], rtol=1e-9)


def test_the_error_is_that_over_diners_and_not_over_cases() -> None:
    rng = np.random.default_rng(0)
    z = []
    for _ in range(300):
        losses = np.repeat(rng.normal(0.0, 1.0, 60), 20)  # what one diner does is all the same
        table = contrast(Cases(losses, np.repeat(np.arange(60), 20), ()), np.arange(1_200) < 600)
        z.append(float((table.value - table.rest)[0] / table.error[0]))
    assert 0.85 < np.std(z) < 1.15  # over cases it would be the root of 20


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_holm_is_the_step_down_of_its_definition(p: list[float]) -> None:
    adjusted = holm(np.asarray(p))
    order, running = np.argsort(p), 0.0
    for rank, at in enumerate(order):
        running = max(running, min(1.0, (len(p) - rank) * p[at]))
        assert adjusted[at] == pytest.approx(running)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.booleans())
def test_benjamini_is_the_step_up_of_its_definition(p: list[float], any_dependence: bool) -> None:
    m = len(p)
    factor = sum(1.0 / k for k in range(1, m + 1)) if any_dependence else 1.0
    ordered = np.sort(p)
    expected = [min(1.0, min(ordered[k] * factor * m / (k + 1) for k in range(m) if ordered[k] >= one)) for one in p]
    np.testing.assert_allclose(benjamini(np.asarray(p), any_dependence), expected)


def with_a_bad_slice(seed: int, worse: float = 1.0) -> tuple[Cases, list[str]]:
    cases, names = some_cases(seed, diners=200), ["cuisine=1", "district=2"]
    losses = cases.losses + worse * slice_mask(cases, names)
    return Cases(losses, cases.diners, cases.features), names


@pytest.mark.parametrize("correction", [Correction.BY, Correction.HALVES])
@pytest.mark.parametrize("seed", range(3))
def test_a_bad_slice_is_found_and_nothing_that_is_bad_for_its_sake(seed: int, correction: Correction) -> None:
    cases, names = with_a_bad_slice(seed)
    findings = search(cases, Options(least_cases=30, least_diners=10, correction=correction, seed=seed))
    assert [list(one.conditions) for one in findings] == [names]
    assert findings[0].low < 1.0 < findings[0].high
    assert findings[0].p_adjusted < 1e-4


def named_otherwise(seed: int, other: Callable[[Cases, np.ndarray, np.ndarray], Feature]) -> tuple[Cases, list[str]]:
    """A bad slice and one feature more, made of the cases, those of the slice's cuisine, and those of the slice."""
    cases, names = with_a_bad_slice(seed)
    feature = other(cases, slice_mask(cases, names[:1]), slice_mask(cases, names))
    return Cases(cases.losses, cases.diners, (*cases.features, feature)), names


def only_there(cases: Cases, _: np.ndarray, inside: np.ndarray) -> Feature:
    return Feature.of_codes("ambience", ("ambience=loud",), np.where(inside, 0, -1))


def a_chain(cases: Cases, cuisine: np.ndarray, inside: np.ndarray) -> Feature:
    """All of the cuisine in the district, and half of it elsewhere."""
    half = np.random.default_rng(1).random(len(cases)) < 0.5
    return Feature.of_codes("chain", ("chain=a",), np.where(cuisine & (inside | half), 0, -1))


def known_to_few(cases: Cases, cuisine: np.ndarray, inside: np.ndarray) -> Feature:
    """Of the cuisine those in the district are in the lowest bin, and of the others hardly any."""
    low = inside | (~cuisine & (np.random.default_rng(2).random(len(cases)) < 0.1))
    return replace(Feature.of_codes("diners", ("diners 0 to 9",), np.where(low, 0, -1)), is_binned=True)


@pytest.mark.parametrize(
    ("other", "named", "beside"),
    [
        (only_there, ("ambience=loud",), ("cuisine=1", "district=2")),
        (a_chain, ("cuisine=1", "district=2"), ("district=2", "chain=a")),
    ],
)
def test_of_names_of_the_very_same_cases_one_is_named_and_the_other_is_told_with_it(
    other: Callable[[Cases, np.ndarray, np.ndarray], Feature], named: tuple[str, ...], beside: tuple[str, ...]
) -> None:
    cases, _ = named_otherwise(4, other)
    finding = search(cases, SMALL)[0]
    assert finding.conditions == named
    assert beside in finding.same_as
    assert finding.document()["same_as"] == [list(one) for one in finding.same_as]
    assert f"nearly the same: {' and '.join(finding.same_as[0])}" in finding.sentence()


def test_a_tag_is_named_rather_than_a_bin_that_holds_the_same_cases() -> None:
    cases, names = named_otherwise(4, known_to_few)
    found = search(cases, SMALL)
    inside = slice_mask(cases, names)
    assert [list(one.conditions) for one in found] == [names]
    assert any("diners 0 to 9" in one and (slice_mask(cases, one) == inside).all() for one in found[0].same_as)


@pytest.mark.parametrize("seed", range(5))
def test_a_part_that_looks_worse_by_chance_is_not_named_for_the_whole(seed: int) -> None:
    cases, names = with_a_bad_slice(seed)
    rng = np.random.default_rng(seed)
    tags = [
        Feature.of_codes(f"tag{k}", (f"tag{k}=no", f"tag{k}=yes"), rng.integers(0, 2, len(cases))) for k in range(6)
    ]
    assert list(search(replace(cases, features=(*cases.features, *tags)), SMALL)[0].conditions) == names


def test_slices_that_share_hardly_anything_are_not_the_same() -> None:
    cases = some_cases(7, diners=300)
    losses = (
        cases.losses + slice_mask(cases, ["cuisine=2", "district=0"]) + slice_mask(cases, ["cuisine=1", "district=1"])
    )
    found = search(Cases(losses, cases.diners, cases.features), SMALL)
    assert {one.conditions for one in found} == {("cuisine=2", "district=0"), ("cuisine=1", "district=1")}
    assert [one.same_as for one in found] == [(), ()]


def test_a_bad_cuisine_is_one_finding_and_not_one_a_district() -> None:
    cases = some_cases(5, diners=200)
    bad = Cases(cases.losses + slice_mask(cases, ["cuisine=2"]), cases.diners, cases.features)
    assert [one.conditions for one in search(bad, SMALL)] == [("cuisine=2",)]


def test_a_part_that_is_worse_than_what_is_bad_around_it_is_named_too() -> None:
    cases = some_cases(6, diners=300)
    losses = cases.losses + slice_mask(cases, ["cuisine=2"]) + 2.0 * slice_mask(cases, ["cuisine=2", "district=0"])
    found = [one.conditions for one in search(Cases(losses, cases.diners, cases.features), SMALL)]
    assert found == [("cuisine=2", "district=0"), ("cuisine=2",)]


def test_what_is_worse_by_less_than_is_worth_a_word_is_not_named() -> None:
    cases, _ = with_a_bad_slice(1)
    assert search(cases, Options(least_cases=30, least_diners=10, least=1.5)) == []


def test_small_slices_are_not_looked_at() -> None:
    cases, names = with_a_bad_slice(2)
    size = int(slice_mask(cases, names).sum())
    assert [list(one.conditions) for one in search(cases, Options(least_cases=size, least_diners=10))] == [names]
    assert names not in [list(one.conditions) for one in search(cases, Options(least_cases=size + 1, least_diners=10))]


@pytest.mark.parametrize("correction", Correction)
def test_where_nothing_is_worse_hardly_anything_is_found(correction: Correction) -> None:
    false = sum(
        bool(search(some_cases(seed), Options(least_cases=30, least_diners=10, correction=correction, seed=seed)))
        for seed in range(100)
    )
    assert stats.binomtest(false, 100, 0.05, alternative="greater").pvalue > 0.01, false


@given(st.integers(0, 50))
def test_the_order_of_the_cases_changes_nothing(seed: int) -> None:
    cases, _ = with_a_bad_slice(3)
    order = np.random.default_rng(seed).permutation(len(cases))
    place = np.argsort(order)
    turned = Cases(cases.losses[order], cases.diners[order], tuple(one.moved(place) for one in cases.features))
    once, again = search(cases, SMALL), search(turned, SMALL)
    assert [one.conditions for one in once] == [one.conditions for one in again]
    np.testing.assert_allclose([one.value for one in once], [one.value for one in again])


def test_nothing_to_look_at_is_no_finding() -> None:
    none = Cases(np.empty(0), np.empty(0, np.int64), ())
    assert search(none) == []
    assert search(Cases(np.zeros(500), np.arange(500) % 50, ())) == []


def test_a_property_of_restaurants_becomes_one_of_cases() -> None:
    of_restaurants = Feature.of_tags("cuisine", ("a", "b"), np.asarray([0, 2, 2, 3]), np.asarray([0, 1, 1]))
    of_cases = of_restaurants.of(np.asarray([2, -1, 0, 1, 0]))
    assert list(zip(of_cases.cases.tolist(), of_cases.codes.tolist(), strict=True)) == [
        (0, 1), (2, 0), (2, 1), (4, 0), (4, 1)
    ]  # fmt: skip


def test_bins_are_equally_filled_and_leave_out_what_is_not_known() -> None:
    one = Feature.binned("km", np.asarray([np.nan, *range(100)], float), "km", 4)
    assert np.bincount(one.codes).tolist() == [25, 25, 25, 25]
    assert 0 not in one.cases
    assert Feature.binned("km", np.full(3, 2.0)).conditions == ("km 2 to 2",)
