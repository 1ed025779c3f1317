"""The job from the queue to the registry, and what becomes of it when it is killed."""

import os
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Engine, delete, update

from data.columns import EventType
from models import artifacts
from services.cards.store import Cards
from services.clock import Clock
from services.database.retraining_tables import leases
from services.database.schema import champions, events, releases
from services.database.transactions import writing
from services.events.log import Event, EventLog
from services.releases.registry import ModelRegistry
from services.retraining.folders import run_folder, tail
from services.retraining.job import RetrainingJob
from services.retraining.lease import LeaseLost, Leases
from services.retraining.runs import LEASE, MOST_ATTEMPTS, Run, RunState, RunUnderWay
from tests.retraining.conftest import MARKET, LearningHome

ROOT = Path(__file__).parents[2]
MODELS = ("lightfm", "popular")
POINTS = [
    f"{step}: {moment}"
    for step in (
        "snapshot",
        "validate",
        "train:lightfm",
        "train:popular",
        "evaluate",
        "check",
        "gates",
        "describe",
        "register",
    )
    for moment in ("begins", "done", "kept")
] + ["end", "ended"]


class Killed(BaseException):
    """Ends a run as a kill would, but for what a kill leaves open."""


def finished(job: RetrainingJob, models: tuple[str, ...] = MODELS) -> Run:
    job.runs.request(MARKET, models, 0, "ml")
    runs = job.work()
    assert runs is not None
    return runs[0]


def versions_of(job: RetrainingJob, run: Run) -> dict[str, str]:
    return {model: said["version"] for model, said in job.runs.steps(run)["register"].document.items()}


