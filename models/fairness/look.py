"""One model on one market, looked at from all sides: what it shows whom, and what moves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from data import columns as col
from data.dataset import Dataset
from data.splits import Method
from models.base import FeatureTable, Interactions, Model, ModelError, TrainingData, encode_tags
from models.calibration import Calibration
from models.evaluation import evaluate as evaluation
from models.explanation.parts import TakesApart
from models.fairness.flip import Carrier, Flip, Scorer, carriers, flip_test, scorer_of, words_of
from models.fairness.groups import FEWEST_DINERS, attributes, diner_groups, restaurant_groups, tag_values
from models.fairness.labels import Conversion, conversions
from models.fairness.measured import earned
from models.fairness.measures import Ledger, log_looks, without_good_option
from models.fairness.proxy import Probe, probe
from models.ground import Ground
from models.preparation import Prepared, usual

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.integer]

SHOWN: Final = 10
REPEATS: Final = 10
"""Splits that a log without times is measured on: each diner's figure is the mean over them."""
NDCG, RECALL, WITHOUT = "ndcg@10", "recall@20", "nothing chosen among the first ten"
MEASURES: Final = (NDCG, RECALL, WITHOUT)
FOLDS: Final = 20
_FLIPPED: Final = 150
_MOST_VALUES: Final = 12


@dataclass(frozen=True, eq=False)
class Seen:
    """What one split tells."""

    diners: Rows
    """(m,) rows of those who were asked about."""
    figures: Mapping[str, Doubles]
    """By measure, (m,)."""
    lists: npt.NDArray[np.int64]
    """(m, SHOWN) rows of restaurants."""
    chosen: sparse.csr_matrix
    """(m, n) what was chosen in the test period, debiased by place where the log tells it."""
    popularity: Doubles
    """(n,) in the train period."""

    @classmethod
    def of(cls, dataset: Dataset, prepared: Prepared, model: Model, curve: Calibration | None = None) -> Self:
        """Ask the model the question of the split; curve: of its looks at places, where the split is by time."""
        question, data = prepared.question, prepared.data
        measured = evaluation.measure(question, model.score)
        lists = _lists(model, question.diners, question.masked)
        hits = np.take_along_axis(question.relevant.toarray() > 0, lists, axis=1).sum(axis=1)
        figures = {name: measured.per_diner[name] for name in (NDCG, RECALL)}
        figures[WITHOUT] = without_good_option(hits.astype(np.float64))
        counts = np.bincount(data.interactions.restaurants, minlength=len(data.restaurant_ids))
        return cls(question.diners, figures, lists, earned(dataset, prepared, curve), counts.astype(np.float64))


