"""The model card of a version as a typed document: pure, from what was kept of it.

After Mitchell et al., "Model Cards for Model Reporting" (2019): details, data, figures overall and by group, limits;
and what this project measures beside: behaviour, what it has learnt, where it fails, what changed since the last
version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.cards.changes import Changes, changes
from models.cards.figures import Figure
from models.cards.limits import limits
from models.cards.parts import (
    Accuracy,
    CalibrationFacts,
    DataFacts,
    Details,
    GroupFigure,
    Parameter,
    Quality,
    Questioned,
    Standing,
    Versus,
)
from models.cards.report import (
    NOT_MEASURED,
    CheckOutcome,
    EmbeddingPlane,
    Fairness,
    FeatureImportance,
    Fidelity,
    Interaction,
    OverIndexing,
    SliceRegression,
    Unreadable,
    WorstSlice,
    fairness,
    figure_of,
    items,
    one,
    unreadable,
)
from models.manifest import ArtifactManifest

Document = Mapping[str, Any]
T = TypeVar("T")

_LONGEST: Final = 120
"""Letters of a parameter's value."""
_QUESTIONS: Final = {
    "diners": "all restaurants ranked for the diners of the test period",
    "requests": "requests of the test period, the model as it is served",
    "lists": "the order of lists that were shown in the test period, the model as it is served",
}


@dataclass(frozen=True)
class Subject:
    """What is known of a version."""

    market: str
    market_title: str
    version: str
    model: str
    """Its name on the ladder."""
    created_at: datetime
    metrics: Document
    """Its evaluation report."""
    standing: Standing
    manifest: ArtifactManifest | None = None
    """None: its files are not kept any more, or are damaged."""
    exact: bool | None = None
    """Whether its scores are taken apart with nothing left but rounding; None: not known, its files are gone."""
    validation: Document | None = None
    """What the retraining run that made it said of its data."""
    snapshot: Document | None = None
    """From when until when that run's data went."""

    @property
    def report(self) -> dict[str, Any]:
        """What was kept with the files, and what was added when it was registered."""
        kept = {} if self.manifest is None else self.manifest.metrics
        return {**kept, **self.metrics}


class ModelCard(BaseModel):
    """A version of a model: what it is, how well it does, where it does not. Intervals are 95 %."""

    model_config = ConfigDict(frozen=True)

    market: str
    market_title: str
    version: str
    model: str
    summary: str
    created_at: datetime
    standing: Standing
    details: Details
    data: DataFacts
    accuracy: Accuracy
    groups: list[GroupFigure] | None = Field(description="nDCG@10 by group of diners.")
    calibration: CalibrationFacts | None
    behaviour: list[CheckOutcome] | None
    importance: list[FeatureImportance] | None = Field(description="The largest first.")
    interactions: list[Interaction] = Field(default=[], description="The largest; kept with the importance.")
    embedding_map: EmbeddingPlane | None = Field(
        default=None, description="Who is like whom; kept with the importance. Null: it tells no cuisines apart."
    )
    over_indexing: list[OverIndexing] | None
    worst_slices: list[WorstSlice] | None
    slice_loss: str | None = Field(description="What the losses of `worst_slices` are.")
    slice_regressions: list[SliceRegression] | None = Field(
        description="Where it was worse than the champion of then, on the same cases; null: they were not compared."
    )
    exact: bool | None = Field(
        description="Whether its scores are taken apart with nothing left but rounding; null: its files are gone."
    )
    fidelity: Fidelity | None
    fairness: Fairness | None
    limits: list[str] = Field(description="What it does not know and where it is weak, each said from its figures.")
    changes: Changes | None = Field(description="Null: there is no version before it.")
    not_measured: dict[str, str] = Field(
        description="Why a part is null, by the part's name: not measured, or kept in a shape that is not known."
    )


@dataclass
class _Reader:
    """Reads parts of a report, and keeps why one is not there."""

    why: dict[str, str] = field(default_factory=dict)

    def part(self, name: str, read: Callable[[], T | None]) -> T | None:
        try:
            found = read()
        except Unreadable as error:
            self.why[name] = f"kept in a shape that this program does not read: {error}"
            return None
        if found is None:
            self.why[name] = NOT_MEASURED
        return found


