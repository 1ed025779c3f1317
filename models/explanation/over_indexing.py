"""Is what a model has learnt useful, or does it lean on what will not hold? An audit, with a sentence a finding.

Six questions, each with one figure, an interval or a p-value, and a bound whose reason stands in decision 0031:

    concentration          one feature moves lists more than all other features of its side together
    identity               who is known by tags alone gets no better lists than chance: the rest was remembered
    popularity             what differs between restaurants in a list is popularity and hardly anything else
    not there in service   a feature that lists move by is gone, everywhere, or on other restaurants when it serves
    does not hold later    restaurants with a feature had a share of the choices learnt from that they have not later,
                           and the lists follow the former
    harms later            lists are better on later data when a feature's parts are dealt out anew

P-values are Holm's over all features of a question (Holm 1979), so one false finding is as unlikely as one test's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from data.statistics import holm
from models.base import FeatureTable, IntArray, Model, TrainingData, encode_tags, factor_scores
from models.behaviour import tags_of
from models.evaluation import evaluate as evaluation
from models.explanation.findings import Audit, Finding, Question
from models.explanation.grouped import HISTORY, IDENTITY, diners_of, is_tag, restaurants_of, tag_of
from models.explanation.importance import Sample, Side, contributions, list_quality, top_lists
from models.explanation.parts import Doubles, TakesApart

SIDES: Final[tuple[Side, ...]] = ("diner", "restaurant")
_OWN: Final = {IDENTITY, HISTORY}
LEVEL: Final = 1e-4
"""Of Holm's p-values. Strict, for diners are not quite as independent of each other as tests take them to be."""
DAY_LEVEL: Final = 1e-3
"""The same where days are the unit: there are few of them, so an exact test cannot go much lower."""
CONCENTRATION: Final = 0.5
POPULARITY: Final = 0.9
KEPT: Final = 0.9
HELD: Final = 1.25
HARM: Final = 0.005
_LEAST_SHARE: Final = 0.01
"""Features that have less of what their side's tags do move no list."""
_FEWEST_GROUPS: Final = 3
_NO_ERROR: Final = 1e-9
"""A share with a smaller standard error is the same in both periods by definition: all have the tag."""
_CHANCES: Final = 20
"""Random orders that stand for chance."""
_MOST_DINERS: Final = 1_000
_FEW_DINERS: Final = 200
_MOST_RESTAURANTS: Final = 2_000
_SHOWN: Final = 3
"""Findings of a question that are kept although nothing is wrong with them: the closest to its bound."""


@dataclass(frozen=True, eq=False)
class Choices:
    """k choices of one period: rows of diners and of restaurants, one for each time."""

    diners: IntArray
    restaurants: IntArray
    days: IntArray
    """(k,) a number for each day of the log."""

    def __len__(self) -> int:
        return len(self.diners)

    def of(self, restaurants: npt.NDArray[np.bool_]) -> "Choices":
        """Those of some restaurants, (n,)."""
        chosen = restaurants[self.restaurants]
        return Choices(self.diners[chosen], self.restaurants[chosen], self.days[chosen])


def can_tell(learnt: Choices, later: Choices, tags: int) -> bool:
    """Whether there are days enough for one of so many tags to be reported."""
    days = [len(np.unique(period.days)) for period in (learnt, later)]
    return all(days) and tags / math.comb(sum(days), days[1]) < DAY_LEVEL


@dataclass(frozen=True, eq=False)
class Known:
    """Tags of restaurants and diners at some time, by id; who is not among them is not there."""

    restaurants: Mapping[str, Sequence[str]]
    diners: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, data: TrainingData) -> "Known":
        """As training knew them."""
        sides = ((data.restaurant_ids, data.restaurant_features), (data.diner_ids, data.diner_features))
        tags = [dict(zip(ids, tags_of(table, np.arange(len(ids))), strict=True)) for ids, table in sides]
        return cls(*tags)


