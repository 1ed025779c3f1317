"""The two commands, run for real and short."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests import bench, run
from loadtests.homes import Home, HomeError, build_home
from loadtests.report import API, BARE, NAIVE, NOOP, NOOP_AGAIN, OFF, OWN_HALF, PLAIN, SAME_RATE
from loadtests.servers import serving


def test_simulated_diners_meet_no_server_error(small_city, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home", small_city.dataset)
    shutil.copytree(small_city.home, home.path)
    environment = home.environment
    with serving("it", home.serve_command, log=tmp_path / "log", environment=environment, core=None) as server:
        options = ["--url", server.url, "--home", str(home.path), "--seconds", "4", "--users", "20"]
        assert run.main([*options, "--out", str(tmp_path / "reports")]) == 0
    counted = json.loads((tmp_path / "reports" / "loadtest-diners.json").read_text())
    assert (tmp_path / "reports" / "loadtest-locust.html").stat().st_size > 10_000
    assert counted["routes"]["recommendations"]["count"] > 0
    assert counted["events"]["accepted"] > 0
    assert counted["events"]["rejected"] == 0
    assert {each["status"] for each in counted["statuses"]} <= {200, 202}
    assert set(counted["stages"]) >= {"features", "ranking"}
    assert counted["provenance"]["python"]
    assert "5xx or no answer: 0" in capsys.readouterr().out


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="needs /proc")
def test_diners_and_the_open_loop_beside_them_make_one_report(small_city, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", small_city.dataset)
    shutil.copytree(small_city.home, home.path)
    plan = run.Plan(4, 20, 1, 150, tmp_path / "reports", None, None, probe_rate=30.0)
    first, second = run.run(plan, home), run.run(plan, home)
    assert first["requests"] == 120
    assert {each["status"] for each in first["statuses"]} == {"200"}
    assert first["diners"]["routes"]["recommendations"]["count"] > 0
    assert first["diners"]["visits"] > 0
    assert first["processes"]["by_name"]["locust"]["cpu_seconds"] > 0
    assert "CPU of the server a request" not in {each["name"] for each in first["figures"]}
    assert "other settings" not in second["comparison"]["why"]
    written = sorted(each.name for each in (tmp_path / "reports").iterdir())
    assert written == [
        "loadtest-locust.html", "loadtest.html", "loadtest.json", "loadtest.log", "loadtest.previous.json",
    ]  # fmt: skip
    assert "Simulated diners" in (tmp_path / "reports" / "loadtest.html").read_text()


def test_server_errors_and_silence_fail_a_run() -> None:
    counted = {"statuses": [{"route": "a", "status": status, "count": 2} for status in (0, 200, 404, 500, 503)]}
    assert run.server_errors(counted) == 6
    assert run.failed(counted)
    assert run.failed({"statuses": []})
    assert not run.failed({"statuses": [{"route": "a", "status": 200, "count": 2}]})


def test_a_run_against_nobody_fails(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"app": "k"}')
    options = ["--url", "http://127.0.0.1:9", "--home", str(tmp_path), "--seconds", "2", "--users", "1"]
    assert run.main([*options, "--out", str(tmp_path)]) == 1


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--restaurants", "1"], ["--restaurants"]])
def test_wrong_use_of_the_bench_is_exit_code_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        bench.main(arguments)
    assert stopped.value.code == 2


def test_a_home_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    (tmp_path / "city").write_text("a file")
    with pytest.raises(HomeError, match=r"generate.* failed"):
        build_home(tmp_path, restaurants=10, diners=10, days=1)


@pytest.mark.long
def test_the_bench_prints_its_table_and_writes_its_json(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loadtests.bench", "--quick", "--rounds", "1", "--restaurants", "300"]
    done = subprocess.run([*command, "--json", str(tmp_path / "b.json")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "b.json").read_text())
    (size,) = written["sizes"]
    assert set(size["contestants"]) == {API, PLAIN, OFF, NOOP, NOOP_AGAIN, BARE, NAIVE}
    assert all(figures["throughput"]["value"] > 0 for figures in size["contestants"].values())
    assert size["ratios"]["throughput"][f"{API} / {NOOP}"]["value"] < 1.5
    assert size["stages_us"]
    assert [rung["name"] for rung in size["open_loop"]] == [OWN_HALF, SAME_RATE]
    assert "300 restaurants, 1 rounds" in done.stdout
