"""Models measured on held-out data beside those that always stand there: a market at a time, then markets together."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from data.dataset import Dataset
from models.base import ModelError
from models.evaluation import evaluate as evaluation
from models.evaluation.market_figures import MarketFigures, joined
from models.evaluation.report import WARM, MarketPart, groups_of, report
from models.ground import BASELINES, Ground
from models.ladder import rung
from models.preparation import Protocol, benchmark, usual

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Contest:
    """What models are asked on each market."""

    models: tuple[str, ...] = ("lightfm",)
    seed: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the constructors of `models`, and corrections by their names."""
    all_ratings: bool = False
    """Bad ratings are positive feedback too."""
    cold_start: bool = True
    """Fit each model once more, without a tenth of the diners and restaurants, and ask about these."""

    @property
    def names(self) -> tuple[str, ...]:
        """The models, with those that always stand beside."""
        return tuple(dict.fromkeys([*self.models, *BASELINES]))

    def protocol(self, dataset: Dataset) -> Protocol:
        """How the dataset is turned into a benchmark."""
        return (benchmark(dataset) or usual(dataset, self.all_ratings)).given(self.models, self.parameters)


class Asked(NamedTuple):
    """Some of a contest's models on one market."""

    market: str
    models: tuple[str, ...]


Measuring = Callable[[Sequence[Asked]], Iterable[MarketFigures | ModelError]]
"""Answers, in the order of what is asked; an error: the market has nothing to measure with."""


def evaluate(
    dataset: Dataset,
    contest: Contest,
    *,
    market: str | None = None,
    apart: bool = False,
    measuring: Measuring | None = None,
    progress: Progress = lambda _step, _done, _total: None,
) -> dict[str, Any]:
    """Measure models on held-out data, `random` and `popular` always beside; diners of all markets together.

    Where diners come back, `habit` and the figures with known restaurants masked (under `masked`) stand beside, since
    remembering is most of what there is to gain and says nothing about new ones. Where the log holds what was shown,
    the models are also asked about held-out requests, as they would be served (under `requests`). Where the dataset
    holds the split of a documented benchmark, its protocol is followed and named.

    measuring: who asks; by default this process, one after the other. apart: each model is asked by itself, so that
    more can be done at once; the figures are the same. Raises ModelError where there is nothing to measure with.
    """
    for name in contest.models:
        rung(name)
    markets = [dataset.market(market).market] if market else list(dataset.markets)
    together = _apart(contest) if apart else [contest.names]
    asked = [Asked(name, models) for name in markets for models in together]
    measuring = measuring or functools.partial(_in_turn, dataset, contest)
    answers: list[MarketFigures | ModelError] = []
    progress("measuring", 0, len(asked))
    for answer in measuring(asked):
        if isinstance(answer, ModelError) and len(markets) == 1:
            raise answer
        answers.append(answer)
        progress("measuring", len(answers), len(asked))
    found = []
    for first in range(0, len(asked), len(together)):
        parts = [one for one in answers[first : first + len(together)] if isinstance(one, MarketFigures)]
        if len(parts) == len(together):  # a market without feedback has nothing to measure; the others have
            found.append(joined(parts, contest.names))
    if not found:
        raise ModelError(f"{dataset.path} has no positive feedback to measure with")
    return _reported(dataset, contest, found)


def measure_market(dataset: Dataset, contest: Contest, asked: Asked) -> MarketFigures | ModelError:
    """What some of a contest's models come to on one market; an error where it has nothing to measure with.

    Habit and the oracle stand beside the baselines: where these are among the models. Raises ModelError for a model
    that cannot be made.
    """
    ground = Ground(dataset, asked.market, seed=contest.seed, protocol=contest.protocol(dataset))
    try:
        prepared = ground.prepared
    except ModelError as error:
        return error
    beside = set(BASELINES) <= set(asked.models)
    fitted = ground.fitted(asked.models)
    groups, method = groups_of(prepared.data, prepared.question), prepared.split.method.value
    cold = ground.measured_cold(asked.models) if contest.cold_start else {}
    measured, requests = ground.measured(fitted, beside=beside), ground.asked(fitted, beside=beside)
    part = MarketPart(measured, groups, method, cold, requests)
    apart = prepared.masked()
    if ground.protocol.mask_known or not len(apart.question.diners):
        return MarketFigures(part, None)
    groups = groups_of(apart.data, apart.question)
    return MarketFigures(part, MarketPart(ground.measured(fitted, apart, beside=beside), groups, method, {}))


def _apart(contest: Contest) -> list[tuple[str, ...]]:
    return [*((name,) for name in contest.names if name not in BASELINES), BASELINES]


def _in_turn(dataset: Dataset, contest: Contest, asked: Sequence[Asked]) -> Iterator[MarketFigures | ModelError]:
    for one in asked:
        yield measure_market(dataset, contest, one)


def _reported(dataset: Dataset, contest: Contest, found: Sequence[MarketFigures]) -> dict[str, Any]:
    mask_known = contest.protocol(dataset).mask_known
    result = report(dataset, [one.part for one in found], contest.seed, mask_known)
    masked = [one.masked for one in found if one.masked is not None]
    if sum(len(part.groups[WARM]) for part in masked) >= evaluation.FEWEST_DINERS:
        result["masked"] = report(dataset, masked, contest.seed, known_masked=True)["models"]
    return result
