"""The forecast of a day's rhythm: whatever the time zone, no request is lost, and shares are of the local day."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ads.traffic import PRIOR, PRIOR_REQUESTS, DayTraffic, forecast, hour_bounds, local_counts

FRIDAY = date(2026, 3, 6)
ZONES = ("Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Australia/Lord_Howe", "UTC")


def hour_of(at: datetime) -> int:
    return int(at.timestamp()) // 3600


def days_before(today: date, count: int) -> list[date]:
    return [today - timedelta(days=age) for age in range(count, 0, -1)]


@pytest.mark.parametrize(
    ("day", "hours", "odd_hour", "length"),
    [
        (date(2026, 3, 6), 24, 2, 1),
        (date(2026, 3, 29), 23, 1, 0),
        (date(2026, 10, 25), 25, 1, 2),
    ],
)
def test_a_day_has_the_hours_that_its_clocks_leave_it(day: date, hours: int, odd_hour: int, length: int) -> None:
    bounds = hour_bounds(day, "Europe/London")
    assert bounds[-1] - bounds[0] == hours * 3600
    assert np.diff(bounds)[odd_hour] == length * 3600
    assert np.count_nonzero(np.diff(bounds) != 3600) == (length != 1)


def test_the_counters_hours_become_local_ones() -> None:
    noon = datetime(2026, 3, 5, 12, tzinfo=UTC)  # 7 in New York, half past 17 in Kolkata
    hours = np.asarray([hour_of(noon), hour_of(noon) + 2])
    new_york = local_counts(hours, np.asarray([10.0, 4.0]), [noon.date()], "America/New_York")[0]
    assert new_york.nonzero()[0].tolist() == [7, 9]
    assert new_york[[7, 9]].tolist() == [10.0, 4.0]
    kolkata = local_counts(hours, np.asarray([10.0, 4.0]), [noon.date()], "Asia/Kolkata")[0]
    assert kolkata[[17, 18, 19, 20]].tolist() == [5.0, 5.0, 2.0, 2.0]
    assert kolkata.sum() == 14.0


@given(st.sampled_from(ZONES), st.integers(0, 2**32 - 1), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_no_request_is_lost_or_counted_twice(zone: str, seed: int, last: date) -> None:
    rng = np.random.default_rng(seed)
    days = days_before(last, 4)
    noons = [datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12) for day in days]
    # Around the second day's noon: whatever the zone, these hours are inside the four days.
    hours = hour_of(noons[1]) + np.sort(rng.choice(24, int(rng.integers(1, 24)), replace=False))
    counts = rng.integers(1, 1000, len(hours)).astype(float)
    found = local_counts(hours, counts, days, zone)
    assert np.all(found >= 0.0)
    assert found.sum() == pytest.approx(counts.sum(), rel=1e-12)


def test_without_history_the_prior_is_all_that_is_known() -> None:
    assert forecast(np.zeros((0, 24)), [], FRIDAY) == pytest.approx(PRIOR / PRIOR.sum())
    empty = local_counts(np.asarray([], np.int64), np.asarray([]), [FRIDAY], "UTC")
    assert empty.tolist() == [[0.0] * 24]
    assert forecast(empty, [FRIDAY - timedelta(days=1)], FRIDAY) == pytest.approx(PRIOR / PRIOR.sum())


def test_the_prior_fades_as_requests_come_in() -> None:
    day = [FRIDAY - timedelta(days=7)]
    counts = np.zeros((1, 24))
    counts[0, 3] = 2.0 * PRIOR_REQUESTS  # a week old: it weighs half
    assert forecast(counts, day, FRIDAY)[3] == pytest.approx(0.5 + 0.5 * PRIOR[3] / PRIOR.sum())
    assert forecast(1e6 * counts, day, FRIDAY)[3] == pytest.approx(1.0, abs=1e-5)


def test_the_forecast_finds_the_rhythm_behind_chance() -> None:
    rng = np.random.default_rng(4)
    rhythm = rng.dirichlet(np.full(24, 2.0))
    days = days_before(FRIDAY, 28)
    counts = rng.poisson(5_000.0 * rhythm, (28, 24)).astype(float)
    assert np.abs(np.cumsum(forecast(counts, days, FRIDAY) - rhythm)).max() < 0.01


def test_newer_days_and_the_same_part_of_the_week_weigh_more() -> None:
    hours = np.eye(24) * 1e9  # the day of each hour shows in it alone
    days = days_before(FRIDAY, 24)
    shares = forecast(hours, days, FRIDAY)
    late = np.asarray([day.weekday() >= 4 for day in days])
    assert np.all(np.diff(shares[late]) > 0.0)
    assert np.all(np.diff(shares[~late]) > 0.0)
    week_old, week_and_day_old = shares[-7], shares[-8]  # a Friday and a Thursday
    assert week_old / week_and_day_old == pytest.approx(2 ** (1 / 7) / 0.2, rel=1e-6)
    assert shares[-7] / shares[-14] == pytest.approx(2.0, rel=1e-6)


@given(st.integers(0, 2**32 - 1), st.sampled_from(ZONES), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_what_is_to_come_falls_from_all_to_nothing(seed: int, zone: str, day: date) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(24, 0.3))
    traffic = DayTraffic.of(day, zone, shares)
    at = np.linspace(traffic.bounds[0] - 7200, traffic.bounds[-1] + 7200, 500)
    to_come = traffic.to_come(at)
    assert np.all(np.diff(to_come) <= 0.0)
    assert (to_come[0], to_come[-1]) == (1.0, pytest.approx(0.0, abs=1e-12))
    widths = np.diff(traffic.bounds)
    halfway = traffic.to_come(traffic.bounds[:-1] + widths / 2)
    expected = 1.0 - np.cumsum(shares) + shares / 2
    assert halfway[widths > 0] == pytest.approx(expected[widths > 0], abs=1e-9)
