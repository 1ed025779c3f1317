"""Who blocks whom, and the least that has to give: against enumeration of all subsets and all policies."""

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.stakeholders.negotiation.blocking import blocking, least_relaxation
from services.stakeholders.negotiation.exchange import at, segments

SEATS = ("ml", "sales", "product", "infra", "diners")
MET = st.tuples(st.integers(1, 12), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.bool_, shape, elements=st.integers(0, 3).map(bool))
)


def by_seat(met: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(SEATS, met.T, strict=False))


def possible(met: dict[str, np.ndarray], seats: tuple[str, ...]) -> bool:
    return any(all(met[seat][row] for seat in seats) for row in range(len(next(iter(met.values())))))


@given(MET)
def test_the_blocking_seats_cannot_all_be_served_and_any_of_them_less_can(met: np.ndarray) -> None:
    seats = by_seat(met)
    found = blocking(seats)
    if possible(seats, tuple(seats)):
        assert found == ()
        return
    assert not possible(seats, found)
    for left_out in found:
        assert possible(seats, tuple(seat for seat in found if seat != left_out))
    irreducible = [
        subset
        for size in range(len(seats) + 1)
        for subset in combinations(sorted(seats), size)
        if not possible(seats, subset)
        and all(possible(seats, tuple(seat for seat in subset if seat != one)) for one in subset)
    ]
    assert found in irreducible


@given(MET, st.permutations(range(5)))
def test_who_blocks_does_not_hang_on_the_order_of_seats(met: np.ndarray, order: list[int]) -> None:
    seats = by_seat(met)
    names = [SEATS[one] for one in order if one < len(seats)]
    assert blocking(seats) == blocking({name: seats[name] for name in names})


def test_one_seat_can_be_in_its_own_way() -> None:
    met = {"sales": np.asarray([False, False]), "product": np.asarray([True, False])}
    assert blocking(met) == ("sales",)


SLACKS = st.tuples(st.integers(1, 12), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 6).map(float))
)


@given(SLACKS, st.data())
def test_nobody_gives_more_than_under_any_other_policy(slacks: np.ndarray, data: st.DataObject) -> None:
    allowed = np.asarray(data.draw(st.lists(st.booleans(), min_size=len(slacks), max_size=len(slacks))))
    names = [f"p{row}" for row in range(len(slacks))]
    found = least_relaxation(slacks, allowed, names)
    if found is None:
        assert not allowed.any()
        return
    assert allowed[found]
    mine = sorted(slacks[found], reverse=True)
    for row in np.flatnonzero(allowed):
        theirs = sorted(slacks[row], reverse=True)
        assert mine < theirs or (mine == theirs and names[found] <= names[row])


def test_what_has_no_number_cannot_be_relaxed_to() -> None:
    slacks = np.asarray([[np.inf], [3.0]])
    assert least_relaxation(slacks, np.asarray([True, True]), "ab") == 1
    assert least_relaxation(slacks, np.asarray([True, False]), "ab") is None


PAIRS = st.integers(1, 15).flatmap(lambda n: arrays(np.float64, (n, 2), elements=st.integers(0, 20).map(float)))


@given(PAIRS)
def test_an_exchange_curve_goes_from_the_one_s_best_to_the_other_s_and_only_costs(pair: np.ndarray) -> None:
    curve = segments(pair, np.zeros_like(pair), 1.96)
    best = [set(np.flatnonzero(column == column.max())) for column in pair.T]
    if not curve:
        assert best[0] & best[1]
        return
    assert curve[0].start in best[1]
    assert curve[-1].end in best[0]
    for one, following in pairwise(curve):
        assert one.end == following.start
    for one in curve:
        more, less = pair[one.end, 0] - pair[one.start, 0], pair[one.start, 1] - pair[one.end, 1]
        assert more > 0.0
        assert less > 0.0
        assert one.rate == less / more


def test_a_slope_is_what_it_is_by_hand() -> None:
    """Fees 0, 10, 30 and orders 100, 95, 75: half an order a unit of fees, then a whole one."""
    pair = np.asarray([[0.0, 100.0], [10.0, 95.0], [30.0, 75.0], [9.0, 90.0]])
    errors = np.full((4, 2), 1.0)
    curve = segments(pair, errors, 1.96)
    assert [(one.start, one.end, one.rate) for one in curve] == [(0, 1, 0.5), (1, 2, 1.0)]
    assert [at(curve, pair, number).rate for number in (-1.0, 9.0, 11.0, 99.0)] == [0.5, 0.5, 1.0, 1.0]
    assert curve[1].error == np.sqrt(2.0 + 2.0) / 20.0
    assert curve[1].low < 1.0 < curve[1].high


def test_neighbours_that_chance_cannot_tell_apart_are_one() -> None:
    pair = np.asarray([[0.0, 100.0], [1.0, 90.0], [30.0, 75.0]])
    [only] = segments(pair, np.full((3, 2), 2.0), 1.96)
    assert (only.start, only.end) == (0, 2)


def test_a_rate_covers_the_truth_in_nineteen_of_twenty() -> None:
    """Two policies whose true rate is 2, measured with error: the interval holds it about 95 % of the time."""
    rng = np.random.default_rng(1)
    held, tries = 0, 2_000
    for _ in range(tries):
        errors = np.asarray([[1.0, 2.0], [1.0, 2.0]])
        pair = np.asarray([[0.0, 100.0], [40.0, 20.0]]) + errors * rng.standard_normal((2, 2))
        [one] = segments(pair, errors, 1.96)
        held += one.low <= 2.0 <= one.high
    assert 0.935 < held / tries < 0.965
