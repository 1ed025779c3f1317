"""Validation: a clean dataset has no errors; each planted fault is found and counted; nothing raises."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.checks import MarketTables
from data.columns import Table
from data.computable import SEATS, Facts
from data.dataset import Dataset, Manifest, MarketInfo, writing
from data.importers import import_dataset
from data.quality import validate

NOW = datetime(2026, 6, 1, tzinfo=UTC)
N_RESTAURANTS, N_DINERS, N_EVENTS = 25, 40, 1_200
CITY = MarketInfo(market="city", lat=10.0, lon=20.0)


def tables() -> dict[Table, pd.DataFrame]:
    rng = np.random.default_rng(5)
    restaurants = pd.DataFrame(
        {
            "restaurant_id": [f"r{i}" for i in range(N_RESTAURANTS)],
            "market": "city",
            "name": [f"Inn {i}" for i in range(N_RESTAURANTS)],
            "lat": 10 + rng.normal(0, 0.01, N_RESTAURANTS),
            "lon": 20 + rng.normal(0, 0.01, N_RESTAURANTS),
            "cuisines": [["thai"]] * N_RESTAURANTS,
            "price_level": pd.array([2] * N_RESTAURANTS, "Int8"),
            "chain": [None, *["Big"] * (N_RESTAURANTS - 1)],
            "district": ["a", "b"] * 12 + ["a"],
            "opened_at": pd.Timestamp("2020-01-01", tz="UTC").as_unit("us"),
            "hours": [[0, 600]] * N_RESTAURANTS,
            "delivery": True,
            "tags": [["terrace=yes"]] * N_RESTAURANTS,
        }
    )
    diners = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(N_DINERS)],
            "market": "city",
            "home_lat": 10.0,
            "home_lon": 20.0,
            "profile": [[]] * N_DINERS,
            "protected": [["age_group=18-24"]] * N_DINERS,
        }
    )
    events = pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(N_EVENTS)],
            "type": "order",
            "market": "city",
            "user_id": [f"u{i % N_DINERS}" for i in range(N_EVENTS)],
            "restaurant_id": [f"r{i % N_RESTAURANTS}" for i in range(N_EVENTS)],
            "request_id": None,
            "order_id": [f"o{i}" for i in range(N_EVENTS)],
            "at": pd.date_range("2026-01-01", periods=N_EVENTS, freq="h", tz="UTC").as_unit("us"),
            "position": pd.array([None] * N_EVENTS, "Int16"),
            "propensity": np.full(N_EVENTS, np.nan, "float32"),
            "value": np.full(N_EVENTS, 2_000, "float32"),
        }
    )
    campaigns = pd.DataFrame(
        {
            "campaign_id": ["c1"],
            "market": "city",
            "restaurant_id": "r1",
            "payer": "Inn 1 Ltd",
            "bid": [30],
            "billing": "click",
            "daily_budget": [1_000],
            "total_budget": [10_000],
            "starts_at": pd.Timestamp("2026-01-01", tz="UTC").as_unit("us"),
            "ends_at": pd.Timestamp("2026-02-01", tz="UTC").as_unit("us"),
        }
    )
    names = (Table.RESTAURANTS, Table.DINERS, Table.EVENTS, Table.CAMPAIGNS)
    return dict(zip(names, (restaurants, diners, events, campaigns), strict=True))


def store(path, frames, **manifest) -> Dataset:
    said = {"source": "csv", "markets": (CITY,), "repeats": True, "has_times": True} | manifest
    with writing(path) as writer:
        for table, frame in frames.items():
            writer.append(table, frame)
        writer.finish(Manifest(**said))
    return Dataset.open(path)


def found(report) -> dict[tuple[str, str], int]:
    return {(str(finding.table), finding.kind): finding.rows for finding in report.findings}


def test_a_clean_dataset_has_nothing_to_report(tmp_path):
    report = validate(store(tmp_path / "d", tables()), NOW)
    assert report.findings == ()
    assert report.ok
    assert report.volumes["city"] == {
        "restaurants": N_RESTAURANTS,
        "diners": N_DINERS,
        "events": N_EVENTS,
        "events_per_diner": 30.0,
        "density": 200 / (N_DINERS * N_RESTAURANTS),
    }
    assert report.missing["restaurants"] == {"chain": 1 / N_RESTAURANTS}
    assert report.missing["diners"] == {"profile": 1.0}


def change(table, column, value, rows=slice(0, 1)):
    def apply(frames):
        frames[table] = frames[table].copy()
        where = frames[table].columns.get_loc(column)
        frames[table].iloc[rows, where] = value

    return apply


def repeat_row(table, **changed):
    def apply(frames):
        row = frames[table].iloc[[0]].assign(**changed)
        frames[table] = pd.concat([frames[table], row], ignore_index=True)

    return apply


ERRORS = [
    (change(Table.RESTAURANTS, "lat", 91.0), Table.RESTAURANTS, "schema: lat: in_range(-90.0, 90.0)", 1),
    (change(Table.RESTAURANTS, "price_level", 9), Table.RESTAURANTS, "schema: price_level: in_range(1, 4)", 1),
    (change(Table.RESTAURANTS, "name", ""), Table.RESTAURANTS, "schema: name: str_length(1, 200)", 1),
    (change(Table.EVENTS, "propensity", 1.5), Table.EVENTS, "schema: propensity: in_range(0.0, 1.0)", 1),
    (change(Table.EVENTS, "user_id", "nobody", slice(0, 3)), Table.EVENTS, "user_id is not in its table", 3),
    (change(Table.EVENTS, "restaurant_id", "nowhere"), Table.EVENTS, "restaurant_id is not in its table", 1),
    (change(Table.CAMPAIGNS, "restaurant_id", "nowhere"), Table.CAMPAIGNS, "restaurant_id is not in its table", 1),
    (change(Table.EVENTS, "event_id", "e5"), Table.EVENTS, "event_id seen before", 1),
    (
        change(Table.EVENTS, "at", pd.NaT),
        Table.EVENTS,
        "no time, although the manifest says that events have times",
        1,
    ),
    (change(Table.EVENTS, "value", -1.0), Table.EVENTS, "an order with an impossible value", 1),
    (change(Table.EVENTS, "value", np.inf), Table.EVENTS, "an order with an impossible value", 1),
    (
        repeat_row(Table.EVENTS, event_id="x", type="rating", value=np.float32(np.nan)),
        Table.EVENTS,
        "a rating without stars from 0.5 to 5",
        1,
    ),
    (
        change(Table.CAMPAIGNS, "ends_at", pd.Timestamp("2025-01-01", tz="UTC")),
        Table.CAMPAIGNS,
        "a campaign that ends before it starts",
        1,
    ),
    (
        change(Table.EVENTS, "market", "elsewhere", slice(0, 2)),
        Table.EVENTS,
        "rows of a market that the manifest does not name",
        2,
    ),
]
WARNINGS = [
    (
        repeat_row(Table.EVENTS, event_id="x", order_id="x"),
        Table.EVENTS,
        "the same event of a diner at the same instant",
        1,
    ),
    (repeat_row(Table.RESTAURANTS, restaurant_id="x"), Table.RESTAURANTS, "the same name at the same place", 1),
    (change(Table.EVENTS, "at", pd.Timestamp("2027-01-01", tz="UTC")), Table.EVENTS, "in the future", 1),
    (
        change(Table.RESTAURANTS, "opened_at", pd.Timestamp("2026-01-02", tz="UTC")),
        Table.EVENTS,
        "before the restaurant opened",
        1,
    ),
    (change(Table.RESTAURANTS, "lat", 10.6), Table.RESTAURANTS, "further than 60 km from the market's centre", 1),
    (change(Table.DINERS, "home_lon", -20.0), Table.DINERS, "further than 60 km from the market's centre", 1),
    (
        repeat_row(Table.EVENTS, event_id="x", type="impression"),
        Table.EVENTS,
        "an impression without position or propensity",
        1,
    ),
    (
        repeat_row(Table.EVENTS, event_id="x", type="order_cancelled", order_id="x"),
        Table.EVENTS,
        "a cancelled order that was never made",
        1,
    ),
    (change(Table.EVENTS, "user_id", "u1", slice(0, None)), Table.DINERS, "most diners have no event", 39),
]


@pytest.mark.parametrize(
    ("plant", "table", "kind", "rows"), ERRORS, ids=[f"{e[1]} {e[2]} {i}" for i, e in enumerate(ERRORS)]
)
def test_each_planted_error_is_found_and_counted(tmp_path, plant, table, kind, rows):
    frames = tables()
    plant(frames)
    report = validate(store(tmp_path / "d", frames), NOW)
    assert not report.ok
    assert found(report).get((str(table), kind)) == rows, found(report)
    assert len(report.errors) <= 2


@pytest.mark.parametrize(("plant", "table", "kind", "rows"), WARNINGS, ids=[f"{w[1]} {w[2]}" for w in WARNINGS])
def test_each_planted_warning_is_found_and_counted(tmp_path, plant, table, kind, rows):
    frames = tables()
    plant(frames)
    report = validate(store(tmp_path / "d", frames), NOW)
    assert report.ok, report.lines()
    assert found(report) == {(str(table), kind): rows}


def test_all_faults_are_reported_at_once(tmp_path):
    frames = tables()
    for plant, *_ in ERRORS[:7]:
        plant(frames)
    assert len(validate(store(tmp_path / "d", frames), NOW).errors) >= 7


def test_a_changed_a_damaged_and_a_missing_file(tmp_path):
    dataset = store(tmp_path / "d", tables())
    file = dataset.file(Table.EVENTS)
    good = file.read_bytes()
    pd.read_parquet(file).iloc[:1_100].to_parquet(file)
    report = validate(dataset, NOW)
    assert ("events", "the file is not the one that the manifest was written for") in found(report)
    file.write_bytes(good[: len(good) // 2])
    report = validate(dataset, NOW)
    assert ("events", "the file cannot be read") in found(report)
    file.write_bytes(b"")
    assert not validate(dataset, NOW).ok
    file.unlink()
    assert found(validate(dataset, NOW)) == {("events", "events.parquet is missing"): 0}


def test_a_market_without_a_centre_has_no_far_places(tmp_path):
    dataset = store(tmp_path / "d", tables(), markets=(MarketInfo(market="city"),))
    assert validate(dataset, NOW).findings == ()


def test_empty_tables_are_findings(tmp_path):
    frames = {table: frame.iloc[:0] for table, frame in tables().items()}
    report = validate(store(tmp_path / "d", frames), NOW)
    assert [finding.kind for finding in report.errors] == ["the market has no restaurants"]
    assert report.volumes["city"]["density"] == 0.0


def test_what_each_seat_can_compute(tmp_path):
    report = validate(store(tmp_path / "d", tables()), NOW)
    assert tuple(report.seats) == SEATS
    assert "a split by time" in report.seats["ml"].computable
    assert "impressions with position and propensity" in report.seats["ml"].missing
    assert report.seats["sales"].missing == ()
    assert "return rate within 28 days" in report.seats["product"].computable
    frames = tables()
    frames[Table.EVENTS]["at"] = pd.NaT
    frames[Table.EVENTS]["value"] = np.float32(np.nan)
    del frames[Table.CAMPAIGNS]
    report = validate(store(tmp_path / "e", frames, has_times=False), NOW)
    assert "times of events" in report.seats["ml"].missing
    assert "a per-diner hold-out, so named" in report.seats["ml"].assumed
    assert len(report.seats["sales"].missing) == 2
    assert "orders over at least 28 days (0 are there)" in report.seats["product"].missing


def test_the_days_of_a_log_span_all_markets():
    frames = tables()
    facts = Facts(has_times=True)
    for part in (slice(600, None), slice(0, 24)):
        facts.add(MarketTables(CITY, frames[Table.RESTAURANTS], frames[Table.DINERS], frames[Table.EVENTS][part], None))
    assert facts.days == pytest.approx((N_EVENTS - 1) / 24)
    assert facts.counts["order"] == 624


def test_the_report_is_json_and_lines(tmp_path):
    frames = tables()
    ERRORS[4][0](frames)
    report = validate(store(tmp_path / "d", frames, assumptions=("The sun shines.",)), NOW)
    said = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert (said["ok"], said["errors"][0]["rows"], said["errors"][0]["severity"]) == (False, 3, "error")
    text = "\n".join(report.lines())
    assert "error: city, events: user_id is not in its table (3 rows), such as nobody" in text
    assert "assumed: The sun shines." in text


def test_the_uci_set_is_sound(uci_folder, tmp_path):
    import_dataset("uci", uci_folder, tmp_path / "d")
    report = validate(Dataset.open(tmp_path / "d"), NOW)
    assert report.ok
    assert {kind for _, kind in found(report)} == {"fewer than 1,000: intervals will be wide"}
    assert "times of events" in report.seats["ml"].missing
