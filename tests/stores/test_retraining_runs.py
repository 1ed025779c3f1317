"""The queue of retraining runs, and a whole run, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from happenings import NOON
from sqlalchemy import Engine

from data.city.generate import generate
from data.dataset import Dataset
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.events.importing import import_events
from services.releases.registry import ModelRegistry
from services.releases.verdict import Verdict
from services.retraining import runs as module
from services.retraining.job import RetrainingJob
from services.retraining.lease import Lease, LeaseLost, Leases
from services.retraining.runs import LEASE, MOST_ATTEMPTS, RunState, RunStore, RunUnderWay
from services.settings import Settings


class Ticking(Clock):
    """A second later each time it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds: Iterator[int] = iter(range(100_000))

    def now(self):
        return NOON + timedelta(seconds=next(self._seconds))


@pytest.fixture
def store(engine: Engine) -> RunStore:
    clock = Ticking()
    return RunStore(engine, AuditTrail(engine, clock), clock)


@pytest.fixture
def lease(engine: Engine) -> Lease:
    lease = Leases(engine, Clock()).acquire(LEASE, "tests", 600.0)
    assert lease is not None
    return lease


def test_runs_are_taken_in_the_order_in_which_they_were_asked_for(store: RunStore, lease: Lease) -> None:
    first, second = (store.request(market, ["popular"], 7, "ml") for market in ("bramble", "aldermoor"))
    taken = store.take(lease)
    assert taken is not None
    assert (taken.run_id, taken.state, taken.attempts, taken.models) == (first.run_id, "running", 1, ("popular",))
    assert taken.watermark is not None
    again = store.take(lease)
    assert again is not None
    assert (again.run_id, again.attempts, again.watermark) == (first.run_id, 2, taken.watermark), "it was left behind"
    store.end(lease, first, RunState.FINISHED, ())
    following = store.take(lease)
    assert following is not None
    assert following.run_id == second.run_id
    store.end(lease, second, RunState.FAILED, ("broken",))
    assert store.take(lease) is None
    assert not store.has_open()
    assert [run.reasons for run in store.page(None, None, 9)] == [("broken",), ()]


def test_a_market_has_one_open_run_and_the_trail_knows_who_asked(store: RunStore, engine: Engine) -> None:
    first = store.request("aldermoor", ["popular"], 0, "ml")
    with pytest.raises(RunUnderWay) as refused:
        store.request("aldermoor", ["lightfm"], 0, "admin")
    assert refused.value.run == first
    records = AuditTrail(engine, Clock()).page()
    assert [(record.action, record.subject, record.role) for record in records] == [
        ("retraining.request", first.run_id, "ml")
    ]


def test_the_first_result_of_a_step_counts(store: RunStore, lease: Lease) -> None:
    store.request("aldermoor", ["popular"], 0, "ml")
    run = store.take(lease)
    assert run is not None
    first = store.keep(lease, run, "snapshot", {"rows": 1}, NOON)
    assert store.keep(lease, run, "snapshot", {"rows": 2}, NOON) == first
    assert store.steps(run) == {"snapshot": first}
    assert first.document == {"rows": 1}


def test_without_the_lease_nothing_is_written(store: RunStore, lease: Lease, engine: Engine) -> None:
    store.request("aldermoor", ["popular"], 0, "ml")
    run = store.take(lease)
    assert run is not None
    Leases(engine, Clock()).release(lease)
    assert Leases(engine, Clock()).acquire(LEASE, "another", 600.0) is not None
    for write in (
        lambda: store.take(lease),
        lambda: store.keep(lease, run, "snapshot", {}, NOON),
        lambda: store.end(lease, run, RunState.FINISHED, ()),
    ):
        with pytest.raises(LeaseLost, match="another"):
            write()
    assert store.steps(run) == {}
    assert store.get(run.run_id) == run


def test_a_run_that_was_taken_too_often_makes_room_for_the_next(store: RunStore, lease: Lease) -> None:
    first, second = (store.request(market, ["popular"], 0, "ml") for market in ("aldermoor", "bramble"))
    for _ in range(MOST_ATTEMPTS):
        assert store.take(lease).run_id == first.run_id  # type: ignore[union-attr]
    assert store.take(lease).run_id == second.run_id  # type: ignore[union-attr]
    assert store.get(first.run_id).state is RunState.FAILED  # type: ignore[union-attr]


def test_old_runs_go_with_their_steps(store: RunStore, lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_RUNS", 2)
    ids = []
    for number in range(4):
        store.request("aldermoor", ["popular"], number, "ml")
        run = store.take(lease)
        assert run is not None
        store.keep(lease, run, "validate", {"number": number}, NOON)
        store.end(lease, run, RunState.FINISHED, ())
        ids.append(run.run_id)
    assert [run.run_id for run in store.page("aldermoor", None, 9)] == ids[:1:-1]
    newest = store.request("aldermoor", ["popular"], 9, "ml")
    assert [document["number"] for document in store.earlier(newest, "validate", 5)] == [3, 2]
    assert [run.run_id for run in store.page("aldermoor", ids[3], 9)] == [ids[2]]


def test_a_verdict_against_a_version_keeps_it_from_being_the_first_champion(engine: Engine) -> None:
    registry = ModelRegistry(engine)
    registry.register("aldermoor", "v1", "random", "/a/v1", {}, verdict=Verdict(False, ("it knows nothing",)))
    assert registry.champion("aldermoor") is None
    registry.register("aldermoor", "v2", "popular", "/a/v2", {}, verdict=Verdict(True, ()))
    assert registry.champion("aldermoor").version == "v2"  # type: ignore[union-attr]


def test_a_witness_that_refuses_leaves_nothing_registered(engine: Engine) -> None:
    def refuse(_: object) -> None:
        raise LeaseLost("gone")

    registry = ModelRegistry(engine)
    with pytest.raises(LeaseLost):
        registry.register("aldermoor", "v1", "popular", "/a/v1", {}, witness=refuse)
    assert registry.versions("aldermoor") == []


def test_a_whole_run(engine: Engine, database_url: str, tmp_path: Path) -> None:
    generate(tmp_path / "city", restaurants=40, diners=300, days=8, markets=1, seed=5)
    dataset = Dataset.open(tmp_path / "city")
    market = dataset.markets[0]
    CatalogueStore(engine).load(dataset.market(market), dataset.restaurants(market), dataset.diners(market))
    import_events(engine, dataset, market, lambda *_: None)
    job = RetrainingJob(engine, Settings(home=tmp_path / "home", database_url=database_url), Clock())
    job.runs.request(market, ["popular"], 0, "ml")
    runs = job.work()
    assert runs is not None
    assert [(run.state, run.reasons) for run in runs] == [(RunState.FINISHED, ())]
    registered = job.runs.steps(runs[0])["register"].document["popular"]
    assert registered["outcome"] == "challenger"
    assert ModelRegistry(engine).champion(market).version == registered["version"]  # type: ignore[union-attr]
