"""Bad days keep their promises: the short forms of some, the full forms of all. How quick it was is not asserted."""

import shutil

import pytest

from loadtests.chaos.__main__ import played
from loadtests.chaos.days import DAYS, Day
from loadtests.chaos.report import lines
from loadtests.chaos.stage import Stage
from loadtests.postgres import NOT_INSTALLED, find_binaries

SHORT = (
    "redis-killed",
    "redis-wrong",
    "postgres-failover",
    "postgres-hung",
    "sqlite-full",
    "workers-killed",
    "cancelled",
    "damaged-version",
    "clock-jumps",
)
"""Those that hold what nothing else in the suite does."""


def keeps_its_promises(day: Day, stage: Stage) -> None:
    if day.name.startswith("postgres") and find_binaries() is None:
        pytest.skip(NOT_INSTALLED)
    if day.name == "synced" and shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    report = played(day, stage)
    assert report.kept(timed=False), "\n".join(lines(report))
    assert len(report.checks) >= 2


@pytest.mark.parametrize("day", [day for day in DAYS if day.name in SHORT], ids=lambda day: day.name)
def test_a_bad_day_in_short(day: Day, stage: Stage) -> None:
    keeps_its_promises(day, stage)


@pytest.mark.long
@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.name)
def test_a_bad_day_in_full(day: Day, long_stage: Stage) -> None:
    keeps_its_promises(day, long_stage)


def test_the_short_forms_are_days_that_there_are() -> None:
    assert set(SHORT) < {day.name for day in DAYS}
    assert len({day.name for day in DAYS}) == len(DAYS)
