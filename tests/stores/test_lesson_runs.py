"""The queue of lessons' runs, on both databases."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from happenings import NOON
from sqlalchemy import Engine

from services.clock import Clock
from services.lessons import runs as module
from services.lessons.lesson import Asked, Findings, Lesson, Outcome
from services.lessons.running import run as run_lesson
from services.lessons.runs import LEASE, MOST_ATTEMPTS, LessonRuns, RunState, TooManyWaiting
from services.retraining.lease import Lease, LeaseLost, Leases


class Ticking(Clock):
    """A second later each time it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds: Iterator[int] = iter(range(100_000))

    def now(self):
        return NOON + timedelta(seconds=next(self._seconds))


@pytest.fixture
def store(engine: Engine) -> LessonRuns:
    return LessonRuns(engine, Ticking())


@pytest.fixture
def lease(engine: Engine) -> Lease:
    lease = Leases(engine, Clock()).acquire(LEASE, "tests", 600.0)
    assert lease is not None
    return lease


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    def found(asked: Asked) -> Findings:
        claim = asked.claim("they are above zero", np.asarray([1.0, 1.1]), 1)
        return Findings((), (), (claim,), "They are.", {"restaurants": 3})

    return run_lesson(Lesson(3, "n", "N", "?", ("-",), 2, 2, found), Asked((1, 2)), NOON)


def test_runs_are_taken_in_order_and_end_with_an_outcome_or_a_reason(
    store: LessonRuns, lease: Lease, outcome: Outcome
) -> None:
    first, second = (store.request(number, False, 2, "auditor") for number in (3, 5))
    assert (first.state, first.progress, first.requested_by) == ("queued", 0.0, "auditor")
    taken = store.take(lease)
    assert taken is not None
    assert (taken.run_id, taken.state, taken.attempts) == (first.run_id, "running", 1)
    store.tell(lease, taken, "living", 0.4)
    running = store.get(3, first.run_id)
    assert running is not None
    assert (running.progress, running.doing) == (0.4, "living")
    store.done(lease, taken, outcome)
    following = store.take(lease)
    assert following is not None
    assert following.run_id == second.run_id
    store.failed(lease, following, "the city was too small")
    assert store.take(lease) is None
    assert not store.has_open()
    done, failed = store.get(3, first.run_id), store.get(5, second.run_id)
    assert done is not None
    assert failed is not None
    assert (done.state, done.outcome, done.progress) == (RunState.DONE, outcome, 1.0)
    assert (failed.state, failed.reason, failed.outcome) == (RunState.FAILED, "the city was too small", None)
    assert done.finished_at is not None
    assert store.get(5, first.run_id) is None, "it is a run of another lesson"


def test_who_asks_for_what_is_under_way_gets_that_run(store: LessonRuns, lease: Lease, outcome: Outcome) -> None:
    first = store.request(3, True, 2, "ml")
    assert store.request(3, True, 2, "sales") == first
    others = {store.request(3, *size, "ml").run_id for size in ((False, 2), (True, 3))}
    assert first.run_id not in others
    taken = store.take(lease)
    assert taken is not None
    assert store.request(3, True, 2, "sales").run_id == taken.run_id
    store.done(lease, taken, outcome)
    assert store.request(3, True, 2, "sales").run_id != taken.run_id
    under_way, last = store.newest(3)
    assert under_way is not None
    assert last is not None
    assert last.run_id == first.run_id
    assert store.newest(4) == (None, None)


def test_not_everybody_can_wait(store: LessonRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    for seeds in (2, 3):
        store.request(1, True, seeds, "ml")
    with pytest.raises(TooManyWaiting, match="2 runs wait"):
        store.request(1, True, 4, "ml")
    store.request(1, True, 2, "ml")


def test_a_run_that_a_killed_process_left_is_begun_again_and_then_failed(store: LessonRuns, lease: Lease) -> None:
    first, second = (store.request(number, True, 2, "ml") for number in (1, 2))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        taken = store.take(lease)
        assert taken is not None
        assert (taken.run_id, taken.attempts, taken.progress) == (first.run_id, attempt, 0.0)
        store.tell(lease, taken, "half way", 0.5)
    following = store.take(lease)
    assert following is not None
    assert following.run_id == second.run_id
    failed = store.get(1, first.run_id)
    assert failed is not None
    assert failed.state is RunState.FAILED
    assert failed.reason == f"{MOST_ATTEMPTS} processes were ended while they did it"


def test_without_the_lease_nothing_is_written(
    store: LessonRuns, lease: Lease, engine: Engine, outcome: Outcome
) -> None:
    store.request(3, True, 2, "ml")
    run = store.take(lease)
    assert run is not None
    Leases(engine, Clock()).release(lease)
    assert Leases(engine, Clock()).acquire(LEASE, "another", 600.0) is not None
    for write in (
        lambda: store.take(lease),
        lambda: store.tell(lease, run, "on", 0.5),
        lambda: store.done(lease, run, outcome),
        lambda: store.failed(lease, run, "no"),
    ):
        with pytest.raises(LeaseLost, match="another"):
            write()
    assert store.get(3, run.run_id) == run


def test_old_runs_go_and_those_that_wait_stay(
    store: LessonRuns, lease: Lease, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_RUNS", 2)
    ids = []
    for _ in range(4):
        store.request(3, True, 2, "ml")
        run = store.take(lease)
        assert run is not None
        store.done(lease, run, outcome)
        ids.append(run.run_id)
    assert [store.get(3, run_id) is not None for run_id in ids] == [False, False, True, True]


def test_an_outcome_of_another_shape_is_none(store: LessonRuns, lease: Lease, outcome: Outcome, engine: Engine) -> None:
    from sqlalchemy import update

    from services.database.lesson_tables import lesson_runs
    from services.database.transactions import writing

    store.request(3, True, 2, "ml")
    run = store.take(lease)
    assert run is not None
    store.done(lease, run, outcome)
    with writing(engine) as connection:
        connection.execute(update(lesson_runs).values(outcome='{"lesson": 3}'))
    found = store.get(3, run.run_id)
    assert found is not None
    assert (found.state, found.outcome) == (RunState.DONE, None)
