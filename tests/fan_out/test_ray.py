"""A real Ray cluster: a node dies in mid-run and the job ends right; who started one leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data.city.generate import generate
from data.dataset import Dataset
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.evaluation import evaluate
from services.events.importing import import_events
from services.fan_out import Engine
from services.retraining.job import RetrainingJob
from services.settings import Settings
from tests.fan_out.tasks import CONTEST, first_versions
from tests.fan_out.test_engine import ROOT, ended_with_the_driver, marked

pytest.importorskip("ray")
pytestmark = pytest.mark.xdist_group("ray")
MODELS = ("popular", "ease")


@pytest.fixture(scope="module")
def three_markets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the logs of three small cities; never changed."""
    folder = tmp_path_factory.mktemp("three")
    generate(folder / "cities", restaurants=40, diners=250, days=9, markets=3, seed=11)
    dataset = Dataset.open(folder / "cities")
    settings = Settings(home=folder / "home")
    engine = open_database(settings.resolved_database_url)
    migrate(engine)
    for info in dataset.manifest.markets:
        CatalogueStore(engine).load(info, dataset.restaurants(info.market), dataset.diners(info.market))
        import_events(engine, dataset, info.market, lambda *_: None)
    engine.dispose()
    return settings.home


def versions(home: Path, workers: Engine | None, order: int = 1) -> dict[str, dict[str, str]]:
    """By market and model, of one run of each market."""
    engine = open_database(Settings(home=home).resolved_database_url)
    job = RetrainingJob(engine, Settings(home=home), Clock(), workers=workers)
    for market in job.markets()[::order]:
        job.runs.request(market, MODELS, 0, "ml")
    found = {
        run.market: {model: said["version"] for model, said in job.runs.steps(run)["register"].document.items()}
        for run in job.work() or []
    }
    engine.dispose()
    return found


def test_versions_are_the_same_one_by_one_at_once_in_any_order_and_on_ray_when_a_node_is_killed(
    three_markets: Path, tmp_path: Path
) -> None:
    homes = [shutil.copytree(three_markets, tmp_path / name) for name in ("one", "two", "ray")]
    cities = three_markets.parent / "cities"
    expected = versions(homes[0], None)
    assert [len(made) for made in expected.values()] == [2, 2, 2]
    assert versions(homes[1], Engine(jobs=2), order=-1) == expected

    mark = f"TABLESTAKES_TEST_MARK={tmp_path.name}-nodes"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TABLESTAKES_TEST_MARK": mark.partition("=")[2]}
    command = [sys.executable, "-m", "tests.fan_out.two_nodes", str(homes[2]), str(cities)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=360)
    assert done.returncode == 0, done.stderr[-3_000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["killed"] == 1, "no node died while it worked"
    assert {run["state"] for run in said["runs"].values()} == {"finished"}
    assert {market: run["versions"] for market, run in said["runs"].items()} == expected
    assert said["first"] == first_versions(tmp_path / "first", Dataset.open(cities), Engine())
    first = Dataset.open(cities).markets[0]
    assert said["figures"] == evaluate(Dataset.open(cities), CONTEST, Engine(), "", lambda *_: None, first)
    assert not [file for file in (homes[2] / "fan-out").rglob("*") if file.is_file()], "what diners did is left behind"
    # Agents of the node that was killed look for a minute for who is gone.
    for pid in marked(mark):
        os.kill(pid, signal.SIGKILL)


def test_a_cluster_of_our_own_ends_with_who_started_it_even_by_kill(tmp_path: Path) -> None:
    ended_with_the_driver("ray", signal.SIGKILL, tmp_path)
