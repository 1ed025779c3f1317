"""Campaigns are kept one bidder a restaurant, nobody overwrites what was not seen, and every write is in the trail."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from happenings import NOON
from hypothesis import HealthCheck, given, settings
from records import ALDERMOOR, BRAMBLE, diners, restaurants
from selling_records import StoppedClock, campaign
from sqlalchemy import Engine

from data.columns import Billing
from services.ads.campaign import Campaign
from services.ads.campaigns import (
    CampaignConflict,
    CampaignError,
    CampaignNotFound,
    CampaignStore,
    StoredCampaign,
    UnknownRestaurant,
    VersionMismatch,
)
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.database.engine import open_database

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOON)


@pytest.fixture
def trail(engine: Engine, clock: StoppedClock) -> AuditTrail:
    return AuditTrail(engine, clock)


@pytest.fixture
def store(engine: Engine, trail: AuditTrail, clock: StoppedClock) -> CampaignStore:
    """Aldermoor has the restaurants r1 to r4, Bramble r1."""
    catalogue = CatalogueStore(engine)
    catalogue.load(ALDERMOOR, restaurants("One", "Two", "Three", "Four"), diners())
    catalogue.load(BRAMBLE, restaurants("Uno", of="bramble"), diners(of="bramble"))
    return CampaignStore(engine, trail, clock)


def test_what_is_put_comes_back(store: CampaignStore, clock: StoppedClock) -> None:
    rich = campaign(
        0,
        campaign_id="é:1",
        payer='=Łódź \U0001f600, "quoted"',
        billing=Billing.ORDER,
        bid=1_000_000_000,
        total_budget=10**12,
        daily_budget=0,
        starts_at=datetime.fromisoformat("2026-01-10T00:00:00.000001+05:45"),
        ends_at=NOON + 100 * HOUR,
    )

    stored = store.put(rich, None, "sales")

    assert stored == StoredCampaign(rich, 1, NOON, NOON, None)
    assert store.get("aldermoor", "é:1") == stored
    assert store.open("aldermoor") == [rich]
    for market, name in [("bramble", "é:1"), ("aldermoor", "nothing"), ("aldermoor", "\0"), ("aldermoor", "\ud800")]:
        assert store.get(market, name) is None


def test_a_change_raises_the_version_and_keeps_the_birthday(store: CampaignStore, clock: StoppedClock) -> None:
    store.put(campaign(1), None, "sales")
    clock.at += HOUR

    changed = store.put(campaign(1, bid=41), 1, "sales")
    clock.at += HOUR
    same = store.put(campaign(1, bid=41), 2, "sales")

    assert changed == StoredCampaign(campaign(1, bid=41), 2, NOON, NOON + HOUR, None)
    assert same == changed


@pytest.mark.parametrize("expected", [None, 0, 1, 3])
def test_who_has_not_seen_the_last_version_changes_nothing(
    store: CampaignStore, trail: AuditTrail, expected: int | None
) -> None:
    store.put(campaign(1), None, "sales")
    last = store.put(campaign(1, bid=41), 1, "sales")

    with pytest.raises(VersionMismatch, match="version 2 is stored"):
        store.put(campaign(1, bid=99), expected, "sales")
    with pytest.raises(VersionMismatch):
        store.close("aldermoor", "c1", expected or 0, "sales")

    assert store.get("aldermoor", "c1") == last
    assert len(trail.page()) == 2


def test_what_is_not_there_has_no_version(store: CampaignStore) -> None:
    with pytest.raises(VersionMismatch, match="it is not there"):
        store.put(campaign(1), 1, "sales")
    assert store.page("aldermoor", None, 10) == []


def test_a_closed_campaign_stays_and_can_be_opened_again(store: CampaignStore, clock: StoppedClock) -> None:
    store.put(campaign(1), None, "sales")
    clock.at += HOUR

    closed = store.close("aldermoor", "c1", 1, "sales")
    again = store.close("aldermoor", "c1", 2, "sales")

    assert closed == again == StoredCampaign(campaign(1), 2, NOON, NOON + HOUR, NOON + HOUR)
    assert store.get("aldermoor", "c1") == closed
    assert store.open("aldermoor") == []
    assert store.put(campaign(1), 2, "sales") == StoredCampaign(campaign(1), 3, NOON, NOON + HOUR, None)
    assert store.open("aldermoor") == [campaign(1)]


def test_what_was_never_there_cannot_be_closed(store: CampaignStore) -> None:
    with pytest.raises(CampaignError):
        store.close("aldermoor", "c1", 1, "sales")


def test_the_restaurant_is_one_of_the_market(store: CampaignStore, trail: AuditTrail) -> None:
    for market, restaurant in [("aldermoor", "r9"), ("bramble", "r2"), ("nowhere", "r1")]:
        with pytest.raises(UnknownRestaurant, match=restaurant):
            store.put(campaign(1, market=market, restaurant_id=restaurant), None, "sales")
    assert trail.page() == []


SCHEDULES = [
    # the second one's begin and end against the first one's, which runs from hour 10 to hour 20
    (None, None, True),
    (None, 10, False),
    (None, 11, True),
    (19, None, True),
    (20, None, False),
    (12, 15, True),
    (5, 30, True),
    (1, 9, False),
]


@pytest.mark.parametrize(("begins", "ends", "conflict"), SCHEDULES)
def test_a_restaurant_has_one_campaign_at_a_time(
    store: CampaignStore, begins: int | None, ends: int | None, conflict: bool
) -> None:
    def after(hours: int | None) -> datetime | None:
        return None if hours is None else NOON + hours * HOUR

    store.put(campaign("first", starts_at=after(10), ends_at=after(20)), None, "sales")
    second = campaign("second", starts_at=after(begins), ends_at=after(ends))

    if conflict:
        with pytest.raises(CampaignConflict, match="'cfirst'"):
            store.put(second, None, "sales")
        assert store.get("aldermoor", "csecond") is None
    else:
        assert store.put(second, None, "sales").version == 1
    store.put(campaign("elsewhere", restaurant_id="r2"), None, "sales")
    store.put(campaign("second", market="bramble"), None, "sales")


def test_what_is_over_or_closed_is_in_nobodys_way(store: CampaignStore, clock: StoppedClock) -> None:
    store.put(campaign("ended", ends_at=NOON + HOUR), None, "sales")
    clock.at += HOUR
    store.put(campaign("next"), None, "sales")
    store.close("aldermoor", "cnext", 1, "sales")
    store.put(campaign("third"), None, "sales")
    store.put(campaign("of-the-past", ends_at=NOON), None, "sales")

    with pytest.raises(CampaignConflict, match="'cthird'"):
        store.put(campaign("next"), 2, "sales")
    with pytest.raises(CampaignConflict, match="'cthird'"):
        store.put(campaign("ended"), 1, "sales")


def test_a_campaign_is_not_in_its_own_way(store: CampaignStore) -> None:
    store.put(campaign(1), None, "sales")

    assert store.put(campaign(1, ends_at=NOON + HOUR), 1, "sales").version == 2


def test_pages_are_by_id_and_by_market(store: CampaignStore) -> None:
    for number, restaurant in [("b", "r2"), ("a", "r1"), ("B", "r3"), ("é", "r4")]:
        store.put(campaign(number, restaurant_id=restaurant), None, "sales")
    store.put(campaign("x", market="bramble"), None, "sales")

    first = store.page("aldermoor", None, 3)
    rest = store.page("aldermoor", first[-1].campaign.campaign_id, 3)

    assert [stored.campaign.campaign_id for stored in (*first, *rest)] == ["cB", "ca", "cb", "cé"]
    assert store.page("aldermoor", "\0", 3) == []


def test_the_markets_version_rises_with_every_write(store: CampaignStore) -> None:
    steps: list[Callable[[], Any]] = [
        lambda: store.put(campaign(1), None, "sales"),
        lambda: store.put(campaign(2, restaurant_id="r2"), None, "sales"),
        lambda: store.put(campaign(1, bid=41), 1, "sales"),
        lambda: store.close("aldermoor", "c1", 2, "sales"),
        lambda: store.put(campaign(1), 3, "sales"),
    ]
    seen = [store.version("aldermoor")]
    for step in steps:
        step()
        seen.append(store.version("aldermoor"))
    store.put(campaign(1), 4, "sales")  # the same content

    assert seen[0] == 0
    assert all(before < after for before, after in itertools.pairwise(seen))
    assert store.version("aldermoor") == seen[-1]
    assert store.version("bramble") == 0


def test_each_write_leaves_its_record(store: CampaignStore, trail: AuditTrail) -> None:
    store.put(campaign(1), None, "sales")
    store.put(campaign(1, bid=41), 1, "admin")
    store.close("aldermoor", "c1", 2, "sales")

    closed, changed, added = trail.page()

    assert [(record.role, record.action) for record in (added, changed, closed)] == [
        ("sales", "campaign.put"),
        ("admin", "campaign.put"),
        ("sales", "campaign.close"),
    ]
    assert {(record.market, record.subject) for record in (added, changed, closed)} == {("aldermoor", "c1")}
    assert added.document["before"] is None
    assert (changed.document["before"]["bid"], changed.document["after"]["bid"]) == (40, 41)
    assert (closed.document["before"]["closed_at"], closed.document["after"]["version"]) == (None, 3)
    assert trail.first_broken() is None


def test_a_write_without_its_record_does_not_happen(engine: Engine, store: CampaignStore, clock: StoppedClock) -> None:
    class FullTrail(AuditTrail):
        def record(self, *arguments: Any, **more: Any) -> int:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        CampaignStore(engine, FullTrail(engine, clock), clock).put(campaign(1), None, "sales")

    assert store.get("aldermoor", "c1") is None


@pytest.mark.parametrize("seen", [None, 1])
def test_of_writers_who_saw_the_same_exactly_one_wins(
    database_url: str, store: CampaignStore, trail: AuditTrail, clock: StoppedClock, seen: int | None
) -> None:
    """Engines of their own, as processes would have."""
    if seen:
        store.put(campaign(1), None, "sales")
    start = threading.Barrier(8)

    def write(bid: int) -> str:
        engine = open_database(database_url, lock_timeout_ms=10_000)
        try:
            start.wait()
            CampaignStore(engine, AuditTrail(engine, clock), clock).put(campaign(1, bid=bid), seen, "sales")
        except VersionMismatch:
            return "lost"
        finally:
            engine.dispose()
        return f"won with {bid}"

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(write, range(100, 108)))

    stored = store.get("aldermoor", "c1")
    assert stored is not None
    assert sorted(ended) == ["lost"] * 7 + [f"won with {stored.campaign.bid}"]
    assert stored.version == (seen or 0) + 1
    assert len(trail.page()) == stored.version
    assert trail.first_broken() is None


def test_of_campaigns_that_overlap_exactly_one_gets_in(
    database_url: str, store: CampaignStore, clock: StoppedClock
) -> None:
    start = threading.Barrier(6)

    def write(number: int) -> bool:
        engine = open_database(database_url, lock_timeout_ms=10_000)
        try:
            start.wait()
            CampaignStore(engine, AuditTrail(engine, clock), clock).put(campaign(number), None, "sales")
        except CampaignConflict:
            return False
        finally:
            engine.dispose()
        return True

    with ThreadPoolExecutor(6) as pool:
        ended = list(pool.map(write, range(6)))

    assert sum(ended) == 1
    assert len(store.open("aldermoor")) == 1


TIMES = st.none() | st.integers(-3, 6)
WRITES = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["r1", "r2"]), TIMES, TIMES, st.booleans()), max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WRITES)
def test_no_sequence_of_writes_gives_a_restaurant_two_bidders(
    engine: Engine,
    store: CampaignStore,
    clock: StoppedClock,
    writes: list[Any],
) -> None:
    """At every half hour from now on, whatever was put, changed or closed before."""
    for stored in store.page("aldermoor", None, 100):
        if stored.closed_at is None:
            store.close("aldermoor", stored.campaign.campaign_id, stored.version, "sales")
    for number, restaurant, begins, ends, close in writes:
        before = store.get("aldermoor", f"c{number}")
        try:
            if close and before is not None:
                store.close("aldermoor", f"c{number}", before.version, "sales")
            elif ends is None or begins is None or begins < ends:
                times = {
                    name: None if hours is None else NOON + hours * HOUR
                    for name, hours in (("starts_at", begins), ("ends_at", ends))
                }
                bid = campaign(number, restaurant_id=restaurant, **times)
                store.put(bid, before and before.version, "sales")
        except CampaignConflict:
            continue
    for moment in [NOON + half * HOUR / 2 for half in range(16)]:
        running = [bid.restaurant_id for bid in store.open("aldermoor") if runs(bid, moment)]
        assert len(running) == len(set(running))


def runs(bid: Campaign, at: datetime) -> bool:
    return (bid.starts_at is None or bid.starts_at <= at) and (bid.ends_at is None or at < bid.ends_at)


def test_closing_what_is_not_there_says_so(store: CampaignStore) -> None:
    with pytest.raises(CampaignNotFound, match="'c1'"):
        store.close("aldermoor", "c1", None, "sales")  # type: ignore[arg-type]
