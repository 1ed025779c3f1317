"""What each step of a run does, and the document that it leaves for those after it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Engine, func, select, type_coerce

from data.dataset import Dataset
from models import artifacts, pipeline
from models.artifacts import Artifact, ArtifactError
from models.behaviour import CHECKS, Subject, examine
from models.behaviour_file import read_checks
from models.corrections import Corrections
from models.ground import Ground
from models.ladder import rung
from models.off_policy.estimate import Exploring
from models.pipeline import Progress
from models.preparation import usual
from services.database.schema import events
from services.database.transactions import reading
from services.database.types import micros
from services.events.export import export_dataset
from services.releases.registry import ModelRegistry, RegistryError
from services.releases.verdict import Verdict
from services.retraining import gates, validation
from services.retraining.champion import Trial, on_trial
from services.retraining.fairness_gate import FairnessBounds, with_fairness
from services.retraining.gates import Bounds
from services.retraining.runs import Run
from services.retraining.validation import LogCounts
from services.serving.served_document import drawn_list, placements
from services.stakeholders.policies import PolicyStore

Document = Mapping[str, Any]

_RIVAL: Final = "champion"
_ALONE: Final = "with nothing: the market has no champion that can be loaded"


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
    """The steps of one run. What several of them need is read once, when the first one asks for it."""

    def __init__(self, run: Run, around: Surroundings, done: dict[str, Document], earlier: list[Document]) -> None:
        """`done` has the documents of the steps so far and is added to; `earlier` the last runs' `validate` steps."""
        self._run = run
        self._around = around
        self._done = done
        self._earlier = earlier

    def do(self, step: str) -> Document:
        """Do a step; its document. Raises ModelError, ArtifactError, DatasetError, StorageUnavailable."""
        kind, _, model = step.partition(":")
        if kind == "train":
            return self.train(model)
        steps: dict[str, Callable[[], Document]] = {
            "snapshot": self.snapshot,
            "validate": self.validate,
            "evaluate": self.evaluate,
            "check": self.check,
            "gates": self.gates,
            "describe": self.describe,
            "register": self.register,
        }
        return steps[kind]()

    # -- the data

    def snapshot(self) -> Document:
        """The log as a dataset, and who is the champion: a run measures against the same one to its end."""
        run, around = self._run, self._around
        assert run.watermark is not None, "a run that was taken has one"
        policies, active = around.policies.of(run.market)
        exploration = policies[active].exploration
        begins = run.watermark - timedelta(days=around.window_days) if around.window_days else None
        dataset = export_dataset(
            around.engine,
            around.scratch,
            [run.market],
            since=begins,
            until=run.watermark,
            received_before=run.watermark,
            placements=placements,
            # Without exploration nothing can be told from the lists, and they are many.
            draws=drawn_list if exploration > 0.0 else None,
        )
        serving = around.registry.champion(run.market)
        since = self._earlier[0]["watermark"] if self._earlier else None
        counts = _counted(around.engine, run.market, run.watermark, since)
        return {
            "path": str(dataset.path.absolute()),
            "snapshot": dataset.snapshot,
            "watermark": run.watermark,
            "since": since,
            "late": counts.late,
            "future": counts.future,
            "window_days": around.window_days,
            "exploration": exploration,
            "champion": None if serving is None else {"version": serving.version, "path": serving.path},
        }

    def validate(self) -> Document:
        """Is it fit to be learnt from? Where it is not, `stops` says why, and the run must end."""
        document = self._done["snapshot"]
        since = None if document["since"] is None else datetime.fromisoformat(document["since"])
        counts = LogCounts(document["future"], document["late"], since, document["window_days"])
        assert self._run.watermark is not None
        past = [one["entries"]["volumes"]["figures"] for one in self._earlier]
        report = validation.examine(self._dataset, self._run.market, self._run.watermark, counts, past)
        return {**report.document(), "watermark": self._run.watermark}

    @cached_property
    def _dataset(self) -> Dataset:
        return Dataset.open(Path(self._done["snapshot"]["path"]))

    # -- the models

    def train(self, model: str) -> Document:
        """Fit, calibrate, measure beside the champion, fit on everything, save."""
        ground, _ = self._asked
        artifact = pipeline.train(
            self._dataset,
            self._run.market,
            model,
            self._around.artifacts,
            seed=self._run.seed,
            ground=ground,
            exploring=self._exploring,
            gates_alone=True,
            progress=self._around.progress,
        )
        manifest = artifact.manifest
        return {
            "version": artifact.version,
            "path": str(artifact.path.absolute()),
            "metrics": manifest.metrics,
            "calibration": manifest.calibration.errors,
        }

    @property
    def _exploring(self) -> Exploring | None:
        """How the active policy explores; where it does not, nothing can be told from its lists about others."""
        temperature = float(self._done["snapshot"]["exploration"])
        return Exploring(temperature) if temperature > 0.0 else None

    @cached_property
    def _champion(self) -> Artifact | None:
        """The champion; None where there is none, or its files are damaged: then there is nothing to compare with."""
        serving = self._done["snapshot"]["champion"]
        try:
            return None if serving is None else artifacts.load(Path(serving["path"]))
        except ArtifactError:
            return None

    @cached_property
    def _asked(self) -> tuple[Ground, Trial | None]:
        """What the models are trained on and asked, and how the champion is."""
        market, seed = self._run.market, self._run.seed
        corrections = self._around.corrections
        usual_ground = Ground(self._dataset, market, seed=seed, protocol=usual(self._dataset, corrections=corrections))
        if self._champion is None:
            return usual_ground, None
        trial = on_trial(self._champion, usual_ground.prepared)
        protocol = usual(self._dataset, corrections=corrections, test_from=trial.test_from)
        names = {*self._run.models, self._champion.manifest.model}
        ground = Ground(
            self._dataset,
            market,
            seed=seed,
            protocol=protocol,
            rivals={_RIVAL: trial.rival},
            looks_back=any(getattr(rung(name), "rehearses", False) for name in names),
        )
        if trial.test_from is None:
            ground.prepared = usual_ground.prepared
        return ground, trial

    # -- the judgement

    def evaluate(self) -> Document:
        """All members on one question, the best first, and beside the champion on what is fair to both.

        Who made the lists of a log has its choices on its side, so all are asked about the order of the lists that were
        shown, each as it would be served, where there are a champion and enough of them; else about requests, and where
        the log does not tell of what was shown about diners, without a moment.
        """
        members = {model: self._done[f"train:{model}"]["metrics"] for model in self._run.models}
        asked, question = _answers(members, ("lists", "requests"))
        figures = {model: answers["models"][model] for model, answers in asked.items()}
        ranked = sorted(members, key=lambda model: (-figures[model][gates.ACCURACY]["value"], model))
        _, trial = self._asked
        return {
            "ranked": ranked,
            "question": question,
            "members": {model: figures[model] for model in ranked},
            "beside": {name: one for name, one in asked[ranked[0]]["models"].items() if name not in members},
            "against_champion": {model: answers["against"].get(_RIVAL) for model, answers in asked.items()},
            "by_slice": {model: answers.get("by_slice", {}).get(_RIVAL) for model, answers in asked.items()},
            "off_policy": {model: _against_what_was_served(one.get("off_policy")) for model, one in members.items()},
            "champion": self._done["snapshot"]["champion"],
            "compared": _ALONE if trial is None else trial.words,
        }

    def check(self) -> Document:
        """How each version behaves, by what was saved: a file that is not whole is found here.

        Raises ModelError where the file of one's own checks cannot be read.
        """
        own = () if self._around.checks is None else read_checks(self._around.checks)
        found = {}
        for model in self._run.models:
            artifact = artifacts.load(Path(self._done[f"train:{model}"]["path"]))
            subject = Subject(artifact.model, artifact.calibration, self._asked[0].everything(), self._run.seed)
            found[model] = [outcome.document() for outcome in examine(subject, [*CHECKS, *own])]
        return found

    def gates(self) -> Document:
        """The verdict on each version."""
        evaluated, checks = self._done["evaluate"], self._done["check"]
        verdicts = {}
        for model in self._run.models:
            evidence = gates.Evidence(
                own=evaluated["members"][model],
                random=evaluated["beside"].get("random") or evaluated["members"]["random"],
                against=evaluated["against_champion"][model],
                champion=evaluated["beside"].get(_RIVAL),
                calibration=self._done[f"train:{model}"]["calibration"],
                checks=tuple(checks[model]),
                regressions=tuple((evaluated["by_slice"][model] or {}).get("regressions", ())),
                estimate=evaluated["off_policy"][model],
            )
            verdict = gates.judge(evidence, self._around.bounds)
            fairness = self._done[f"train:{model}"]["metrics"].get("fairness", {})
            verdict = with_fairness(verdict, fairness.get(_RIVAL, ()), fairness.get("own", ()), self._around.fairness)
            verdicts[model] = {"passed": verdict.passed, "reasons": list(verdict.reasons)}
        return verdicts

    def describe(self) -> Document:
        """What the cards say beside, by model: of each version that passed, for any of them may be promoted later.

        What it has learnt, on what it leans, where it fails and how faithful its reasons are. It is told here and not
        when it is promoted, since the data that it is told from goes with the run; versions that are stopped never
        serve, and are not described.
        """
        verdicts, ranked = self._done["gates"], self._done["evaluate"]["ranked"]
        passed = [model for model in ranked if verdicts[model]["passed"]]
        return {model: pipeline.look_into(self._asked[0], model, self._around.progress) for model in passed}

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


def _answers(members: Mapping[str, Document], questions: Sequence[str]) -> tuple[dict[str, Document], str]:
    """Of all members to the first of the questions that all were asked, else about diners; and which one it was."""
    for question in questions:
        if all(metrics.get(question) is not None for metrics in members.values()):
            return {model: metrics[question] for model, metrics in members.items()}, question
    return dict(members), "diners"


def _against_what_was_served(told: Document | None) -> Document | None:
    """An off-policy value as the difference to what the logged lists earned; its interval is the wider for it."""
    if told is None or told["refused"] is not None:
        return None if told is None else {"value": None, "low": None, "high": None, **_grounds(told)}
    served = told["naive"]
    return {
        "value": told["value"] - served["value"],
        "low": told["low"] - served["high"],
        "high": told["high"] - served["low"],
        **_grounds(told),
    }


def _grounds(told: Document) -> Document:
    return {name: told.get(name) for name in ("ess", "refused", "lists")}


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
