"""The event log keeps each event once, whatever is delivered how often and in which parts."""

import math
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import orjson
import pandas as pd
import pytest
from happenings import NOON, event
from hypothesis import HealthCheck, given, settings
from records import ALDERMOOR, BRAMBLE, diners, restaurants
from sqlalchemy import Engine

from data import columns as col
from data.columns import EventType, Table
from data.schemas import SCHEMAS
from services.catalogue.store import CatalogueStore
from services.database.engine import migrate, open_database
from services.events.export import export_dataset
from services.events.log import Erasure, Event, EventLog, Outcome
from services.events.served import Record, ServedLog
from services.features.codec import in_order
from services.serving.diners import NO_ENTRIES, entries_of, newest_entries

STORED, DUPLICATE, CONFLICT = Outcome.STORED, Outcome.DUPLICATE, Outcome.CONFLICT
RICH = event(
    "é:\U0001f600",
    type=EventType.ORDER,
    request_id="q" * 128,
    order_id="o-1",
    value=0.1 + 0.2,
    at=datetime.fromisoformat("2026-01-09T23:59:59.999999-06:00"),
)


@pytest.fixture
def log(engine: Engine) -> EventLog:
    return EventLog(engine)


def test_an_event_comes_back_bit_for_bit(log: EventLog) -> None:
    extremes = [event(n, value=value) for n, value in enumerate([0.0, 5e-324, 1.7976931348623157e308, -1.5, None])]
    assert log.append([RICH, *extremes]) == [STORED] * 6
    assert set(log.of_diner("aldermoor", "d1")) == {RICH, *extremes}
    assert log.append([RICH, *extremes]) == [DUPLICATE] * 6


def test_delivering_again_stores_nothing_more(log: EventLog) -> None:
    assert log.append([]) == []
    assert log.append([event(1), event(2), event(1)]) == [STORED, STORED, DUPLICATE]
    assert log.append([event(2), event(3)]) == [DUPLICATE, STORED]
    assert log.append([event(1, at=NOON.astimezone(datetime.now().astimezone().tzinfo))]) == [DUPLICATE]
    assert log.count() == 3


CHANGES: list[dict[str, Any]] = [
    {"type": EventType.ORDER},
    {"user_id": "d2"},
    {"restaurant_id": "r2"},
    {"request_id": "q1"},
    {"order_id": "o1"},
    {"at": NOON + timedelta(microseconds=1)},
    {"value": 0.0},
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: next(iter(changes)))
def test_the_same_id_with_another_content_is_refused(log: EventLog, changes: dict[str, Any]) -> None:
    assert log.append([event(1)]) == [STORED]
    assert log.append([event(1, **changes), event(2)]) == [CONFLICT, STORED]
    assert log.append([event(3), event(3, **changes), event(3)]) == [STORED, CONFLICT, DUPLICATE]
    assert set(log.of_diner("aldermoor", "d1")) == {event(1), event(2), event(3)}


def test_an_id_belongs_to_its_market(log: EventLog) -> None:
    assert log.append([event(1), event(1, market="bramble", value=2.0)]) == [STORED, STORED]
    assert (log.count("aldermoor"), log.count("bramble"), log.count()) == (1, 1, 2)


def test_a_large_batch_is_one_transaction(log: EventLog) -> None:
    batch = [event(number) for number in range(5_000)]
    assert log.append(batch) == [STORED] * 5_000
    assert log.append([*batch, event(5_000)]) == [DUPLICATE] * 5_000 + [STORED]


VARIANTS = st.tuples(st.integers(0, 4), st.integers(0, 2))  # which id, which content
DELIVERIES = st.lists(st.lists(VARIANTS, max_size=6), max_size=6)
ROUNDS = iter(range(1_000_000))


