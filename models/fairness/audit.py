"""The audit of one model on one market's data: who is shown for what, who is served how well, and what smells wrong.

It looks at a model as training makes it: learnt on the train period, asked about the test period. Findings are of three
kinds, each with a bound that says what is worth a finding:

labels   the orders of a group of restaurants look as if they were logged in part (`models.fairness.labels`)
flip     a protected attribute is a model's input: one word changed, and the list is another
proxy    a word of the profile tells a protected attribute, and moves the list

Differences between groups (exposure per merit, nDCG, ...) are told as figures. They are no findings by themselves: what
is owed to whom is for the people at the table to say, and the gates hold versions to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset
from data.splits import Method
from models.base import FeatureTable, Interactions, Model, ModelError, TrainingData, encode_tags
from models.corrections import Corrections, corrected
from models.evaluation import evaluate as evaluation
from models.explanation.parts import TakesApart
from models.fairness import measures
from models.fairness.flip import Carrier, Flip, carriers, flip_test, scorer_of, words_of
from models.fairness.frames import Comparison, adjusted, compare_diners, compare_exposure, crossings
from models.fairness.groups import (
    FEWEST_DINERS,
    attributes,
    diner_groups,
    restaurant_groups,
    tag_values,
)
from models.fairness.intervals import Figure, jackknife, mean
from models.fairness.labels import Conversion, conversions
from models.fairness.proxy import Probe, probe
from models.ground import Ground
from models.preparation import Prepared, usual
from models.training_data import WEIGHT

Doubles = npt.NDArray[np.float64]
Lists = npt.NDArray[np.int64]

SHOWN: Final = 10
LABELS_BOUND: Final = 0.85
"""A group's orders over clicks, relative to the others', that are certainly below it are a finding. In clean cities branches
of a chain, which are alike, come down to .9."""
PROXY_BOUND: Final = 0.75
"""Area under the ROC curve at which one word of the profile tells a protected attribute."""
CHANGED_BOUND: Final = 0.02
"""Share of the first ten that must certainly change with a word for it to matter."""
REPEATS: Final = 10
"""Splits that a log without times is measured on: each diner's figure is the mean over them."""
_ASKED: Final = 150
_FOLDS: Final = 20
_MOST_VALUES: Final = 12
NDCG, RECALL, WITHOUT = "ndcg@10", "recall@20", "nothing chosen among the first ten"
EXPOSURE: Final = "exposure per merit"


@dataclass(frozen=True)
class Finding:
    """Something that looks like discrimination by the data or the model."""

    kind: str
    where: str
    effect: float
    explanation: str

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return vars(self).copy()


