"""The settlement: what is promised of it, against brute force and the textbook."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.stakeholders.negotiation.bargaining import (
    Bargain,
    bargain,
    favourites,
    gains_of,
    least_regret,
    leximin,
    nash,
)
from services.stakeholders.negotiation.pareto import doubtful, hypervolume, nondominated, thinned

SHAPES = st.tuples(st.integers(1, 25), st.integers(1, 5))
VALUES = SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=st.integers(-9, 9).map(float)))


def open_bargain(values: np.ndarray, feasible: np.ndarray | None = None) -> Bargain:
    """Nobody demands anything."""
    everything = np.ones(len(values), np.bool_) if feasible is None else feasible
    return bargain(values, everything, np.full(values.shape[1], np.nan))


def names_of(values: np.ndarray) -> list[str]:
    """That hang on what a policy gives, not on where it stands or in which order seats sit."""
    return ["-".join(f"{number:.6f}" for number in sorted(row)) for row in values.tolist()]


def settled(values: np.ndarray, feasible: np.ndarray | None = None) -> int:
    found = open_bargain(values, feasible)
    return leximin(found.gains, found.rational, np.ones(values.shape[1]), names_of(values))


def nash_of(values: np.ndarray) -> int:
    found = open_bargain(values)
    return nash(found.gains, found.rational, np.ones(values.shape[1]), names_of(values))


def dominates(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one >= other).all() and (one > other).any())


@given(VALUES)
def test_the_undominated_are_those_that_nobody_dominates(values: np.ndarray) -> None:
    expected = [not any(dominates(other, one) for other in values) for one in values]
    assert nondominated(values).tolist() == expected


@given(VALUES)
def test_no_policy_is_better_for_everyone_than_a_settlement(values: np.ndarray) -> None:
    found = open_bargain(values)
    weights, names = np.ones(values.shape[1]), names_of(values)
    for row in (settled(values), nash_of(values), least_regret(values, found, weights, names)):
        assert not any(dominates(other, values[row]) for other in values)
    for row in favourites(found, weights, names):
        assert not any(dominates(other, values[row]) for other in values)


@given(VALUES, st.data())
def test_units_of_measurement_change_nothing(values: np.ndarray, data: st.DataObject) -> None:
    """Each seat's number in other units, and from another zero."""
    seats = values.shape[1]
    scales = np.asarray(
        data.draw(st.lists(st.sampled_from([0.01, 0.3, 1.0, 7.0, 1e5]), min_size=seats, max_size=seats))
    )
    shifts = np.asarray(data.draw(st.lists(st.integers(-1_000, 1_000), min_size=seats, max_size=seats)), float)
    other = values * scales + shifts * scales
    names, weights = names_of(values), np.ones(seats)
    one, two = open_bargain(values), open_bargain(other)
    np.testing.assert_allclose(one.gains, two.gains, atol=1e-9)
    for choose in (leximin, nash):
        assert choose(one.gains, one.rational, weights, names) == choose(two.gains, two.rational, weights, names)
    assert least_regret(values, one, weights, names) == least_regret(other, two, weights, names)
    assert favourites(one, weights, names) == favourites(two, weights, names)


@given(VALUES, st.randoms())
def test_the_order_of_seats_and_of_policies_changes_nothing(values: np.ndarray, luck: object) -> None:
    seats, policies = list(range(values.shape[1])), list(range(len(values)))
    luck.shuffle(seats)  # type: ignore[attr-defined]
    luck.shuffle(policies)  # type: ignore[attr-defined]
    other = values[policies][:, seats]
    for choose in (settled, nash_of):
        assert np.array_equal(np.sort(values[choose(values)]), np.sort(other[choose(other)]))
        here, there = values[choose(values)], other[choose(other)]
        tied = open_bargain(values)
        # Two policies that are alike but for who gets what have one name here: either may be chosen.
        if names_of(values).count(names_of(values)[choose(values)]) == 1:
            assert np.array_equal(here[seats], there)
        assert np.array_equal(open_bargain(other).ideal, tied.ideal[seats])
        assert np.array_equal(open_bargain(other).disagreement, tied.disagreement[seats])


@given(VALUES, st.data())
def test_policies_that_are_dominated_change_nothing(values: np.ndarray, data: st.DataObject) -> None:
    losses = data.draw(
        st.lists(
            st.tuples(st.integers(0, len(values) - 1), st.integers(0, values.shape[1] - 1), st.integers(1, 30)),
            min_size=1,
            max_size=6,
        )
    )
    worse = []
    for row, seat, loss in losses:
        worse.append(values[row].copy())
        worse[-1][seat] -= loss
    wider = np.vstack([worse, values])
    one, two = open_bargain(values), open_bargain(wider)
    assert np.array_equal(one.disagreement, two.disagreement)
    assert np.array_equal(one.ideal, two.ideal)
    assert settled(wider) - len(worse) == settled(values)
    assert nash_of(wider) - len(worse) == nash_of(values)


