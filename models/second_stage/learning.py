"""How the second stage is learnt: LambdaMART on what was shown after the first stage's training, with more beside it.

Labels: an order 2, a click 1, else 0. Positives are weighted by 1 / theta, theta being the probability that their
position is looked at, clipped. Lists without a positive teach nothing. Beside the restaurants that were shown stand
some that were open and near but not shown, as negatives: without them the trees know nothing of what the old policy
never chose to show, and a served shortlist is full of it.

The first stage's score is where the boosting starts, so what the trees learn is what to add to it.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from data.hours import WeeklyHours
from models import calibration
from models.base import Model, ModelError, Rehearsal
from models.calibration import Impressions
from models.journal import Asked, Bools, Doubles, Journal, Places, Rows, ShownLists, open_then
from models.popular import POPULARITY_HALF_LIFE_DAYS
from models.second_stage.features import FEATURES, Past, VenueFigures, features
from models.second_stage.stage import SecondStage
from models.second_stage.trees import Trees

_LABELS: Final = np.asarray([0, 1, 3], np.int32)
"""Of neither, a click, an order: gains 0, 1 and 7."""
_MOST_WEIGHT: Final = 10.0
_REACH: Final = 0.99
"""Negatives are not looked for farther away than this share of what was shown."""
_FEWEST_LISTS: Final = 20
_PAIRS_FOR_THETA: Final = 200_000
_PAIRS_AT_ONCE: Final = 4_000


class TreeSettings(BaseModel):
    """How the trees are grown; the defaults are those of `docs/models.md`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: int = Field(default=100, ge=1, le=5_000)
    leaves: int = Field(default=8, ge=2, le=255)
    rate: float = Field(default=0.05, gt=0.0, le=1.0)
    fewest_in_leaf: int = Field(default=100, ge=1)
    negatives: int = Field(default=40, ge=0, le=1_000)
    """Restaurants beside each list that were not shown."""
    most_lists: int = Field(default=30_000, ge=1)
    """Lists that are learnt from at most, at random."""


@dataclass(frozen=True, eq=False)
class _Lessons:
    """R lists of W candidates."""

    rows: Rows
    """(R, W)"""
    labels: npt.NDArray[np.int32]
    weights: Doubles
    there: Bools
    """(R, W) False: an empty place."""