@dataclass(frozen=True)
class Audit:
    """All that was found."""

    about: dict[str, Any]
    """What was looked at: source, market, model, split, numbers of diners and restaurants."""
    findings: tuple[Finding, ...]
    comparisons: tuple[Comparison, ...]
    concentration: dict[str, Figure]
    """By measure: `gini`, `coverage`, `average_popularity`, `tail_share`."""
    flips: tuple[Flip, ...] = ()
    """Of protected attributes."""
    words: tuple[Flip, ...] = ()
    """Of words of the profile, which may move lists: what size such a change has."""
    probes: tuple[Probe, ...] = ()
    carried: dict[str, tuple[Carrier, ...]] = field(default_factory=dict)
    """By protected attribute."""
    labels: tuple[Conversion, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why."""

    @property
    def ok(self) -> bool:
        """Whether there is no finding."""
        return not self.findings

    def document(self) -> dict[str, Any]:
        """As JSON can hold it: `{"ok", "findings", "metrics", ...}`."""
        return {
            "ok": self.ok,
            "about": self.about,
            "findings": [one.document() for one in self.findings],
            "metrics": {name: one.document() for name, one in self.concentration.items()},
            "comparisons": [one.document() for one in self.comparisons],
            "flip_test": [one.document() for one in self.flips],
            "words": [one.document() for one in self.words],
            "proxies": [one.document() for one in self.probes],
            "carried_by": {
                name: [{"feature": one.feature, "share": one.share} for one in found]
                for name, found in self.carried.items()
            },
            "labels": [one.document() for one in self.labels],
            "notes": list(self.notes),
        }


def audit(
    dataset: Dataset, market: str, model: str = "lightfm", *, seed: int = 0, protected_input: bool = False
) -> Audit:
    """Train as `tablestakes evaluate` does, and look. Raises ModelError where there is too little to learn from.

    protected_input: give the model the protected attributes, which the audit must then find.
    """
    ground = Ground(dataset, market, seed=seed, protocol=usual(dataset))
    data = _learnt_from(ground, model, protected_input)
    fitted = ground.fitted([model], data)[model]
    again = ground.fitted([model], resampled_log(data, seed + 1))[model]
    by_time = ground.prepared.split.method is Method.TIME
    seen = [_Seen.of(dataset, ground.prepared, fitted, by_time)]
    for number in range(1, 1 if by_time else REPEATS):
        other = Ground(dataset, market, seed=seed + number, protocol=usual(dataset))
        try:
            seen.append(_Seen.of(dataset, other.prepared, other.fitted([model])[model], by_time))
        except ModelError:
            continue
    return _Look(dataset, market, data, fitted, again, seen).audit(
        {"model": model, "split": str(ground.prepared.split.method.value), "splits": len(seen), "seed": seed}
    )


def findings(
    dataset: Dataset, market: str, model: str = "lightfm", *, seed: int = 0, protected_input: bool = False
) -> tuple[Finding, ...]:
    """The audit's findings alone, in a fifth of its time."""
    ground = Ground(dataset, market, seed=seed, protocol=usual(dataset))
    data = _learnt_from(ground, model, protected_input)
    look = _Look(dataset, market, data, ground.fitted([model], data)[model], None, ())
    return look.findings(*look.flips(), look.probes(permutations=0), look.labels())


def resampled_log(data: TrainingData, seed: int) -> TrainingData:
    """What a model would have learnt from had other things happened by chance: a Poisson bootstrap of interactions."""
    acts = data.interactions
    times = np.random.default_rng(seed).poisson(1.0, len(acts.weights)).astype(np.float32)
    kept = times > 0
    drawn = Interactions(acts.diners[kept], acts.restaurants[kept], (acts.weights * times)[kept], acts.ages_days[kept])
    return replace(data, interactions=drawn)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What one split tells: each asked diner's figures and list."""

    diners: npt.NDArray[np.integer]
    """(m,) rows."""
    figures: dict[str, Doubles]
    """By measure, (m,)."""
    lists: Lists
    """(m, SHOWN) rows of restaurants."""
    chosen: sparse.csr_matrix
    """(m, n) what was chosen in the test period, debiased by place where the log tells it."""
    popularity: Doubles
    """(n,) in the train period."""

    @classmethod
    def of(cls, dataset: Dataset, prepared: Prepared, model: Model, by_time: bool) -> "_Seen":
        question, data = prepared.question, prepared.data
        measured = evaluation.measure(question, model.score)
        lists = _lists(model, question.diners, question.masked)
        hits = np.take_along_axis(question.relevant.toarray() > 0, lists, axis=1).sum(axis=1)
        figures = {name: measured.per_diner[name] for name in (NDCG, RECALL)}
        figures[WITHOUT] = measures.without_good_option(hits.astype(np.float64))
        chosen = question.relevant.astype(np.float64)
        if by_time:
            chosen = _debiased(dataset, prepared)
        counts = np.bincount(data.interactions.restaurants, minlength=len(data.restaurant_ids))
        return cls(question.diners, figures, lists, chosen, counts.astype(np.float64))


class _Look:
    """One model on one market."""

    def __init__(
        self,
        dataset: Dataset,
        market: str,
        data: TrainingData,
        model: Model,
        again: Model | None,
        seen: Sequence[_Seen],
    ) -> None:
        self._dataset, self._market, self._data = dataset, market, data
        self._model, self._again, self._seen = model, again, seen
        self._places, self._people = dataset.restaurants(market), dataset.diners(market)
        newest = dataset.events(market, columns=[col.AT])[col.AT].max()
        self._restaurant_groups = restaurant_groups(self._places, None if pd.isna(newest) else newest)
        self._words = [
            name
            for name in attributes(self._people[col.PROFILE])
            if _is_one_word(tag_values(self._people[col.PROFILE], name))
        ]
        self._groups = diner_groups(self._people, self._words)
        self._protected = attributes(self._people[col.PROTECTED])
        self._notes: list[str] = []

    def audit(self, about: dict[str, Any]) -> Audit:
        """All of it."""
        flips, words = self.flips()
        probes, labels = self.probes(), self.labels()
        if not labels:
            self._notes.append(
                "The log has no clicks beside its orders: whether orders are logged in full is not told."
            )
        manifest = self._dataset.manifest
        return Audit(
            {
                "source": manifest.source,
                "market": self._market,
                "restaurants": len(self._places),
                "diners": len(self._people),
                "diners_asked": len(self._asked),
                **about,
            },
            self.findings(flips, words, probes, labels),
            tuple(adjusted([*self._exposures(), *self._qualities()])),
            self._concentration(),
            tuple(flips),
            tuple(words),
            tuple(probes),
            self._carried(),
            tuple(labels),
            tuple(self._notes),
        )

    def findings(
        self, flips: Sequence[Flip], words: Sequence[Flip], probes: Sequence[Probe], labels: Sequence[Conversion]
    ) -> tuple[Finding, ...]:
        """What is beyond the bounds."""
        return (*_label_findings(labels), *_flip_findings(flips), *_proxy_findings(probes, words))

    def labels(self) -> list[Conversion]:
        """Orders over clicks, by group of restaurants."""
        return conversions(self._dataset, self._market, self._restaurant_groups)

    @property
    def _asked(self) -> npt.NDArray[np.integer]:
        return np.unique(np.concatenate([one.diners for one in self._seen]))

    def _mean(self, measure: str) -> Doubles:
        """(asked,) each diner's mean over the splits that ask about it."""
        asked, n = self._asked, len(self._people)
        total, times = np.zeros(n), np.zeros(n)
        for one in self._seen:
            total[one.diners] += one.figures[measure]
            times[one.diners] += 1.0
        return np.asarray(total[asked] / times[asked])

    def _qualities(self) -> list[Comparison]:
        asked = self._asked
        groups = [one.of_members(asked) for one in self._groups]
        found = [
            compare_diners(measure, self._mean(measure), one) for measure in (NDCG, RECALL, WITHOUT) for one in groups
        ]
        protected = [one for one in groups if one.attribute in self._protected]
        found += [compare_diners(NDCG, self._mean(NDCG), one) for one in crossings(protected)]
        return [one for one in found if one is not None]

    def _exposures(self) -> list[Comparison]:
        ledger = self._ledger()
        found = [compare_exposure(EXPOSURE, ledger, one) for one in self._restaurant_groups]
        return [one for one in found if one is not None]

    def _ledger(self) -> measures.Ledger:
        shape = (len(self._people), len(self._places))
        look = np.broadcast_to(measures.log_looks(np.arange(1, SHOWN + 1)), (1, SHOWN))
        exposure, earned = sparse.csr_matrix(shape), sparse.csr_matrix(shape)
        for one in self._seen:
            rows = np.repeat(one.diners, one.lists.shape[1])
            looks = np.broadcast_to(look[:, : one.lists.shape[1]], one.lists.shape).ravel()
            exposure = exposure + sparse.csr_matrix((looks, (rows, one.lists.ravel())), shape=shape)
            m = len(one.diners)
            whole = sparse.csr_matrix((np.ones(m), (one.diners, np.arange(m))), shape=(shape[0], m))
            earned = earned + whole @ one.chosen
        asked = self._asked
        return measures.Ledger(exposure[asked], earned[asked])

    def _concentration(self) -> dict[str, Figure]:
        """Of the first split: its popularity is what that model learnt from."""
        one = self._seen[0]
        n = len(self._places)
        looks = measures.log_looks(np.arange(1, one.lists.shape[1] + 1))
        folds = np.arange(len(one.lists)) % _FOLDS
        by_fold = np.zeros((_FOLDS, n))
        np.add.at(by_fold, (folds[:, None], one.lists), looks)
        total = by_fold.sum(axis=0)
        without = total - by_fold[by_fold.sum(axis=1) > 0.0]
        shares = one.popularity / max(one.popularity.sum(), 1.0)
        return {
            "gini": jackknife(float(measures.ginis(total[None])[0]), measures.ginis(without), 0.0, 1.0),
            "coverage": jackknife(
                measures.coverage(total), np.asarray([measures.coverage(row) for row in without]), 0.0, 1.0
            ),
            "average_popularity": mean(measures.average_popularity(one.lists, n * shares)),
            "tail_share": mean(measures.tail_share(one.lists, measures.long_tail(one.popularity))),
        }

    def flips(self) -> tuple[list[Flip], list[Flip]]:
        """Of protected attributes, and of words of the profile."""
        rows = _rows_of(self._data.diner_features, _spread(len(self._people), _ASKED))
        now, equal = scorer_of(self._model), None if self._again is None else scorer_of(self._again)
        protected = words_of(self._people[col.PROTECTED].tolist())
        own = words_of(_rows_of(self._data.diner_features, np.arange(len(self._people))))
        flips = [flip_test(now, rows, name, values, equal) for name, values in protected.items() if len(values) > 1]
        words = [
            flip_test(now, rows, name, own[name], equal)
            for name in (*self._words, "home_district")
            if 1 < len(own.get(name, ())) <= _MOST_VALUES
        ]
        return flips, words

    def probes(self, permutations: int = 200) -> list[Probe]:
        """Each protected attribute from the representation of known diners, and from each attribute of the features."""
        table, found = self._data.diner_features, []
        known = np.unique(self._data.interactions.diners)
        vectors = self._model.diners().vectors[known]
        columns: dict[str, list[int]] = {}
        for column, name in enumerate(table.names):
            columns.setdefault(name.partition("=")[0], []).append(column)
        for groups in self._groups:
            if groups.attribute not in self._protected:
                continue
            found.append(probe(vectors, groups.of_members(known), permutations=permutations))
            for name, of_it in columns.items():
                if name != groups.attribute:
                    found.append(probe(table.matrix[:, of_it].toarray(), groups, name, permutations // 4))
        return [one for one in found if one is not None]

    def _carried(self) -> dict[str, tuple[Carrier, ...]]:
        if not isinstance(self._model, TakesApart):
            self._notes.append("This model is not taken apart into features: what carries a difference is not told.")
            return {}
        places = self._model.restaurants()
        learnt = np.bincount(self._data.interactions.diners, minlength=len(self._people)) > 0
        found = {}
        for groups in self._groups:
            if groups.attribute in self._protected and groups.comparable:
                warm = replace(groups, codes=np.where(learnt, groups.codes, -1))
                found[groups.attribute] = carriers(self._model, places, self._data.diner_features, warm)
        return {name: one for name, one in found.items() if one}


def _label_findings(labels: Sequence[Conversion]) -> list[Finding]:
    return [
        Finding(
            "labels",
            f"{one.attribute}={one.group}",
            one.ratio.value,
            f"Where as many look inside, {one.attribute} {one.group} has {100 * one.ratio.value:.0f} orders for every 100 "
            "elsewhere. Their orders may be logged in part, or diners are let down there.",
        )
        for one in labels
        if one.ratio.high < LABELS_BOUND
    ]


def _flip_findings(flips: Sequence[Flip]) -> list[Finding]:
    return [
        Finding(
            "flip",
            one.attribute,
            one.changed.value,
            f"{one.attribute} is protected, and changing that word alone changes {100 * one.changed.value:.0f} % of "
            "the first ten: it is an input of the model.",
        )
        for one in flips
        if not one.identical
    ]


def _proxy_findings(probes: Sequence[Probe], words: Sequence[Flip]) -> list[Finding]:
    moved = {one.attribute: one.changed for one in words if one.changed.low > CHANGED_BOUND}
    return [
        Finding(
            "proxy",
            f"{one.source} for {one.attribute}",
            one.auc.value,
            f"{one.source} tells {one.attribute}, which is protected (area under the curve {one.auc.value:.2f}; 0.5 is "
            f"guessing), and changing it changes {100 * moved[one.source].value:.0f} % of the first ten.",
        )
        for one in probes
        if one.source in moved and one.auc.low > PROXY_BOUND
    ]


def _lists(model: Model, diners: npt.NDArray[np.integer], masked: sparse.csr_matrix | None) -> Lists:
    scores = np.array(model.score(diners.astype(np.int32)), np.float32)
    if masked is not None:
        scores[masked.toarray() > 0] = -np.inf
    shuffled = np.random.default_rng(scores.shape[1]).permutation(scores.shape[1])
    order = np.argsort(-scores[:, shuffled], axis=1, kind="stable")[:, :SHOWN]
    return np.asarray(shuffled[order], np.int64)


def _debiased(dataset: Dataset, prepared: Prepared) -> sparse.csr_matrix:
    """(m, n) orders of the test period, each over the chance that its place was looked at."""
    data, question = prepared.data, prepared.question
    test = prepared.log[prepared.split.test]
    test = test[test[col.TYPE] == EventType.ORDER] if (test[col.TYPE] == EventType.ORDER).any() else test
    weighed = corrected(dataset, data.market, test, Corrections(place=True, most=20.0))
    rows = pd.Index(data.diner_ids).get_indexer(pd.Index(weighed[col.USER_ID]))
    columns = pd.Index(data.restaurant_ids).get_indexer(pd.Index(weighed[col.RESTAURANT_ID]))
    known = (rows >= 0) & (columns >= 0)
    shape = (len(data.diner_ids), len(data.restaurant_ids))
    weights = weighed[WEIGHT].to_numpy(np.float64)[known]
    return sparse.csr_matrix((weights, (rows[known], columns[known])), shape=shape)[question.diners]


def _learnt_from(ground: Ground, model: str, protected_input: bool) -> TrainingData:
    data = ground.train_period([model])
    return _with_protected(data, ground.dataset.diners(ground.market)) if protected_input else data


def _rows_of(table: FeatureTable, rows: npt.NDArray[np.integer]) -> list[list[str]]:
    """The tags of these rows."""
    matrix = table.matrix.tocsr()
    ends = zip(matrix.indptr[rows], matrix.indptr[rows + 1], strict=True)
    return [[table.names[column] for column in matrix.indices[start:end].tolist()] for start, end in ends]


def _with_protected(data: TrainingData, diners: pd.DataFrame) -> TrainingData:
    everybody = _rows_of(data.diner_features, np.arange(len(data.diner_ids)))
    rows = [[*tags, *extra] for tags, extra in zip(everybody, diners[col.PROTECTED], strict=True)]
    names = tuple(sorted({tag for tags in rows for tag in tags}))
    return replace(data, diner_features=FeatureTable(names, encode_tags(rows, names)))


def _spread(n: int, most: int) -> npt.NDArray[np.int64]:
    return np.arange(0, n, max(1, -(-n // most)), dtype=np.int64)


def _is_one_word(values: Sequence[str | None]) -> bool:
    """Whether most diners who say something say one thing, of not too many."""
    known = [value for value in values if value is not None]
    return len(known) >= FEWEST_DINERS and len(set(known)) <= _MOST_VALUES