def over_indexing(
    model: Model,
    data: TrainingData,
    sample: Sample,
    learnt: Choices,
    later: Choices,
    now: Known | None = None,
) -> Audit:
    """Ask all questions that can be asked of a model that was fitted to `data`.

    sample: of the same model and of held-out choices. learnt: the choices of the period that it was fitted to. later:
    of the time after it, empty where the data have no times. Raises TypeError for a model that is not taken apart.
    """
    if not isinstance(model, TakesApart):
        raise TypeError(f"{model.name} does not say what its rows are made of")
    asked = [concentrated(sample), remembered(model, data, sample), popular(sample, learnt), harmful(sample)]
    not_asked: dict[str, str] = {}
    if can_tell(learnt, later, len(data.restaurant_features.names)):
        asked.append(fleeting(model, data, learnt, later))
    else:
        not_asked[Question.LATER] = "the log has no later period, or too few days to tell"
    if now is not None:
        asked.append(absent(model, Known.of(data), now))
    else:
        not_asked[Question.IN_SERVICE] = "no tables of the time of serving were given"
    found = [finding for findings in asked for finding in closest(findings)]
    return Audit(tuple(sorted(found, key=lambda finding: not finding.reported)), not_asked)


def concentrated(sample: Sample) -> list[Finding]:
    """Each side's largest feature and its share of what the side does to lists, identities and histories included."""
    found = []
    for side in SIDES:
        series = {name: values for (of, name), values in sample.moved.items() if of == side}
        tags = [name for name in series if is_tag(name)]
        if len(series) < _FEWEST_GROUPS or not tags:
            continue
        name = max(tags, key=lambda one: float(series[one].sum()))
        share = evaluation.ratio(series[name], np.sum(list(series.values()), axis=0), sample.seed)
        sums = np.asarray([values.sum() for values in series.values()])
        number = float(sums.sum() ** 2 / max((sums**2).sum(), 1e-300))
        sentence = (
            f"{name} does {share['value']:.0%} of what the {side} side does to lists, more than any other feature; "
            f"the side's {len(sums)} are as many as {number:.1f} of equal weight"
        )
        reported = share["low"] > CONCENTRATION
        found.append(_of_interval(f"{side}: {name}", Question.CONCENTRATION, share, CONCENTRATION, reported, sentence))
    return found


def remembered(model: Model, data: TrainingData, sample: Sample) -> list[Finding]:
    """By how much lists are better than chance where one side is known by its tags alone, as newcomers are."""
    question, rows = sample.question, sample.question.diners
    people = model.new_diners(tags_of(data.diner_features, rows))
    places = model.new_restaurants(tags_of(data.restaurant_features, np.arange(len(data.restaurant_ids))))
    by_tags = {
        "diner": factor_scores(people, model.restaurants(), np.arange(len(rows), dtype=np.int32)),
        "restaurant": factor_scores(model.diners(), places, rows),
    }
    rng = np.random.default_rng(sample.seed)
    chance = np.mean([list_quality(rng.random(by_tags["diner"].shape), question) for _ in range(_CHANCES)], axis=0)
    found = []
    for side in SIDES:
        gain = evaluation.interval(list_quality(by_tags[side].astype(np.float64), question) - chance, sample.seed)
        sizes = {name: float(values.sum()) for (of, name), values in sample.moved.items() if of == side}
        share = sum(size for name, size in sizes.items() if name in _OWN) / max(sum(sizes.values()), 1e-300)
        sentence = (
            f"identity and history do {share:.0%} of what the {side} side does to lists; by tags alone nDCG@10 is "
            f"{gain['value']:.3f} above that of chance"
        )
        found.append(_of_interval(f"identity: {side}", Question.IDENTITY, gain, 0.0, gain["low"] <= 0.0, sentence))
    return found


def popular(sample: Sample, learnt: Choices) -> list[Finding]:
    """Which share of the differences in a diner's list the log of the restaurants' choices accounts for (R squared)."""
    scores = sample.scores
    popularity = np.log1p(np.bincount(learnt.restaurants, minlength=scores.shape[1]).astype(np.float64))
    popularity -= popularity.mean()
    centred = scores - scores.mean(axis=1, keepdims=True)
    size = (centred**2).sum(axis=1) * (popularity**2).sum()
    squares = np.divide((centred @ popularity) ** 2, size, out=np.zeros(len(size)), where=size > 0.0)
    share = evaluation.interval(squares, sample.seed)
    sentence = f"popularity accounts for {share['value']:.0%} of the differences between restaurants in a list"
    return [_of_interval("popularity", Question.POPULARITY, share, POPULARITY, share["low"] > POPULARITY, sentence)]


