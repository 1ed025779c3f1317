"""scripts/test-servers.sh: silent where all is there, one line where not, and never in the way."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test-servers.sh"
WANTED = ("initdb", "chromium", "strace", "promtool")
APT = """#!/bin/sh
echo "$*" >> "{log}"
echo "Get:1 http://mirror.example/debian"; echo "Err http://mirror.example" >&2
case "$*" in *install*{installs}*) printf '#!/bin/sh\\n' > "{folder}/{installs}"; chmod 755 "{folder}/{installs}";; esac
exit {code}
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT)], env={"PATH": str(folder)}, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A PATH with the system's basics and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "id", "uname", "ls", "chmod", "cat"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


def add(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def test_it_says_and_does_nothing_where_all_is_there(folder: Path) -> None:
    add(folder, *WANTED)
    done = run(folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_says_in_one_line_what_is_missing(folder: Path) -> None:
    add(folder, "initdb")
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("test-servers: missing: chromium")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("code", [0, 1])
def test_it_installs_what_can_be_had_and_names_the_rest(folder: Path, tmp_path: Path, code: int) -> None:
    add(folder, "initdb", "promtool", *(["strace"] if os.uname().sysname == "Linux" else []), "id")
    (folder / "id").write_text("#!/bin/sh\necho 0\n")
    apt, log = folder / "apt-get", tmp_path / "log"
    apt.write_text(APT.format(log=log, folder=folder, installs="chromium" if not code else "nothing", code=code))
    apt.chmod(0o755)
    done = run(folder)
    calls = log.read_text().splitlines()
    assert done.returncode == 0
    assert len(calls) == 2
    assert calls[1].endswith(" install -y --no-install-recommends chromium")
    assert "mirror" not in done.stdout + done.stderr
    assert ("missing: chromium" in done.stdout) == bool(code)
