"""What all tests share: one hypothesis profile, a small city with a trained model, and the real UCI set where it is."""

import fcntl
import gc
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from scheduling import FolderByFolder
    from xdist.remote import Producer

pytest.register_assert_rewrite("models.testing")  # asserts of the shipped contract say what differs

from data.dataset import Dataset  # noqa: E402
from services.access.keys import ensure_keys  # noqa: E402
from services.database.engine import open_database  # noqa: E402
from services.settings import Settings  # noqa: E402
from tests.commands import tablestakes_process  # noqa: E402

settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

_ROOT = Path(__file__).parent.parent
_MEMORY = Path("/dev/shm")
_ENOUGH_MEMORY = 4 << 30


def _keep_files_in_memory() -> None:
    """Tests kill processes and never the machine, so files need not reach a disk: most of a commit is waiting for one.

    A folder that was chosen (TMPDIR) stays chosen. Modules are built there, so it must allow to run them.
    """
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    found = os.statvfs(_MEMORY)
    if found.f_bavail * found.f_frsize >= _ENOUGH_MEMORY and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None  # read anew


_keep_files_in_memory()


_MANY_DESCRIPTORS = 300
"""`select` takes no more than 1,024."""


def pytest_collection_finish() -> None:
    """What was imported and collected lives as long as the process: collections need not go through it each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _let_go() -> Iterator[None]:
    """Models of servers and cities are mapped files: let go of those that lie in cycles before they are too many.

    Not after each module: it takes most of a second, and there are hundreds.
    """
    yield
    if len(os.listdir("/dev/fd")) > _MANY_DESCRIPTORS:
        gc.collect()


@pytest.fixture(scope="session")
def uci_folder() -> Path:
    """The nine files of the UCI restaurant & consumer data."""
    folder = Path(os.environ.get("TABLESTAKES_UCI_DIR") or _ROOT.parent / "shared" / "data" / "uci_rcdata")
    if not (folder / "rating_final.csv").exists():
        pytest.skip("the UCI data is not here: set TABLESTAKES_UCI_DIR")
    return folder


@dataclass(frozen=True)
class SmallCity:
    """A city, and a home in which a model of it is registered. Copy the home before changing it."""

    dataset: Path
    home: Path
    market: str
    keys: dict[str, str]


@pytest.fixture(scope="session")
def small_city(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> SmallCity:
    """Built once for all test processes, through the command line, as a user would."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    dataset, home = shared / "small-city", shared / "small-home"
    with _locked(shared / "small-city.lock"):
        if not (home / "ready").exists():
            sizes = ("--restaurants", "150", "--diners", "600", "--days", "10", "--seed", "7")
            tablestakes_process("generate", *sizes, "--out", str(dataset), home=home)
            tablestakes_process("train", str(dataset), home=home)
            with open_keys(home) as keys:
                (home / "ready").write_text(json.dumps(keys))
    keys = json.loads((home / "ready").read_text())
    return SmallCity(dataset, home, Dataset.open(dataset).markets[0], keys)


@contextmanager
def open_keys(home: Path) -> Iterator[dict[str, str]]:
    """The home's keys, made if there are none yet."""
    settings = Settings(home=home)
    engine = open_database(settings.resolved_database_url)
    try:
        yield ensure_keys(engine, settings.keys_file)
    finally:
        engine.dispose()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


ALLOWED_SKIPS = (
    "the UCI data is not here",
    "PostgreSQL is not installed",
    "Chromium is not installed",
    "strace is not installed",
    "promtool is not installed",
    "no docker compose client here",
    "only Linux",
    "needs /proc",
)
"""What a machine may lack. A test that is skipped for any other reason fails the run."""


class SkipGuard:
    """Fails the run on a skip that is not on the list, so that a test cannot go missing quietly."""

    def __init__(self) -> None:
        self.unlisted: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at each report; with several processes they all come together in the first."""
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if not reason.startswith(ALLOWED_SKIPS):
                self.unlisted.append(f"{report.nodeid}: {reason}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """An unlisted skip is a failure."""
        if self.unlisted:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which."""
        for line in self.unlisted:
            terminalreporter.write_line(f"SKIPPED FOR A REASON THAT IS NOT ON THE LIST: {line}", red=True)


def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "FolderByFolder":
    """Whole files, folder after folder."""
    from scheduling import FolderByFolder

    return FolderByFolder(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Guard the run in the process that sees all reports."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipGuard(), "skip-guard")
