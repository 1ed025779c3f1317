"""The Dockerfile's steps, done in a clean root without an engine."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from dockerfile_lint import instructions

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "image_steps.py"


@pytest.fixture(name="steps", scope="module")
def _steps() -> ModuleType:
    spec = importlib.util.spec_from_file_location("image_steps", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["image_steps"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_it_reads_the_dockerfile_as_the_linter_does(steps: ModuleType) -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert steps.instructions(text) == instructions(text)
    assert {"build", "base", "runtime", "load"} <= set(steps.stages(steps.instructions(text)))


def test_it_knows_how_to_look_for_every_package(steps: ModuleType) -> None:
    found = [
        match["names"].split() for match in steps._PACKAGE.finditer(" ".join((ROOT / "Dockerfile").read_text().split()))
    ]
    names = {name for each in found for name in each if name != "\\"}
    assert names
    assert all(name in steps._THERE or name.startswith("postgresql-client") for name in names)


def test_an_unknown_stage_is_named(steps: ModuleType, tmp_path: Path) -> None:
    builder = steps.Builder(tmp_path, ROOT / "Dockerfile", [])
    with pytest.raises(steps.StepError, match="no stage 'runtme' here: there are build, "):
        builder.build("runtme")


@pytest.mark.long
def test_every_step_is_done_and_the_server_is_healthy() -> None:
    """Packages come from where pip finds them; folders that it is configured with are made visible."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    folders = {
        Path(*Path(word.removeprefix("file://")).parts[:3])
        for line in told.splitlines()
        for word in line.split("'")[1::2]
        for word in word.split()
        if word.startswith(("file:///", "/"))
    }
    binds = [
        text
        for folder in sorted(folders)
        if folder.is_dir() and folder.parts[1] != "etc"
        for text in ("--bind", str(folder))
    ]
    done = subprocess.run([sys.executable, str(SCRIPT), *binds], capture_output=True, text=True, check=False)
    if done.returncode == 2:
        assert "needs Linux, root" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert "HEALTHCHECK is content" in done.stdout
