"""The process that works behind the API: what must be done again and again, whoever asks for lists or not."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Final

import structlog
from sqlalchemy import Engine

from services.ads.pacing_job import PacingJob
from services.ads.retention import SoldRetention
from services.ads.settlement import Settler
from services.audit.anchors import ServedAnchors
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.database.errors import StorageUnavailable
from services.events.retention import EventRetention
from services.lessons.job import LessonSupervisor
from services.monitoring.calibration_watch import live_calibration
from services.monitoring.drift_watch import live_drift
from services.monitoring.logs import configure_logs
from services.monitoring.queue_watch import queue_states
from services.monitoring.scorecard_watch import ScorecardWatch
from services.monitoring.worker_metrics import WorkerMetrics
from services.releases.freeze import FreezeStore
from services.releases.guardrails import Promises
from services.releases.jobs import BudgetJob, GuardrailJob
from services.releases.minutes import ServingMinutes
from services.releases.store import ReleaseStore
from services.retraining.supervisor import Supervisor
from services.settings import Settings
from services.stakeholders.scorecard.store import Scorecards

_LONGEST_PAUSE_SECONDS: Final = 30.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """Something that is done periodically."""

    name: str
    seconds: float
    """Pause between two rounds."""
    run: Callable[[], object]
    """One round, well under a second long unless `slow`. One that raises is followed by a pause that doubles up to half
    a minute."""
    slow: bool = False
    """A round may take seconds: it is done beside the others, in a thread for such jobs."""
    drains: bool = False
    """A round that answers a true value, how much it has done, is followed by the next one at once."""


class Worker:
    """Does jobs in turn, each when its time has come: the quick ones in one thread, the slow ones in another."""

    def __init__(
        self, jobs: Sequence[Job], heartbeat: Path | None = None, metrics: WorkerMetrics | None = None
    ) -> None:
        """The file `heartbeat` is touched after every round, for those who want to see that the worker lives."""
        self._jobs = jobs
        self._heartbeat = heartbeat
        self._metrics = metrics
        self._failures = dict.fromkeys((job.name for job in jobs), 0)

    def once(self) -> None:
        """A round of each job, or as many as it takes to drain it; what one raises ends it."""
        for job in self._jobs:
            while job.run() and job.drains:
                pass

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; the quick round that runs then is finished first. Nothing that a job raises ends it."""
        slow, quick = ([job for job in self._jobs if job.slow is wanted] for wanted in (True, False))
        beside = threading.Thread(target=self._go_round, args=(slow, stop), name="slow-jobs", daemon=True)
        if slow:
            beside.start()
        self._go_round(quick, stop)
        if slow:
            beside.join(_LONGEST_PAUSE_SECONDS)

    def _go_round(self, jobs: Sequence[Job], stop: threading.Event) -> None:
        due = {job.name: time.monotonic() for job in jobs}
        while not stop.is_set():
            job = min(jobs, key=lambda job: due[job.name])
            if stop.wait(due[job.name] - time.monotonic()):
                return
            due[job.name] = self._round(job) + time.monotonic()
            if self._heartbeat is not None:
                self._heartbeat.touch()

    def _round(self, job: Job) -> float:
        """One round of a job; the seconds until its next one."""
        started = time.perf_counter()
        failed = True
        try:
            done = job.run()
            failed = False
        except Exception as error:  # noqa: BLE001 - one job's fault must not end the others
            self._failures[job.name] += 1
            self._report(job, error)
            return min(job.seconds * 2.0 ** self._failures[job.name], _LONGEST_PAUSE_SECONDS)
        finally:
            if self._metrics is not None:
                self._metrics.round(job.name, time.perf_counter() - started, time.time(), failed)
        if self._failures[job.name]:
            _log.info("job_recovered", job=job.name, failures=self._failures[job.name])
            self._failures[job.name] = 0
        return 0.0 if job.drains and done else job.seconds

    def _report(self, job: Job, error: Exception) -> None:
        if not isinstance(error, StorageUnavailable):
            _log.error("job_failed", job=job.name, exc_info=error)
        elif self._failures[job.name] == 1:  # once an outage
            _log.warning("job_waits_for_the_database", job=job.name, reason=str(error))