def model_card(subject: Subject, previous: Subject | None = None) -> ModelCard:
    """The card; `previous` is the version to tell the changes from."""
    report = subject.report
    reader = _Reader()
    importance = reader.part("importance", lambda: items(report, "importance", FeatureImportance, "features"))
    card = ModelCard(
        market=subject.market,
        market_title=subject.market_title,
        version=subject.version,
        model=subject.model,
        summary="" if subject.manifest is None else subject.manifest.summary,
        created_at=subject.created_at,
        standing=subject.standing,
        details=_details(subject),
        data=reader.part("data", lambda: _data(subject, report)) or DataFacts(),
        accuracy=reader.part("accuracy", lambda: _accuracy(subject.model, report)) or Accuracy(),
        groups=reader.part("groups", lambda: groups_of(subject.model, report)),
        calibration=reader.part("calibration", lambda: _calibration(subject)),
        behaviour=reader.part("behaviour", lambda: _behaviour(report)),
        importance=None if importance is None else sorted(importance, key=lambda one: -one.value),
        interactions=[] if importance is None else reader.part("interactions", lambda: _interactions(report)) or [],
        embedding_map=None if importance is None else _map(report, reader),
        over_indexing=reader.part(
            "over_indexing", lambda: items(report, "over_indexing", OverIndexing, "findings", "items")
        ),
        worst_slices=reader.part("worst_slices", lambda: items(report, "slices", WorstSlice, "findings", "slices")),
        slice_loss=_slice_loss(report),
        slice_regressions=reader.part("slice_regressions", lambda: _regressions(report)),
        exact=subject.exact,
        fidelity=reader.part("fidelity", lambda: one(report, "fidelity", Fidelity)),
        fairness=reader.part("fairness", lambda: fairness(report)),
        limits=[],
        changes=None,
        not_measured=reader.why,
    )
    if previous is not None:
        differing = _parameters(subject, previous)
        card = card.model_copy(update={"changes": changes(card, model_card(previous), differing)})
    return card.model_copy(update={"limits": limits(card)})


def groups_of(model: str, report: Document) -> list[GroupFigure] | None:
    """The model's figure in each group of diners, beside that of popularity."""
    found = report.get("groups")
    if found is None:
        return None
    if not isinstance(found, Sequence):
        raise Unreadable("groups: it is no list")
    by_group: dict[str, dict[str, tuple[int, Figure]]] = {}
    for number, row in enumerate(found):
        figure = figure_of(row.get("ndcg@10")) if isinstance(row, Mapping) else None
        if figure is None or not isinstance(row.get("diners"), int):
            raise Unreadable(f"groups.{number}: it needs slice, model, diners and ndcg@10")
        by_group.setdefault(str(row["slice"]), {})[str(row["model"])] = (row["diners"], figure)
    return [
        GroupFigure(
            group=group,
            diners=of_group[model][0],
            figure=of_group[model][1],
            popular=of_group["popular"][1] if "popular" in of_group and model != "popular" else None,
        )
        for group, of_group in by_group.items()
        if model in of_group
    ]


def _details(subject: Subject) -> Details:
    manifest = subject.manifest
    if manifest is None:
        return Details(parameters=[], dimensions=None, libraries={}, kept=False)
    parameters = [Parameter(name=name, value=_value(value)) for name, value in sorted(manifest.parameters.items())]
    return Details(parameters=parameters, dimensions=manifest.dimensions, libraries=manifest.libraries, kept=True)


def _parameters(subject: Subject, previous: Subject) -> dict[str, tuple[str | None, str | None]]:
    """Those that differ, with both values."""
    if subject.manifest is None or previous.manifest is None:
        return {}
    after, before = subject.manifest.parameters, previous.manifest.parameters
    return {
        name: (
            _value(before[name]) if name in before else None,
            _value(after[name]) if name in after else None,
        )
        for name in sorted({*after, *before})
        if after.get(name) != before.get(name)
    }


