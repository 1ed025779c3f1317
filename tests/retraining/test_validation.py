"""What is wrong with the data: each fault stops the run, or is counted, as the limits say."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from data import columns as col
from data.columns import EventType, Table
from data.dataset import Dataset, writing
from services.retraining.validation import LogCounts, ValidationReport, examine
from tests.retraining.conftest import MARKET, LearningHome

NOTHING = LogCounts(future=0, late=0, since=None)
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def events(made_home: LearningHome) -> pd.DataFrame:
    return made_home.dataset.events(MARKET)


@pytest.fixture
def report(made_home: LearningHome, events: pd.DataFrame, tmp_path: Path) -> Callable[..., ValidationReport]:
    """The report on the city's log with a change."""

    def of(change: Change = lambda frame: frame, counts: LogCounts = NOTHING, past: list = ()) -> ValidationReport:
        source = made_home.dataset
        with writing(tmp_path / "changed") as writer:
            writer.append(Table.RESTAURANTS, source.restaurants())
            writer.append(Table.DINERS, source.diners())
            writer.append(Table.EVENTS, change(events.copy()))
            writer.finish(source.manifest)
        watermark = events[col.AT].max() + timedelta(hours=1)
        return examine(Dataset.open(tmp_path / "changed"), MARKET, watermark, counts, past)

    return of


def test_a_sound_log_goes_through(report: Callable[..., ValidationReport], events: pd.DataFrame) -> None:
    found = report()
    assert found.stops == ()
    assert found.document()["entries"]["volumes"]["figures"]["events"] == len(events)
    assert list(found.document()["entries"]) == ["schema", "references", "duplicates", "leaks", "volumes", "drift"]


def some(frame: pd.DataFrame, share: float, kind: EventType | None = None) -> pd.Index:
    chosen = frame if kind is None else frame[frame[col.TYPE] == kind]
    return chosen.sample(frac=share, random_state=0).index


def twice(share: float) -> Change:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        again = frame.loc[some(frame, share)].assign(**{col.EVENT_ID: lambda rows: rows[col.EVENT_ID] + "-again"})
        return pd.concat([frame, again], ignore_index=True)

    return change


def unknown(column: str, share: float) -> Change:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        rows = some(frame, share)
        frame.loc[rows, column] = [f"nobody-{row}" for row in rows]
        return frame

    return change


def early(share: float) -> Change:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[some(frame, share, EventType.ORDER), col.AT] -= timedelta(days=1)
        return frame

    return change


def without_list(share: float) -> Change:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        for kind in (EventType.ORDER, EventType.CLICK):
            frame.loc[some(frame, share, kind), col.REQUEST_ID] = "never-shown"
        return frame

    return change


def of_no_type(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[0, col.TYPE] = "teleport"
    return frame


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (twice(0.05), "duplicates: "),
        (unknown(col.RESTAURANT_ID, 0.1), "references: .* name a restaurant_id that is not known"),
        (unknown(col.USER_ID, 0.1), "references: .* name a user_id that is not known"),
        (early(0.2), "leaks: .* dated before their list was shown"),
        (without_list(0.5), "leaks: .* a list that nobody was shown"),
        (of_no_type, "schema: events: schema: type"),
    ],
)
def test_a_fault_of_the_whole_stops_the_run(
    report: Callable[..., ValidationReport], change: Change, words: str
) -> None:
    stops = report(change).stops
    assert len(stops) == 1
    assert re.search(words, stops[0]), stops


@pytest.mark.parametrize("change", [twice(0.002), unknown(col.RESTAURANT_ID, 0.01), without_list(0.05)])
def test_a_fault_of_single_rows_is_counted(report: Callable[..., ValidationReport], change: Change) -> None:
    found = report(change)
    assert found.stops == ()
    assert any(entry.notes for entry in found.entries if entry.name in ("duplicates", "references", "leaks"))


def test_events_from_the_future_stop_the_run_when_they_are_many(
    report: Callable[..., ValidationReport], events: pd.DataFrame
) -> None:
    assert report(counts=LogCounts(future=1, late=0, since=None)).stops == ()
    assert "after the watermark" in report(counts=LogCounts(len(events) // 50, 0, None)).stops[0]


def test_a_log_that_shrank_or_dried_up_stops_the_run(
    report: Callable[..., ValidationReport], events: pd.DataFrame
) -> None:
    n, newest = len(events), events[col.AT].max()
    usual = {"events": float(n), "a_day": n / 10.0}
    assert report(past=[usual]).stops == ()
    assert "events are left of the last run's" in report(lambda frame: frame.head(n // 2), past=[usual]).stops[0]
    dry = LogCounts(0, 0, newest - timedelta(hours=1))
    assert report(counts=dry, past=[usual]).stops == (), "an hour may be a night"
    gone = LogCounts(0, 0, newest - timedelta(days=3))

    def dried_up(frame: pd.DataFrame) -> pd.DataFrame:
        recent = frame[col.AT] >= newest - timedelta(days=3)
        return pd.concat([frame[~recent], frame[recent].head(20)])

    assert "events a day have come since the last run" in report(dried_up, gone, [{**usual, "events": 1.0}]).stops[0]


def test_what_came_late_is_said_and_stops_nothing(report: Callable[..., ValidationReport]) -> None:
    found = report(counts=LogCounts(0, 17, None))
    assert found.stops == ()
    assert "17 events came after the last run's watermark" in found.document()["entries"]["volumes"]["notes"][0]
