"""The command line as people use it: what it prints, how it ends, and one line for every mistake."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.commands import tablestakes, tablestakes_process
from tests.conftest import SmallCity

COMMANDS = ["generate", "import", "validate", "train", "evaluate", "simulate", "serve", "worker", "doctor", "demo"]
COMMANDS += ["backup", "restore"]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_there(tmp_path: Path, command: str) -> None:
    shown = tablestakes(*command.split(), "--help", home=tmp_path)

    assert "Usage" in shown.stdout
    if not command:
        assert all(name in shown.stdout for name in COMMANDS)


def test_the_version_is_the_package_s(tmp_path: Path) -> None:
    assert tablestakes("--version", home=tmp_path).stdout == f"tablestakes {version('tablestakes')}\n"


def test_a_process_prints_and_ends_as_the_command_does_in_this_one(small_city: SmallCity, tmp_path: Path) -> None:
    """Which is how most tests of commands run them."""
    data = str(small_city.dataset)
    for command in (
        ["--help"],
        ["serve", "--help"],
        ["validate", data],
        ["train", data, "--model", "oracle"],
        ["serv"],
    ):
        here, process = (run(*command, home=tmp_path, check=False) for run in (tablestakes, tablestakes_process))
        assert (here.returncode, here.stderr) == (process.returncode, process.stderr), command
        assert here.stdout == process.stdout, command


def test_help_needs_none_of_the_heavy_libraries() -> None:
    heavy = "{'pandas', 'pandera', 'lightfm', 'scipy', 'sqlalchemy'}"
    program = f"import sys, services.cli.main; print(sorted({heavy} & set(sys.modules)))"

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["train", "nowhere"], 2, "is no dataset"),
        (["train", "DATA", "--model", "oracle"], 2, "the ladder has"),
        (["train", "DATA", "--market", "nowhere"], 2, "no market 'nowhere'"),
        (["train", "DATA", "--parameter", "components"], 2, "NAME=VALUE"),
        (["train", "DATA", "--parameter", "components=many"], 2, "components: Input should be a valid integer"),
        (["train", "DATA", "--parameter", "wings=2"], 2, "wings"),
        (["evaluate", "DATA", "--parameter", "epochs=0"], 2, "epochs: Input should be greater than or equal to 1"),
        (["evaluate", "DATA", "--parameter", "loss=hinge"], 2, "there is no loss 'hinge'"),
        (["evaluate", "DATA", "--parameter", "epochs=1", "--parameter", "epochs=2"], 2, "given twice"),
        (["evaluate", "nowhere"], 2, "is no dataset"),
        (["validate", "nowhere"], 2, "is no dataset"),
        (["import", "uci", "nowhere", "--out", "OUT"], 2, "nowhere"),
        (["import", "uci", "nowhere"], 2, "--out"),
        (["import", "csv", "nowhere", "--out", "OUT", "--map", "oops"], 2, "OUR_COLUMN=THEIRS"),
        (["import", "carrier-pigeon", "x", "--out", "OUT"], 2, "carrier-pigeon"),
        (["generate", "--out", "FILE"], 2, "is a file"),
        (["generate", "--out", "OUT", "--restaurants", "-1"], 2, "--restaurants"),
        (["generate", "--out", "OUT", "--seed", "x"], 2, "--seed"),
        (["simulate", "--policy", "x:ads.mony=1"], 2, "ads.mony"),
        (["restore", "nowhere"], 2, "is no backup"),
        (["no-such-command"], 2, "no-such-command"),
        (["serve", "--port", "99999"], 2, "--port"),
    ],
)
def test_a_mistake_is_one_line_with_the_mend(
    small_city: SmallCity, tmp_path: Path, arguments: list[str], code: int, word: str
) -> None:
    (tmp_path / "file").write_text("x")
    places = {"DATA": str(small_city.dataset), "OUT": str(tmp_path / "out"), "FILE": str(tmp_path / "file")}

    ended = tablestakes(*[places.get(word, word) for word in arguments], home=tmp_path / "home", check=False)

    assert ended.returncode == code, ended.stderr
    assert word in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "out").exists()


def test_verbose_shows_the_trace(tmp_path: Path) -> None:
    ended = tablestakes_process("-v", "train", "nowhere", home=tmp_path, check=False)

    assert "Traceback" in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("TABLESTAKES_DATABASE_URL", "mysql://u:secret@h/d", "sqlite"),
        ("TABLESTAKES_REDIS_TIMEOUT_MS", "soon", "redis_timeout_ms"),
    ],
)
def test_a_wrong_setting_is_named_and_no_password_shown(
    small_city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, word: str
) -> None:
    monkeypatch.setenv(variable, value)

    ended = tablestakes("train", str(small_city.dataset), home=tmp_path / "home", check=False)

    assert ended.returncode == 2, ended.stderr
    assert word in ended.stderr
    assert "secret" not in ended.stderr + ended.stdout


def test_training_twice_registers_once(small_city: SmallCity, tmp_path: Path) -> None:
    home = tmp_path / "home"

    first = tablestakes("train", str(small_city.dataset), home=home).stdout
    second = tablestakes("train", str(small_city.dataset), home=home).stdout

    assert first == second
    assert "(champion)" in first
    assert len(list((home / "artifacts" / small_city.market).iterdir())) == 1


def test_evaluation_has_the_documented_shape(small_city: SmallCity, tmp_path: Path) -> None:
    shown = tablestakes("evaluate", str(small_city.dataset), "--json", str(tmp_path / "e.json"), home=tmp_path)

    result = json.loads((tmp_path / "e.json").read_text())
    assert {"lightfm", "popular", "random", "oracle"} <= set(result["models"])
    for model in result["models"].values():
        for metric in ("ndcg@10", "recall@20", "precision@10", "auc"):
            assert model[metric]["low"] <= model[metric]["value"] <= model[metric]["high"]
    assert result["data"]["split"] == ["time"]
    assert all({"slice", "model", "diners", "ndcg@10"} <= set(entry) for entry in result["slices"])
    assert "lightfm" in shown.stdout


def test_validate_tells_a_good_dataset_from_a_bad_one(small_city: SmallCity, tmp_path: Path) -> None:
    import shutil

    damaged = tmp_path / "damaged"
    shutil.copytree(small_city.dataset, damaged)
    (damaged / "events.parquet").write_bytes(b"PAR1 and no more")

    assert tablestakes("validate", str(small_city.dataset), home=tmp_path).returncode == 0
    assert tablestakes("validate", str(damaged), home=tmp_path, check=False).returncode in (1, 2)


def test_doctor_says_what_answers(small_city: SmallCity, tmp_path: Path) -> None:
    well = tablestakes("doctor", home=small_city.home)
    ill = subprocess.run(
        [sys.executable, "-m", "services.cli", "doctor"],
        env={**os.environ, "TABLESTAKES_HOME": str(tmp_path), "TABLESTAKES_REDIS_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert small_city.market in well.stdout
    assert "BAD" not in well.stdout
    assert "ledger: in balance" in well.stdout
    assert ill.returncode == 1
    assert "BAD  Redis" in ill.stdout


def test_the_demo_prints_a_scorecard_and_stops(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    sizes = ["--restaurants", "60", "--diners", "200", "--days", "8"]

    shown = tablestakes_process("demo", "--once", "--port", port, *sizes, home=tmp_path)

    for seat in ("ml", "sales", "product", "infra", "interpretability", "fairness"):
        assert any(line.startswith(seat) for line in shown.stdout.splitlines()), seat
    assert "items explained exactly" in shown.stdout
    assert "worker_stopped" in (tmp_path / "worker.log").read_text()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0


def test_a_demo_that_is_ended_takes_its_server_along(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "services.cli", "demo", "--port", str(port)]
    sizes = ["--restaurants", "60", "--diners", "200", "--days", "8"]
    environment = {**os.environ, "TABLESTAKES_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([*command, *sizes], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = ""
        while "things to try" not in shown:
            line = process.stdout.readline()
            assert line, shown
            shown += line
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    keys = json.loads((tmp_path / "keys.json").read_text())
    assert all(key in shown for key in keys.values())
    assert f"http://127.0.0.1:{port}/#key={keys['app']}&key={keys['auditor']}" in shown
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
