"""What training and measuring on one market's log share: its arrays, the questions, and who else is asked them."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from data import columns as col
from data.city import truth
from data.dataset import TRUTH, Dataset
from data.splits import Method
from models import calibration
from models.base import Model, TrainingData
from models.calibration import Calibration
from models.corrections import corrected, maturity
from models.evaluation import evaluate as evaluation
from models.evaluation.cold_start import hold_back
from models.evaluation.evaluate import Measured, Scorer
from models.evaluation.habit import habit
from models.evaluation.oracle import oracle
from models.evaluation.requests import (
    Requests,
    RequestScorer,
    all_knowing,
    as_served,
    by_chance,
    habitual,
    held_out_requests,
    shown_lists,
)
from models.impressions import log_times_from_home, shown_between
from models.journal import Journal
from models.ladder import make, rung
from models.moments import read_journal, rehearsal
from models.preparation import Prepared, Protocol, prepare, usual
from models.second_stage.stage import second_stage_of
from models.training_data import build

BASELINES: Final = ("random", "popular")
_TYPICAL_DINERS: Final = 500


@dataclass(frozen=True)
class Contestant:
    """Somebody who is asked the models' questions."""

    scorer: Scorer
    """Of diners, without a moment."""
    served: Callable[[Requests], RequestScorer]
    """Of requests, as it would be served."""
    calibration: Calibration


Rival = Callable[["Ground"], Contestant]