class Look:
    """One model on one market, learnt on the train period."""

    def __init__(
        self,
        dataset: Dataset,
        market: str,
        model: str,
        *,
        seed: int = 0,
        parameters: Mapping[str, Any] | None = None,
        protected_input: bool = False,
        fewest: int = FEWEST_DINERS,
    ) -> None:
        """Raises ModelError where there is too little to learn from. fewest: diners that make a group."""
        self.dataset, self.market, self._name, self._seed = dataset, market, model, seed
        self._protocol = usual(dataset).given([model], parameters or {})
        self._ground = Ground(dataset, market, seed=seed, protocol=self._protocol)
        self._data = self._ground.train_period([model])
        self.places, self.people = dataset.restaurants(market), dataset.diners(market)
        if protected_input:
            self._data = _with_protected(self._data, self.people)
        self._model = self._ground.fitted([model], self._data)[model]
        newest = dataset.events(market, columns=[col.AT])[col.AT].max()
        self.newest = None if pd.isna(newest) else newest
        self.words = one_word_attributes(self.people[col.PROFILE].tolist())
        self.protected = attributes(self.people[col.PROTECTED])
        # A probe of a handful has no interval that holds, so here a group is never smaller than usual.
        probed = diner_groups(self.people, fewest=max(fewest, FEWEST_DINERS))
        self._groups = [one for one in probed if one.attribute in self.protected]

    @property
    def model(self) -> Model:
        """As it learnt the train period."""
        return self._model

    @property
    def split(self) -> str:
        """How the log was divided."""
        return str(self._ground.prepared.split.method.value)

    def seen(self) -> list[Seen]:
        """The test period's answers; where the log has no times, those of REPEATS splits."""
        prepared = self._ground.prepared
        by_time = prepared.split.method is Method.TIME
        curve = self._ground.calibrated(self._model) if by_time else None
        found = [Seen.of(self.dataset, prepared, self._model, curve)]
        repeats = 1 if by_time else REPEATS
        for number in range(1, repeats):
            other = Ground(self.dataset, self.market, seed=self._seed + number, protocol=self._protocol)
            try:
                found.append(Seen.of(self.dataset, other.prepared, other.fitted([self._name])[self._name]))
            except ModelError:
                continue
        return found

    def scorer(self) -> Scorer:
        """Scores of diners who are known by tags alone."""
        return scorer_of(self._model)

    def tags(self, rows: Rows) -> list[list[str]]:
        """What the model knows of these diners but their history."""
        return rows_of(self._data.diner_features, rows)

    def labels(self) -> list[Conversion]:
        """Orders over clicks, by group of restaurants."""
        return conversions(self.dataset, self.market, restaurant_groups(self.places, self.newest))

    def flips(self, noise: bool = True) -> tuple[list[Flip], list[Flip]]:
        """Of protected attributes, and of words of the profile. noise: against a model learnt from a resampled log."""
        table, equal = self._data.diner_features, None
        if noise:
            again = self._ground.fitted([self._name], resampled_log(self._data, self._seed + 1))[self._name]
            equal = scorer_of(again)
        step = max(1, -(-len(self.people) // _FLIPPED))
        rows, now = rows_of(table, np.arange(0, len(self.people), step)), scorer_of(self._model)
        protected = words_of(self.people[col.PROTECTED].tolist())
        own = words_of(rows_of(table, np.arange(len(self.people))))
        return (
            [flip_test(now, rows, name, values, equal) for name, values in protected.items() if len(values) > 1],
            [
                flip_test(now, rows, name, own[name], equal)
                for name in (*self.words, "home_district")
                if 1 < len(own.get(name, ())) <= _MOST_VALUES
            ],
        )

    def probes(self, permutations: int = 200) -> list[Probe]:
        """Each protected attribute from the representation of known diners, and from each attribute of the features."""
        table = self._data.diner_features
        known = np.unique(self._data.interactions.diners)
        vectors = self._model.diners().vectors[known]
        columns: dict[str, list[int]] = {}
        for column, name in enumerate(table.names):
            columns.setdefault(name.partition("=")[0], []).append(column)
        found = []
        for groups in self._groups:
            found.append(probe(vectors, groups.of_members(known), permutations=permutations))
            for name, of_it in columns.items():
                if name != groups.attribute:
                    found.append(probe(table.matrix[:, of_it].toarray(), groups, name, permutations // 4))
        return [one for one in found if one is not None]

    def carried(self) -> dict[str, tuple[Carrier, ...]]:
        """What separates the scores of protected groups; empty where the model is not taken apart."""
        if not isinstance(self._model, TakesApart):
            return {}
        learnt = np.bincount(self._data.interactions.diners, minlength=len(self.people)) > 0
        found = {}
        for groups in self._groups:
            if groups.comparable:
                warm = replace(groups, codes=np.where(learnt, groups.codes, -1))
                found[groups.attribute] = carriers(self._model, self._model.restaurants(), warm)
        return {name: one for name, one in found.items() if one}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one market's splits tell together, of the diners that any of them asked about."""

    diners: Rows
    """(m,) rows, rising."""
    figures: Mapping[str, Doubles]
    """By measure, (m,): each diner's mean over splits."""
    ledger: Ledger
    """Of these diners."""
    by_fold: Doubles
    """(FOLDS, n) exposure in the first split, by part of its diners."""
    lists: npt.NDArray[np.int64]
    """(l, SHOWN) the first split's lists."""
    popularity: Doubles
    """(n,) what its model learnt from, relative to the mean."""

    @classmethod
    def of(cls, seen: Sequence[Seen], diners: int) -> Self:
        """Put together; `diners` in the table."""
        asked = np.unique(np.concatenate([one.diners for one in seen]))
        restaurants = seen[0].chosen.shape[1]
        times = np.sum([np.bincount(one.diners, minlength=diners) for one in seen], axis=0)[asked]
        figures = {
            name: np.sum([np.bincount(one.diners, one.figures[name], diners) for one in seen], axis=0)[asked] / times
            for name in MEASURES
        }
        shape = (diners, restaurants)
        exposure, earned = sparse.csr_matrix(shape), sparse.csr_matrix(shape)
        for one in seen:
            looks = np.broadcast_to(log_looks(np.arange(1, one.lists.shape[1] + 1)), one.lists.shape)
            cells = (np.repeat(one.diners, one.lists.shape[1]), one.lists.ravel())
            exposure = exposure + sparse.csr_matrix((looks.ravel(), cells), shape=shape)
            m = len(one.diners)
            earned = (
                earned + sparse.csr_matrix((np.ones(m), (one.diners, np.arange(m))), shape=(diners, m)) @ one.chosen
            )
        first = seen[0]
        by_fold = np.zeros((FOLDS, restaurants))
        looks = log_looks(np.arange(1, first.lists.shape[1] + 1))
        np.add.at(by_fold, ((np.arange(len(first.lists)) % FOLDS)[:, None], first.lists), looks)
        popularity = restaurants * first.popularity / max(float(first.popularity.sum()), 1.0)
        return cls(asked, figures, Ledger(exposure[asked], earned[asked]), by_fold, first.lists, popularity)


def one_word_attributes(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The attributes of which most diners who say something say one thing, of not too many."""
    found = []
    for name in attributes(rows):
        known = [value for value in tag_values(rows, name) if value is not None]
        said = sum(any(tag.partition("=")[0] == name for tag in tags) for tags in rows)
        if 2 * len(known) > said and len(set(known)) <= _MOST_VALUES:
            found.append(name)
    return tuple(found)


def resampled_log(data: TrainingData, seed: int) -> TrainingData:
    """What a model would have learnt from had other things happened by chance: a Poisson bootstrap of interactions."""
    acts = data.interactions
    times = np.random.default_rng(seed).poisson(1.0, len(acts.weights)).astype(np.float32)
    kept = times > 0
    drawn = Interactions(acts.diners[kept], acts.restaurants[kept], (acts.weights * times)[kept], acts.ages_days[kept])
    return replace(data, interactions=drawn)


def rows_of(table: FeatureTable, rows: Rows) -> list[list[str]]:
    """The tags of these rows."""
    matrix = table.matrix.tocsr()
    ends = zip(matrix.indptr[rows].tolist(), matrix.indptr[rows + 1].tolist(), strict=True)
    return [[table.names[column] for column in matrix.indices[start:end].tolist()] for start, end in ends]


def _with_protected(data: TrainingData, diners: pd.DataFrame) -> TrainingData:
    everybody = rows_of(data.diner_features, np.arange(len(data.diner_ids)))
    rows = [[*tags, *extra] for tags, extra in zip(everybody, diners[col.PROTECTED], strict=True)]
    names = tuple(sorted({tag for tags in rows for tag in tags}))
    return replace(data, diner_features=FeatureTable(names, encode_tags(rows, names)))


def _lists(model: Model, diners: Rows, masked: sparse.csr_matrix | None) -> npt.NDArray[np.int64]:
    """(m, SHOWN), ties in a random order of the restaurants."""
    scores = np.array(model.score(diners.astype(np.int32)), np.float32)
    if masked is not None:
        scores[masked.toarray() > 0] = -np.inf
    shuffled = np.random.default_rng(scores.shape[1]).permutation(scores.shape[1])
    order = np.argsort(-scores[:, shuffled], axis=1, kind="stable")[:, :SHOWN]
    return np.asarray(shuffled[order], np.int64)
