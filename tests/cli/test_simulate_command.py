"""`tablestakes simulate`: its figures as JSON, its tables, its figure, and one line for every mistake."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.errors import UsageError, describe
from services.cli.main import app
from services.cli.simulating import policy_of
from services.simulation.exchange import MONEY
from services.stakeholders.policy import Eligibility, Policy
from tests.commands import tablestakes

SMALL = ("--restaurants", "40", "--diners", "80", "--warm-days", "9", "--days", "1", "--seeds", "2", "--jobs", "1")
FREE = "free:ads.money=0"
PAID = "paid:ads.money=0.01,ads.max_calibration_error=1"


def intervals(part: Any) -> list[dict[str, float]]:
    """All measured numbers in a part of the JSON."""
    if isinstance(part, list):
        return [found for one in part for found in intervals(one)]
    if not isinstance(part, dict):
        return []
    if set(part) == {"value", "low", "high"}:
        return [part]
    return [found for one in part.values() for found in intervals(one)]


def test_two_policies_are_compared(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    (tmp_path / "named.json").write_text(policy_of(PAID).model_dump_json())

    chosen = ("--policy", FREE, "--policy", str(tmp_path / "named.json"))
    done = tablestakes("simulate", *chosen, *SMALL, "--json", str(file), home=tmp_path)

    result = json.loads(file.read_text())
    assert result["seeds"] == 2
    assert list(result["policies"]) == ["free", "paid"]
    assert set(result["policies"]["free"]) >= {"orders_per_1000", "fee_revenue_per_1000", "ndcg@10", "ads_per_list"}
    assert set(result["differences"]) == {"paid"}
    assert [week["week"] for week in result["by_week"]] == [1]
    assert set(result["by_week"][0]["policies"]) == {"free", "paid"}
    assert result["speed"]["requests"] > 20
    found = [one for one in intervals(result) if one["value"] is not None]
    assert len(found) > 30
    assert all(one["low"] <= one["value"] <= one["high"] for one in found)
    assert result["policies"]["free"]["price_over_bid"] == {"value": None, "low": None, "high": None}
    assert Policy.model_validate(result["documents"]["paid"]) == policy_of(PAID)
    rows = [line.split()[:1] for line in done.stdout.splitlines()]
    assert ["free"] in rows
    assert ["paid"] in rows
    assert "a second per core" in done.stdout


def test_the_exchange_curve_is_printed_and_drawn(tmp_path: Path) -> None:
    files = ("--json", str(tmp_path / "e.json"), "--figure", str(tmp_path / "e.svg"))

    done = tablestakes("simulate", "--exchange", "--policy", "base:ads.cap=1", *SMALL, *files, home=tmp_path)

    curve = json.loads((tmp_path / "e.json").read_text())["exchange"]
    assert [point["money"] for point in curve["points"]] == list(MONEY)
    assert {"average", "marginal", "orders_per_1000", "ndcg@10"} <= set(curve["points"][1])
    assert curve["points"][-1]["fee_revenue_per_1000"]["value"] > 0.0
    assert curve["points"][-1]["ads_per_list"]["value"] <= 1.0
    texts = "".join(ET.parse(tmp_path / "e.svg").getroot().itertext())
    assert all(f"{money:g}" in texts for money in MONEY)
    assert "orders per 1,000 requests" in texts
    assert "2 cities of 40 restaurants" in texts
    assert all(any(line.startswith(f"{money:g} ") for line in done.stdout.splitlines()) for money in MONEY)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--policy", "x:ads.mony=1"], "ads.mony: Extra inputs are not permitted; there are shortlist,"),
        (["--policy", "x:ads.money=-1"], "ads.money: Input should be greater than or equal to 0"),
        (["--policy", "x:ads.money=much"], "ads.money: Input should be a valid number"),
        (["--policy", "x:ads.money"], "no key=value"),
        (["--policy", "x:ads=2,ads.cap=2"], "ads has a value and parts"),
        (["--policy", "No Name"], "name: String should match pattern"),
        (["--policy", "x", "--policy", "x:ads.cap=1"], "x is given twice"),
        (["--policy", "nowhere.json"], "No such file"),
        (["--policy", "BROKEN"], "no JSON"),
        (["--exchange", "--policy", "x", "--policy", "y"], "--exchange sweeps one policy"),
        (["--figure", "x.svg"], "give both"),
        (["--exchange", "--figure", "x.png"], "name the file .svg"),
        (["--exchange", "--figure", "nowhere/x.svg"], "no such folder"),
        (["--model", "oracle"], "the ladder has"),
        (["--pacing", "slow"], "write none or dual"),
        (["--seeds", "1"], "--seeds"),
        (["--days", "0"], "--days"),
    ],
)
def test_a_mistake_ends_before_the_long_work(tmp_path: Path, arguments: list[str], word: str) -> None:
    """In this process, for there are many; that an error becomes one line is tested with the other commands."""
    (tmp_path / "broken.json").write_text("{")
    places = {"BROKEN": str(tmp_path / "broken.json")}

    ended = CliRunner().invoke(app, ["simulate", *[places.get(one, one) for one in arguments]])

    assert ended.exception is not None
    known = isinstance(ended.exception, Exception)
    code, text = describe(ended.exception) if known else (ended.exit_code, ended.output)
    assert code == 2
    assert word in " ".join(text.split())
    assert "seeds 0/" not in ended.output


def test_a_policy_is_the_default_with_changes() -> None:
    assert policy_of("balanced") == Policy()
    found = policy_of("x:ads.money=0.004,ads.eligibility=no-repeat,exploration=0.1")
    assert (found.name, found.ads.money, found.exploration) == ("x", 0.004, 0.1)
    assert found.ads.eligibility is Eligibility.NO_REPEAT
    assert found.ads.cap == Policy().ads.cap
    with pytest.raises(UsageError, match="version"):
        policy_of("x:version=0")
