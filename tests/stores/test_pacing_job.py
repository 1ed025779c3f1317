"""The pacing's job on both servers: what it makes of budgets, charges and traffic, and what it does not fall over."""

import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from happenings import NOON
from records import ALDERMOOR, BRAMBLE, diners, restaurants
from selling_records import StoppedClock, campaign, keep
from sqlalchemy import Engine, select, update

from data.dataset import MarketInfo
from services.ads.campaign import MICRO
from services.ads.local_days import day_number, day_of
from services.ads.paces import PaceStore
from services.ads.pacing import Descent
from services.ads.pacing_job import PacingJob
from services.catalogue.store import CatalogueStore
from services.database import schema
from services.database.engine import open_database
from services.database.errors import StorageUnavailable
from services.database.transactions import reading, upsert_into, writing

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Town:
    """A market with its job, at a time that the test sets."""

    def __init__(self, engine: Engine, info: MarketInfo = ALDERMOOR) -> None:
        self.engine, self.info = engine, info
        self.clock = StoppedClock(NOON)
        self.job = PacingJob(engine, self.clock)
        CatalogueStore(engine).load(info, restaurants("A", of=info.market), diners("d1", of=info.market))

    def advertise(self, number: int | str = 1, **terms: Any) -> None:
        row = {"version": 1, "created_at": NOON - 30 * DAY, "updated_at": NOON, "closed_at": None}
        closed = {"closed_at": terms.pop("closed_at", None)}
        with writing(self.engine) as connection:
            terms = {**campaign(number, **terms).__dict__, **row, **closed, "market": self.info.market}
            connection.execute(upsert_into(self.engine, schema.campaigns), terms)

    def charge(self, number: int | str, minor_units: int, at: datetime | None = None) -> None:
        """Add to a campaign's accounts, on the local day of `at` (now)."""
        key = {"market": self.info.market, "campaign_id": f"c{number}"}
        day = day_number(day_of(at or self.clock.at, self.info.time_zone))
        for table, keys in ((schema.campaign_accounts, key), (schema.campaign_days, {**key, "day": day})):
            with writing(self.engine) as connection:
                same = [table.c[name] == value for name, value in keys.items()]
                spent = connection.execute(select(table.c.spent).where(*same)).scalar() or 0
                row = {**keys, "spent": spent + minor_units * MICRO}
                connection.execute(upsert_into(self.engine, table), row)

    def count(self, at: datetime, *requests: int) -> None:
        """Hourly counters from this time on."""
        first = int(at.timestamp()) // 3600
        hours = [{"market": self.info.market, "hour": first + n, "requests": r} for n, r in enumerate(requests)]
        keep(self.engine, market_hours=hours)

    def run(self, after: timedelta = timedelta()) -> dict[str, tuple[float, bool]]:
        self.clock.at += after
        self.job.run()
        return PaceStore(self.engine).of(self.info.market)


@pytest.fixture
def town(engine: Engine) -> Town:
    return Town(engine)


def test_nothing_to_pace_is_nothing_done(town: Town) -> None:
    assert town.job.run() == 0
    town.advertise(1, closed_at=NOON)
    assert town.job.run() == 0
    assert town.run() == {}


def test_a_new_campaign_starts_at_once_and_moves_from_the_next_step_on(town: Town) -> None:
    town.advertise(1)
    assert town.run() == {"c1": (Descent().start, True)}
    assert town.run(MINUTE)["c1"][0] < Descent().start


def test_whoever_spends_more_bids_less(town: Town) -> None:
    for number in (1, 2, 3):
        town.advertise(number)
    town.run()
    town.clock.at += MINUTE
    town.charge(2, 100)
    town.charge(3, 500)
    paces = town.run()
    assert paces["c1"][0] < Descent().start < paces["c2"][0] <= paces["c3"][0]
    assert all(is_open for _, is_open in paces.values())


def test_what_was_seen_is_not_answered_twice(town: Town) -> None:
    town.advertise(1)
    town.run()
    town.charge(1, 300)
    dear = town.run(MINUTE)["c1"][0]
    assert town.run(MINUTE)["c1"][0] < dear


