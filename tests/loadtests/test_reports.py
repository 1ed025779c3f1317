"""Reports hold together: JSON that can be read by anybody, a page that needs nothing, and honest comparisons."""

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests import documents
from loadtests.charts import Line, Mark, chart
from loadtests.intervals import Interval
from loadtests.page import measured, number, page
from loadtests.provenance import provenance
from loadtests.scenario import lines
from loadtests.scenarios.scenario import Check, Figure, Happened, Outcome, Phase, Plan, Recording
from loadtests.watching import Watcher
from loadtests.yardstick import same_speed, yardstick_ms

PROVENANCE = provenance() | {"at": "2026-01-09T19:00:00+00:00", "commit": "abc"}


def recording(slow_ms: float = 2.0, seed: int = 1) -> Recording:
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(0, 20, 2_000))
    answers = np.full(2_000, 200, np.int16)
    answers[:2] = 503, 0
    degraded = (at > 10) & (at < 12)
    return Recording(
        phases=[Phase("before", 0.0, 100.0, 10.0), Phase("after <b>", 10.0, 100.0, 10.0)],
        phase_of=(at >= 10).astype(np.int16),
        at=at,
        waited=slow_ms / 1e3 * rng.lognormal(0, 0.2, 2_000),
        answers=answers,
        lists=np.ones(2_000, np.bool_),
        degraded=degraded,
        timings=[b"features;dur=0.1, ranking;dur=0.4"] * 50,
        happened=[Happened(10.0, "it <breaks>", 0.1)],
        began_at=0.0,
    )


def report_of(seen: Recording | None = None, speed: float = 10.0, **plan: Any) -> documents.Document:
    watcher = Watcher({})
    watcher.at, watcher.busy, watcher.own = [0.0, 10.0, 20.0], [0.0, 1.0, 2.0], [0.0, 0.1, 0.2]
    watcher.kib, watcher.cpu = {"server 1": [float("nan"), 2e5, 2e5]}, {"server 1": [0.0, 0.5, 1.0]}
    outcome = Outcome(
        [Check("it holds", True, "so it does"), Check("it breaks <i>", False, "it broke")],
        [Figure("recovery", "s", Interval(float("inf"), float("nan"), float("nan")))],
        ["a note"],
    )
    return documents.document(
        "what happens",
        Plan("steady", 20, 100, **plan),
        seen or recording(),
        outcome,
        watcher,
        PROVENANCE,
        (speed, speed),
    )


def test_the_json_is_strict_and_holds_every_request() -> None:
    read = json.loads(json.dumps(report_of(), allow_nan=False))
    assert read["schema_version"] == documents.SCHEMA_VERSION
    assert read["valid"] is True
    assert read["requests"] == 2_000 == sum(phase["requests"] for phase in read["phases"])
    assert read["statuses"] == [
        {"status": "connection lost", "count": 1},
        {"status": "200", "count": 1998},
        {"status": "503", "count": 1},
    ]
    assert read["stages"]["ranking"]["latency_ms"]["p50"] == pytest.approx(0.4, rel=0.02)
    assert read["visits"]["turned_away"] == 2
    figures = {each["name"]: each for each in read["figures"]}
    assert figures["CPU of the server a request"]["value"] == pytest.approx(500, rel=0.01)
    assert figures["recovery"]["value"] is None
    assert figures["p50, before"]["low"] < 2.0 < figures["p50, before"]["high"]


def test_the_page_needs_nothing_from_outside_and_escapes_what_it_shows() -> None:
    text = page({**report_of(), "comparison": documents.compare(None, report_of())})
    HTMLParser().feed(text)
    assert not re.search(r"(src|href)\s*=", text)
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "<script" not in text
    assert "<breaks>" not in text
    assert "after <b>" not in text
    assert "BROKEN" in text
    assert "prefers-color-scheme: dark" in text
    assert text.count("<svg") == 4
    assert "there is no earlier report" in text


