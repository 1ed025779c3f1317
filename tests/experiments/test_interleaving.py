"""Team draft: its law, and what it says of which list diners prefer."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.experiments.interleaving import preference, team_draft

LISTS = st.permutations(range(8)).map(lambda rows: rows[:5])


def drafted(first: list[int], second: list[int], coins: tuple[bool, ...]) -> tuple[list[int], list[int]]:
    """As one reads it in the paper: a coin a round, each side adds its best that is not there yet."""
    rows: list[int] = []
    teams: list[int] = []
    lists = (first, second)
    for coin in coins:
        for team in (int(coin), 1 - int(coin)):
            # A side that has run out leaves its place to the other.
            for side in (team, 1 - team):
                left = [row for row in lists[side] if row >= 0 and row not in rows]
                if left:
                    rows.append(left[0])
                    teams.append(side)
                    break
    padding = [-1] * (len(first) - len(rows))
    return (rows + padding)[: len(first)], (teams + padding)[: len(first)]


@given(LISTS, LISTS, st.integers(0, 5), st.integers(0, 5))
def test_it_is_the_draft_of_the_paper_for_all_coins(
    first: list[int], second: list[int], short: int, shorter: int
) -> None:
    first, second = first[:short] + [-1] * (5 - short), second[:shorter] + [-1] * (5 - shorter)
    every = list(product((False, True), repeat=3))
    ours = team_draft(np.tile(first, (8, 1)), np.tile(second, (8, 1)), np.asarray(every))
    for number, coins in enumerate(every):
        assert (ours.rows[number].tolist(), ours.teams[number].tolist()) == drafted(first, second, coins)


def test_the_law_of_short_lists_is_that_of_counting() -> None:
    """Lists a b c and b c a: all four outcomes of two coins, counted by hand."""
    rng = np.random.default_rng(1)
    count = 40_000
    ours = team_draft(np.tile([0, 1, 2], (count, 1)), np.tile([1, 2, 0], (count, 1)), rng.random((count, 2)) < 0.5)
    seen = Counter(zip(map(tuple, ours.rows.tolist()), map(tuple, ours.teams.tolist()), strict=True))
    law = {((0, 1, 2), (0, 1, 0)), ((0, 1, 2), (0, 1, 1)), ((1, 0, 2), (1, 0, 0)), ((1, 0, 2), (1, 0, 1))}
    assert set(seen) == law
    assert stats.chisquare(list(seen.values())).pvalue > 0.01


@given(LISTS, LISTS, st.tuples(*[st.booleans()] * 3))
def test_swapped_rankers_and_coins_swap_the_teams(first: list[int], second: list[int], coins: tuple[bool, ...]) -> None:
    one = team_draft(np.array([first]), np.array([second]), np.array([coins]))
    other = team_draft(np.array([second]), np.array([first]), ~np.array([coins]))
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.teams, 1 - other.teams)


@given(LISTS, LISTS, st.tuples(*[st.booleans()] * 3))
def test_no_restaurant_twice_and_each_team_has_its_half(
    first: list[int], second: list[int], coins: tuple[bool, ...]
) -> None:
    drawn = team_draft(np.array([first]), np.array([second]), np.array([coins]))
    assert len(set(drawn.rows[0].tolist())) == 5
    assert sorted(np.bincount(drawn.teams[0], minlength=2).tolist()) == [2, 3]


def test_equal_rankers_make_their_own_list() -> None:
    rng = np.random.default_rng(2)
    lists = rng.permuted(np.tile(np.arange(20), (100, 1)), axis=1)[:, :7]
    assert np.array_equal(team_draft(lists, lists, rng.random((100, 4)) < 0.5).rows, lists)


def judged(rng: np.random.Generator, first: np.ndarray, second: np.ndarray, lists: int = 600, diners: int = 60):
    """Diners look down the list and click what is good; some click much more than others."""
    quality = np.linspace(0.6, 0.05, 12)
    who = np.sort(rng.integers(0, diners, lists))
    coins = rng.random((lists, 4)) < 0.5
    drawn = team_draft(np.tile(first, (lists, 1)), np.tile(second, (lists, 1)), coins)
    eager = rng.beta(1.0, 1.0, diners)[who]
    clicked = rng.random(drawn.rows.shape) < quality[drawn.rows] * eager[:, None]
    return preference(drawn.teams, clicked, who, diners)


BEST, GOOD, POOR = np.arange(8), np.array([1, 0, 3, 2, 5, 4, 9, 8]), np.arange(11, 3, -1)


def test_equal_rankers_are_told_apart_as_seldom_as_was_promised() -> None:
    rng = np.random.default_rng(3)
    found = [judged(rng, BEST, BEST) for _ in range(500)]
    values = np.asarray([one.delta.value for one in found])
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(500)
    bound = 3 * np.sqrt(0.05 * 0.95 / 500)
    assert abs(np.mean([one.delta.p_value <= 0.05 for one in found]) - 0.05) < bound
    assert np.mean([one.sign_p_value <= 0.05 for one in found]) < 0.05 + bound
    assert stats.kstest([one.delta.p_value for one in found], "uniform").pvalue > 0.01


def test_the_order_of_preference_is_recovered() -> None:
    rng = np.random.default_rng(4)
    for better, worse in ((BEST, GOOD), (GOOD, POOR), (BEST, POOR)):
        found = judged(rng, worse, better, lists=8_000, diners=400)
        assert found.delta.value > 0.0
        assert found.delta.p_value < 0.01
        assert found.wins[1] > found.wins[0]
        assert judged(rng, better, worse, lists=8_000, diners=400).delta.value < 0.0
    assert judged(rng, POOR, BEST).delta.value > judged(rng, GOOD, BEST, lists=8_000).delta.value


def test_delta_counts_lists_by_hand() -> None:
    teams = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0]], np.int8)
    clicked = np.array([[1, 0, 0], [1, 0, 1], [1, 1, 0], [0, 0, 0], [0, 1, 0]], bool)
    found = preference(teams, clicked, np.array([0, 0, 1, 1, 2]), 4)
    assert (found.wins, found.ties) == ((1, 2), 1)
    assert found.delta.value == pytest.approx((2 - 1) / 4)
    assert found.sign_p_value == 1.0  # of three diners one prefers the second, none the first
    with pytest.raises(ValueError, match="at least two diners"):
        preference(teams, np.zeros_like(clicked), np.array([0, 0, 1, 1, 2]), 4)


def test_one_diners_lists_are_not_independent() -> None:
    """Twenty diners, each of one mind about all lists: the error is that of twenty, not of two thousand."""
    rng = np.random.default_rng(5)
    minds = rng.integers(0, 2, 20)
    who = np.repeat(np.arange(20), 100)
    teams = np.tile(np.array([0, 1], np.int8), (2_000, 1))
    found = preference(teams, teams == minds[who][:, None], who, 20)
    assert found.delta.standard_error == pytest.approx(1 / np.sqrt(20), rel=0.1)
