"""Plant a fault in a copy of the code and see which tests turn red: a test that cannot fail guards nothing."""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_FAILED = 1
_PARTS = ("data", "models", "services", "loadtests", "tests", "pyproject.toml")


@dataclass(frozen=True)
class Fault:
    """One rule broken: in `file`, the only place that reads `right` reads `wrong` instead."""

    rule: str
    """What no longer holds, in a few words."""
    file: str
    right: str
    wrong: str
    guards: str
    """The tests that must notice, as pytest takes them: `FILE` or `FILE -k EXPRESSION`."""
    also: tuple[str, str] | None = None
    """Right and wrong of a second place in the file, where one rule is held in two."""
    parts: tuple[str, ...] = ()
    """Folders that its guards need beside the code."""

    def plant(self, root: Path) -> None:
        """Change the copy under `root`. Raises AssertionError where the code no longer reads as the fault expects."""
        target = root / self.file
        text = target.read_text()
        for right, wrong in [(self.right, self.wrong), *([self.also] if self.also else [])]:
            assert text.count(right) == 1, f"{self.file}: {right!r} stands there {text.count(right)} times"
            text = text.replace(right, wrong)
        target.write_text(text)
        if target.suffix == ".c":
            _compiled(target)


def _compiled(source: Path) -> None:
    """Build the module anew beside its source."""
    include, suffix = sysconfig.get_path("include"), sysconfig.get_config_var("EXT_SUFFIX")
    options = ["-O2", "-ffp-contract=off", "-shared", "-fPIC", f"-I{include}"]
    subprocess.run(["cc", *options, str(source), "-o", str(source.with_suffix(suffix)), "-lm"], check=True)


def copy_of_the_code(folder: Path, parts: tuple[str, ...] = ()) -> Path:
    """The code without its caches, compiled module and all, and these parts of what is beside it."""
    for part in (*_PARTS, *parts):
        source = _ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.css", "*.md"))
        else:
            shutil.copy(source, folder / part)
    return folder


def run_guards(root: Path, guards: str) -> subprocess.CompletedProcess[str]:
    """Run these tests on a copy, until the first one fails. 0: all passed, 1: one failed, more: it was no run."""
    path, _, expression = guards.partition(" -k ")
    chosen = [path, *(["-k", expression] if expression else [])]
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(
        [*command, "-m", "not long", *chosen], cwd=root, env=environment, capture_output=True, text=True, timeout=600
    )


def check_that_it_can_be_planted(fault: Fault, folder: Path) -> None:
    """Raise AssertionError where the code no longer reads as the fault expects."""
    (folder / fault.file).parent.mkdir(parents=True)
    shutil.copy(_ROOT / fault.file, folder / fault.file)
    fault.plant(folder)


def check_that_it_is_noticed(fault: Fault, folder: Path) -> None:
    """Plant it in a copy of the code. Raise AssertionError where its guards do not turn red."""
    code = copy_of_the_code(folder, fault.parts)
    fault.plant(code)
    done = run_guards(code, fault.guards)
    assert done.returncode == _FAILED, done.stdout[-3000:] + done.stderr[-1000:]