class Ground:
    """One market's log as it is learnt from and asked about; each part is made once, when it is first needed.

    `rivals` are asked the same questions as the models: one that serves already, say. What is made raises ModelError
    where the market has nothing to learn from.
    """

    def __init__(
        self,
        dataset: Dataset,
        market: str,
        *,
        seed: int = 0,
        threads: int = 1,
        protocol: Protocol | None = None,
        rivals: Mapping[str, Rival] | None = None,
        looks_back: bool = True,
    ) -> None:
        """`looks_back`: some of those who are asked look at what a diner did before a request."""
        self.dataset = dataset
        self.market = market
        self.seed = seed
        self.protocol = protocol or usual(dataset)
        self._threads = threads
        self._rivals = rivals or {}
        self._looks_back = looks_back
        self.trials: dict[str, tuple[Model, Calibration]] = {}
        """Models of the train period that are kept to be looked into, by name."""

    # -- the arrays

    @cached_property
    def prepared(self) -> Prepared:
        """The log, split, and the question about its test period."""
        return prepare(self.dataset, self.market, self.seed, self.protocol)

    @cached_property
    def journal(self) -> Journal | None:
        """The whole log by request and moment; None where it has no such thing."""
        return read_journal(self.dataset, self.market)

    @property
    def until(self) -> str | None:
        """Time of the newest event; None where the log has no times."""
        newest = self.prepared.log[col.AT].max()
        return None if pd.isna(newest) else str(newest.isoformat())

    def train_period(self, models: Iterable[str]) -> TrainingData:
        """What these models learn from to be measured."""
        return self._rehearsed(models, self.prepared.data, self.prepared.log[self.prepared.split.train])

    def everything(self, models: Iterable[str] = ()) -> TrainingData:
        """What they learn from to be served: all periods."""
        return self._rehearsed(models, self._everything, self.prepared.log)

    @cached_property
    def _everything(self) -> TrainingData:
        log = corrected(self.dataset, self.market, self.prepared.log, self.protocol.corrections)
        left_out = self.protocol.corrections.leave_out
        return build(self.dataset, self.market, log, self.dataset.manifest.repeats, leave_out=left_out)

    def _rehearsed(self, models: Iterable[str], data: TrainingData, positives: pd.DataFrame) -> TrainingData:
        """The data with their rehearsal, where one of the models makes use of it."""
        if not any(getattr(rung(model), "rehearses", False) for model in models):
            return data
        left_out = self.protocol.corrections.leave_out
        return replace(data, rehearsal=rehearsal(self.dataset, self.market, positives, self.journal, left_out))

    # -- the models

    def fitted(self, names: Sequence[str], data: TrainingData | None = None) -> dict[str, Model]:
        """Models with the protocol's parameters, fitted to the train period or to these data."""
        data = self.train_period(names) if data is None else data
        return {
            name: make(name, **self.parameters(name, self.protocol.parameters.get(name, {}))).fit(data)
            for name in names
        }

    def parameters(self, model: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Of a model's constructor: seed and threads, where it has them, and what is given."""
        takes = inspect.signature(rung(model)).parameters
        own = {"seed": self.seed, "threads": self._threads}
        return {**{name: value for name, value in own.items() if name in takes}, **given}

    def calibrated(self, model: Model) -> Calibration:
        """Fitted on the validation period's impressions, its error measured on the test's; without any, assumed."""
        prepared = self.prepared
        if prepared.split.method is Method.TIME:
            at = prepared.log[col.AT]
            begins, ends = at[prepared.split.validation].min(), at[prepared.split.test].min()
            asked = (self.dataset, self.market, model, prepared.data)
            journal = None if second_stage_of(model) is None else self.journal
            shown = None
            if not pd.isna(begins):
                train = prepared.log[prepared.split.train]
                wait = maturity(self.dataset, self.market, train, self.protocol.corrections)
                shown = shown_between(*asked, begins, ends, self.seed, wait, journal)
            if shown is not None and shown.can_calibrate:
                curve = calibration.fit(shown)
                tested = shown_between(*asked, ends, at.max(), self.seed, journal=journal)
                if tested is None:
                    return curve
                rng = np.random.default_rng(self.seed)
                return curve.model_copy(update={"errors": calibration.errors(curve, tested, rng)})
        step = max(1, len(prepared.data.diner_ids) // _TYPICAL_DINERS)
        sample = np.arange(0, len(prepared.data.diner_ids), step, dtype=np.int32)
        return calibration.assume(model.score(sample), log_times_from_home(self.dataset, self.market, sample))

    # -- the questions

    @cached_property
    def requests(self) -> Requests | None:
        """The question about requests of the test period; None where the log does not tell of any."""
        period = self.test_period
        if self.journal is None or period is None:
            return None
        return held_out_requests(self.journal, *period, np.random.default_rng(self.seed))

    @cached_property
    def lists(self) -> Requests | None:
        """The question about the order of the test period's lists: the fair one to a model that has not made them.

        Asked where there are rivals only; None also where too few of the lists were ordered from.
        """
        period = self.test_period
        if period is None or not self._rivals:
            return None
        begins = None if self._looks_back else pd.Timestamp(period[0], unit="s", tz="UTC")
        journal = self.journal if begins is None else read_journal(self.dataset, self.market, begins)
        if journal is None:
            return None
        theta = np.asarray(next(iter(self._contestants.values())).calibration.examination)
        return shown_lists(journal, *period, theta, np.random.default_rng(self.seed))

    @property
    def test_period(self) -> tuple[int, int] | None:
        """From and until when, in seconds; None where the log has no times."""
        log, split = self.prepared.log, self.prepared.split
        if split.method is not Method.TIME:
            return None
        begins, last = log[col.AT][split.test].min().floor("D"), log[col.AT].max()
        return int(begins.timestamp()), int(last.timestamp()) + 1

    def measured(
        self, fitted: Mapping[str, Model], prepared: Prepared | None = None, *, beside: bool = True
    ) -> dict[str, Measured]:
        """All models asked the same question; `beside` them their habit where diners come back, on a city the oracle.

        `popular` is among the models then.
        """
        prepared = prepared or self.prepared
        measured = {name: evaluation.measure(prepared.question, model.score) for name, model in fitted.items()}
        if not beside:
            return measured
        if self.dataset.manifest.repeats and prepared.question.masked is None:
            measured["habit"] = evaluation.measure(prepared.question, habit(prepared.data, fitted["popular"]))
        best = oracle(self.dataset, self.market, prepared.data, prepared.log[prepared.split.train])
        if best is not None:
            measured["oracle"] = evaluation.measure(prepared.question, best)
        return measured

    def measured_cold(self, names: Sequence[str]) -> dict[str, dict[str, Measured]]:
        """The models fitted once more without some diners and restaurants, and asked about these."""
        cold = hold_back(self.prepared.data, self.prepared.question, np.random.default_rng(self.seed))
        return cold.measure(self.fitted(names, cold.data))

    def asked(self, fitted: Mapping[str, Model], *, beside: bool = True) -> dict[str, Measured]:
        """The same about requests, each model with its calibration; empty where there are none."""
        requests = self.requests
        if requests is None:
            return {}
        measured = {
            name: requests.measure(as_served(requests, model, self.calibrated(model))) for name, model in fitted.items()
        }
        return {**measured, **self._references(requests, fitted)} if beside else measured

    # -- who stands beside

    @cached_property
    def rivals(self) -> Mapping[str, Measured]:
        """By name; empty where they can be asked about lists, which is the fairer question."""
        if self.lists is not None:
            return {}
        question = self.prepared.question
        return {name: evaluation.measure(question, one.scorer) for name, one in self._contestants.items()}

    @cached_property
    def asked_rivals(self) -> Mapping[str, Measured]:
        """The same about requests; empty where there are none."""
        requests = self.requests
        if requests is None:
            return {}
        return {name: requests.measure(one.served(requests)) for name, one in self._contestants.items()}

    @cached_property
    def beside(self) -> Mapping[str, Measured]:
        """What every model is read against: the baselines, habit, the oracle, the rivals.

        Popularity alone where all are asked about lists, with chance and rivals beside: once is enough.
        """
        if self.lists is not None:
            question, popular = self.prepared.question, self._baselines["popular"]
            return {"popular": evaluation.measure(question, popular.score)}
        return {**self.measured(self._baselines), **self.rivals}

    @cached_property
    def asked_beside(self) -> Mapping[str, Measured]:
        """The same about requests; the baselines are chance and habit, which need no calibration."""
        requests = self.requests
        if requests is None:
            return {}
        return {"random": self._by_chance(requests), **self._references(requests, self._baselines), **self.asked_rivals}

    @cached_property
    def lists_beside(self) -> Mapping[str, Measured]:
        """Chance and the rivals about the order of lists that were shown."""
        lists = self.lists
        return {} if lists is None else {"random": self._by_chance(lists), **self.listed_rivals}

    @cached_property
    def listed_rivals(self) -> Mapping[str, Measured]:
        """By name."""
        lists = self.lists
        return (
            {} if lists is None else {name: lists.measure(one.served(lists)) for name, one in self._contestants.items()}
        )

    def _by_chance(self, requests: Requests) -> Measured:
        return requests.measure(by_chance(requests, np.random.default_rng(self.seed)))

    def _references(self, requests: Requests, fitted: Mapping[str, Model]) -> dict[str, Measured]:
        """Habit where diners come back; on a synthetic city the oracle."""
        found: dict[str, Measured] = {}
        if self.dataset.manifest.repeats:
            found["habit"] = requests.measure(habitual(requests, fitted["popular"]))
        if (self.dataset.path / TRUTH).exists():
            knowing = all_knowing(requests, truth.load(self.dataset.path, self.market))
            found["oracle"] = requests.measure(knowing)
        return found

    @cached_property
    def _baselines(self) -> Mapping[str, Model]:
        return self.fitted(BASELINES)

    @cached_property
    def _contestants(self) -> Mapping[str, Contestant]:
        return {name: rival(self) for name, rival in self._rivals.items()}