def pair_scores(model: Model, diners: Rows, columns: Rows) -> Doubles:
    """(B, S) the first stage's scores of restaurants (B, S) for diners (B,), without those of all other pairs."""
    users, places = model.diners(), model.restaurants()
    found = np.empty(columns.shape)
    step = max(1, _PAIRS_AT_ONCE // max(columns.shape[1], 1))
    for first in range(0, len(columns), step):
        rows, shown = diners[first : first + step], columns[first : first + step]
        part = np.einsum("bd,bsd->bs", users.vectors[rows], places.vectors[shown])
        found[first : first + step] = part + users.biases[rows][:, None] + places.biases[shown]
    return found


def learn(
    first_stage: Model, rehearsal: Rehearsal, settings: TreeSettings, seed: int, threads: int
) -> SecondStage | None:
    """Learn from the lists that were shown after the cut; `first_stage` was fitted to what came before it.

    None where too few lists with a positive were shown. Raises ModelError where LightGBM refuses.
    """
    rng, journal, cut, until = np.random.default_rng(seed), rehearsal.journal, rehearsal.cut, rehearsal.until
    asked, grades = journal.shown.asked, journal.shown.grades
    shown = journal.shown.part((asked.at >= cut) & (asked.at < until) & (grades > 0).any(axis=1))
    if len(shown.asked) > settings.most_lists:
        chosen = rng.choice(len(shown.asked), settings.most_lists, replace=False)
        shown = shown.part(np.isin(np.arange(len(shown.asked)), chosen))
    if len(shown.asked) < _FEWEST_LISTS:
        return None
    places, past = journal.places, Past(journal.actions, journal.places)
    rows = np.maximum(shown.restaurants, 0)
    log_times = shown.asked.log_times(places, rows)
    mean = float(np.nanmean(log_times)) if np.isfinite(log_times).any() else 0.0
    relevance = pair_scores(first_stage, shown.asked.diners, rows)
    lessons = _with_negatives(shown, _theta(shown, relevance, log_times), journal, log_times, settings, rng)
    venues = _figures(journal, cut, mean).venues(places)
    relevance = pair_scores(first_stage, shown.asked.diners, lessons.rows)
    log_times = shown.asked.log_times(places, lessons.rows)
    looked_at = features(venues, past, shown.asked, lessons.rows, relevance, log_times)
    text = _grow(looked_at, relevance, lessons, settings, seed, threads)
    sorted_by_diner = np.lexsort((journal.actions.at, journal.actions.diners))
    history = journal.actions.where(sorted_by_diner)
    return SecondStage(Trees.read(text, FEATURES), _figures(journal, until, mean), journal.cuisines, history, until)


def _figures(journal: Journal, until: int, mean: float) -> VenueFigures:
    return VenueFigures.learn(journal.actions, journal.minutes, journal.places, until, POPULARITY_HALF_LIFE_DAYS, mean)


def _theta(shown: ShownLists, relevance: Doubles, log_times: Doubles) -> Doubles:
    """(longest list,) probability that a position is looked at, by maximum likelihood; 1 where it cannot be told."""
    filled = shown.restaurants >= 0
    filled[_PAIRS_FOR_THETA // filled.shape[1] :] = False
    diners = np.broadcast_to(shown.asked.diners[:, None], filled.shape)
    impressions = Impressions(
        scores=relevance[filled],
        log_times=log_times[filled],
        positions=shown.positions[filled],
        clicked=shown.grades[filled] >= 1,
        ordered=shown.grades[filled] == 2,
        diners=diners[filled],
    )
    length = int(shown.positions.max())
    if not impressions.can_calibrate:
        return np.ones(length)
    return calibration.fit(impressions).examination_at(np.arange(1, length + 1))


def _with_negatives(
    shown: ShownLists,
    theta: Doubles,
    journal: Journal,
    log_times: Doubles,
    settings: TreeSettings,
    rng: np.random.Generator,
) -> _Lessons:
    reach = float(np.nanquantile(log_times, _REACH)) if np.isfinite(log_times).any() else np.inf
    more = _not_shown(shown, journal.places, journal.hours, reach, settings.negatives, rng)
    filled, positions = shown.restaurants >= 0, np.maximum(shown.positions, 1)
    weights = np.where(shown.grades > 0, np.minimum(1.0 / theta[positions - 1], _MOST_WEIGHT), 1.0)
    blank = np.zeros(more.shape, np.int32)
    return _Lessons(
        rows=np.concatenate([np.maximum(shown.restaurants, 0), np.maximum(more, 0)], axis=1),
        labels=np.concatenate([_LABELS[shown.grades], blank], axis=1),
        weights=np.concatenate([weights, np.ones(more.shape)], axis=1),
        there=np.concatenate([filled, more >= 0], axis=1),
    )


def _not_shown(
    shown: ShownLists, places: Places, hours: WeeklyHours, reach: float, count: int, rng: np.random.Generator
) -> Rows:
    """(R, count) restaurants that were open, near, there already, and not in the list; -1 where too few were found."""
    asked, n = shown.asked, len(places.lat)
    drawn = rng.integers(0, n, (len(asked), 4 * count))
    open_now = _open_pairs(hours, asked, drawn)
    opened = ~(places.opened_at[drawn] > asked.at[:, None])
    far = asked.log_times(places, drawn) > reach
    listed = (drawn[:, :, None] == shown.restaurants[:, None, :]).any(axis=2)
    good = open_now & opened & ~far & ~listed
    first = np.argsort(~good, axis=1, kind="stable")[:, :count]
    return np.where(np.take_along_axis(good, first, axis=1), np.take_along_axis(drawn, first, axis=1), -1)


def _open_pairs(hours: WeeklyHours, asked: Asked, columns: Rows) -> Bools:
    """(R, S) whether restaurants (R, S) are open when they are asked for, without a mask of all for each request."""
    found = np.empty(columns.shape, np.bool_)
    for first in range(0, len(columns), _PAIRS_AT_ONCE):
        part = slice(first, first + _PAIRS_AT_ONCE)
        found[part] = np.take_along_axis(open_then(hours, asked.minutes[part]), columns[part], axis=1)
    return found


def _grow(
    looked_at: Doubles, relevance: Doubles, lessons: _Lessons, settings: TreeSettings, seed: int, threads: int
) -> bytes:
    """LightGBM's text of the trees."""
    # The library is loaded where it is needed: serving never imports it.
    import lightgbm

    there = lessons.there
    data = lightgbm.Dataset(
        looked_at[there],
        lessons.labels[there],
        weight=lessons.weights[there],
        group=there.sum(axis=1),
        init_score=relevance[there],
        feature_name=list(FEATURES),
    )
    given: dict[str, Any] = {
        "objective": "lambdarank",
        "learning_rate": settings.rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.fewest_in_leaf,
        "lambdarank_truncation_level": 10,
        "use_missing": False,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbose": -1,
    }
    try:
        return str(lightgbm.train(given, data, settings.rounds).model_to_string()).encode()
    except lightgbm.basic.LightGBMError as error:
        raise ModelError(f"the second stage cannot be learnt: {error}") from None
