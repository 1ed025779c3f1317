"""The dashboards are made from the code, ask for nothing that is not exported, and there is one for every seat."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from series import ROOT, faults_of, known_values

from services.stakeholders.seats import signing

FILES = sorted((ROOT / "ops/grafana/dashboards").glob("*.json"))
DASHBOARDS: dict[str, dict[str, Any]] = {file.stem: json.loads(file.read_text()) for file in FILES}
PANELS = {
    f"{name}-{panel['id']}": panel
    for name, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
    if panel["type"] != "row"
}
every_dashboard = pytest.mark.parametrize("name", sorted(DASHBOARDS))


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dashboards", ROOT / "scripts" / "dashboards.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    return known_values(tmp_path_factory.mktemp("home"))


def test_the_files_are_what_the_script_makes() -> None:
    made: dict[str, str] = script().dashboards()
    assert {file.name: file.read_text() for file in FILES} == made, "run: python scripts/dashboards.py"


def test_every_seat_that_signs_has_a_dashboard_and_so_has_operations() -> None:
    assert set(DASHBOARDS) == {"operations", *(seat.name for seat in signing())}
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


def test_a_seats_dashboard_begins_with_its_number() -> None:
    for seat in signing():
        first = next(panel for panel in DASHBOARDS[seat.name]["panels"] if panel["type"] != "row")
        assert f'seat="{seat.name}",measure="{seat.number.key}"' in first["targets"][0]["expr"]
        assert len(DASHBOARDS[seat.name]["panels"]) >= 6


@pytest.mark.parametrize("name", sorted(PANELS))
def test_a_panel_asks_for_series_and_labels_that_are_exported(name: str, values: dict[str, set[str]]) -> None:
    panel = PANELS[name]
    assert panel["description"]
    assert panel["targets"]
    for target in panel["targets"]:
        assert faults_of(target["expr"], target["legendFormat"], values) == [], panel["title"]


@pytest.mark.parametrize(
    ("expression", "legend", "fault"),
    [
        ("sum(tablestakes_request_total)", "", "no series tablestakes_request_total"),
        ("tablestakes:error_ratio:rate2h", "", "no rule records tablestakes:error_ratio:rate2h"),
        ('tablestakes_requests_total{code="500"}', "", "tablestakes_requests_total has no label code"),
        ('tablestakes_degraded_total{reason="too-late"}', "", "reason is never too-late"),
        ("sum by (diner) (tablestakes_requests_total)", "", "nothing has the label diner"),
        ("sum by (route) (tablestakes_requests_total)", "{{status}}", "the legend asks for status"),
    ],
)
def test_a_fault_in_a_panel_is_found(expression: str, legend: str, fault: str, values: dict[str, set[str]]) -> None:
    found = faults_of(expression, legend, values)
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_promtool_parses_every_expression(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    asked = [target["expr"] for panel in PANELS.values() for target in panel["targets"]]
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, expression in enumerate(asked)
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(asked)} rules found" in done.stdout


@every_dashboard
def test_panels_do_not_overlap_and_have_ids_of_their_own(name: str) -> None:
    panels = DASHBOARDS[name]["panels"]
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


@every_dashboard
def test_nobody_can_change_a_dashboard_in_the_browser(name: str) -> None:
    assert DASHBOARDS[name]["editable"] is False
