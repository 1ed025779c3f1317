"""A dataset's events in the log, and the way back: what was imported is exported as it was."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from happenings import NOON, event
from records import ALDERMOOR, diners, restaurants
from sqlalchemy import Engine, select

from data import columns as col
from data.columns import EventType, Table
from data.dataset import Dataset, DatasetError, Manifest, writing
from data.schemas import SCHEMAS
from services.catalogue.store import CatalogueStore
from services.database import schema
from services.database.transactions import reading
from services.events.export import export_dataset
from services.events.importing import ImportedEvents, import_events
from services.events.log import EventLog


def quiet(*_: object) -> None:
    """No progress."""


def log_of(*rows: dict) -> pd.DataFrame:
    plain = {
        col.MARKET: ALDERMOOR.market,
        col.USER_ID: "d1",
        col.RESTAURANT_ID: "r1",
        col.REQUEST_ID: None,
        col.ORDER_ID: None,
        col.AT: NOON,
        col.POSITION: None,
        col.PROPENSITY: None,
        col.VALUE: None,
    }
    frame = pd.DataFrame([{**plain, **row} for row in rows])
    frame[col.AT] = frame[col.AT].astype("datetime64[us, UTC]")
    return frame.astype({col.POSITION: "Int16", col.PROPENSITY: "float32", col.VALUE: "float32"})


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    seen = {"type": EventType.IMPRESSION, col.REQUEST_ID: "q1", col.POSITION: 3, col.PROPENSITY: 0.25}
    later = NOON + timedelta(minutes=1)
    rows = [
        {"event_id": "i1", **seen},
        {"event_id": "o1", "type": EventType.ORDER, col.REQUEST_ID: "q1", col.AT: later, col.VALUE: 2450.0},
        {"event_id": "b1", "type": EventType.CLICK, col.MARKET: "bramble"},
    ]
    with writing(tmp_path / "history") as writer:
        writer.append(Table.RESTAURANTS, restaurants("A", "B"))
        writer.append(Table.DINERS, diners("d1"))
        writer.append(Table.EVENTS, log_of(*rows))
        writer.finish(Manifest(source="csv", markets=(ALDERMOOR,), repeats=True, has_times=True))
    return Dataset.open(tmp_path / "history")


def test_what_was_imported_comes_back_as_it_was(engine: Engine, dataset: Dataset, tmp_path: Path) -> None:
    CatalogueStore(engine).load(ALDERMOOR, dataset.restaurants(), dataset.diners())
    assert import_events(engine, dataset, ALDERMOOR.market, quiet) == ImportedEvents(2, 0)
    assert import_events(engine, dataset, ALDERMOOR.market, quiet) == ImportedEvents(0, 2)
    exported = export_dataset(engine, tmp_path / "exported", received_before=NOON + timedelta(hours=1))
    pd.testing.assert_frame_equal(exported.events(), dataset.events("aldermoor"))
    assert export_dataset(engine, tmp_path / "early", received_before=NOON).events().empty


def test_history_is_billed_to_nobody_and_an_event_that_is_there_stays(engine: Engine, dataset: Dataset) -> None:
    log = EventLog(engine)
    own = event("o1", event_id="o1", type=EventType.DISMISS)
    log.append([own])
    assert import_events(engine, dataset, ALDERMOOR.market, quiet) == ImportedEvents(1, 1)
    assert own in log.of_diner(ALDERMOOR.market, "d1")
    with reading(engine) as connection:
        assert connection.execute(select(schema.billing_queue)).all() == []


def test_events_without_a_time_are_refused(engine: Engine, tmp_path: Path) -> None:
    timeless = log_of({"event_id": "x", "type": EventType.ORDER})
    timeless[col.AT] = pd.Series([pd.NaT], dtype="datetime64[us, UTC]")
    with writing(tmp_path / "timeless") as writer:
        writer.append(Table.EVENTS, timeless)
        writer.finish(Manifest(source="csv", markets=(ALDERMOOR,), repeats=True, has_times=False))
    with pytest.raises(DatasetError, match="without a time"):
        import_events(engine, Dataset.open(tmp_path / "timeless"), ALDERMOOR.market, quiet)


def test_diners_without_a_profile_are_exported_as_diners(engine: Engine, tmp_path: Path) -> None:
    CatalogueStore(engine).load(ALDERMOOR, restaurants("A"), diners("d1"))
    EventLog(engine).append([event(1), event(2, user_id="a-stranger")])
    exported = export_dataset(engine, tmp_path / "exported")
    found = exported.diners()
    SCHEMAS[Table.DINERS].validate(found)
    assert found[col.USER_ID].tolist() == ["d1", "a-stranger"]
    assert [list(tags) for tags in found[col.PROFILE]] == [["diet=vegan"], []]


def test_the_log_knows_when_an_event_was_received(engine: Engine, tmp_path: Path) -> None:
    CatalogueStore(engine).load(ALDERMOOR, restaurants("A"), diners("d1"))
    EventLog(engine).append([event(1)])
    assert export_dataset(engine, tmp_path / "before", received_before=NOON).events().empty
    assert len(export_dataset(engine, tmp_path / "after", received_before=NOON + timedelta(days=9_999)).events()) == 1
