"""Each measure by hand, by Fairlearn where it has the same one, and by what must hold whatever comes in."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import roc_auc_score

from models.evaluation.metrics import gini, ginis
from models.fairness.flip import rank_biased_overlap, score_distance
from models.fairness.frames import Side, adjusted, compare_diners, compare_exposure, crossings, metric_frame
from models.fairness.groups import Groups, kinds, restaurant_groups
from models.fairness.intervals import SURE, permuted, permuted_ratio
from models.fairness.measures import (
    MERIT_FLOOR,
    Ledger,
    Shown,
    average_popularity,
    coverage,
    group_ratios,
    least_over_greatest,
    long_tail,
    spread,
    tail_share,
    without_good_option,
)
from models.fairness.proxy import areas, auc, probe

AMOUNTS = arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats(0.0, 1e6))


def shown() -> Shown:
    """Two diners, three restaurants; looks 1 and 1/2. Diner 0 orders at the top, diner 1 below it at a sold place."""
    return Shown(
        diner=np.asarray([0, 0, 1, 1]),
        restaurant=np.asarray([0, 1, 0, 2]),
        look=np.asarray([1.0, 0.5, 1.0, 0.5]),
        ordered=np.asarray([True, False, False, True]),
        sold=np.asarray([False, False, False, True]),
        diners=2,
        restaurants=3,
    )


def test_exposure_and_merit_by_hand() -> None:
    """Restaurant 0 has two looks and one order; 2 has half a look, sold, and an order from there that is worth two."""
    organic, paid = (Ledger.of(shown(), sold=sold) for sold in (False, True))

    assert organic.by_restaurant[0].tolist() == [2.0, 0.5, 0.0]
    assert paid.by_restaurant[0].tolist() == [0.0, 0.0, 0.5]
    floor = MERIT_FLOOR * 3.0 / 3
    assert organic.by_restaurant[1].tolist() == [1.0, floor, 2.0]
    assert organic.floor == pytest.approx(floor)


def test_exposure_per_merit_of_groups_by_hand() -> None:
    groups = Groups.of("kind", ["a", "a", "b"], fewest=1)
    found = Ledger.of(shown(), sold=False).per_merit(groups, np.ones((1, 2)))

    assert found[0].tolist() == pytest.approx([2.5 / 1.1, 0.0])
    assert least_over_greatest(found)[0] == 0.0


def test_a_diner_drawn_twice_counts_twice() -> None:
    groups = Groups.of("kind", ["a", "a", "b"], fewest=1)
    ledger = Ledger.of(shown(), sold=False)
    twice = Ledger(ledger.exposure[[0, 0]], ledger.earned[[0, 0]])

    drawn = ledger.per_merit(groups, np.asarray([[2.0, 0.0]]))

    # The floor is that of everybody, drawn or not.
    assert drawn[0, 0] == pytest.approx((2 * 1.5) / (2.0 + ledger.floor))
    assert twice.exposure.sum() == 3.0


def test_popularity_and_the_long_tail_by_hand() -> None:
    lists, popularity = np.asarray([[0, 1], [1, 2]]), np.asarray([9.0, 3.0, 1.0, 0.0, 0.0])

    assert average_popularity(lists, popularity).tolist() == [6.0, 2.0]
    assert long_tail(popularity).tolist() == [False, True, True, True, True]
    assert tail_share(lists, long_tail(popularity)).tolist() == [0.5, 1.0]
    assert coverage(np.asarray([2.0, 0.0, 1.0, 0.0])) == 0.5
    assert without_good_option(np.asarray([0.0, 1.0, -0.5])).tolist() == [1.0, 0.0, 1.0]


def test_means_gap_and_ratio_by_hand() -> None:
    groups = Groups.of("age", ["young", "young", "old", "old"], fewest=2)
    found = compare_diners("ndcg", np.asarray([0.2, 0.4, 0.5, 0.7]), groups, draws=200)

    assert found is not None
    assert [(one.name, one.n, one.figure.value) for one in found.groups] == [
        ("old", 2, pytest.approx(0.6)),
        ("young", 2, pytest.approx(0.3)),
    ]
    assert (found.gap.value, found.ratio.value, found.overall) == pytest.approx((0.3, 0.5, 0.45))
    assert (found.worst.name, found.best.name, found.side) == ("young", "old", Side.DINERS)


@given(AMOUNTS)
def test_gini_is_in_zero_to_one(amounts: np.ndarray) -> None:
    value = float(ginis(amounts[None])[0])

    assert -1e-9 <= value <= 1.0 - 1.0 / len(amounts) + 1e-9
    assert value == pytest.approx(gini(amounts), abs=1e-9)


@given(AMOUNTS, st.floats(1e-3, 1e3))
def test_gini_knows_neither_scale_nor_order(amounts: np.ndarray, scale: float) -> None:
    assert ginis(scale * amounts[::-1][None])[0] == pytest.approx(ginis(amounts[None])[0], abs=1e-6)


def test_equal_shares_have_a_gini_of_nothing_and_those_never_shown_count() -> None:
    assert ginis(np.asarray([[3.0, 3.0, 3.0], [3.0, 0.0, 0.0]])).tolist() == pytest.approx([0.0, 2 / 3])


@st.composite
def members(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Groups]:
    n = draw(st.integers(4, 40))
    values = arrays.arrays(np.float64, n, elements=st.floats(0.0, 1.0))
    labels = draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n))
    return draw(values), draw(values) + 0.1, Groups.of("group", labels, fewest=1)


@given(members())
def test_groups_average_to_the_whole_by_their_weights(case: tuple[np.ndarray, np.ndarray, Groups]) -> None:
    parts, wholes, groups = case
    rates = group_ratios(parts, wholes, groups, np.ones((1, len(parts))))[0]
    weights = wholes @ groups.member

    assert rates @ weights / weights.sum() == pytest.approx(parts.sum() / wholes.sum())


@given(members())
def test_figures_are_those_of_fairlearn(case: tuple[np.ndarray, np.ndarray, Groups]) -> None:
    parts, wholes, groups = case
    labels = pd.DataFrame({"group": [groups.names[code] for code in groups.codes]})
    frame: MetricFrame = metric_frame(parts, wholes, labels)
    rates = group_ratios(parts, wholes, groups, np.ones((1, len(parts))))

    assert [frame.by_group[name] for name in groups.names] == pytest.approx(rates[0].tolist())
    assert frame.difference() == pytest.approx(spread(rates)[0])
    assert frame.group_min() == pytest.approx(rates.min())
    if rates.max() > 0.0:
        assert frame.ratio() == pytest.approx(least_over_greatest(rates)[0])


@given(members())
def test_names_of_groups_do_not_matter(case: tuple[np.ndarray, np.ndarray, Groups]) -> None:
    parts, wholes, groups = case
    swapped = {"a": "z", "b": "y", "c": "x"}
    other = Groups.of("group", [swapped[groups.names[code]] for code in groups.codes], fewest=1)
    weights = np.ones((1, len(parts)))

    assert sorted(group_ratios(parts, wholes, other, weights)[0]) == pytest.approx(
        sorted(group_ratios(parts, wholes, groups, weights)[0])
    )


@given(members(), st.floats(0.01, 100.0))
def test_the_ratio_of_groups_is_free_of_scale(case: tuple[np.ndarray, np.ndarray, Groups], scale: float) -> None:
    parts, wholes, groups = case
    weights = np.ones((1, len(parts)))
    one, other = (least_over_greatest(group_ratios(parts * by, wholes, groups, weights))[0] for by in (1.0, scale))

    assert other == pytest.approx(one, nan_ok=True)
    assert np.isnan(one) or 0.0 <= one <= 1.0


def test_a_gap_is_held_against_chance() -> None:
    rng = np.random.default_rng(1)
    groups = Groups.of("group", rng.choice(list("ab"), 200).tolist(), fewest=2)
    alike, apart = rng.random(200), rng.random(200) + groups.codes
    ones = np.ones(200)

    assert permuted(alike, ones, groups).p > 0.05
    assert permuted(apart, ones, groups).p == pytest.approx(1 / 1001)
    assert 0.0 < permuted(alike, ones, groups).expected < 0.1
    assert permuted_ratio(apart, ones, groups).p == pytest.approx(1 / 1001)


def test_small_groups_are_not_shown_and_are_counted() -> None:
    labels = ["a"] * 25 + ["b"] * 25 + ["c"] * 3 + [None]
    groups = Groups.of("age", labels, fewest=20)
    found = compare_diners("ndcg", np.arange(54.0), groups, draws=50, permutations=50)

    assert found is not None
    document = found.document()
    assert [one["group"] for one in document["groups"]] == ["a", "b"]
    assert document["not_shown"] == {"groups": 1, "members": 3, "fewer_than": 20}
    assert compare_diners("ndcg", np.arange(25.0), groups.of_members(np.arange(25))) is None


def test_crossed_attributes_are_groups_where_they_are_large_enough() -> None:
    age = Groups.of("age", ["young"] * 6 + ["old"] * 4, fewest=3)
    work = Groups.of("work", ["student"] * 3 + ["paid"] * 7, fewest=3)

    [both] = crossings([age, work])

    assert (both.attribute, both.names) == ("age × work", ("old × paid", "young × paid", "young × student"))
    assert both.sizes.tolist() == [4, 3, 3]


def test_restaurants_are_grouped_by_what_the_catalogue_says() -> None:
    until = pd.Timestamp("2026-01-09", tz="UTC")
    frame = pd.DataFrame(
        {
            "chain": [None, "Big", "Big"],
            "district": ["north", "north", ""],
            "opened_at": [None, until - pd.Timedelta(days=3), until - pd.Timedelta(days=300)],
            "price_level": [2, None, 3],
            "cuisines": [["thai", "pizza"], [], ["thai"]],
        },
        dtype=object,
    )

    assert kinds(frame, until).tolist() == ["independent", "newcomer", "chain"]
    assert kinds(frame, None).tolist() == ["independent", "chain", "chain"]
    assert [one.attribute for one in restaurant_groups(frame, until)] == ["kind", "district", "price level", "cuisine"]


def test_nobody_is_compared_where_nothing_was_ordered() -> None:
    nothing = Shown(**{**vars(shown()), "ordered": np.zeros(4, np.bool_)})

    assert compare_exposure("exposure", Ledger.of(nothing, sold=False), Groups.of("k", list("aab"), fewest=1)) is None


def test_rank_biased_overlap_by_hand() -> None:
    """Swapped: at depth 1 nothing in common, at depth 2 all; weights 1 and 1/2."""
    one = np.asarray([[1, 2], [1, 2], [1, 2]])
    other = np.asarray([[1, 2], [2, 1], [3, 4]])

    assert rank_biased_overlap(one, other, 0.5).tolist() == pytest.approx([1.0, 1 / 3, 0.0])


@given(st.permutations(range(8)), st.permutations(range(8)), st.floats(0.1, 0.95))
def test_rank_biased_overlap_is_the_weighted_mean_of_overlaps(one: list[int], other: list[int], p: float) -> None:
    k = len(one)
    weights = p ** np.arange(k)
    overlaps = [len(set(one[: d + 1]) & set(other[: d + 1])) / (d + 1) for d in range(k)]

    found = rank_biased_overlap(np.asarray([one]), np.asarray([other]), p)[0]

    assert found == pytest.approx(weights @ overlaps / weights.sum())
    assert found == pytest.approx(rank_biased_overlap(np.asarray([other]), np.asarray([one]), p)[0])


def test_a_bias_of_ones_own_is_no_distance() -> None:
    scores = np.asarray([[1.0, 2.0, 4.0]], np.float32)

    assert score_distance(scores, scores + 3.0)[0] == pytest.approx(0.0, abs=1e-6)
    assert score_distance(scores, -scores)[0] == pytest.approx(2.0)


def test_the_area_under_the_curve_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 3, 200)
    scores = np.round(rng.random((200, 3)), 1)  # with ties
    expected = np.mean([roc_auc_score(codes == label, scores[:, label]) for label in range(3)])

    assert auc(scores, codes).value == pytest.approx(expected)
    assert areas(scores[None], codes[None])[0] == pytest.approx(expected)


def test_a_probe_tells_what_is_there_and_nothing_else() -> None:
    rng = np.random.default_rng(5)
    groups = Groups.of("age", rng.choice(["young", "old"], 300).tolist(), fewest=20)
    noise = rng.standard_normal((300, 4))
    told = np.column_stack([noise, groups.codes + 0.2 * rng.standard_normal(300)])

    known, unknown = probe(told, groups), probe(noise, groups)

    assert known is not None
    assert unknown is not None
    assert known.auc.low > 0.9
    assert known.p < 0.01
    assert unknown.auc.low < 0.5 < unknown.auc.high
    assert unknown.p > 0.05
    assert unknown.by_chance == pytest.approx(0.5, abs=0.03)


def test_a_blatant_gap_survives_the_correction_for_seventy_comparisons() -> None:
    rng = np.random.default_rng(8)
    labels = Groups.of("group", rng.choice(list("abc"), 120).tolist(), fewest=2)
    level = [compare_diners(f"level {number}", rng.random(120), labels, draws=20) for number in range(69)]
    blatant = compare_diners("blatant", rng.random(120) + 2.0 * labels.codes, labels, draws=20)
    assert blatant is not None
    assert blatant.chance.p * 70 > SURE

    *others, found = adjusted([one for one in (*level, blatant) if one is not None])

    assert found.p_adjusted < SURE
    assert all(one.p_adjusted > SURE for one in others)
    settled = [one for one in others if one.chance.draws == 1_000]
    assert len(settled) > 60
