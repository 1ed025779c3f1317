"""MLflow where it is configured: a real store; and what happens when it is away."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.releases.states import Move
from services.releases.store import ReleaseStore
from services.retraining.folders import run_folder, tail
from services.retraining.job import RetrainingJob
from services.retraining.runs import RunState
from services.retraining.tracking import NoTracking, tracking_at
from tests.retraining.conftest import MARKET, LearningHome

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


def test_a_run_is_told_with_its_figures_its_card_and_its_aliases(
    home: LearningHome, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # MLflow puts artifacts of a local store into the working directory
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    job = RetrainingJob(engine, home.settings, Clock(), tracking=tracking_at(uri))
    runs = []
    for models in (("lightfm", "random"), ("popular",)):
        job.runs.request(MARKET, models, 0, "ml")
        runs += job.work() or []
    steps = job.runs.steps(runs[0])
    version = steps["register"].document["lightfm"]["version"]
    releases = ReleaseStore(engine, AuditTrail(engine, Clock()), Clock())
    releases.move(MARKET, version, Move.PROMOTE, role="infra")
    job.runs.request(MARKET, ["popular"], 1, "ml")
    job.work()

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.get_experiment_by_name(f"tablestakes-{MARKET}")
    assert experiment is not None
    found = {
        (run.data.tags["run_id"], run.data.tags["model"]): run for run in client.search_runs([experiment.experiment_id])
    }
    tracked = found[runs[0].run_id, "lightfm"]
    measured = steps["evaluate"].document["members"]["lightfm"]["ndcg@10"]
    assert tracked.info.status == "FINISHED"
    assert tracked.data.metrics["ndcg_at_10"] == pytest.approx(measured["value"])
    assert tracked.data.metrics["ndcg_at_10_low"] == pytest.approx(measured["low"])
    assert {file.path for file in client.list_artifacts(tracked.info.run_id)} >= {"model_card.json", "gates.json"}
    name = f"tablestakes-{MARKET}"
    assert client.get_model_version_by_alias(name, "challenger").tags["version"] == version
    assert client.get_model_version_by_alias(name, "champion").tags["version"] == version


def test_a_server_that_is_away_is_a_notice(home: LearningHome, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    job = RetrainingJob(engine, home.settings, Clock(), tracking=tracking_at("http://127.0.0.1:9"))
    run = job.runs.request(MARKET, ["popular"], 0, "ml")
    assert [one.state for one in job.work() or []] == [RunState.FINISHED]
    log = tail(run_folder(home.settings.retraining, MARKET, run.run_id), 10)
    assert [line["event"] for line in log[-2:]] == ["run_over", "tracking_failed"]


def test_nothing_is_tracked_where_nothing_is_configured() -> None:
    assert isinstance(tracking_at(""), NoTracking)
