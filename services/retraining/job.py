"""The retraining job: takes runs from the queue, one at a time over all processes, and does their steps.

A process may be killed between any two lines. What a step gave is stored in one transaction, under the lease, and a
step that is stored is not done again; the next process that holds the lease goes on with the run. Model versions appear
in their folder whole or not at all, and none can serve before the registry has it.
"""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Engine
from threadpoolctl import threadpool_limits

from data.dataset import DatasetError
from models.artifacts import ArtifactError
from models.base import ModelError
from models.corrections import Corrections
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.errors import StorageError
from services.fan_out import Engine as Workers
from services.fan_out import fan_out
from services.fan_out.store import Store, StoreError
from services.provenance import Program, program
from services.releases.registry import ModelRegistry
from services.retraining import folders, shared_out
from services.retraining.fairness_gate import FairnessBounds
from services.retraining.folders import RunLog, run_folder
from services.retraining.gates import Bounds
from services.retraining.lease import Lease, LeaseLost, Leases, held
from services.retraining.runs import LEASE, Run, RunState, RunStore
from services.retraining.steps import Steps, Surroundings
from services.retraining.tracking import NoTracking, Tracking
from services.settings import Settings
from services.stakeholders.policies import PolicyStore

LEASE_SECONDS: Final = 60.0
_EARLIER_RUNS: Final = 5
_log = structlog.get_logger(__name__)

Observer = Callable[[Run, str], object]
"""Told of each point of a run as it is reached: before a step, after it, when it is stored."""
Progress = Callable[[str, int, int], object]
_Outcome = tuple[RunState, Sequence[str]]


@dataclass(frozen=True)
class _UnderWay:
    """A run whose learning somebody else does."""

    run: Run
    log: RunLog
    steps: Steps
    done: dict[str, Any]
    sent: shared_out.Sent