def test_a_slower_run_is_worse_and_the_same_run_is_not_apart() -> None:
    before = report_of()
    slower = documents.compare(before, report_of(recording(slow_ms=3.0)))
    found = {each["name"]: each for each in slower["figures"]}
    assert slower["compared"]
    assert found["p50, before"]["verdict"] == "worse"
    assert found["p50, before"]["difference"]["value"] == pytest.approx(1.0, abs=0.1)
    assert found["requests without a 2xx"]["verdict"] == "not apart"
    assert found["recovery"]["verdict"] == "no interval"
    again = documents.compare(before, report_of(recording(seed=2)))
    assert {each["verdict"] for each in again["figures"]} <= {"not apart", "no interval"}
    assert {each["name"]: each["verdict"] for each in documents.compare(report_of(recording(3.0)), before)["figures"]}[
        "p99, before"
    ] == "better"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda report: report["provenance"]["machine"].update(cores=64), "another machine"),
        (lambda report: report["plan"].update(rate=5), "other settings: rate"),
        (lambda report: report.update(schema_version=0), "another schema"),
        (lambda report: report.update(valid=False), "the earlier report is INVALID"),
        (lambda report: report.update(yardstick_ms=[12.0, 12.0]), "another speed"),
    ],
)
def test_what_cannot_be_compared_is_not_and_says_why(change: Any, why: str) -> None:
    before = copy.deepcopy(report_of())
    change(before)
    found = documents.compare(before, report_of())
    assert not found["compared"]
    assert why in found["why"]
    assert found["figures"] == []


def test_a_machine_that_changes_its_speed_meanwhile_stamps_the_run() -> None:
    outcome = Outcome([], [], [])
    watcher = Watcher({})
    watcher.at, watcher.busy, watcher.own = [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]
    seen = documents.document("", Plan("steady", 20, 100), recording(), outcome, watcher, PROVENANCE, (10.0, 12.0))
    assert not seen["valid"]
    assert "changed its speed" in seen["problems"][0]
    assert "INVALID: the machine" in "\n".join(lines({**seen, "comparison": documents.compare(None, seen)}))


def test_the_last_report_is_put_aside_and_compared_with(tmp_path: Path) -> None:
    first = documents.keep(report_of(), tmp_path)
    second = documents.keep(report_of(recording(3.0)), tmp_path)
    assert not first["comparison"]["compared"]
    assert second["comparison"]["compared"]
    assert documents.read(tmp_path / "steady.previous.json") == first
    assert documents.read(tmp_path / "steady.json") == second
    assert sorted(each.name for each in tmp_path.iterdir()) == ["steady.json", "steady.previous.json"]
    told = "\n".join(lines(second))
    assert "WORSE than the last report: p50, before by" in told
    assert "BROKEN it breaks" in told


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}'])
def test_a_damaged_report_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "steady.json").write_text(text)
    assert not documents.keep(report_of(), tmp_path)["comparison"]["compared"]


def test_numbers_are_short_and_missing_ones_are_dashes() -> None:
    assert [number(value) for value in (1234.5, 12.34, 0.01234, 0.0, -2.5, None)] == [
        "1,234", "12.3", "0.0123", "0", "-2.50", "–",
    ]  # fmt: skip
    assert measured({"value": 1.0, "low": 0.5, "high": 2.0}) == "1.00 (0.500 – 2.00)"
    assert measured({"value": 1.0, "low": None, "high": None}) == "1.00"


def test_a_chart_keeps_within_its_frame_and_lifts_the_pen_at_gaps() -> None:
    drawn = str(
        chart(
            [Line("a & b", [0, 1, 2, 3], [1.0, None, 0.0, 1000.0])],
            x_label="s",
            y_label="ms",
            logarithmic=True,
            marks=[Mark(1.0, "<x>")],
        )
    )
    path = re.search(r'class="line"[^>]* d="([^"]*)"', drawn)
    assert path is not None
    assert path[1].count("M") == 2
    assert "L" not in path[1]
    points = [tuple(map(float, each.split())) for each in re.split("[ML]", path[1]) if each]
    assert all(0 <= x <= 760 and 0 <= y <= 230 for x, y in points)
    assert points[0][1] > points[1][1]
    assert "a &amp; b" in drawn
    assert "&lt;x&gt;" in drawn
    assert str(chart([Line("nothing", [], [])], x_label="", y_label="")) == ""


def test_the_yardstick_measures_this_machine() -> None:
    assert yardstick_ms() > 0
    assert same_speed(10.0, 10.5)
    assert not same_speed(10.0, 8.5)
