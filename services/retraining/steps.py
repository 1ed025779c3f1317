"""What each step of a run does, and the document that it leaves for those after it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, Engine, func, select, type_coerce

from models.corrections import Corrections
from models.pipeline import Progress
from services.database.schema import events
from services.database.transactions import reading
from services.database.types import micros
from services.events.export import export_dataset
from services.releases.registry import ModelRegistry, RegistryError
from services.releases.verdict import Verdict
from services.retraining.fairness_gate import FairnessBounds
from services.retraining.gates import Bounds
from services.retraining.learning import Brief, Document, Learning
from services.retraining.runs import Run
from services.retraining.validation import LogCounts
from services.serving.served_document import drawn_list, placements
from services.stakeholders.policies import PolicyStore


class Surroundings(NamedTuple):
    """What the steps work with."""

    engine: Engine
    registry: ModelRegistry
    artifacts: Path
    """Root of the model versions."""
    scratch: Path
    """The run's own folder for data; nobody else writes there."""
    witness: Callable[[Connection], object]
    """Called first in each transaction that writes; raises where the lease is lost."""
    progress: Progress
    policies: PolicyStore
    window_days: int
    """Days of log that are learnt from; 0: all."""
    bounds: Bounds
    """What the gates allow."""
    corrections: Corrections
    """Of the log, before models learn from it."""
    fairness: FairnessBounds
    """What the gate of fairness allows."""
    checks: Path | None
    """A file with behavioural checks of one's own, beside those that every version must pass."""


class Steps:
    """The steps of one run: those that need the database here, the others by `Learning`."""

    def __init__(self, run: Run, around: Surroundings, done: dict[str, Document], earlier: list[Document]) -> None:
        """`done` has the documents of the steps so far and is added to; `earlier` the last runs' `validate` steps."""
        assert run.watermark is not None, "a run that was taken has one"
        self._run = run
        self._watermark = run.watermark
        self._around = around
        self._done = done
        self._earlier = earlier
        self.brief = Brief(
            market=run.market,
            models=run.models,
            seed=run.seed,
            watermark=run.watermark,
            past=tuple(one["entries"]["volumes"]["figures"] for one in earlier),
            bounds=around.bounds,
            corrections=around.corrections,
            fairness=around.fairness,
        )
        self._learning = Learning(self.brief, done, around.artifacts, around.checks, around.progress)

    def do(self, step: str) -> Document:
        """Do a step; its document. Raises ModelError, ArtifactError, DatasetError, StorageUnavailable."""
        here: dict[str, Callable[[], Document]] = {"snapshot": self.snapshot, "register": self.register}
        return here[step]() if step in here else self._learning.do(step)

    def snapshot(self) -> Document:
        """The log as a dataset, and who is the champion: a run measures against the same one to its end."""
        run, around = self._run, self._around
        policies, active = around.policies.of(run.market)
        exploration = policies[active].exploration
        begins = self._watermark - timedelta(days=around.window_days) if around.window_days else None
        dataset = export_dataset(
            around.engine,
            around.scratch,
            [run.market],
            since=begins,
            until=self._watermark,
            received_before=self._watermark,
            placements=placements,
            # Without exploration nothing can be told from the lists, and they are many.
            draws=drawn_list if exploration > 0.0 else None,
        )
        serving = around.registry.champion(run.market)
        since = self._earlier[0]["watermark"] if self._earlier else None
        counts = _counted(around.engine, run.market, self._watermark, since)
        return {
            "path": str(dataset.path.absolute()),
            "snapshot": dataset.snapshot,
            "watermark": self._watermark,
            "since": since,
            "late": counts.late,
            "future": counts.future,
            "window_days": around.window_days,
            "exploration": exploration,
            "champion": None if serving is None else {"version": serving.version, "path": serving.path},
        }

    def register(self) -> Document:
        """Every version with its verdict, those that passed first and the best before the others.

        A version that was registered before, by a run on the same data, keeps what was said of it then.
        """
        verdicts, ranked = self._done["gates"], self._done["evaluate"]["ranked"]
        registered = {}
        for model in sorted(ranked, key=lambda model: not verdicts[model]["passed"]):
            trained, said = self._done[f"train:{model}"], verdicts[model]
            metrics = {
                **trained["metrics"],
                **self._done["describe"].get(model, {}),
                "data_snapshot": self._done["snapshot"]["snapshot"],
                "run_id": self._run.run_id,
                "checks": self._done["check"][model],
                "gates": said,
            }
            try:
                self._around.registry.register(
                    self._run.market,
                    trained["version"],
                    model,
                    trained["path"],
                    metrics,
                    verdict=Verdict(said["passed"], tuple(said["reasons"])),
                    witness=self._around.witness,
                )
                outcome = "challenger" if said["passed"] else "rejected"
            except RegistryError:
                outcome = "known"
            registered[model] = {"version": trained["version"], "outcome": outcome}
        return registered


def _counted(engine: Engine, market: str, watermark: datetime, since: str | None) -> LogCounts:
    """Events from the future, and those that came late."""
    at, received = (type_coerce(column, BigInteger) for column in (events.c.at, events.c.received_at))
    of_market = select(func.count()).select_from(events).where(events.c.market == market)
    last = None if since is None else datetime.fromisoformat(since)
    with reading(engine) as connection:
        future = connection.execute(of_market.where(at >= micros(watermark))).scalar_one()
        late = 0
        if last is not None:
            came = of_market.where(at < micros(last), received >= micros(last), received < micros(watermark))
            late = connection.execute(came).scalar_one()
    return LogCounts(future, late, last)