def test_running_again_at_once_or_after_the_clock_went_back_changes_nothing(town: Town) -> None:
    town.advertise(1)
    town.run()
    town.charge(1, 300)
    paces = town.run(MINUTE)
    assert town.run() == paces
    town.charge(1, 300)
    assert town.run(-2 * HOUR) == paces


def test_a_leap_of_the_clock_is_no_leap_of_the_bid(town: Town) -> None:
    town.advertise(1)
    town.run()
    for leap in (3 * HOUR, 5 * DAY, 400 * DAY):
        multiplier, is_open = town.run(leap)["c1"]
        assert math.isfinite(multiplier)
        assert is_open
        assert multiplier <= Descent().start


@pytest.mark.parametrize(
    ("terms", "spent", "is_open"),
    [
        ({}, 0, True),
        ({}, 1_999, True),
        ({}, 2_000, False),
        ({}, 2_500, False),
        ({"total_budget": 1_000}, 1_000, False),
        ({"daily_budget": 0}, 0, False),
        ({"total_budget": 0}, 0, False),
        ({"starts_at": NOON}, 0, True),
        ({"starts_at": NOON + MINUTE}, 0, False),
        ({"ends_at": NOON + MINUTE}, 0, True),
        ({"ends_at": NOON}, 0, False),
    ],
)
def test_it_is_open_while_it_runs_and_has_budget(town: Town, terms: dict[str, Any], spent: int, is_open: bool) -> None:
    town.advertise(1, **terms)
    town.charge(1, spent)
    assert town.run()["c1"][1] is is_open


def test_a_budget_opens_to_the_last_millionth(town: Town) -> None:
    town.advertise(1, daily_budget=10**12, total_budget=10**12)
    town.charge(1, 10**12)
    assert not town.run()["c1"][1]
    with writing(town.engine) as connection:
        for table in (schema.campaign_accounts, schema.campaign_days):
            connection.execute(update(table).values(spent=table.c.spent - 1))
    assert town.run()["c1"][1]


@pytest.mark.parametrize("time_zone", ["Europe/London", "America/Chicago", "Asia/Kolkata", "Pacific/Auckland"])
def test_the_day_changes_at_the_markets_midnight(engine: Engine, time_zone: str) -> None:
    town = Town(engine, ALDERMOOR.model_copy(update={"time_zone": time_zone}))
    midnight = datetime.combine(day_of(NOON, time_zone) + DAY, datetime.min.time(), tzinfo=None)
    town.clock.at = _local(midnight, time_zone) - MINUTE
    town.advertise(1)
    town.charge(1, 2_000)
    assert not town.run()["c1"][1]
    assert not town.run(MINUTE - timedelta(microseconds=1))["c1"][1]
    before, is_open = town.run(timedelta(microseconds=1))["c1"]
    assert is_open
    # Yesterday's spending is not today's: the step begins anew.
    assert town.run(MINUTE)["c1"][0] <= before


def test_what_is_planned_follows_the_traffic_of_the_days_before(town: Town) -> None:
    town.advertise(1)
    town.clock.at = datetime(2026, 1, 9, 15, tzinfo=UTC)
    for age in range(10, 0, -1):
        town.count(datetime(2026, 1, 9, tzinfo=UTC) - age * DAY, *(10_000 if n == 14 else 1 for n in range(24)))
    town.run(-HOUR)
    town.charge(1, 1_900)  # nearly all of the budget, in the hour in which nearly all requests come
    on_plan = town.run(59 * MINUTE)["c1"][0]
    assert on_plan == pytest.approx(Descent().start, abs=0.1)


def test_without_counted_traffic_the_same_spending_is_far_ahead(town: Town) -> None:
    town.advertise(1)
    town.clock.at = datetime(2026, 1, 9, 14, tzinfo=UTC)
    town.run()
    town.charge(1, 1_900)
    assert town.run(59 * MINUTE)["c1"][0] > 1.5 * Descent().start