def harmful(sample: Sample) -> list[Finding]:
    """Features without whose parts nDCG@10 on held-out choices rises."""
    gains = {f"{side}: {name}": -values for (side, name), values in sample.lost.items() if values.any()}
    if not gains:
        return []
    stacked = np.stack(list(gains.values()))
    errors = stacked.std(axis=1) / np.sqrt(max(stacked.shape[1] - 1, 1))
    corrected = holm(stats.norm.sf(stacked.mean(axis=1) / np.where(errors > 0.0, errors, np.inf)))
    intervals = evaluation.intervals(list(stacked), sample.seed)
    found = []
    for name, gain, p in zip(gains, intervals, corrected.tolist(), strict=True):
        sentence = f"nDCG@10 on held-out choices changes by {gain['value']:+.4f} where {name} is dealt out anew"
        reported = p < LEVEL and gain["value"] > HARM
        found.append(_of_interval(name, Question.HARM, gain, HARM, reported, sentence, p))
    return found


def fleeting(model: Model, data: TrainingData, learnt: Choices, later: Choices) -> list[Finding]:
    """Tags of restaurants whose share of the choices was greater in the period that was learnt from than later.

    Tested twice, with diners and with days as the unit: a rainy week has other orders of all diners, and is no fault.
    The strongest is found first; what has it is then left out of both periods, so that what only stands on the same
    restaurants is not named beside it. Restaurants that were never chosen in the first period had no share to lose.
    """
    table = data.restaurant_features
    found: list[Finding] = []
    people = _some(np.unique(later.diners), _MOST_DINERS)
    shown = top_lists(np.asarray(model.score(people), np.float64))
    left = np.bincount(learnt.restaurants, minlength=len(data.restaurant_ids)) > 0
    while True:
        held = _held(table, learnt, later, left, len(data.diner_ids))
        if held is None:
            return found
        at = int(np.argmin(held.by_diner))
        has = np.asarray(table.matrix[:, [at]].todense()).ravel() > 0
        before, after = float(held.before[at]), float(held.after[at])
        listed = float((has & left)[shown].sum() / max(left[shown].sum(), 1))
        ratio = before / max(after, 1.0 / len(later))
        low, high = (ratio * np.exp(1.96 * held.error[at] * np.asarray([-1.0, 1.0]))).tolist()
        tested = held.by_diner[at] < LEVEL and held.by_day[at] < DAY_LEVEL
        reported = bool(tested and ratio > HELD and listed > after)
        sentence = (
            f"{table.names[at]} had {before:.1%} of the choices that were learnt from and {after:.1%} of the later "
            f"ones; of the first ten of lists it has {listed:.1%}"
        )
        share = {"value": ratio, "low": low, "high": high}
        p = float(max(held.by_diner[at], held.by_day[at]))
        found.append(_of_interval(table.names[at], Question.LATER, share, HELD, reported, sentence, p))
        if not reported:
            return found
        left &= ~has


@dataclass(frozen=True, eq=False)
class _Held:
    """By tag: its share of the choices before and after, the standard error of their log ratio, Holm's p-values."""

    before: Doubles
    after: Doubles
    error: Doubles
    by_diner: Doubles
    """Of a score test in which diners are independent of each other."""
    by_day: Doubles
    """Of an exact rank test (Mann and Whitney 1947) in which days are."""


def _held(
    table: FeatureTable, learnt: Choices, later: Choices, left: npt.NDArray[np.bool_], diners: int
) -> _Held | None:
    """Of choices of these restaurants; None where one of the periods has none of them."""
    periods = [period.of(left) for period in (learnt, later)]
    if not all(len(period) for period in periods):
        return None
    tags = [table.matrix[period.restaurants].astype(np.float64) for period in periods]
    sizes = [len(period) for period in periods]
    before, after = (np.asarray(one.mean(axis=0)).ravel() for one in tags)
    pooled = (before * sizes[0] + after * sizes[1]) / sum(sizes)
    own = [_sums(one, period.diners, diners) for one, period in zip(tags, periods, strict=True)]
    counts = [np.bincount(period.diners, minlength=diners)[:, None] for period in periods]
    apart = [(one - count * pooled) / size for one, count, size in zip(own, counts, sizes, strict=True)]
    error = np.sqrt(((apart[0] - apart[1]) ** 2).sum(axis=0))
    z = np.divide(before - after, error, out=np.zeros_like(error), where=error > _NO_ERROR)
    days = [_daily(one, period.days) for one, period in zip(tags, periods, strict=True)]
    ranks = stats.mannwhitneyu(*days, alternative="greater", axis=0, method="exact").pvalue
    relative = np.divide(error, pooled, out=np.zeros_like(error), where=pooled > 0.0)
    return _Held(before, after, relative, holm(stats.norm.sf(z)), holm(np.asarray(ranks)))


