"""What the worker does for releases: hold canaries against the champion, and freeze what has spent its budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Engine, select

from data.columns import EventType
from services.clock import Clock
from services.database.schema import events
from services.database.transactions import reading
from services.releases.assignment import in_share
from services.releases.budget import Objectives
from services.releases.freeze import FreezeStore
from services.releases.guardrails import ArmCounts, Guardrail, Promises, Watch
from services.releases.minutes import ServingMinutes
from services.releases.states import State
from services.releases.store import Lineup, ReleaseStore

WORKER: Final = "worker"
"""The role in the trail of what the worker did."""
_LATE: Final = timedelta(minutes=10)
"""An event that is stored later than this after it happened is not seen by a look, but by a worker that starts anew."""
_OF_EVENT: Final = {EventType.CLICK: Guardrail.CLICKS, EventType.ORDER: Guardrail.ORDERS}
_log = structlog.get_logger(__name__)


@dataclass
class _Trial:
    """What this process knows of a trial. Lost with the process: then all is counted from the beginning again."""

    number: int
    watch: Watch
    seen: Mapping[Guardrail, set[str]] = field(default_factory=lambda: {name: set() for name in _OF_EVENT.values()})
    looked_at: datetime | None = None


class GuardrailJob:
    """One look at each canary; rolls back those that break a guardrail."""

    def __init__(
        self,
        engine: Engine,
        releases: ReleaseStore,
        minutes: ServingMinutes,
        clock: Clock,
        alpha: float,
        promises: Promises,
    ) -> None:
        self._engine = engine
        self._releases = releases
        self._minutes = minutes
        self._clock = clock
        self._alpha = alpha
        self._promises = promises
        self._trials: dict[str, _Trial] = {}

    def run(self) -> int:
        """How many canaries were rolled back. Raises StorageUnavailable."""
        watched = self._releases.in_canary()
        self._trials = {market: trial for market, trial in self._trials.items() if market in watched}
        if not watched:
            return 0
        lineups = self._releases.lineups(watched).items()
        # A trial may have ended, or become a shadow, since the first look.
        return sum(self._look(market, one) for market, one in lineups if one.trial and one.trial.state is State.CANARY)

    def _look(self, market: str, lineup: Lineup) -> bool:
        canary = lineup.trial
        assert canary is not None
        trial = self._trials.get(market)
        if trial is None or trial.number != canary.trial:
            watch = Watch.start(self._alpha, canary.share, self._promises)
            trial = self._trials[market] = _Trial(canary.trial, watch)
        version = canary.version.version
        counted = self._minutes.of_trial(market, trial.number)
        none = ArmCounts()
        watch = trial.watch.after_answers(counted.get(version, none), counted.get(lineup.champion.version, none))
        now = self._clock.now()
        since = canary.since if trial.looked_at is None else max(canary.since, trial.looked_at - _LATE)
        for guardrail, diners in self._new_diners(market, trial, since).items():
            in_canary = sum(in_share(version, user_id, canary.share) for user_id in diners)
            watch = watch.after_diners(guardrail, in_canary, len(diners) - in_canary)
        trial.watch, trial.looked_at = watch, now
        broken = watch.alarm()
        if broken is None:
            self._releases.keep_evidence(market, trial.number, watch.evidence())
            return False
        reason = watch.reason(broken)
        ended = self._releases.end_trial(market, trial.number, WORKER, reason, watch.evidence())
        _log.warning("canary_rolled_back", market=market, version=version, reason=reason)
        return ended is not None

    def _new_diners(self, market: str, trial: _Trial, since: datetime) -> Mapping[Guardrail, Sequence[str]]:
        """Who did something for the first time since the trial began, whatever list it came from.

        Diners count by the arm that they were given, not by the list that they saw: so nothing that differs between the
        arms can decide who is counted.
        """
        within = (events.c.market == market, events.c.at >= since, events.c.type.in_(list(_OF_EVENT)))
        statement = select(events.c.type, events.c.user_id).where(*within).distinct()
        new: dict[Guardrail, list[str]] = {name: [] for name in _OF_EVENT.values()}
        with reading(self._engine) as connection:
            for kind, user_id in connection.execute(statement):
                guardrail = _OF_EVENT[EventType(kind)]
                if user_id not in trial.seen[guardrail]:
                    trial.seen[guardrail].add(user_id)
                    new[guardrail].append(user_id)
        return new


class BudgetJob:
    """One look at each market's error budget; freezes the market when it is spent, thaws it when it has recovered."""

    def __init__(self, engine: Engine, freezes: FreezeStore, minutes: ServingMinutes, objectives: Objectives) -> None:
        self._engine = engine
        self._freezes = freezes
        self._minutes = minutes
        self._objectives = objectives

    def run(self) -> None:
        """Raises StorageUnavailable."""
        budgets, frozen = self._minutes.budgets(self._objectives), self._freezes.frozen_for_budget()
        for market, budget in budgets.items():
            if budget.is_spent:
                if market not in frozen and self._freezes.freeze_for_budget(market, budget.reason(), WORKER):
                    _log.warning("frozen_for_the_budget", market=market, reason=budget.reason())
            elif market in frozen and budget.has_recovered and self._freezes.budget_recovered(market, WORKER):
                _log.info("budget_recovered", market=market)
        self._minutes.forget(self._objectives)