@pytest.fixture(scope="session")
def uninterrupted(made_home: LearningHome, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The versions that a run gives which nobody disturbs."""
    home = tmp_path_factory.mktemp("uninterrupted") / "home"
    shutil.copytree(made_home.settings.home, home)
    copy = LearningHome(made_home.settings.model_copy(update={"home": home}), made_home.dataset)
    engine = copy.engine
    job = RetrainingJob(engine, copy.settings, Clock())
    found = versions_of(job, finished(job))
    engine.dispose()
    return found


def test_a_run_leaves_a_measured_version_for_each_model(job: RetrainingJob, engine: Engine, home: LearningHome) -> None:
    before = ModelRegistry(engine).champion(MARKET)
    run = finished(job)
    steps = {name: record.document for name, record in job.runs.steps(run).items()}

    assert (run.state, run.reasons, tuple(steps)) == (RunState.FINISHED, (), run.steps)
    assert steps["evaluate"]["compared"].startswith("with the champion as it serves, on the usual test period")
    assert steps["gates"]["lightfm"] == {"passed": True, "reasons": []}
    assert steps["register"]["lightfm"]["outcome"] == "challenger"
    gain = steps["evaluate"]["against_champion"]["lightfm"]["ndcg@10"]
    assert gain["low"] <= gain["value"] <= gain["high"]
    registered = {version.version: version for version in ModelRegistry(engine).versions(MARKET)}
    for said in steps["register"].values():
        artifact = artifacts.load(Path(registered[said["version"]].path))
        assert artifact.manifest.data_snapshot == steps["snapshot"]["snapshot"]
        assert registered[said["version"]].metrics["run_id"] == run.run_id
    assert ModelRegistry(engine).champion(MARKET) == before, "only a release changes who serves"


def test_a_run_learns_from_mended_data_where_the_settings_say_so(engine: Engine, home: LearningHome) -> None:
    said = {"retrain_balance": "kind", "retrain_leave_out": ["likes"]}
    job = RetrainingJob(engine, home.settings.model_copy(update=said), Clock())
    run = finished(job)
    steps = {name: record.document for name, record in job.runs.steps(run).items()}

    assert run.state is RunState.FINISHED
    corrections = steps["train:lightfm"]["metrics"]["corrections"]
    assert (corrections["balance"], corrections["leave_out"]) == ("kind", ["likes"])
    [version] = [said["version"] for name, said in steps["register"].items() if name == "lightfm"]
    artifact = artifacts.load(
        Path(next(v.path for v in ModelRegistry(engine).versions(MARKET) if v.version == version))
    )
    learnt = artifact.manifest.model_dump_json()
    assert "likes=" not in learnt


def test_each_version_that_may_be_promoted_has_its_card_whole_and_no_other(job: RetrainingJob, engine: Engine) -> None:
    """Also one that did not win its run: when it is promoted, the data that it could be described from is gone."""
    run = finished(job, ("lightfm", "ease", "random"))
    steps = {name: record.document for name, record in job.runs.steps(run).items()}
    passed = {model for model, said in steps["gates"].items() if said["passed"]}
    assert passed == {"lightfm", "ease"}, "there is one that did not win"
    assert set(steps["describe"]) == passed

    cards, metrics = (
        Cards(engine, Clock()),
        {one.version: one.metrics for one in ModelRegistry(engine).versions(MARKET)},
    )
    for model, said in steps["register"].items():
        described = steps["describe"].get(model, {})
        assert {name: metrics[said["version"]].get(name) for name in described} == described
        missing = set(cards.model_card(MARKET, said["version"]).not_measured)
        told = {"importance", "over_indexing", "worst_slices", "fidelity", "groups"}
        assert bool(missing & told) is (model not in passed)


def test_the_data_is_gone_when_the_run_is_over_and_the_log_is_there(job: RetrainingJob, home: LearningHome) -> None:
    run = finished(job, ("popular",))
    folder = run_folder(home.settings.retraining, MARKET, run.run_id)
    assert [path.name for path in folder.iterdir()] == ["log.jsonl"]
    log = tail(folder, 1_000)
    assert [line["event"] for line in (log[0], log[-1])] == ["run_taken", "run_over"]
    assert [line["step"] for line in log if line["event"] == "step_kept"] == list(run.steps)
    with (folder / "log.jsonl").open("ab") as stream:
        stream.write(b'{"at": "2026')
    assert tail(folder, 1) == log[-1:], "a line that a killed process left unfinished is left out"


def test_a_market_has_one_run_at_a_time(job: RetrainingJob) -> None:
    first = job.runs.request(MARKET, ["popular"], 0, "ml")
    with pytest.raises(RunUnderWay, match=first.run_id) as refused:
        job.runs.request(MARKET, ["lightfm"], 0, "ml")
    assert refused.value.run == first
    job.work()
    assert job.runs.request(MARKET, ["popular"], 0, "ml").run_id > first.run_id


def test_nobody_works_while_another_process_holds_the_lease(job: RetrainingJob, engine: Engine) -> None:
    run = job.runs.request(MARKET, ["popular"], 0, "ml")
    other = Leases(engine, Clock())
    lease = other.acquire(LEASE, "another", 60.0)
    assert lease is not None
    assert job.work() is None
    other.release(lease)
    assert [one.run_id for one in job.work() or []] == [run.run_id]


@pytest.mark.parametrize("point", [point for point in POINTS if "lightfm" not in point])
def test_a_run_that_ends_anywhere_is_taken_up_there(home: LearningHome, engine: Engine, point: str) -> None:
    job = RetrainingJob(engine, home.settings, Clock())
    run = job.runs.request(MARKET, ("popular",), 0, "ml")

    def end(_: Run, here: str) -> None:
        if here == point:
            raise Killed

    with pytest.raises(Killed):
        RetrainingJob(engine, home.settings, Clock(), reached=end).work()
    done = set(job.runs.steps(run))
    for version in ModelRegistry(engine).versions(MARKET):
        artifacts.load(Path(version.path))
    again = job.work()
    assert again is not None
    if point == "ended":
        assert again == []
    else:
        assert [one.state for one in again] == [RunState.FINISHED]
        log = tail(run_folder(home.settings.retraining, MARKET, run.run_id), 1_000)
        repeated = [line["step"] for line in log if line["event"] == "step_begins" and line["token"] == 2]
        assert repeated == [step for step in run.steps if step not in done], "what is kept is not done again"
    assert tuple(job.runs.steps(run)) == run.steps


def killed_at(point: str, home: LearningHome, engine: Engine, uninterrupted: dict[str, str]) -> None:
    job = RetrainingJob(engine, home.settings, Clock())
    run = job.runs.request(MARKET, MODELS, 0, "ml")
    script = str(Path(__file__).with_name("killed.py"))
    command = [sys.executable, script, str(home.settings.home), point]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=240)
    assert done.returncode == -9, done.stderr.decode()[-2_000:]
    champion = ModelRegistry(engine).champion(MARKET)
    assert champion is not None
    for version in ModelRegistry(engine).versions(MARKET):
        artifacts.load(Path(version.path))
    while (again := job.work()) is None:
        time.sleep(0.1)  # the lease of the dead
    assert [one.state for one in again] == ([] if point == "ended" else [RunState.FINISHED])
    assert versions_of(job, run) == uninterrupted
    assert ModelRegistry(engine).champion(MARKET) == champion


@pytest.mark.parametrize("point", ["train:lightfm: done", "register: done"])
def test_killed_at_a_point_it_ends_as_if_it_had_not_been(
    home: LearningHome, engine: Engine, uninterrupted: dict[str, str], point: str
) -> None:
    killed_at(point, home, engine, uninterrupted)


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_it_ends_as_if_it_had_not_been(
    home: LearningHome, engine: Engine, uninterrupted: dict[str, str], point: str
) -> None:
    killed_at(point, home, engine, uninterrupted)


def test_a_run_that_ends_its_processes_is_failed_and_the_next_one_is_done(home: LearningHome, engine: Engine) -> None:
    job = RetrainingJob(engine, home.settings, Clock())
    run = job.runs.request(MARKET, ["popular"], 0, "ml")

    def end(_: Run, here: str) -> None:
        if here == "train:popular: begins":
            raise Killed

    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(Killed):
            RetrainingJob(engine, home.settings, Clock(), reached=end).work()
    assert job.work() == []
    failed = job.runs.get(run.run_id)
    assert failed is not None
    assert failed.state is RunState.FAILED
    assert "3 processes ended" in failed.reasons[0]


def test_a_holder_that_was_paused_past_its_lease_registers_nothing(home: LearningHome, engine: Engine) -> None:
    """The other process takes the run while this one is before the transaction that registers."""
    job = RetrainingJob(engine, home.settings, Clock())
    run = job.runs.request(MARKET, ["popular"], 0, "ml")
    before = ModelRegistry(engine).versions(MARKET)

    def paused(_: Run, here: str) -> None:
        if here == "register: begins":
            with writing(engine) as connection:
                connection.execute(update(leases).values(token=leases.c.token + 1, holder="another"))

    with pytest.raises(LeaseLost, match="another"):
        RetrainingJob(engine, home.settings, Clock(), reached=paused).work()
    assert ModelRegistry(engine).versions(MARKET) == before
    assert "register" not in job.runs.steps(run)


def test_data_that_is_not_fit_ends_the_run_before_anything_is_trained(
    job: RetrainingJob, engine: Engine, home: LearningHome
) -> None:
    with writing(engine) as connection:
        rated = (events.c.type == EventType.RATING) & (events.c.market == MARKET)
        connection.execute(update(events).where(rated).values(value=99.0))
    before = ModelRegistry(engine).versions(MARKET)
    run = finished(job)
    assert run.state is RunState.FAILED
    assert "a rating without stars" in run.reasons[0]
    assert list(job.runs.steps(run)) == ["snapshot", "validate"]
    assert ModelRegistry(engine).versions(MARKET) == before


def test_a_model_that_breaks_fails_the_run_and_not_the_process(job: RetrainingJob) -> None:
    run = finished(job, ("martian",))
    assert (run.state, "no model 'martian'" in run.reasons[0]) == (RunState.FAILED, True)


def test_an_order_that_knows_nothing_is_stopped_with_reasons(job: RetrainingJob, engine: Engine) -> None:
    run = finished(job, ("random",))
    said = job.runs.steps(run)["gates"].document["random"]
    assert not said["passed"]
    words = " ".join(said["reasons"])
    for part in ("not certainly above that of a random order", "worse than the champion's by", "known places"):
        assert part in words
    assert job.runs.steps(run)["register"].document["random"]["outcome"] == "rejected"


def test_a_rejected_version_is_never_the_first_champion(home: LearningHome, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(delete(champions))
        connection.execute(delete(releases))
    job = RetrainingJob(engine, home.settings, Clock())
    finished(job, ("random",))
    assert ModelRegistry(engine).champion(MARKET) is None
    run = finished(job, ("random", "lightfm"))
    champion = ModelRegistry(engine).champion(MARKET)
    assert champion is not None
    assert champion.version == versions_of(job, run)["lightfm"]


def test_what_comes_late_is_counted_by_the_next_run(job: RetrainingJob, engine: Engine) -> None:
    first = finished(job, ("popular",))
    assert first.watermark is not None
    late = Event(
        event_id="late",
        type=EventType.ORDER,
        market=MARKET,
        user_id="nobody-yet",
        restaurant_id="r0-00001",
        at=first.watermark - timedelta(days=1),
    )
    EventLog(engine).append([late])
    second = finished(job, ("popular",))
    figures = job.runs.steps(second)["validate"].document["entries"]["volumes"]["figures"]
    assert (figures["late"], figures["new"]) == (1, 0)
    before = job.runs.steps(first)["validate"].document["entries"]["volumes"]["figures"]
    assert figures["events"] == before["events"] + 1


def test_the_log_is_lines_of_json(job: RetrainingJob, home: LearningHome) -> None:
    run = finished(job, ("popular",))
    file = run_folder(home.settings.retraining, MARKET, run.run_id) / "log.jsonl"
    assert all("at" in orjson.loads(line) for line in file.read_bytes().splitlines())
    assert file.stat().st_mode & 0o077 == 0