@given(deliveries=DELIVERIES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_batching_of_deliveries_keeps_the_first_of_each(
    log: EventLog, deliveries: list[list[tuple[int, int]]]
) -> None:
    """Against a dictionary, which is what the log must behave like."""
    market = f"m{next(ROUNDS)}"  # of its own: examples share the database
    kept: dict[str, Event] = {}
    for delivery in deliveries:
        events = [event(number, value=float(content), market=market) for number, content in delivery]
        expected = []
        for delivered in events:
            before = kept.setdefault(delivered.event_id, delivered)
            expected.append(STORED if before is delivered else DUPLICATE if before == delivered else CONFLICT)
        assert log.append(events) == expected
    assert set(log.of_diner(market, "d1")) == set(kept.values())
    assert log.count(market) == len(kept)


def test_writers_in_opposite_orders_do_not_block_each_other(log: EventLog) -> None:
    for turn in range(5):
        events = [event(f"{turn}-{number}") for number in range(1_000)]
        with ThreadPoolExecutor(2) as pool:
            one, two = pool.map(log.append, [events, events[::-1]])
        assert [one, two[::-1]] in ([[STORED] * 1_000, [DUPLICATE] * 1_000], [[DUPLICATE] * 1_000, [STORED] * 1_000])


def test_recent_events_come_newest_first(log: EventLog) -> None:
    log.append([event(n, at=NOON - timedelta(hours=n)) for n in range(10)] + [event("x", user_id="d2")])
    since, clicks = NOON - timedelta(hours=5), [EventType.CLICK]
    recent = log.recent("aldermoor", "d1", since, 3, clicks)
    assert [found.event_id for found in recent] == ["e0", "e1", "e2"]
    assert len(log.recent("aldermoor", "d1", since, 100, clicks)) == 6
    assert log.recent("bramble", "d1", since, 3, clicks) == []


@pytest.mark.parametrize("seed", range(12))
def test_the_log_gives_the_entries_that_a_cache_has_which_saw_every_event(log: EventLog, seed: int) -> None:
    luck = random.Random(seed)
    market, seconds = f"m{next(ROUNDS)}", luck.choice((1, 3, 40))  # many in a second, twice the same, or neither
    log.append(
        [
            event(
                number,
                market=market,
                type=luck.choice((EventType.CLICK, EventType.ORDER)),
                restaurant_id=f"r{luck.randrange(luck.choice((3, 60)))}",
                at=NOON + timedelta(seconds=luck.randrange(seconds), milliseconds=luck.randrange(1_000)),
            )
            for number in range(luck.choice((20, 33, 60, 300)))
        ]
    )
    seen = NO_ENTRIES
    for one in reversed(log.of_diner(market, "d1")):
        seen = in_order(np.concatenate([seen, entries_of([one])]))

    assert newest_entries(log, market, "d1", NOON - timedelta(days=1)).tobytes() == seen.tobytes()


def test_what_a_diner_only_saw_takes_no_place_among_what_the_diner_did(log: EventLog) -> None:
    seen = [event(f"seen-{n}", type=EventType.IMPRESSION, at=NOON) for n in range(40)]
    log.append([*seen, event("did", type=EventType.ORDER, at=NOON - timedelta(hours=1))])
    recent = log.recent("aldermoor", "d1", NOON - timedelta(days=1), 32, [EventType.ORDER, EventType.CLICK])
    assert [found.event_id for found in recent] == ["edid"]


def test_who_was_active_and_what_was_ordered(log: EventLog) -> None:
    order = {"type": EventType.ORDER}
    log.append([event(1, **order), event(2, **order, user_id="d2"), event(3, **order, restaurant_id="r2"), event(4)])
    log.append([event(5, **order, at=NOON - timedelta(minutes=1), user_id="d3"), event(6, **order, market="bramble")])
    assert log.orders_since("aldermoor", NOON) == {"r1": 2, "r2": 1}
    assert sorted(log.active_diners("aldermoor", NOON)) == ["d1", "d2"]


def test_erasure_removes_everything_of_one_diner_and_of_nobody_else(engine: Engine, log: EventLog) -> None:
    log.append([event(1), event(2), event(3, user_id="d2"), event(4, market="bramble")])
    with ServedLog(engine) as served:
        for number, (market, user) in enumerate([("aldermoor", "d1"), ("aldermoor", "d2"), ("bramble", "d1")]):
            served.record(f"q{number}", market, user, NOON, "balanced", 1, "v1", Record(b"{}"))
        served.flush()
        assert log.erase("aldermoor", "d1") == Erasure(events=2, served_lists=1)
        assert log.erase("aldermoor", "d1") == Erasure(events=0, served_lists=0)
        assert [served.get(f"q{number}") is None for number in range(3)] == [True, False, False]
    assert log.of_diner("aldermoor", "d1") == []
    assert log.count() == 2


def test_what_is_erased_is_not_left_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    log = EventLog(engine)
    for number in range(50):
        log.append([event(number, user_id="rosa-luz"), event(-number - 1, user_id="d2")])
    engine.dispose()
    assert b"rosa-luz" in file.read_bytes()
    log.erase("aldermoor", "rosa-luz")
    engine.dispose()
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]
    assert b"rosa-luz" not in file.read_bytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": ""},
        {"event_id": "x" * 129},
        {"user_id": "a\0b"},
        {"restaurant_id": "\ud800"},
        {"request_id": "\0"},
        {"order_id": ""},
        {"type": "purchase"},
        {"at": datetime(2026, 1, 1)},
        {"value": math.nan},
        {"value": math.inf},
    ],
)
def test_an_event_that_could_not_be_stored_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        event(1, **changes)


