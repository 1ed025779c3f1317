"""The steps of a run that need no database: from a snapshot to versions, what is said of them, and the verdicts.

They are a function of files and plain values, so that they can be done in another process or on another machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

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
from services.retraining import gates, validation
from services.retraining.champion import Trial, on_trial
from services.retraining.fairness_gate import FairnessBounds, with_fairness
from services.retraining.gates import Bounds
from services.retraining.validation import LogCounts

Document = Mapping[str, Any]

RIVAL: Final = "champion"
_ALONE: Final = "with nothing: the market has no champion that can be loaded"


@dataclass(frozen=True)
class Brief:
    """What a run's versions are made and judged by, beside the data and the champion."""

    market: str
    models: tuple[str, ...]
    """Members of the ladder."""
    seed: int
    watermark: datetime
    past: tuple[dict[str, Any], ...]
    """Of the market's last runs, newest first: the figures of `validate` about volumes."""
    bounds: Bounds
    """What the gates allow."""
    corrections: Corrections
    """Of the log, before models learn from it."""
    fairness: FairnessBounds
    """What the gate of fairness allows."""

    @property
    def steps(self) -> tuple[str, ...]:
        """Those of a run that are done here, in order."""
        return ("validate", *(f"train:{model}" for model in self.models), "evaluate", "check", "gates", "describe")


class Learning:
    """The steps between `snapshot` and `register`. What several need is read once, when the first one asks for it."""

    def __init__(
        self, brief: Brief, done: dict[str, Document], root: Path, checks: Path | None, progress: Progress
    ) -> None:
        """`done` has the documents of the steps so far, `snapshot` at least, and is added to by the caller.

        root: of the model versions. checks: a file with behavioural checks of one's own, beside those that every
        version must pass.
        """
        self._brief = brief
        self._done = done
        self._artifacts = root
        self._checks = checks
        self._progress = progress

    def do(self, step: str) -> Document:
        """Do a step; its document. Raises ModelError, ArtifactError, DatasetError."""
        kind, _, model = step.partition(":")
        if kind == "train":
            return self.train(model)
        document: Document = getattr(self, kind)()
        return document

    def validate(self) -> Document:
        """Is it fit to be learnt from? Where it is not, `stops` says why, and the run must end."""
        document = self._done["snapshot"]
        since = None if document["since"] is None else datetime.fromisoformat(document["since"])
        counts = LogCounts(document["future"], document["late"], since, document["window_days"])
        report = validation.examine(self._dataset, self._brief.market, self._brief.watermark, counts, self._brief.past)
        return {**report.document(), "watermark": self._brief.watermark}

    @cached_property
    def _dataset(self) -> Dataset:
        return Dataset.open(Path(self._done["snapshot"]["path"]))

    # -- the models

    def train(self, model: str) -> Document:
        """Fit, calibrate, measure beside the champion, fit on everything, save."""
        ground, _ = self._asked
        artifact = pipeline.train(
            self._dataset,
            self._brief.market,
            model,
            self._artifacts,
            seed=self._brief.seed,
            ground=ground,
            exploring=self._exploring,
            gates_alone=True,
            progress=self._progress,
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
        market, seed = self._brief.market, self._brief.seed
        corrections = self._brief.corrections
        usual_ground = Ground(self._dataset, market, seed=seed, protocol=usual(self._dataset, corrections=corrections))
        if self._champion is None:
            return usual_ground, None
        trial = on_trial(self._champion, usual_ground.prepared)
        protocol = usual(self._dataset, corrections=corrections, test_from=trial.test_from)
        names = {*self._brief.models, self._champion.manifest.model}
        ground = Ground(
            self._dataset,
            market,
            seed=seed,
            protocol=protocol,
            rivals={RIVAL: trial.rival},
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
        members = {model: self._done[f"train:{model}"]["metrics"] for model in self._brief.models}
        asked, question = _answers(members, ("lists", "requests"))
        figures = {model: answers["models"][model] for model, answers in asked.items()}
        ranked = sorted(members, key=lambda model: (-figures[model][gates.ACCURACY]["value"], model))
        _, trial = self._asked
        return {
            "ranked": ranked,
            "question": question,
            "members": {model: figures[model] for model in ranked},
            "beside": {name: one for name, one in asked[ranked[0]]["models"].items() if name not in members},
            "against_champion": {model: answers["against"].get(RIVAL) for model, answers in asked.items()},
            "by_slice": {model: answers.get("by_slice", {}).get(RIVAL) for model, answers in asked.items()},
            "off_policy": {model: _against_what_was_served(one.get("off_policy")) for model, one in members.items()},
            "champion": self._done["snapshot"]["champion"],
            "compared": _ALONE if trial is None else trial.words,
        }

    def check(self) -> Document:
        """How each version behaves, by what was saved: a file that is not whole is found here.

        Raises ModelError where the file of one's own checks cannot be read.
        """
        own = () if self._checks is None else read_checks(self._checks)
        found = {}
        for model in self._brief.models:
            artifact = artifacts.load(Path(self._done[f"train:{model}"]["path"]))
            subject = Subject(artifact.model, artifact.calibration, self._asked[0].everything(), self._brief.seed)
            found[model] = [outcome.document() for outcome in examine(subject, [*CHECKS, *own])]
        return found

    def gates(self) -> Document:
        """The verdict on each version."""
        evaluated, checks = self._done["evaluate"], self._done["check"]
        verdicts = {}
        for model in self._brief.models:
            evidence = gates.Evidence(
                own=evaluated["members"][model],
                random=evaluated["beside"].get("random") or evaluated["members"]["random"],
                against=evaluated["against_champion"][model],
                champion=evaluated["beside"].get(RIVAL),
                calibration=self._done[f"train:{model}"]["calibration"],
                checks=tuple(checks[model]),
                regressions=tuple((evaluated["by_slice"][model] or {}).get("regressions", ())),
                estimate=evaluated["off_policy"][model],
            )
            verdict = gates.judge(evidence, self._brief.bounds)
            fairness = self._done[f"train:{model}"]["metrics"].get("fairness", {})
            verdict = with_fairness(verdict, fairness.get(RIVAL, ()), fairness.get("own", ()), self._brief.fairness)
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
        return {model: pipeline.look_into(self._asked[0], model, self._progress) for model in passed}


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
