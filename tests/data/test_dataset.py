"""Datasets on disk: whole or not at all."""

from pathlib import Path

import pandas as pd
import pytest

from data.columns import EventType, Table
from data.dataset import ARROW_SCHEMAS, Dataset, DatasetError, Manifest, MarketInfo, to_pandas, writing
from data.schemas import SCHEMAS

MARKETS = (MarketInfo(market="a"), MarketInfo(market="b"))
MANIFEST = Manifest(source="csv", markets=MARKETS, repeats=True, has_times=True)


def diners(*ids: str, market: str = "a") -> pd.DataFrame:
    rows = [
        {"user_id": name, "market": market, "home_lat": 1.0, "home_lon": None, "profile": ["a=b"], "protected": []}
        for name in ids
    ]
    return pd.DataFrame(rows)


def write(path: Path, *ids: str) -> None:
    with writing(path) as writer:
        writer.append(Table.DINERS, diners(*ids))
        writer.append(Table.DINERS, diners("z", market="b"))
        writer.finish(MANIFEST)


def test_what_is_written_is_read_back_and_fits_the_schema(tmp_path: Path) -> None:
    write(tmp_path / "d", "u1", "u2")

    read = Dataset.open(tmp_path / "d")

    assert read.diners()["user_id"].tolist() == ["u1", "u2", "z"]
    assert read.diners("b")["user_id"].tolist() == ["z"]
    SCHEMAS[Table.DINERS].validate(read.diners())


@pytest.mark.parametrize("table", list(Table))
def test_the_two_descriptions_of_a_table_agree(table: Table) -> None:
    empty = to_pandas(ARROW_SCHEMAS[table].empty_table())

    assert list(SCHEMAS[table].columns) == list(empty.columns)


def test_a_failed_write_leaves_the_old_dataset(tmp_path: Path) -> None:
    write(tmp_path / "d", "old")

    def fail_halfway() -> None:
        with writing(tmp_path / "d") as writer:
            writer.append(Table.DINERS, diners("new"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()

    assert Dataset.open(tmp_path / "d").diners("a")["user_id"].tolist() == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_a_dataset_is_replaced_but_nothing_else_is(tmp_path: Path) -> None:
    write(tmp_path / "d", "old")
    write(tmp_path / "d", "new")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years")

    with pytest.raises(DatasetError, match="no dataset"):
        write(precious, "u")

    assert Dataset.open(tmp_path / "d").diners("a")["user_id"].tolist() == ["new"]
    assert (precious / "thesis.txt").read_text() == "years"


def test_the_same_tables_have_the_same_snapshot_wherever_they_lie(tmp_path: Path) -> None:
    write(tmp_path / "a", "u1")
    write(tmp_path / "b", "u1")
    write(tmp_path / "c", "u2")

    first, second, other = (Dataset.open(tmp_path / name).snapshot for name in "abc")

    assert first == second != other


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "dataset.json").unlink(), "is no dataset"),
        (lambda folder: (folder / "dataset.json").write_text("{"), "Invalid JSON"),
        (lambda folder: (folder / "dataset.json").write_text('{"source": "x"}'), "markets"),
        (lambda folder: (folder / "diners.parquet").write_bytes(b"PAR1"), "cannot be read"),
        (lambda folder: (folder / "diners.parquet").unlink(), "cannot be read"),
    ],
)
def test_damage_is_named(tmp_path: Path, damage, message: str) -> None:
    write(tmp_path / "d", "u")
    damage(tmp_path / "d")

    with pytest.raises(DatasetError, match=message):
        Dataset.open(tmp_path / "d").diners()


def test_an_unknown_market_is_named(tmp_path: Path) -> None:
    write(tmp_path / "d", "u")

    with pytest.raises(DatasetError, match="no market 'x'; it has a, b"):
        Dataset.open(tmp_path / "d").diners("x")


def test_events_are_filtered_by_type(tmp_path: Path) -> None:
    events = pd.DataFrame([dict.fromkeys(ARROW_SCHEMAS[Table.EVENTS].names)] * 2)
    for column in ("event_id", "market", "user_id", "restaurant_id"):
        events[column] = "a"
    events["type"] = ["click", "order"]
    with writing(tmp_path / "d") as writer:
        writer.append(Table.EVENTS, events)
        writer.finish(MANIFEST)

    assert Dataset.open(tmp_path / "d").events("a", [EventType.ORDER])["type"].tolist() == ["order"]


def test_a_part_has_one_markets_rows_and_the_snapshot_of_the_whole(tmp_path: Path) -> None:
    write(tmp_path / "d", "u1", "u2")
    (tmp_path / "d" / "truth").mkdir()
    for name in ("a.json", "b.json"):
        (tmp_path / "d" / "truth" / name).write_text(name)
    (tmp_path / "d" / "rejects.csv").write_text("row,reason\n")
    whole = Dataset.open(tmp_path / "d")

    whole.write_part("a", tmp_path / "part")

    part = Dataset.open(tmp_path / "part")
    assert (part.snapshot, part.manifest) == (whole.snapshot, whole.manifest)
    pd.testing.assert_frame_equal(part.diners("a"), whole.diners("a"))
    assert part.diners("b").empty
    files = sorted(str(file.relative_to(part.path)) for file in part.path.rglob("*") if file.is_file())
    assert files == ["dataset.json", "diners.parquet", "rejects.csv", "truth/a.json"]
    with pytest.raises(DatasetError, match="no market 'c'"):
        whole.write_part("c", tmp_path / "none")
