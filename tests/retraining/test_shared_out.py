"""Runs whose learning is shared out: the same versions as in one process, whoever makes them and whoever is killed."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models import artifacts
from models.artifacts import ArtifactError
from models.corrections import Corrections
from services.clock import Clock
from services.fan_out import Engine as Workers
from services.fan_out.store import Store
from services.provenance import Program
from services.releases.registry import ModelRegistry
from services.retraining import shared_out
from services.retraining.fairness_gate import FairnessBounds
from services.retraining.gates import Bounds
from services.retraining.job import RetrainingJob
from services.retraining.learning import Brief
from services.retraining.runs import Run, RunState
from tests.retraining.conftest import MARKET, LearningHome
from tests.retraining.test_job import Killed

MODELS = ("popular", "ease")
NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)


def retrained(home: LearningHome, workers: Workers | None, models: tuple[str, ...] = MODELS) -> tuple[Run, dict]:
    """A run of the home's market, and the documents of its steps."""
    engine = home.engine
    try:
        job = RetrainingJob(engine, home.settings, Clock(), workers=workers)
        job.runs.request(MARKET, models, 0, "ml")
        runs = job.work()
        assert runs is not None
        return runs[0], {name: record.document for name, record in job.runs.steps(runs[0]).items()}
    finally:
        engine.dispose()


@pytest.fixture
def another(made_home: LearningHome, tmp_path: Path) -> LearningHome:
    shutil.copytree(made_home.settings.home, tmp_path / "another")
    return LearningHome(made_home.settings.model_copy(update={"home": tmp_path / "another"}), made_home.dataset)


def versions(steps: dict) -> dict[str, str]:
    return {model: said["version"] for model, said in steps["register"].items()}


def test_a_task_leaves_what_the_steps_leave_one_by_one(home: LearningHome, another: LearningHome) -> None:
    run, steps = retrained(home, None)
    shared, of_task = retrained(another, Workers())
    assert (shared.state, tuple(of_task)) == (RunState.FINISHED, run.steps)
    assert versions(of_task) == versions(steps)
    for step in ("evaluate", "check", "gates", "describe"):
        assert of_task[step] == steps[step], step
    assert of_task["train:ease"]["metrics"] == steps["train:ease"]["metrics"]
    engine = another.engine
    for version in ModelRegistry(engine).versions(MARKET):
        if version.version in versions(of_task).values():
            path = Path(version.path)
            assert path.parent == another.settings.artifacts / MARKET
            assert artifacts.load(path).version == version.version
    engine.dispose()
    assert not list((another.settings.home / "fan-out").rglob("*.*")), "what diners did is gone when the run is over"


@pytest.fixture
def sent(home: LearningHome, engine: Engine, tmp_path: Path) -> shared_out.Sent:
    """A task whose run waits: the process that sent it was killed."""

    def killed(_run: Run, point: str) -> None:
        if point == "sent":
            raise Killed

    settings = home.settings.model_copy(update={"engine_store": str(tmp_path / "store")})
    job = RetrainingJob(engine, settings, Clock(), workers=Workers(), reached=killed, lease_seconds=0.2)
    job.runs.request(MARKET, ("popular",), 0, "ml")
    with pytest.raises(Killed):
        job.work()
    [task] = (tmp_path / "store" / f"market={MARKET}").glob("task-*")
    digest = task.name.removeprefix("task-")
    return shared_out.Sent(str(tmp_path / "store"), f"market={MARKET}/{task.name}", f"market={MARKET}/made-{digest}")


def test_a_task_that_is_done_is_not_done_again_and_a_killed_job_goes_on(
    home: LearningHome, engine: Engine, sent: shared_out.Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shared_out.make(sent) == shared_out.Made(None)
    monkeypatch.setattr(shared_out, "_learnt", lambda *_: pytest.fail("it is made again"))
    assert shared_out.make(sent) == shared_out.Made(None)
    settings = home.settings.model_copy(update={"engine_store": sent.store})
    [run] = RetrainingJob(engine, settings, Clock(), workers=Workers()).work() or []
    assert (run.state, run.attempts) == (RunState.FINISHED, 2)


def test_a_task_has_another_name_where_anything_that_it_hangs_on_differs(tmp_path: Path) -> None:
    """Else what was made of other data, by another program or under other checks would be taken for its own."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "events.parquet").write_bytes(b"data")
    store, numbers = Store(str(tmp_path / "store")), count()

    def name(checks: str | None = None, **changes: object) -> str:
        brief = Brief(MARKET, ("popular",), 0, NOON, (), Bounds(), Corrections(), FairnessBounds())
        snapshot = {"path": str(tmp_path / "data"), "snapshot": changes.pop("data", "a"), "champion": None}
        program = Program(str(changes.pop("code", "b")), "3.11", {"numpy": str(changes.pop("numpy", "2"))})
        file = None if checks is None else tmp_path / f"checks-{next(numbers)}.yaml"
        if file is not None and checks is not None:
            file.write_text(checks)
        return shared_out.send(store, replace(brief, **changes), snapshot, file, program).made  # type: ignore[arg-type]

    checks = "checks: [{name: dear, kind: minimum, diners: [budget=low], restaurants: [price=4], at_most: 0.6}]"
    names = [
        name(),
        name(data="c"),
        name(code="c"),
        name(numpy="3"),
        name(seed=1),
        name(models=("ease",)),
        name(market="bramble"),
        name(checks=checks),
    ]
    assert len(set(names)) == len(names)
    assert name() == names[0]
    assert len(list((tmp_path / "store" / f"market={MARKET}").glob("data*"))) == 2, "other data, another parcel"


def test_what_a_killed_worker_left_half_is_not_there(sent: shared_out.Sent) -> None:
    shared_out.make(sent)
    store, index = Store(sent.store), Path(sent.store) / sent.made / "index.json"
    whole = index.read_bytes()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        index.write_bytes(whole[:length])
        assert not store.has(sent.made)
    shared_out.make(sent)
    assert store.has(sent.made)


def test_what_was_damaged_in_the_store_is_refused_and_made_anew(
    home: LearningHome, sent: shared_out.Sent, tmp_path: Path
) -> None:
    shared_out.make(sent)
    store = Store(sent.store)
    [model] = (Path(sent.store) / sent.made).rglob("serving.safetensors")
    content = model.read_bytes()
    model.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises((shared_out.StoreError, ArtifactError), match="not what its index says"):
        shared_out.fetch(store, sent, tmp_path / "into", home.settings.artifacts, {"champion": None})
    assert not store.has(sent.made)


def test_a_fault_in_a_market_ends_its_run_and_not_the_job(home: LearningHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(shared_out, "_learnt", faulty)
    run, _ = retrained(home, Workers())
    assert run.state is RunState.FAILED
    assert run.reasons == ("unexpected ZeroDivisionError: the process's log has the trace",)
