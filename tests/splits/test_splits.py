"""Splits of a log: by hand, and what holds for any log."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import columns as col
from data.splits import Method, Split, by_time, cold, hold_out, hold_out_n, leave_last_out, since

START = pd.Timestamp("2026-03-02", tz="UTC")


def log(users: list[str], days: list[float] | None = None) -> pd.DataFrame:
    """A row a user; by default all at once."""
    days = days if days is not None else [0.0] * len(users)
    at = [START + pd.Timedelta(days=day) for day in days]
    return pd.DataFrame(
        {col.USER_ID: pd.Series(users, dtype="str"), col.AT: pd.Series(at, dtype="datetime64[us, UTC]")}
    )


LOGS = st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 30, allow_nan=False)), max_size=40).map(
    lambda rows: log([user for user, _ in rows], [day for _, day in rows])
)


def parts(split: Split) -> np.ndarray:
    return np.column_stack([split.train, split.validation, split.test])


@given(LOGS, st.integers(0, 99))
def test_each_row_is_in_exactly_one_part(events, seed):
    rng = np.random.default_rng(seed)
    for split in (
        by_time(events, 3, 4),
        leave_last_out(events),
        hold_out(events, rng),
        hold_out(events, rng, 0.5, 0.5),
        hold_out_n(events, 2, rng),
    ):
        assert parts(split).shape == (len(events), 3)
        assert parts(split).dtype == np.bool_
        assert (parts(split).sum(axis=1) == 1).all(), split.method


def test_by_time_cuts_at_midnight():
    events = log(list("aaaaaa"), [0.0, 1.99, 2.0, 2.99, 3.0, 3.5])
    split = by_time(events, 1, 1)
    assert split.method is Method.TIME
    assert split.train.tolist() == [True, True, False, False, False, False]
    assert split.validation.tolist() == [False, False, True, True, False, False]
    assert split.test.tolist() == [False, False, False, False, True, True]


def test_a_log_that_ends_at_midnight_has_that_day():
    split = by_time(log(list("aaa"), [0.0, 1.0, 2.0]), 1, 1)
    assert parts(split).tolist() == np.eye(3, dtype=bool).tolist()


@given(LOGS, st.integers(1, 5), st.integers(1, 5))
def test_by_time_trains_on_the_past_of_whole_days(events, validation, test):
    split = by_time(events, validation, test)
    days = (events[col.AT] - START).dt.total_seconds().to_numpy() // 86_400
    for earlier, later in ((split.train, split.validation), (split.validation, split.test), (split.train, split.test)):
        if earlier.any() and later.any():
            assert days[earlier].max() < days[later].min()


def test_by_time_refuses_rows_without_a_time():
    events = log(list("ab"))
    events.loc[1, col.AT] = pd.NaT
    with pytest.raises(ValueError, match="hold out rows"):
        by_time(events, 1, 1)


def test_leave_last_out_by_hand():
    #            a        b   a        a        c   c
    events = log(list("abaacc"), [3.0, 9.0, 1.0, 2.0, 5.0, 5.0])
    split = leave_last_out(events)
    assert split.method is Method.LEAVE_LAST_OUT
    assert split.test.tolist() == [True, False, False, False, False, True]  # of equal times the later row
    assert split.validation.tolist() == [False, False, False, True, False, False]  # c would have none to train on
    assert split.train.tolist() == [False, True, True, False, True, False]


@given(LOGS)
def test_leave_last_out_leaves_every_diner_something(events):
    split = leave_last_out(events)
    trained = set(events[col.USER_ID][split.train])
    assert trained == set(events[col.USER_ID])
    for user, rows in events.groupby(col.USER_ID):
        mine = (events[col.USER_ID] == user).to_numpy()
        assert split.test[mine].sum() == min(1, len(rows) - 1)
        assert split.validation[mine].sum() == (1 if len(rows) > 2 else 0)
        if len(rows) > 1:
            assert events[col.AT][split.test & mine].iloc[0] == rows[col.AT].max()


@given(LOGS, st.integers(0, 99), st.sampled_from([(0.2, 0.1), (0.5, 0.25), (0.3, 0.0)]))
def test_hold_out_takes_these_shares_of_each_diner_and_one_of_three(events, seed, shares):
    split = hold_out(events, np.random.default_rng(seed), *shares)
    assert split.method is Method.DINER_HOLD_OUT
    for user, rows in events.groupby(col.USER_ID):
        mine = (events[col.USER_ID] == user).to_numpy()
        assert split.test[mine].sum() == max(int(len(rows) * shares[0] + 1e-9), len(rows) >= 3)
        assert split.validation[mine].sum() == int(len(rows) * shares[1] + 1e-9)


@given(LOGS, st.integers(1, 4), st.integers(0, 99))
def test_hold_out_n_takes_n_of_those_who_have_more(events, n, seed):
    split = hold_out_n(events, n, np.random.default_rng(seed))
    for user, rows in events.groupby(col.USER_ID):
        mine = (events[col.USER_ID] == user).to_numpy()
        assert split.test[mine].sum() == (n if len(rows) > n else 0)
    assert not split.validation.any()


def test_held_out_rows_are_random_and_seeded():
    events = log(["a"] * 10)
    masks = [hold_out_n(events, 3, np.random.default_rng(seed)).test for seed in range(300)]
    assert np.array_equal(masks[7], hold_out_n(events, 3, np.random.default_rng(7)).test)
    share = np.mean(masks, axis=0)
    assert np.abs(share - 0.3).max() < 4 * np.sqrt(0.3 * 0.7 / 300)


def test_cold_takes_all_rows_of_a_share_of_the_ids():
    ids = np.repeat(np.arange(20), np.arange(1, 21))
    mask = cold(ids, 0.25, np.random.default_rng(0))
    assert len(set(ids[mask])) == 5
    assert not set(ids[mask]) & set(ids[~mask])


def test_cold_takes_one_at_least_and_none_of_none():
    assert cold(np.asarray(["x", "y", "x"], object), 0.01, np.random.default_rng(0)).any()
    assert cold(np.empty(0, np.int64), 0.5, np.random.default_rng(0)).tolist() == []


@given(st.lists(st.integers(0, 8), max_size=30), st.floats(0.01, 1.0), st.integers(0, 99))
def test_cold_never_cuts_an_id_in_two(ids, share, seed):
    rows = np.asarray(ids, np.int64)
    mask = cold(rows, share, np.random.default_rng(seed))
    assert not set(rows[mask]) & set(rows[~mask])
    distinct = len(set(ids))
    assert len(set(rows[mask])) == (max(1, round(distinct * share)) if distinct else 0)


def test_a_test_period_may_begin_at_any_instant():
    split = since(log(list("abcd"), [0.0, 2.9, 3.0, 9.0]), (START + pd.Timedelta(days=3)).to_pydatetime(), 1)
    assert np.argmax(parts(split), axis=1).tolist() == [0, 1, 2, 2]
    with pytest.raises(ValueError, match="no time"):
        since(pd.DataFrame({col.AT: pd.Series([pd.NaT], dtype="datetime64[us, UTC]")}), START.to_pydatetime(), 1)