def jobs(engine: Engine, clock: Clock, settings: Settings, supervisor: Supervisor, metrics: WorkerMetrics) -> list[Job]:
    """What there is to do."""
    settler, pacing = Settler(engine, clock, settings.settle_after_seconds), PacingJob(engine, clock)
    trail, minutes = AuditTrail(engine, clock), ServingMinutes(engine, clock)
    releases, freezes = ReleaseStore(engine, trail, clock), FreezeStore(engine, trail, clock)
    promises = Promises(1.0 - settings.slo_availability, 1.0 - settings.slo_fast)
    guardrails = GuardrailJob(engine, releases, minutes, clock, settings.guardrail_alpha, promises)
    budget = BudgetJob(engine, freezes, minutes, settings.objectives)
    scorecards = ScorecardWatch(engine, Scorecards(engine, clock, settings.objectives))

    def drift() -> None:
        metrics.drift(live_drift(engine, clock, settings.drift_days), time.time())

    def forget() -> None:
        if settings.served_days:
            ServedAnchors(engine, trail).forget(clock.now() - timedelta(days=settings.served_days))

    return [
        Job("settlement", 1.0, settler.settle, drains=True),
        Job("pacing", 60.0, pacing.run),
        Job("guardrails", settings.guardrail_seconds, guardrails.run),
        Job("error-budget", 10.0, budget.run),
        Job("retraining", 1.0, supervisor.look),
        Job("queue-watch", 5.0, lambda: metrics.queues(queue_states(engine, clock))),
        Job("spend-watch", 60.0, lambda: metrics.spending(pacing.spending())),
        Job("calibration-watch", 300.0, lambda: metrics.calibration(live_calibration(engine, clock)), slow=True),
        Job("drift-watch", 3600.0, drift, slow=True),
        Job("scorecard-watch", 60.0, lambda: metrics.scorecards(scorecards.round()), slow=True),
        Job("served-lists", 3600.0, forget, slow=True),
        Job("event-days", 3600.0, EventRetention(engine, trail, clock, settings.events_days).round, slow=True),
        Job("sold-places", 3600.0, SoldRetention(engine, trail, clock, settings.sold_days).round, slow=True),
    ]


def run(settings: Settings, once: bool) -> None:
    """Do all jobs until SIGTERM or SIGINT; with `once` a round of each, until there is no more to do.

    A database that is away is waited for; with `once` it raises StorageUnavailable.
    """
    configure_logs(settings.log_level, settings.log_json)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_database(settings.resolved_database_url)
    supervisor, metrics = Supervisor(engine, Clock(), settings), WorkerMetrics()
    teacher = LessonSupervisor(engine, Clock(), settings)
    todo = [*jobs(engine, Clock(), settings, supervisor, metrics), Job("lessons", 1.0, teacher.look)]
    try:
        if once:
            migrate(engine)
            Worker(todo).once()
            supervisor.finish()
            teacher.finish()
            return
        if settings.worker_metrics_port:
            metrics.serve(settings.worker_metrics_host, settings.worker_metrics_port)
        stop = _set_by_signals()
        _log.info("worker_started")
        _await_database(engine, stop)
        Worker(todo, settings.worker_heartbeat, metrics).run(stop)
        _log.info("worker_stopped")
    finally:
        supervisor.close()
        teacher.close()
        engine.dispose()


def _set_by_signals() -> threading.Event:
    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop


def _await_database(engine: Engine, stop: threading.Event) -> None:
    pause = 1.0
    while not stop.is_set():
        try:
            migrate(engine)
        except StorageUnavailable as error:
            _log.warning("worker_waits_for_the_database", reason=str(error))
            stop.wait(pause)
            pause = min(2.0 * pause, _LONGEST_PAUSE_SECONDS)
        else:
            return