def test_the_export_is_a_dataset_that_passes_the_schemas(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    store = CatalogueStore(engine)
    store.load(ALDERMOOR, restaurants("Thai House", "Café Niño"), diners("d1", "d2"))
    store.load(BRAMBLE, restaurants(of="bramble"), diners(of="bramble"))
    log.append([event(2), RICH, event(1), event("late", at=NOON + timedelta(days=9))])
    dataset = export_dataset(engine, tmp_path / "export", until=NOON + timedelta(days=1))
    assert dataset.manifest.source == "home"
    assert dataset.manifest.markets == (ALDERMOOR, BRAMBLE)
    frames = {Table.RESTAURANTS: dataset.restaurants(), Table.DINERS: dataset.diners(), Table.EVENTS: dataset.events()}
    for table, frame in frames.items():
        SCHEMAS[table].validate(frame)
    assert frames[Table.EVENTS][col.EVENT_ID].tolist() == ["e1", "e2", RICH.event_id]  # by time, then by id
    assert frames[Table.EVENTS][col.AT].tolist() == [NOON, NOON, RICH.at]
    pd.testing.assert_frame_equal(
        frames[Table.RESTAURANTS], restaurants("Thai House", "Café Niño"), check_column_type=False
    )
    assert dataset.diners("bramble").empty
    again = export_dataset(engine, tmp_path / "again", until=NOON + timedelta(days=1))
    assert again.snapshot == dataset.snapshot
    only = export_dataset(engine, tmp_path / "only", markets=["bramble"])
    assert only.markets == ("bramble",)
    assert only.events().empty


def test_an_exported_impression_knows_where_it_stood(engine: Engine, log: EventLog, tmp_path: Path) -> None:
    def placements(document: bytes) -> dict[str, tuple[int, float]]:
        return {name: (place, 1.0 / place) for place, name in enumerate(orjson.loads(document), 1)}

    CatalogueStore(engine).load(ALDERMOOR, restaurants("A", "B"), diners("d1"))
    with ServedLog(engine) as served:
        served.record("q1", "aldermoor", "d1", NOON, "balanced", 1, "v1", Record(b'["r2", "r1"]'))
        served.flush()
    seen = {"type": EventType.IMPRESSION, "request_id": "q1"}
    log.append([event(1, **seen), event(2, **seen, restaurant_id="r3"), event(3, request_id="q1")])
    log.append([event(4, type=EventType.IMPRESSION, request_id="q9"), event(5, type=EventType.IMPRESSION)])
    events = export_dataset(engine, tmp_path / "export", placements=placements).events()
    SCHEMAS[Table.EVENTS].validate(events)
    assert events[col.POSITION].fillna(0).tolist() == [2, 0, 0, 0, 0]
    assert events[col.PROPENSITY].fillna(0).tolist() == [0.5, 0, 0, 0, 0]