def _value(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _data(subject: Subject, report: Document) -> DataFacts:
    manifest, told, snapshot = subject.manifest, report.get("data"), subject.snapshot or {}
    kept: Document = told if isinstance(told, Mapping) else {}
    entries = (subject.validation or {}).get("entries", {})
    facts: dict[str, Any] = {
        "source": kept.get("source"),
        "snapshot": report.get("data_snapshot") or (None if manifest is None else manifest.data_snapshot),
        "since": kept.get("since"),
        "until": report.get("until"),
        "split": report.get("split"),
        "diners": None if manifest is None else manifest.diners,
        "restaurants": None if manifest is None else manifest.restaurants,
        "positives": kept.get("positives"),
        "learnt_from": kept.get("train_positives"),
        "tested_on": kept.get("test_positives"),
        "diners_measured": kept.get("diners_measured"),
        "rejected": kept.get("rejected"),
        "assumptions": list(kept.get("assumptions") or []),
        "run": report.get("run_id"),
        "window_days": snapshot.get("window_days"),
        "quality": [
            Quality(name=name, stops=list(entry["stops"]), notes=list(entry["notes"]), figures=_numbers(entry))
            for name, entry in entries.items()
        ],
    }
    try:
        return DataFacts.model_validate(facts)
    except ValidationError as error:
        raise unreadable("data", error) from None


def _numbers(entry: Document) -> dict[str, float]:
    found = entry.get("figures") or {}
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}


def _accuracy(model: str, report: Document) -> Accuracy | None:
    """All questions that it was asked, with all who were asked the same; None where it was asked nothing."""
    questions, versus = [], []
    for question, words in _QUESTIONS.items():
        answers = report if question == "diners" else report.get(question)
        if not isinstance(answers, Mapping):
            continue
        for rival, document in (answers.get("against") or {}).items():
            versus.append(Versus(question=question, rival=rival, figures=_figures(document)))
        models = answers.get("models")
        if isinstance(models, Mapping) and models:
            ranked = sorted(models, key=lambda name: (name != model, name))
            found = {name: _figures(models[name]) for name in ranked}
            questions.append(Questioned(question=question, words=words, models=found))
    if not questions:
        return None
    return Accuracy(questions=questions, against=versus)


def _figures(document: Any) -> dict[str, Figure]:
    if not isinstance(document, Mapping):
        raise Unreadable("models: they need figures by name")
    found = {name: figure_of(value) for name, value in document.items()}
    return {name: figure for name, figure in found.items() if figure is not None}


def _calibration(subject: Subject) -> CalibrationFacts | None:
    if subject.manifest is None:
        return None
    curve = subject.manifest.calibration
    return CalibrationFacts(assumed=curve.assumed, errors=_figures(curve.errors), examination=list(curve.examination))


def _interactions(report: Document) -> list[Interaction]:
    """None are kept where the features stand alone."""
    found = report.get("importance")
    return (items(found, "interactions", Interaction) or []) if isinstance(found, Mapping) else []


def _map(report: Document, reader: _Reader) -> EmbeddingPlane | None:
    """One that is not kept is not missed: models that tell no tags apart have none."""
    found = report.get("importance")
    if not isinstance(found, Mapping) or found.get("map") is None:
        return None
    return reader.part("embedding_map", lambda: one(found, "map", EmbeddingPlane))


def _slice_loss(report: Document) -> str | None:
    found = report.get("slices")
    loss = found.get("loss") if isinstance(found, Mapping) else None
    return loss if isinstance(loss, str) else None


def _regressions(report: Document) -> list[SliceRegression] | None:
    """Of the comparison with the champion, on the question that is fairest to both and was asked."""
    for question in ("lists", "requests", None):
        answers = report if question is None else report.get(question)
        found = answers.get("by_slice") if isinstance(answers, Mapping) else None
        if isinstance(found, Mapping) and found.get("champion") is not None:
            return items(found, "champion", SliceRegression, "regressions")
    return None


def _behaviour(report: Document) -> list[CheckOutcome] | None:
    key = "behaviour" if report.get("behaviour") is not None else "checks"
    return items(report, key, CheckOutcome, "outcomes", "checks", "items")
