"""`tablestakes negotiate`: an evaluation by real lists, bargaining over it, and one line for every mistake."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.audit.trail import AuditTrail
from services.cli.errors import describe
from services.cli.main import app
from services.clock import Clock
from services.database.engine import open_database
from services.settings import Settings
from services.stakeholders.demands import DemandStore
from services.stakeholders.fronts import FrontStore
from services.stakeholders.negotiation.demand import Bound, Demand
from tests.commands import tablestakes
from tests.conftest import SmallCity
from tests.stakeholders.fronts import front, town

SIZES = (
    "--restaurants",
    "40",
    "--diners",
    "80",
    "--warm-days",
    "9",
    "--policies",
    "18",
    "--refined",
    "2",
    "--days",
    "2",
)
SMALL = (*SIZES, "--refined", "2", "--polished", "0", "--finalists", "3", "--long-days", "4")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A front as a file."""
    file = tmp_path / "front.json"
    file.write_text(front(town(40), town(8, days=182), active="p0003").model_dump_json())
    return file


def test_policies_are_tried_and_settled_whatever_the_jobs(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    first = tablestakes("negotiate", *SMALL, "--jobs", "1", "--json", str(one), home=tmp_path / "first")
    tablestakes("negotiate", *SMALL, "--jobs", "2", "--json", str(two), home=tmp_path / "second")
    result, other = json.loads(one.read_text()), json.loads(two.read_text())
    assert {key: part for key, part in result.items() if key != "created_at"} == {
        key: part for key, part in other.items() if key != "created_at"
    }
    assert {"settlement", "nash", "favourites", "front", "exchange_rates", "infeasible"} <= set(result)
    assert result["settlement"]["policy"]["name"]
    assert set(result["settlement"]["shares"]) >= {"ml", "sales", "product"}
    assert (result["basis"]["days"], result["basis"]["policies"]) == (4, 3)
    assert result["provenance"]["setting"]["seed"] == 1
    assert "Everyone gets at least" in first.stdout
    assert "policies over 2 days 0/18" in first.stderr

    kept = tmp_path / "first" / "fronts" / f"{result['front_id']}.json"
    stamp = kept.stat().st_mtime_ns
    again = tablestakes("negotiate", *SMALL, home=tmp_path / "first")
    assert again.stdout == first.stdout
    assert "0/18" not in again.stderr
    assert kept.stat().st_mtime_ns == stamp
    assert list(kept.parent.iterdir()) == [kept]


def test_seats_and_words_are_printed(made: Path, tmp_path: Path) -> None:
    done = tablestakes("negotiate", "--front", str(made), "--json", str(tmp_path / "r.json"), home=tmp_path)
    lines = done.stdout.splitlines()
    for title in ("Machine learning", "Sales", "Product", "Infrastructure", "Interpretability", "Fairness"):
        [row] = [line for line in lines if line.startswith(title) and "%)" in line]
        assert row.count("%)") == 3
    assert any("more fees per 1,000 requests costs" in line for line in lines)
    assert any(line.startswith("settlement: p00") for line in lines)


def test_who_blocks_whom_is_printed_and_the_check_fails(made: Path, tmp_path: Path) -> None:
    asked = {
        "sales": {"limits": [{"measure": "fee_revenue_per_1000", "at_least": 3300}]},
        "product": {"limits": [{"measure": "orders_per_1000", "at_least": 755}]},
    }
    (tmp_path / "d.json").write_text(json.dumps(asked))
    arguments = ("--front", str(made), "--demands", str(tmp_path / "d.json"), "--json", str(tmp_path / "r.json"))
    done = tablestakes("negotiate", *arguments, home=tmp_path, check=False)
    assert done.returncode == 1
    assert "Product asks for at least 755 orders per 1,000 requests; Sales asks for at least 33.00 fees" in done.stdout
    assert "It fits if product takes" in done.stdout
    result = json.loads((tmp_path / "r.json").read_text())
    assert (result["settlement"], result["infeasible"]["blocking"]) == (None, ["product", "sales"])


def test_a_front_is_kept_for_a_market(made: Path, small_city: SmallCity, fresh_copy: Path) -> None:
    chosen = ("--front", str(made), "--market", small_city.market)
    done = tablestakes("negotiate", *chosen, home=fresh_copy)
    assert f"is kept for {small_city.market}" in done.stderr
    engine = open_database(Settings(home=fresh_copy).resolved_database_url)
    trail = AuditTrail(engine, Clock())
    assert FrontStore(engine, trail).get(small_city.market).front_id == "0" * 16
    [record] = trail.page(action="front.put")
    assert (record.role, record.subject, record.document["via"]) == ("admin", "0" * 16, "cli")
    engine.dispose()


def test_a_markets_stored_demands_count_where_no_others_are_given(
    made: Path, small_city: SmallCity, fresh_copy: Path, tmp_path: Path
) -> None:
    chosen = ("--front", str(made), "--market", small_city.market)
    none = tablestakes("negotiate", *chosen, home=fresh_copy)
    assert none.stdout.startswith(f"by the demands that are stored in {small_city.market}: there are none\n")
    engine = open_database(Settings(home=fresh_copy).resolved_database_url)
    store = DemandStore(engine, AuditTrail(engine, Clock()), Clock())
    fees = Demand(limits=(Bound(measure="fee_revenue_per_1000", at_least=1e9),))
    store.put(small_city.market, "sales", fees, None, "sales")
    blocked = tablestakes("negotiate", *chosen, home=fresh_copy, check=False)
    assert blocked.returncode == 1
    assert blocked.stdout.startswith(f"by the demands that are stored in {small_city.market}: sales\n")
    (tmp_path / "none.json").write_text("{}")
    given = tablestakes("negotiate", *chosen, "--demands", str(tmp_path / "none.json"), home=fresh_copy)
    assert given.stdout == none.stdout.partition("\n\n")[2]
    unmeasured = Demand(limits=(Bound(measure="latency_p99_ms", at_most=80.0),))
    store.put(small_city.market, "sales", unmeasured, 1, "sales")
    engine.dispose()
    refused = tablestakes("negotiate", *chosen, home=fresh_copy, check=False)
    assert refused.returncode == 2
    assert f"a demand that is stored in {small_city.market}: sales: the front has not measured" in refused.stderr


@pytest.fixture
def fresh_copy(small_city: SmallCity, tmp_path: Path) -> Path:
    shutil.copytree(small_city.home, tmp_path / "home", ignore=shutil.ignore_patterns("redis"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--demands", "nowhere.json"], "--demands nowhere.json: it cannot be read: No such file"),
        (["--demands", "BROKEN"], "it is no JSON"),
        (["--demands", "SAILS"], "sails: no seat that demands; there are ml, sales"),
        (["--demands", "UNMEASURED", "--front", "FRONT"], "product: the front has not measured latency_p99_ms; it has"),
        (["--front", "SAILS"], "Field required; leave --front out to evaluate one"),
        (["--models", "oracle"], "the ladder has"),
        (["--models", "lightfm,lightfm"], "name each model once"),
        (["--policies", "3"], "3 is too few"),
        (["--data", "nowhere"], "nowhere"),
        (["--jobs", "0"], "--jobs"),
    ],
)
def test_a_mistake_ends_before_the_long_work(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], word: str
) -> None:
    monkeypatch.setenv("TABLESTAKES_HOME", str(tmp_path / "home"))
    unmeasured = {"product": {"limits": [{"measure": "latency_p99_ms", "at_most": 80}]}}
    files = {"BROKEN": "{", "SAILS": '{"sails": {}}', "UNMEASURED": json.dumps(unmeasured)}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    places = {**{name: str(tmp_path / name) for name in files}, "FRONT": str(made)}

    ended = CliRunner().invoke(app, ["negotiate", *[places.get(one, one) for one in arguments]])

    assert ended.exception is not None
    known = isinstance(ended.exception, Exception)
    code, text = describe(ended.exception) if known else (ended.exit_code, ended.output)
    assert code == 2
    assert word in " ".join(text.split())


def test_imported_data_is_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "imported"
    tablestakes("generate", "--restaurants", "40", "--diners", "60", "--days", "8", "--out", str(folder), home=tmp_path)
    manifest = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps({**manifest, "source": "csv"}))
    ended = CliRunner().invoke(app, ["negotiate", "--data", str(folder)])
    assert isinstance(ended.exception, Exception)
    code, text = describe(ended.exception)
    assert code == 2
    assert "it was imported (csv): nobody knows what its diners would have done" in text