@given(VALUES, st.data())
def test_a_limit_that_is_relaxed_never_lowers_the_smallest_share(values: np.ndarray, data: st.DataObject) -> None:
    """With ideal and disagreement held: what one could hope for does not change because a limit does."""
    strict = np.asarray(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))))
    relaxed = strict | np.asarray(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))))
    found = open_bargain(values)
    smallest = []
    for feasible in (strict, relaxed):
        rows = np.flatnonzero(feasible & (values >= found.disagreement).all(axis=1))
        assume(len(rows) > 0)
        gains = gains_of(values, found.disagreement, found.ideal)
        chosen = leximin(gains, rows, np.ones(values.shape[1]), names_of(values))
        smallest.append(np.nan_to_num(gains[chosen], nan=-np.inf).min())
    assert smallest[1] >= smallest[0]


@given(VALUES)
def test_leximin_is_what_comparing_each_two_policies_finds(values: np.ndarray) -> None:
    found = open_bargain(values)
    chosen = settled(values)

    def beats(one: int, other: int) -> bool:
        for mine, theirs in zip(np.sort(found.gains[one]), np.sort(found.gains[other]), strict=True):
            if mine != theirs:
                return bool(mine > theirs)
        return False

    reasonable = [
        row
        for row in range(len(values))
        if (values[row] >= found.disagreement).all() and not any(dominates(other, values[row]) for other in values)
    ]
    assert chosen in reasonable
    assert not any(beats(row, chosen) for row in reasonable)


@given(VALUES)
def test_nash_is_the_largest_product_where_one_is_above_nothing(values: np.ndarray) -> None:
    found = open_bargain(values)
    products = found.gains[found.rational].prod(axis=1)
    assume(products.max() > 0.0)
    assert found.gains[nash_of(values)].prod() == pytest.approx(products.max())


@given(VALUES, st.data())
def test_nash_does_not_hang_on_policies_that_are_not_chosen(values: np.ndarray, data: st.DataObject) -> None:
    found = open_bargain(values)
    weights, names, chosen = np.ones(values.shape[1]), names_of(values), nash_of(values)
    kept = set(data.draw(st.lists(st.sampled_from(found.rational.tolist())))) | {chosen}
    assert nash(found.gains, np.asarray(sorted(kept)), weights, names) == chosen


@given(VALUES)
def test_everyone_has_between_nothing_and_all_they_hope_for(values: np.ndarray) -> None:
    found = open_bargain(values)
    gains = found.gains[found.rational]
    assert ((gains >= 0.0) & (gains <= 1.0)).all()
    for seat, rows in enumerate(found.best):
        assert (values[list(rows), seat] == found.ideal[seat]).all()
        assert (found.gains[list(rows), seat] == 1.0).all()
        others = [row for other, rows in enumerate(found.best) if other != seat for row in rows]
        if others:
            assert found.disagreement[seat] == values[others, seat].min()


def test_what_the_others_cannot_take_is_a_share_of_one() -> None:
    """Ideal and disagreement are the same: all have it, whoever gets their way."""
    values = np.asarray([[0.0, 1.0, 5.0], [1.0, 0.0, 5.0], [0.6, 0.6, 5.0], [0.9, 0.9, 4.0]])
    found = open_bargain(values)
    assert found.gains[2].tolist() == [0.6, 0.6, 1.0]
    assert np.isnan(found.gains[3, 2])
    assert 3 not in found.rational
    assert settled(values) == 2
    alone = open_bargain(np.asarray([[1.0], [3.0], [2.0]]))
    assert alone.gains[1].tolist() == [1.0]
    assert alone.rational.tolist() == [1]


def test_a_seat_that_states_its_disagreement_is_measured_from_there() -> None:
    values = np.asarray([[0.0, 10.0], [4.0, 8.0], [6.0, 4.0], [10.0, 0.0]])
    found = bargain(values, values[:, 0] >= 4.0, np.asarray([3.0, np.nan]))  # else 4: the other's favourite
    assert found.disagreement.tolist() == [3.0, 0.0]
    assert found.gains[1].tolist() == [pytest.approx(1 / 7), 1.0]
    assert found.gains[2].tolist() == [pytest.approx(3 / 7), 0.5]
    with pytest.raises(ValueError, match="feasible"):
        bargain(values, np.zeros(4, np.bool_), np.full(2, np.nan))


def test_the_textbook_s_split_of_a_pie() -> None:
    """Two risk-neutral players halve 100; where the first can use no more than 60, Nash still halves it.

    Kalai and Smorodinsky give in proportion to what each could have had: 60 and 100, so 37.5 and 62.5.
    """
    halves = np.asarray([[float(first), 100.0 - first] for first in range(101)])
    assert halves[settled(halves)].tolist() == [50.0, 50.0]
    assert halves[nash_of(halves)].tolist() == [50.0, 50.0]
    steps = np.arange(0.0, 60.5, 0.5)
    capped = np.stack([steps, 100.0 - steps], axis=1)
    gains = gains_of(capped, np.zeros(2), np.asarray([60.0, 100.0]))
    rows, names = np.arange(len(capped)), names_of(capped)
    assert capped[leximin(gains, rows, np.ones(2), names)].tolist() == [37.5, 62.5]
    assert capped[nash(gains, rows, np.ones(2), names)].tolist() == [50.0, 50.0]


