"""The alerts' rules: promtool accepts them, each fires when it should and only then, and is in the runbook."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from alert_cases import CASES
from series import GROUPS, ROOT, faults_of

OPS = ROOT / "ops"
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}


EXPRESSIONS = {rule.get("alert") or rule["record"]: rule["expr"] for group in GROUPS for rule in group["rules"]}


@pytest.mark.parametrize("name", sorted(EXPRESSIONS))
def test_every_series_and_label_that_is_asked_for_exists(name: str) -> None:
    assert faults_of(EXPRESSIONS[name]) == []


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_every_alert_has_a_severity_a_summary_and_a_page_in_the_runbook(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    page = (ROOT / "docs/operations.md").read_text()
    part = page.split(f"### {name}\n", 1)
    assert len(part) == 2, "the runbook has no such heading"
    assert len(part[1].split("\n#", 1)[0].strip()) > 80, "the runbook says too little"


def test_the_runbook_has_no_alert_that_is_gone() -> None:
    runbook = (ROOT / "docs/operations.md").read_text().split("## Runbook\n", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^### (\w+)$", runbook, re.MULTILINE)) == set(ALERTS)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_every_alert_is_tried_both_ways(name: str) -> None:
    assert {fires for _, _, expected in CASES.values() for alert, fires in expected.items() if alert == name} == {
        True,
        False,
    }


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed")
    return found


def test_promtool_accepts_the_configuration_and_the_rules(promtool: str) -> None:
    done = subprocess.run([promtool, "check", "config", OPS / "prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"SUCCESS: \d+ rules found", done.stdout)


@pytest.mark.parametrize("step", ["1m", "30m"])
def test_alerts_fire_when_they_should_and_not_when_they_should_not(promtool: str, tmp_path: Path, step: str) -> None:
    """All cases in one run of promtool, those of days evaluated in longer steps."""
    chosen = {name: case for name, case in CASES.items() if (step == "30m") == case[1].endswith("d")}
    # The texts are left out, so that a case says only that an alert fires.
    bare = [{**group, "rules": [_bare(rule) for rule in group["rules"]]} for group in GROUPS]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": bare}))
    tests = [_promtool_case(name, *case) for name, case in chosen.items()]
    plan = {"rule_files": ["rules.yml"], "evaluation_interval": step, "tests": tests}
    (tmp_path / "plan.yml").write_text(yaml.safe_dump(plan))

    done = subprocess.run([promtool, "test", "rules", tmp_path / "plan.yml"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def _promtool_case(name: str, inputs: dict[str, str], at: str, expected: dict[str, bool]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in inputs.items()],
        "promql_expr_test": [
            {
                "expr": f'clamp_max(count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0), 1)',
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": int(fires)}],
            }
            for alert, fires in expected.items()
        ],
    }


def _bare(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key != "annotations"}
