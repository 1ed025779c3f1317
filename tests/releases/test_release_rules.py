"""Pure rules of releases: who sees a canary, when the calendar holds, how far dials move, when a budget is spent."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.releases.assignment import in_share, position
from services.releases.bounds import DIALS, ApprovedBounds, DialRange, moved_outside
from services.releases.budget import Budget, Objectives
from services.releases.calendar import Window, windows_at
from services.stakeholders.policy import AdPolicy, Policy

PROMISED = Objectives(availability=0.999, fast=0.99, slow_ms=100.0, window_days=28, least_requests=1_000)
DINERS = [f"d0-{number:06d}" for number in range(10_000)]


def test_a_share_of_a_tenth_is_kept_to_a_percentage_point_at_ten_thousand_diners() -> None:
    for number in range(20):
        shown = sum(in_share(f"lightfm-{number:012x}", diner, 0.1) for diner in DINERS)
        assert abs(shown / len(DINERS) - 0.1) <= 0.01


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.9])
def test_any_share_is_that_of_independent_draws(share: float) -> None:
    deviation = (share * (1 - share) / len(DINERS)) ** 0.5
    errors = [
        sum(in_share(f"ease-{number:012x}", diner, share) for diner in DINERS) / len(DINERS) - share
        for number in range(20)
    ]
    assert max(abs(error) for error in errors) <= 4 * deviation
    assert 0.5 * deviation <= float(np.std(errors)) <= 1.6 * deviation


def test_arms_of_different_versions_have_nothing_to_do_with_each_other() -> None:
    one, other = (np.asarray([position(version, diner) for diner in DINERS]) for version in ("a-1", "a-2"))
    assert abs(float(np.corrcoef(one, other)[0, 1])) < 0.03
    assert abs(float(((one < 0.1) & (other < 0.1)).mean()) - 0.01) < 0.005


@given(st.text(min_size=1, max_size=40), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_diner_stays_where_they_are_when_the_share_grows(user_id: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert in_share("v", user_id, large) or not in_share("v", user_id, small)
    assert in_share("v", user_id, 1.0)
    assert not in_share("v", user_id, 0.0)


FRIDAYS = Window(days=("fri",), starts="17:00", ends="01:30", reason="rush")


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-01-09T16:59:59", None),  # a Friday; London is on UTC then
        ("2026-01-09T17:00:00", "2026-01-10T01:30:00"),
        ("2026-01-10T01:29:59", "2026-01-10T01:30:00"),
        ("2026-01-10T01:30:00", None),
        ("2026-01-08T18:00:00", None),
        ("2026-07-10T16:30:00", "2026-07-11T00:30:00"),  # an hour earlier in summer
        ("2026-07-10T15:59:00", None),
    ],
)
def test_a_window_follows_the_local_clock_past_midnight(at: str, until: str | None) -> None:
    found = FRIDAYS.until(datetime.fromisoformat(at).replace(tzinfo=UTC), "Europe/London")
    assert found == (None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC))


def test_a_window_wraps_around_the_week_and_may_last_a_day() -> None:
    sunday = Window(days=("sun",), starts="22:00", ends="06:00", reason="night")
    monday = datetime(2026, 1, 12, 5, 0, tzinfo=UTC)
    assert sunday.until(monday, "UTC") == datetime(2026, 1, 12, 6, 0, tzinfo=UTC)
    whole = Window(days=("wed",), starts="00:00", ends="00:00", reason="day")
    assert [whole.until(datetime(2026, 1, day, 12, tzinfo=UTC), "UTC") is None for day in (13, 14, 15)] == [
        True,
        False,
        True,
    ]
    assert windows_at([sunday, whole], monday, "UTC") == [(sunday, datetime(2026, 1, 12, 6, tzinfo=UTC))]


@given(st.integers(0, 60 * 24 * 400))
def test_a_window_ends_after_now_and_within_its_length(minutes: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = FRIDAYS.until(at, "Europe/London")
    assert until is None or timedelta(0) < until - at <= timedelta(hours=9, minutes=30)


@pytest.mark.parametrize("bad", [{"starts": "24:00"}, {"days": ()}, {"ends": "7:00"}, {"reason": ""}, {"days": ("x",)}])
def test_windows_that_are_none_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Window.model_validate({"days": ("fri",), "starts": "17:00", "ends": "23:00", "reason": "rush", **bad})


def test_every_number_of_a_policy_is_a_dial() -> None:
    assert {"ads.money", "ads.cap", "shortlist", "exploration", "recency_gain"} <= DIALS
    assert not {"ads.pricing", "name", "version", "ads"} & DIALS


def test_dials_move_inside_their_bounds_only() -> None:
    bounds = ApprovedBounds({"ads.money": DialRange(min=0.001, max=0.004), "ads.cap": DialRange(min=0, max=3)})
    active = Policy(ads=AdPolicy(money=0.002, cap=3))
    for money in (0.001, 0.0025, 0.004):
        assert moved_outside(bounds, active, Policy(name="other", version=7, ads=AdPolicy(money=money, cap=1))) == []
    for ads, words in (
        (AdPolicy(money=0.0041), "ads.money: 0.0041 is outside 0.001 to 0.004"),
        (AdPolicy(money=0.0), "outside"),
        (AdPolicy(pricing="gsp"), "ads.pricing: no bounds"),
        (AdPolicy(gap=5), "ads.gap: no bounds"),
    ):
        assert words in " ".join(moved_outside(bounds, active, Policy(ads=ads)))
    # What is outside already may stay where it is.
    assert moved_outside(bounds, Policy(ads=AdPolicy(money=0.9)), Policy(ads=AdPolicy(money=0.9, cap=1))) == []


@pytest.mark.parametrize("bad", [{"ads.monney": {"min": 0, "max": 1}}, {"ads.money": {"min": 2, "max": 1}}])
def test_bounds_that_are_none_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"ads\.monney|above max"):
        ApprovedBounds.model_validate(bad)


def test_a_budget_is_spent_by_failures_or_by_slowness() -> None:
    good = Budget(PROMISED, 100_000, 50, 400)
    assert (good.spent_on_errors, good.spent_on_slow) == (pytest.approx(0.5), pytest.approx(0.4))
    assert (good.left, good.is_spent, good.has_recovered) == (pytest.approx(0.5), False, True)
    failed = Budget(PROMISED, 100_000, 100, 0)
    assert (failed.is_spent, failed.has_recovered, failed.left) == (True, False, 0.0)
    assert failed.reason() == "error budget spent: 100 of 100,000 lists in 28 days failed, 0.10% may"
    slow = Budget(PROMISED, 100_000, 0, 1_500)
    assert "1,500 of 100,000 lists in 28 days took over 100 ms, 1.00% may" in slow.reason()
    between = Budget(PROMISED, 100_000, 95, 0)
    assert (between.is_spent, between.has_recovered) == (False, False)
    few = Budget(PROMISED, 999, 999, 0)
    assert (few.is_spent, few.has_recovered) == (False, True)
    assert Budget(PROMISED, 0, 0, 0).left == 1.0
