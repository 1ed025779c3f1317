"""What the worker does about retraining: asks for runs when they are due, and lets a process of their own do them.

Training takes minutes; settlement and pacing must go on beside it: the job is a child of low priority.
"""

import time
from typing import Final

import structlog
from sqlalchemy import Engine

from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.children import Child
from services.clock import Clock
from services.releases.registry import ModelRegistry
from services.retraining.lease import Leases
from services.retraining.runs import LEASE, RunStore, RunUnderWay
from services.settings import Settings

SCHEDULE: Final = "schedule"
"""Who asks for the runs that are due."""
_CALENDAR_SECONDS: Final = 5.0
_log = structlog.get_logger(__name__)


class Supervisor:
    """A job of the worker: `look` never waits. Raises StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, clock: Clock, settings: Settings) -> None:
        self._settings = settings
        self._clock = clock
        self._runs = RunStore(engine, AuditTrail(engine, clock), clock)
        self._leases = Leases(engine, clock)
        self._registry = ModelRegistry(engine, clock)
        self._catalogue = CatalogueStore(engine)
        self._child = Child("retraining", ("retrain", "--queued"), settings.home)
        self._next_calendar = 0.0

    def look(self) -> None:
        """One round."""
        self._ask_for_what_is_due()
        if not self._child.may_start:
            return
        # A lease that is held belongs to another worker's child, or to one that was killed: it ends by itself.
        if self._runs.has_open() and self._leases.holder(LEASE) is None:
            self._child.start()

    def finish(self) -> None:
        """Wait until the child is done."""
        self._child.finish()

    def close(self) -> None:
        """End the child: what it has not stored is done again by the next one."""
        self._child.close()

    def _ask_for_what_is_due(self) -> None:
        period = self._settings.retrain_period
        if period is None or time.monotonic() < self._next_calendar:
            return
        self._next_calendar = time.monotonic() + _CALENDAR_SECONDS
        now = self._clock.now()
        made, asked = self._registry.champions_made(), self._runs.last_requests()
        for info in self._catalogue.markets():
            known = [at for at in (made.get(info.market), asked.get(info.market)) if at is not None]
            # A market of which nobody has trained a model yet is not due: there may be nothing to learn from.
            if known and now - max(known) >= period:
                try:
                    run = self._runs.request(info.market, self._settings.retrain_models, 0, SCHEDULE)
                except RunUnderWay:
                    continue
                _log.info("retraining_requested", market=info.market, run_id=run.run_id)