class RetrainingJob:
    """Works through the queue. Blocks, for minutes; raises StorageUnavailable where the database is away.

    With `workers` several markets are learnt at once: what is between a run's `snapshot` and its `register` is a task,
    and this process alone writes to the database. What comes of it is the same.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        clock: Clock,
        *,
        tracking: Tracking | None = None,
        progress: Progress | None = None,
        reached: Observer | None = None,
        lease_seconds: float = LEASE_SECONDS,
        workers: Workers | None = None,
    ) -> None:
        """`workers`: None: one run after the other, in this process."""
        trail = AuditTrail(engine, clock)
        self.runs = RunStore(engine, trail, clock)
        self._policies = PolicyStore(engine, trail, clock)
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._leases = Leases(engine, clock)
        self._registry = ModelRegistry(engine, clock)
        self._tracking = tracking or NoTracking()
        self._progress = progress or (lambda _step, _done, _total: None)
        self._reached = reached or (lambda _run, _point: None)
        self._lease_seconds = lease_seconds
        self._workers = workers
        self._store_url = settings.resolved_engine_store

    def markets(self) -> list[str]:
        """The markets that the home has."""
        return [info.market for info in CatalogueStore(self._engine).markets()]

    def work(self) -> list[Run] | None:
        """Do what is queued, and what a killed process left; the runs that are over then.

        None where another process holds the lease; it does what is queued. Raises LeaseLost where another process has
        taken the lease meanwhile, for this one was paused; EngineError, StoreError where the workers or their store do
        not answer: then the runs are taken up again by the next call.
        """
        lease = self._leases.acquire(LEASE, f"{socket.gethostname()}:{os.getpid()}", self._lease_seconds)
        if lease is None:
            return None
        with held(self._leases, lease, self._lease_seconds):
            finished = list(self._one_by_one(lease) if self._workers is None else self._at_once(lease, self._workers))
            for market in {run.market for run in finished}:
                self._prune(market)
        return finished

    def _one_by_one(self, lease: Lease) -> Iterator[Run]:
        while (run := self.runs.take(lease)) is not None:
            log = self._log_of(lease, run)
            with threadpool_limits(1):  # as a task has: sums are added in the same order
                over = self._concluded(lease, run, log, partial(self._steps, lease, run, log))
            assert over is not None, "its steps have an outcome"
            yield over

    def _at_once(self, lease: Lease, workers: Workers) -> Iterator[Run]:
        """Runs are taken as there is room for them, and end as they are done."""
        store = Store(self._store_url)
        under_way: list[_UnderWay] = []
        stopped: list[Run] = []
        for done in fan_out(workers, shared_out.make, self._tasks(lease, store, under_way, stopped), as_completed=True):
            one, made = under_way[done.number], done.result
            one.log.write("task_done", task=one.sent.task, worker_cpu_seconds=round(done.cpu_seconds, 3))
            self._progress(f"{one.run.market}: learnt", done.number + 1, len(under_way))
            over = self._concluded(lease, one.run, one.log, partial(self._taken_in, lease, store, one, made))
            assert over is not None, "what was made has an outcome"
            store.remove(shared_out.of_market(one.run.market))
            yield over
        yield from stopped

    def _tasks(
        self, lease: Lease, store: Store, under_way: list[_UnderWay], stopped: list[Run]
    ) -> Iterator[tuple[shared_out.Sent]]:
        """A task for each run that is open. Those that end before they become one are added to `stopped`."""
        own = program()
        while (run := self.runs.take(lease, [one.run.run_id for one in under_way])) is not None:
            log = self._log_of(lease, run)
            over = self._concluded(lease, run, log, partial(self._send, lease, store, own, run, log, under_way))
            if over is None:
                yield (under_way[-1].sent,)
            else:
                stopped.append(over)

    def _send(
        self, lease: Lease, store: Store, own: Program, run: Run, log: RunLog, under_way: list[_UnderWay]
    ) -> None:
        """Make the snapshot, and put what is to be done with it into the store."""
        steps, done = self._opened(lease, run, log)
        self._keep(lease, run, log, "snapshot", steps.do, done)
        checks = Path(self._settings.retrain_checks) if self._settings.retrain_checks else None
        sent = shared_out.send(store, steps.brief, done["snapshot"], checks, own)
        under_way.append(_UnderWay(run, log, steps, done, sent))
        log.write("task_sent", task=sent.task)
        self._reached(run, "sent")

    def _taken_in(self, lease: Lease, store: Store, one: _UnderWay, made: shared_out.Made) -> _Outcome:
        """What a task made, as if its steps had been done here."""
        if made.failed is not None:
            if made.trace:
                _log.error("retraining_failed", run_id=one.run.run_id, market=one.run.market, trace=made.trace)
            return RunState.FAILED, (made.failed,)
        with tempfile.TemporaryDirectory() as folder:
            found = shared_out.fetch(store, one.sent, Path(folder), self._settings.artifacts, one.done["snapshot"])
        for step in one.steps.brief.steps:
            self._keep(lease, one.run, one.log, step, found.__getitem__, one.done)
            if step == "validate" and one.done[step]["stops"]:
                return RunState.FAILED, one.done[step]["stops"]
        self._keep(lease, one.run, one.log, "register", one.steps.do, one.done)
        return RunState.FINISHED, ()

    def _log_of(self, lease: Lease, run: Run) -> RunLog:
        log = RunLog(self._folder(run), self._clock.now, token=lease.token)
        log.write("run_taken", run_id=run.run_id, attempt=run.attempts, models=run.models, watermark=run.watermark)
        return log

    def _concluded(self, lease: Lease, run: Run, log: RunLog, work: Callable[[], _Outcome | None]) -> Run | None:
        """The run as it is over, by what the work came to; None where it is not over."""
        try:
            outcome = work()
        except (LeaseLost, StorageError, StoreError) as error:
            log.write("run_left", reason=str(error))
            raise
        except (ModelError, ArtifactError, DatasetError) as error:
            outcome = RunState.FAILED, (str(error),)
        except Exception as error:  # noqa: BLE001 - a fault of ours would end each attempt in the same way
            outcome = RunState.FAILED, (f"unexpected {type(error).__name__}: the process's log has the trace",)
            _log.exception("retraining_failed", run_id=run.run_id, market=run.market)
        if outcome is None:
            return None
        state, reasons = outcome
        self._reached(run, "end")
        self.runs.end(lease, run, state, reasons)
        log.write("run_over", state=state, reasons=reasons)
        self._reached(run, "ended")
        ended = self.runs.get(run.run_id)
        assert ended is not None, "the newest runs are kept"
        self._track(ended, log)
        return ended

    def _steps(self, lease: Lease, run: Run, log: RunLog) -> _Outcome:
        """All steps of a run that are not done yet."""
        steps, done = self._opened(lease, run, log)
        for number, step in enumerate(run.steps):
            if step not in done:
                self._progress(f"{run.market}: {step}", number, len(run.steps))
            self._keep(lease, run, log, step, steps.do, done)
            if step == "validate" and done[step]["stops"]:
                return RunState.FAILED, done[step]["stops"]
        return RunState.FINISHED, ()

    def _keep(
        self, lease: Lease, run: Run, log: RunLog, step: str, do: Callable[[str], Any], done: dict[str, Any]
    ) -> None:
        """Do a step that is not done, and store what it gives."""
        if step in done:
            return
        self._reached(run, f"{step}: begins")
        log.write("step_begins", step=step)
        started = self._clock.now()
        document = do(step)
        self._reached(run, f"{step}: done")
        done[step] = self.runs.keep(lease, run, step, document, started).document
        log.write("step_kept", step=step)
        self._reached(run, f"{step}: kept")

    def _opened(self, lease: Lease, run: Run, log: RunLog) -> tuple[Steps, dict[str, Any]]:
        """A run's steps, and the documents of those that are done."""
        done: dict[str, Any] = {name: record.document for name, record in self.runs.steps(run).items()}

        def progress(step: str, at: int, of: int) -> None:
            log.write("progress", step=step, done=at, of=of)
            self._progress(step, at, of)

        around = Surroundings(
            engine=self._engine,
            registry=self._registry,
            artifacts=self._settings.artifacts,
            scratch=self._folder(run) / f"snapshot-{lease.token}",
            witness=lambda connection: self._leases.check(connection, lease),
            progress=progress,
            policies=self._policies,
            window_days=self._settings.retrain_days,
            bounds=Bounds(slice_loss=self._settings.retrain_slice_loss),
            corrections=Corrections(
                balance=self._settings.retrain_balance, leave_out=tuple(self._settings.retrain_leave_out)
            ),
            fairness=FairnessBounds(
                least_exposure_ratio=self._settings.retrain_least_exposure_ratio,
                greatest_quality_gap=self._settings.retrain_greatest_quality_gap,
                tolerated_loss=self._settings.retrain_fairness_loss,
            ),
            checks=Path(self._settings.retrain_checks) if self._settings.retrain_checks else None,
        )
        return Steps(run, around, done, self.runs.earlier(run, "validate", _EARLIER_RUNS)), done

    def _track(self, run: Run, log: RunLog) -> None:
        """Tell the tracking server. Whatever is wrong with it is a notice: the run is over."""
        try:
            champion = self._registry.champion(run.market)
            self._tracking.record(run, self.runs.steps(run), None if champion is None else champion.version)
        except Exception as error:  # noqa: BLE001 - somebody else's server must not fail a run
            _log.warning("tracking_failed", run_id=run.run_id, reason=f"{type(error).__name__}: {error}"[:300])
            log.write("tracking_failed", reason=f"{type(error).__name__}: {error}"[:300])

    def _prune(self, market: str) -> None:
        def is_over(run_id: str) -> bool:
            run = self.runs.get(run_id)
            return run is None or run.state.is_over

        folders.prune(self._settings.retraining, market, is_over)
        folders.remove_litter(self._settings.artifacts, market)
        Store(self._store_url).remove(shared_out.of_market(market))

    def _folder(self, run: Run) -> Path:
        return run_folder(self._settings.retraining, run.market, run.run_id)
