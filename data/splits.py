"""Splits of a log into what is learnt from, tuned on, and measured on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col

BoolArray = npt.NDArray[np.bool_]
_FEWEST_TO_TEST: Final = 3


class Method(StrEnum):
    """How a log was split; every report names it."""

    TIME = "time"
    DINER_HOLD_OUT = "per-diner hold-out"
    LEAVE_LAST_OUT = "leave last out"
    DOCUMENTED = "documented split"


@dataclass(frozen=True, eq=False)
class Split:
    """Masks over the rows of one log; they do not overlap."""

    method: Method
    train: BoolArray
    validation: BoolArray
    test: BoolArray


def by_time(events: pd.DataFrame, validation_days: float, test_days: float) -> Split:
    """The last `test_days` are the test, the `validation_days` before them the validation.

    Raises ValueError where a row has no time: it could lie in the test period.
    """
    at = events[col.AT]
    # Whole days of the log: a day that is cut in two would leak its evening's weather into training.
    end = at.max().floor("D") + timedelta(days=1) if at.notna().any() else pd.Timestamp(0, tz="UTC")
    return since(events, end - timedelta(days=test_days), validation_days)


def since(events: pd.DataFrame, test_from: datetime, validation_days: float) -> Split:
    """All rows from `test_from` on are the test, the `validation_days` before it the validation.

    Raises ValueError where a row has no time.
    """
    at = events[col.AT]
    if at.isna().any():
        raise ValueError("a row has no time, so the log cannot be split by time; hold out rows of each diner instead")
    validation_from = test_from - timedelta(days=validation_days)
    test = (at >= test_from).to_numpy()
    validation = (at >= validation_from).to_numpy() & ~test
    return Split(Method.TIME, ~test & ~validation, validation, test)


def leave_last_out(events: pd.DataFrame) -> Split:
    """Each diner's newest row is the test, the one before it the validation; diners with one row only train."""
    order = np.lexsort((np.arange(len(events)), events[col.AT].to_numpy(), events[col.USER_ID].to_numpy(dtype=object)))
    users = events[col.USER_ID].to_numpy(dtype=object)[order]
    last = np.append(users[1:] != users[:-1], True) if len(users) else np.empty(0, np.bool_)
    has_earlier = np.append(False, users[1:] == users[:-1]) if len(users) else np.empty(0, np.bool_)
    test = np.zeros(len(events), np.bool_)
    test[order[last & has_earlier]] = True
    before_last = np.append(last[1:] & has_earlier[1:], False) if len(users) else last
    validation = np.zeros(len(events), np.bool_)
    validation[order[before_last & has_earlier]] = True
    return Split(Method.LEAVE_LAST_OUT, ~test & ~validation, validation, test)


def hold_out(
    events: pd.DataFrame, rng: np.random.Generator, test_share: float = 0.2, validation_share: float = 0.1
) -> Split:
    """Of each diner's rows, in random order, these shares are held out, rounded down for the train's benefit.

    Who has three rows or more is tested on one at least: else only busy diners would be measured.
    """
    position, count = _shuffled_positions(events, rng)
    tested = np.maximum(np.floor(count * test_share + 1e-9), count >= _FEWEST_TO_TEST)
    validated = np.floor(count * validation_share + 1e-9)
    test = position < tested
    validation = ~test & (position < tested + validated)
    return Split(Method.DINER_HOLD_OUT, ~test & ~validation, validation, test)


def hold_out_n(events: pd.DataFrame, n: int, rng: np.random.Generator) -> Split:
    """n random rows of each diner are the test; diners with n rows or fewer only train."""
    position, count = _shuffled_positions(events, rng)
    test = (position < n) & (count > n)
    return Split(Method.DINER_HOLD_OUT, ~test, np.zeros(len(events), np.bool_), test)


def cold(ids: npt.NDArray[Any], share: float, rng: np.random.Generator) -> BoolArray:
    """(rows,) True on all rows of a random share of the ids, one at least: out of training, they make these cold.

    ids: (rows,) of diners or of restaurants; none gives none.
    """
    distinct = np.unique(ids)
    if not len(distinct):
        return np.zeros(0, np.bool_)
    chosen = rng.choice(distinct, size=max(1, round(len(distinct) * share)), replace=False)
    return np.isin(ids, chosen)


def _shuffled_positions(
    events: pd.DataFrame, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(rows,) each row's place in a random order of its diner's rows, and how many the diner has."""
    users = pd.factorize(events[col.USER_ID], sort=True)[0]
    order = np.lexsort((rng.random(len(users)), users))
    counts = np.bincount(users) if len(users) else np.empty(0, np.int64)
    starts = np.cumsum(counts) - counts
    position = np.empty(len(users), np.int64)
    position[order] = np.arange(len(users)) - np.repeat(starts, counts)
    return position, counts[users] if len(users) else np.empty(0, np.int64)
