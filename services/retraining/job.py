"""The retraining job: takes runs from the queue, one at a time over all processes, and does their steps.

A process may be killed between any two lines. What a step gave is stored in one transaction, under the lease, and a
step that is stored is not done again; the next process that holds the lease goes on with the run. Model versions appear
in their folder whole or not at all, and none can serve before the registry has it.
"""

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine

from data.dataset import DatasetError
from models.artifacts import ArtifactError
from models.base import ModelError
from models.corrections import Corrections
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.errors import StorageError
from services.releases.registry import ModelRegistry
from services.retraining import folders
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


class RetrainingJob:
    """Works through the queue. Blocks, for minutes; raises StorageUnavailable where the database is away."""

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
    ) -> None:
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

    def markets(self) -> list[str]:
        """The markets that the home has."""
        return [info.market for info in CatalogueStore(self._engine).markets()]

    def work(self) -> list[Run] | None:
        """Do what is queued, and what a killed process left; the runs that are over then.

        None where another process holds the lease; it does what is queued. Raises LeaseLost where another process has
        taken the lease meanwhile, for this one was paused.
        """
        lease = self._leases.acquire(LEASE, f"{socket.gethostname()}:{os.getpid()}", self._lease_seconds)
        if lease is None:
            return None
        finished = []
        with held(self._leases, lease, self._lease_seconds):
            while (run := self.runs.take(lease)) is not None:
                finished.append(self._do(lease, run))
            for market in {run.market for run in finished}:
                self._prune(market)
        return finished

    def _do(self, lease: Lease, run: Run) -> Run:
        """All steps of a run that are not done yet."""
        log = RunLog(self._folder(run), self._clock.now, token=lease.token)
        log.write("run_taken", run_id=run.run_id, attempt=run.attempts, models=run.models, watermark=run.watermark)
        try:
            state, reasons = self._steps(lease, run, log)
        except (LeaseLost, StorageError) as error:
            log.write("run_left", reason=str(error))
            raise
        except (ModelError, ArtifactError, DatasetError) as error:
            state, reasons = RunState.FAILED, (str(error),)
        except Exception as error:  # noqa: BLE001 - a fault of ours would end each attempt in the same way
            state, reasons = RunState.FAILED, (f"unexpected {type(error).__name__}: the process's log has the trace",)
            _log.exception("retraining_failed", run_id=run.run_id, market=run.market)
        self._reached(run, "end")
        self.runs.end(lease, run, state, reasons)
        log.write("run_over", state=state, reasons=reasons)
        self._reached(run, "ended")
        ended = self.runs.get(run.run_id)
        assert ended is not None, "the newest runs are kept"
        self._track(ended, log)
        return ended

    def _steps(self, lease: Lease, run: Run, log: RunLog) -> tuple[RunState, Sequence[str]]:
        done = {name: record.document for name, record in self.runs.steps(run).items()}

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
        steps = Steps(run, around, done, self.runs.earlier(run, "validate", _EARLIER_RUNS))
        for number, step in enumerate(run.steps):
            if step not in done:
                self._progress(f"{run.market}: {step}", number, len(run.steps))
                self._reached(run, f"{step}: begins")
                log.write("step_begins", step=step)
                started = self._clock.now()
                document = steps.do(step)
                self._reached(run, f"{step}: done")
                done[step] = self.runs.keep(lease, run, step, document, started).document
                log.write("step_kept", step=step)
                self._reached(run, f"{step}: kept")
            if step == "validate" and done[step]["stops"]:
                return RunState.FAILED, done[step]["stops"]
        return RunState.FINISHED, ()

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

    def _folder(self, run: Run) -> Path:
        return run_folder(self._settings.retraining, run.market, run.run_id)