def test_markets_are_paced_apart_each_by_its_own_traffic(town: Town) -> None:
    other = Town(town.engine, BRAMBLE)
    other.clock = town.clock
    town.advertise(1)
    other.advertise(1)
    assert town.job.run() == 2
    town.charge(1, 300)
    town.clock.at += MINUTE
    town.job.run()
    paces = PaceStore(town.engine)
    assert paces.of("aldermoor")["c1"][0] > Descent().start > paces.of("bramble")["c1"][0]


def test_a_closed_campaign_is_left_as_it_was(town: Town) -> None:
    town.advertise(1)
    town.advertise(2)
    town.run()
    town.advertise(1, closed_at=town.clock.at)
    paces = town.run(MINUTE)
    assert paces["c1"] == (Descent().start, True)
    assert paces["c2"][0] < Descent().start


def test_another_process_goes_on_where_this_one_stopped(town: Town) -> None:
    town.advertise(1)
    town.run()
    town.charge(1, 200)
    expected = town.run(MINUTE)
    town.job = PacingJob(town.engine, town.clock)
    assert town.run() == expected
    assert town.run(MINUTE)["c1"][0] < expected["c1"][0]


class BusyClock(StoppedClock):
    """Lets something else happen before it tells the time."""

    def __init__(self, at: datetime, meanwhile: Callable[[], None]) -> None:
        super().__init__(at)
        self._meanwhile = meanwhile

    def now(self) -> datetime:
        self._meanwhile()
        return self.at


def test_two_workers_answer_an_interval_once(town: Town, database_url: str) -> None:
    patient = open_database(database_url, lock_timeout_ms=120_000)
    for number in range(20):
        town.advertise(number)
    town.run()
    for number in range(20):
        town.charge(number, 100 + number)
    town.clock.at += MINUTE
    second = threading.Thread(target=PacingJob(patient, town.clock).run)

    def comes_in_between() -> None:
        second.start()
        second.join(0.3)
        assert second.is_alive()  # it waits for the first one

    PacingJob(town.engine, BusyClock(town.clock.at, comes_in_between)).run()
    second.join()
    patient.dispose()
    both = PaceStore(town.engine).of("aldermoor")
    with writing(town.engine) as connection:
        connection.execute(update(schema.pacing).values(multiplier=1.0, spent_seen=0, updated_at=NOON))
    assert town.run() == both


def test_the_state_says_what_it_has_seen_and_when(town: Town) -> None:
    town.advertise(1)
    town.charge(1, 7, at=town.clock.at - DAY)
    town.charge(1, 5)
    town.run()
    with reading(town.engine) as connection:
        row = connection.execute(select(schema.pacing)).one()
    assert (row.spent_seen, row.updated_at) == (5 * MICRO, NOON)


def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'there' / 'test.db'}")
    with pytest.raises(StorageUnavailable):
        PacingJob(engine, StoppedClock(NOON)).run()
    engine.dispose()


def test_a_day_is_spent_evenly_through_the_database(town: Town) -> None:
    """A market whose clicks answer to the bid: the budget lasts over the day and is used."""
    rng = np.random.default_rng(8)
    midnight = datetime(2026, 1, 9, tzinfo=UTC)
    shares = np.asarray([0.1] * 11 + [2.0] * 3 + [0.5] * 4 + [2.5] * 4 + [0.3] * 2)
    for age in range(8, 0, -1):
        town.count(midnight - age * DAY, *(200 * shares).astype(int).tolist())
    town.advertise(1, daily_budget=10_000)
    town.clock.at = midnight
    paces = town.run()
    spent, reached, worst = 0, 0.0, 0.0
    for tenth in range(144):
        multiplier, is_open = paces["c1"]
        traffic = shares[tenth // 6] / shares.sum() / 6
        # Without pacing the clicks of a day would cost 30,000; a bid that is halved costs a quarter.
        clicks = rng.poisson(30_000 * traffic / 20 / (1.0 + multiplier) ** 2)
        price = min(20 * int(clicks) * is_open, 10_000 - spent)
        town.charge(1, price)
        spent, reached = spent + price, reached + traffic
        worst = max(worst, abs(spent / 10_000 - reached))
        paces = town.run(timedelta(minutes=10))
    assert 9_500 <= spent <= 10_000
    assert worst < 0.05


def _local(at: datetime, time_zone: str) -> datetime:
    return at.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
