"""Campaigns from a file, as people use the command line."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from data import columns as col
from data.columns import Table
from data.dataset import to_arrow
from data.schemas import SCHEMAS
from services.ads.campaigns import CampaignStore
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.settings import Settings
from tests.commands import tablestakes
from tests.conftest import SmallCity

HEADER = "campaign_id,restaurant_id,payer,bid,billing,daily_budget,total_budget,starts_at,ends_at"
GOOD = "spring,r0-00001,Golden Lantern Ltd,45,click,5000,100000,,"
OTHER = 'autumn,r0-00002,"=SUM(A1), Ltd",300,order,0,50000,2026-09-01T00:00:00Z,2026-12-01 00:00:00+01:00'


@pytest.fixture
def home(small_city: SmallCity, tmp_path: Path) -> Path:
    """A home of this test's own."""
    copy = tmp_path / "home"
    shutil.copytree(small_city.home, copy, ignore=shutil.ignore_patterns("redis"))
    return copy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def written(folder: Path, *lines: str, header: str = HEADER) -> str:
    file = folder / "campaigns.csv"
    file.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return str(file)


def imported(home: Path, file: str, *more: str, code: int = 0) -> tuple[str, list[str]]:
    """The last line of what is printed, and the rejected rows."""
    done = tablestakes("campaigns", "import", file, *more, home=home, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return (done.stdout.splitlines() or [""])[-1], done.stderr.splitlines()


def test_the_same_file_again_changes_nothing(home: Path, folder: Path) -> None:
    file = written(folder, GOOD, OTHER)

    first, second = imported(home, file), imported(home, file)
    changed = imported(home, written(folder, GOOD.replace("45", "46"), OTHER))

    assert first == (f"{file}: 2 added, 0 changed, 0 unchanged, 0 rejected", [])
    assert second == (f"{file}: 0 added, 0 changed, 2 unchanged, 0 rejected", [])
    assert changed[0].endswith("0 added, 1 changed, 1 unchanged, 0 rejected")
    listed = tablestakes("campaigns", "list", home=home).stdout.splitlines()
    assert [line.split()[1:6] for line in listed[1:]] == [
        ["autumn", "r0-00002", "300", "order", "0"],
        ["spring", "r0-00001", "46", "click", "5000"],
    ]


BAD = [
    ("zero,r0-00003,P,0,click,1,1,,", "bid '0'", "at least 1"),
    ("dear,r0-00003,P,1.5,click,1,1,,", "bid '1.5'", "whole number"),
    ("view,r0-00003,P,1,view,1,1,,", "billing 'view'", "click or order"),
    ("none,r0-00003,,1,click,1,1,,", "payer", "who pays"),
    ("naive,r0-00003,P,1,click,1,1,2026-01-01 12:00,", "starts_at '2026-01-01 12:00'", "offset"),
    ("ends,r0-00003,P,1,click,1,1,2026-01-02T00:00:00Z,2026-01-01T00:00:00Z", "ends before it starts", "two times"),
    ("blank id,r0-00003,P,1,click,1,1,,", "campaign_id 'blank id'", "without blanks"),
    ("short,r0-00003,P,1,click", "fewer cells than the header", "as many cells"),
    ("where,r9-99999,P,1,click,1,1,,", "no restaurant 'r9-99999'", "catalogue"),
    ("spring,r0-00004,P,1,click,1,1,,", "stands in line 2 already", "one row"),
    ("rival,r0-00001,P,1,click,1,1,,", "has campaign 'spring' at the same time", "close that one"),
    ("huge,r0-00003,P,9" + "9" * 30 + ",click,1,1,,", "bid '9", "whole number"),
    ("bell\x07,r0-00003,P,1,click,1,1,,", "control character", "as many cells"),
]


def test_good_rows_go_in_and_each_other_is_explained(home: Path, folder: Path) -> None:
    file = written(folder, GOOD, *(row for row, _, _ in BAD), OTHER)

    last, rejected = imported(home, file, code=1)

    assert last == f"{file}: 2 added, 0 changed, 0 unchanged, {len(BAD)} rejected"
    assert len(rejected) == len(BAD)
    lines = {int(line.split(":")[1]): line for line in rejected}
    for number, (_, problem, mend) in enumerate(BAD, 3):
        assert problem in lines[number], lines[number]
        assert mend in lines[number], lines[number]


def test_many_rejected_rows_do_not_flood_the_terminal(home: Path, folder: Path) -> None:
    _, rejected = imported(home, written(folder, *(f"c{n},x,,0,view,1,1,," for n in range(60))), code=1)

    assert len(rejected) == 51
    assert rejected[-1] == "… and 10 rows more"


def test_a_parquet_file_is_read_like_a_csv(home: Path, folder: Path, small_city: SmallCity) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "restaurant": "r0-00001", "bid": 45, "ends": pd.Timestamp("2030-01-01", tz="UTC")},
        {"id": "b", "restaurant": "r9-99999", "bid": 45, "ends": None},
    ]
    frame = pd.DataFrame(
        {
            col.CAMPAIGN_ID: pd.array([row["id"] for row in rows], "str"),
            col.MARKET: pd.array([small_city.market] * 2, "str"),
            col.RESTAURANT_ID: pd.array([row["restaurant"] for row in rows], "str"),
            col.PAYER: pd.array(["P", "P"], "str"),
            col.BID: [row["bid"] for row in rows],
            col.BILLING: pd.array(["click", "order"], "str"),
            col.DAILY_BUDGET: [10, 10],
            col.TOTAL_BUDGET: [100, 100],
            col.STARTS_AT: pd.Series([None, None], dtype="datetime64[us, UTC]"),
            col.ENDS_AT: pd.Series([row["ends"] for row in rows], dtype="datetime64[us, UTC]"),
        }
    )
    file = folder / "campaigns.parquet"
    pq.write_table(to_arrow(SCHEMAS[Table.CAMPAIGNS].validate(frame), Table.CAMPAIGNS), file)

    last, rejected = imported(home, str(file), code=1)
    again, _ = imported(home, str(file), code=1)

    assert last.endswith("1 added, 0 changed, 0 unchanged, 1 rejected")
    assert again.endswith("0 added, 0 changed, 1 unchanged, 1 rejected")
    assert rejected[0].startswith("campaigns.parquet:2: ")