def _sums(tags: sparse.csr_matrix, groups: IntArray, count: int) -> Doubles:
    """(count, tags) how many of each group's choices have each tag."""
    one = sparse.csr_matrix((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(count, len(groups)))
    sums: Doubles = (one @ tags).toarray()
    return sums


def _daily(tags: sparse.csr_matrix, days: IntArray) -> Doubles:
    """(days, tags) shares of each day's choices; days without any are left out."""
    which, numbers = np.unique(days, return_inverse=True)
    return _sums(tags, numbers.astype(np.int32), len(which)) / np.bincount(numbers)[:, None]


def absent(model: Model, before: Known, now: Known) -> list[Finding]:
    """Tags that lists move by and that rows which had them have no more, or that rows have which had them not.

    Tested against a catalogue in which a tenth of the entries changes: that much is honest upkeep.
    """
    found: list[Finding] = []
    for side, then, today in (
        ("diner", before.diners, now.diners),
        ("restaurant", before.restaurants, now.restaurants),
    ):
        both = [name for name in then if name in today]
        weights = {name: weight for name, weight in _weights(model, side).items() if weight >= _LEAST_SHARE}
        if not both or not weights:
            continue
        names = sorted(weights)
        had = encode_tags([then[name] for name in both], names).toarray() > 0
        has = encode_tags([today[name] for name in both], names).toarray() > 0
        kept, lacking = (had & has).sum(axis=0), (~had & ~has).sum(axis=0)
        lost = stats.binom.cdf(kept, had.sum(axis=0), KEPT)
        gained = stats.binom.cdf(lacking, (~had).sum(axis=0), KEPT)
        corrected = holm(np.minimum(1.0, 2.0 * np.minimum(lost, gained)))
        for at, name in enumerate(names):
            count, p = int(had[:, at].sum()), float(corrected[at])
            sentence = (
                f"{name} does {weights[name]:.0%} of what the {side} side's tags do to lists; of {count} that had it "
                f"{kept[at]} still have it, and it is on {int(has[:, at].sum())} of {len(both)} now"
            )
            share = float(kept[at]) / count if count else 0.0
            found.append(Finding(name, Question.IN_SERVICE, share, KEPT, p < LEVEL, sentence, p=p))
    return found


def _weights(model: Model, side: str) -> dict[str, float]:
    """Each tag's share of what all tags of a side do to lists."""
    assert isinstance(model, TakesApart)
    people = _some(np.arange(len(model.diners().vectors)), _FEW_DINERS)
    places = _some(np.arange(len(model.restaurants().vectors)), _MOST_RESTAURANTS)
    parts = contributions(diners_of(model, people, tag_of), restaurants_of(model, places, tag_of))
    sizes = {name: float(np.abs(values).mean()) for of, name, values in parts if of == side and is_tag(name)}
    total = sum(sizes.values())
    return {name: size / total for name, size in sizes.items()} if total > 0.0 else {}


def _some(rows: npt.NDArray[np.integer], most: int) -> IntArray:
    """Evenly spread ones, as many as there is time for."""
    step = -(-len(rows) // most) if len(rows) else 1
    return rows[::step].astype(np.int32)


def closest(findings: Sequence[Finding]) -> list[Finding]:
    """All that are reported, and of the others the closest to their bound."""
    reported = [finding for finding in findings if finding.reported]
    others = [finding for finding in findings if not finding.reported]
    return reported + sorted(others, key=_distance)[:_SHOWN]


def _distance(finding: Finding) -> tuple[float, float]:
    return finding.p or 0.0, abs(finding.bound - finding.value)


def _of_interval(
    feature: str,
    kind: Question,
    figure: Mapping[str, float],
    bound: float,
    reported: bool,
    sentence: str,
    p: float | None = None,
) -> Finding:
    return Finding(feature, kind, figure["value"], bound, reported, sentence, figure["low"], figure["high"], p)