def test_nash_splits_by_appetite() -> None:
    """One player's utility is the square root of the share: the product s^(1/2) (1 - s) is largest at a third."""
    share = np.linspace(0.0, 1.0, 301)
    gains = np.stack([np.sqrt(share), 1.0 - share], axis=1)
    row = nash(gains, np.arange(len(share)), np.ones(2), [f"{one:.4f}" for one in share])
    assert share[row] == pytest.approx(1 / 3)


def test_more_than_the_smallest_share_counts() -> None:
    """Three seats: equal smallest shares, the second smallest decides, as it must for the choice to be undominated."""
    gains = np.asarray([[0.5, 0.5, 0.6], [0.5, 0.6, 0.55], [0.9, 0.49, 0.9]])
    assert leximin(gains, np.arange(3), np.ones(3), "abc") == 1


def test_weight_decides_between_equals_and_nothing_else() -> None:
    gains = np.asarray([[0.4, 0.7], [0.7, 0.4], [0.41, 0.41]])
    rows = np.arange(2)
    assert leximin(gains, rows, np.asarray([1.0, 2.0]), "ba") == 0
    assert leximin(gains, rows, np.asarray([2.0, 1.0]), "ab") == 1
    assert leximin(gains, rows, np.asarray([1.0, 1.0]), "ba") == 1
    assert leximin(gains, np.arange(3), np.asarray([100.0, 1.0]), "abc") == 2


def test_regret_is_over_the_whole_front_not_from_the_disagreement() -> None:
    values = np.asarray([[10.0, 0.0], [0.0, 10.0], [4.0, 8.0], [6.0, 5.0]])
    found = open_bargain(values)
    assert least_regret(values, found, np.ones(2), "abcd") == 3
    brute = max(range(4), key=lambda row: min(values[row] / 10.0))
    assert brute == 3


@given(VALUES)
def test_the_hypervolume_is_the_share_of_a_grid_that_is_dominated(values: np.ndarray) -> None:
    gains = np.clip(values[:, :3] / 4.0, -1.0, 1.0)
    axis = (np.arange(8) + 0.5) / 8.0  # Gains are quarters, so cells of an eighth lie inside or outside.
    cells = np.asarray(list(product(axis, repeat=gains.shape[1])))
    inside = (cells[:, None, :] <= gains[None, :, :]).all(axis=2).any(axis=1)
    assert hypervolume(gains) == pytest.approx(inside.mean())


@given(VALUES, st.integers(1, 6))
def test_a_thinned_front_keeps_who_must_be_seen_and_as_much_volume_as_the_greedy_choice(
    values: np.ndarray, most: int
) -> None:
    found = open_bargain(values)
    must = [settled(values), nash_of(values)]
    shown = thinned(found.gains, found.front, must, most)
    assert shown[: len(set(must))] == list(dict.fromkeys(must))[:most]
    assert len(shown) == len(set(shown)) == min(most, max(len(found.front), len(set(must))))
    assert set(shown) <= set(found.front.tolist())
    if most > len(set(must)) and len(shown) > len(set(must)):
        first = shown[len(set(must))]
        others = set(found.front.tolist()) - set(shown[: len(set(must))])
        best = max(hypervolume(found.gains[[*dict.fromkeys(must), row]]) for row in others)
        assert hypervolume(found.gains[[*dict.fromkeys(must), first]]) == pytest.approx(best)


def test_domination_that_may_be_chance_is_marked() -> None:
    values = np.asarray([[1.0, 1.0], [0.9, 0.9], [0.99, 0.99], [0.0, 2.0]])
    errors = np.full((4, 2), 0.02)
    kept = nondominated(values)
    assert kept.tolist() == [True, False, False, True]
    assert doubtful(values, errors, kept, 1.96).tolist() == [False, False, True, False]
    assert not doubtful(values, np.zeros((4, 2)), kept, 1.96).any()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_three_seats_of_a_worked_example(order: tuple[int, ...]) -> None:
    """Favourites A, B, C; d = (1, 2, 0), I = (9, 8, 10). D gives everyone half, E more in all but one."""
    rows = {"A": [9, 2, 1], "B": [1, 8, 0], "C": [2, 3, 10], "D": [5, 5, 5], "E": [8, 7, 3]}
    values = np.asarray(list(rows.values()), float)[:, list(order)]
    found = open_bargain(values)
    assert found.disagreement.tolist() == np.asarray([1.0, 2.0, 0.0])[list(order)].tolist()
    assert found.ideal.tolist() == np.asarray([9.0, 8.0, 10.0])[list(order)].tolist()
    assert leximin(found.gains, found.rational, np.ones(3), "ABCDE") == 3
    assert nash(found.gains, found.rational, np.ones(3), "ABCDE") == 4