@pytest.mark.parametrize(
    ("name", "content", "more", "word"),
    [
        ("missing.csv", None, (), "does not exist"),
        ("short.csv", "campaign_id,bid\na,1\n", (), "no column restaurant_id"),
        ("empty.csv", "", (), "is empty"),
        ("damaged.parquet", "PAR1 and no more", (), "no Parquet file"),
        ("good.csv", f"{HEADER}\n{GOOD}\n", ("--market", "nowhere"), "no market 'nowhere'"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(
    home: Path, folder: Path, name: str, content: str | None, more: tuple[str, ...], word: str
) -> None:
    if content is not None:
        (folder / name).write_text(content)

    last, errors = imported(home, str(folder / name), *more, code=2)

    assert last == ""
    assert len(errors) == 1
    assert word in errors[0]


def test_an_import_opens_nothing_that_was_closed(home: Path, folder: Path, small_city: SmallCity) -> None:
    file = written(folder, GOOD)
    imported(home, file)
    engine = open_database(Settings(home=home).resolved_database_url)
    store = CampaignStore(engine, AuditTrail(engine, Clock()), Clock())
    store.close(small_city.market, "spring", 1, "sales")

    _, rejected = imported(home, file, code=1)

    assert "was closed on" in rejected[0]
    assert store.open(small_city.market) == []
    engine.dispose()


def test_a_report_is_shown_and_written(home: Path, folder: Path) -> None:
    imported(home, written(folder, OTHER))
    files = {"--csv": folder / "report.csv", "--json": folder / "report.json"}
    options = [text for name, file in files.items() for text in (name, str(file))]

    shown = tablestakes("campaigns", "report", "autumn", "--to", "2026-01-31", *options, home=home).stdout

    report = json.loads(files["--json"].read_text())
    rows = list(csv.DictReader(files["--csv"].read_text(encoding="utf-8").splitlines()))
    assert shown.splitlines()[0].startswith("campaign autumn of =SUM(A1), Ltd for r0-00002, 2026-01-04 to 2026-01-31")
    assert (report["first_day"], report["last_day"]) == ("2026-01-04", "2026-01-31")
    assert [row["day"] for row in rows] == [day["day"] for day in report["days"]]
    assert report["remaining"]["total"]["minor_units"] == 50_000
    assert rows[0]["payer"] == "'=SUM(A1), Ltd"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["report", "nothing"], "has no campaign 'nothing'"),
        (["report", "spring", "--market", "nowhere"], "there is no market 'nowhere'"),
        (["report", "spring", "--from", "2026-02-01", "--to", "2026-01-01"], "first day is not after"),
        (["report", "spring", "--from", "soon"], "soon"),
        (["list", "--market", "nowhere"], "there is no market 'nowhere'"),
    ],
)
def test_a_mistake_is_one_line_with_the_mend(home: Path, folder: Path, arguments: list[str], word: str) -> None:
    imported(home, written(folder, GOOD))

    ended = tablestakes("campaigns", *arguments, home=home, check=False)

    assert ended.returncode == 2
    assert word in ended.stderr
    assert "Traceback" not in ended.stderr
