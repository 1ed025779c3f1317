"""A learnt second stage: its trees, what it knows of restaurants, and what diners did until it was learnt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from models.base import FloatArray, Model, ModelError
from models.explanation.tree_shap import TreeShap
from models.journal import DAYPARTS, Actions, Asked, Doubles, Places, Rows
from models.second_stage.features import FEATURES, Past, VenueFigures, Venues, features
from models.second_stage.trees import Trees

_PREFIX: Final = "second_stage_"


@dataclass(frozen=True, eq=False)
class SecondStage:
    """What is added to the first stage's scores, in the moment of the request.

    Restaurants and diners are rows of the model's own training data.
    """

    trees: Trees
    figures: VenueFigures
    cuisines: tuple[str, ...]
    """Names of the cuisines, by the numbers in `figures.cuisine_lifts`; restaurants without one have the last row."""
    history: Actions
    """Of all diners, sorted by diner and time."""
    until: int
    """The history ends before this time."""

    @property
    def nbytes(self) -> int:
        """Bytes that serving reads."""
        known = self.figures
        lifts = known.popularity.nbytes + known.daypart_lifts.nbytes + known.cuisine_lifts.nbytes
        past = self.history
        return self.trees.nbytes + lifts + sum(a.nbytes for a in (past.diners, past.restaurants, past.at, past.ordered))

    def actions_of(self, diner: int | None) -> Actions:
        """What one diner did until the stage was learnt, oldest first; nothing for one that it does not know."""
        first, last = (0, 0) if diner is None else np.searchsorted(self.history.diners, [diner, diner + 1]).tolist()
        past, part = self.history, slice(first, last)
        return Actions(
            past.diners[part].astype(np.int64),
            past.restaurants[part].astype(np.int64),
            past.at[part].astype(np.int64),
            past.ordered[part],
        )

    def venues(self, rows: Rows, places: Places) -> Venues:
        """Restaurants as the catalogue has them. rows: (n,) of the training data, -1 for new ones."""
        known, own = rows >= 0, np.maximum(rows, 0)
        figures = self.figures
        if not len(figures.popularity):
            raise ModelError("a second stage without restaurants")
        lifts = np.where(known[:, None], figures.daypart_lifts[own], figures.cuisine_lifts[places.cuisines])
        popularity = np.where(known, figures.popularity[own], figures.popularity.min())
        return Venues(places, popularity, lifts, figures.mean_log_minutes)

    def cuisine_numbers(self, cuisines: Sequence[Sequence[str]]) -> Rows:
        """(n,) the number of each restaurant's first cuisine; -1 where it has none, or one that training had not."""
        number = {name: index for index, name in enumerate(self.cuisines)}
        return np.asarray([number.get(names[0], -1) if len(names) else -1 for names in cuisines], np.int64)

    def correct(
        self,
        venues: Venues,
        past: Past,
        asked: Asked,
        columns: Rows,
        relevance: Doubles | FloatArray,
        log_minutes: Doubles,
    ) -> Doubles:
        """(B, S) what to add to the first stage's scores of the restaurants in `columns`; see `features`."""
        return self.trees.sums(features(venues, past, asked, columns, relevance, log_minutes))

    @cached_property
    def shap(self) -> TreeShap:
        """What takes the trees' sums apart."""
        return TreeShap.of(self.trees)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """By name, to be saved."""
        known, past = self.figures, self.history
        named: dict[str, npt.NDArray[Any]] = {
            "trees": np.frombuffer(self.trees.text, np.uint8),
            "popularity": known.popularity,
            "daypart_lifts": known.daypart_lifts,
            "cuisine_lifts": known.cuisine_lifts,
            "mean_log_minutes": np.asarray([known.mean_log_minutes]),
            "diners": past.diners.astype(np.int32),
            "restaurants": past.restaurants.astype(np.int32),
            "at": past.at.astype(np.int64),
            "ordered": past.ordered,
            "until": np.asarray([self.until], np.int64),
        }
        return {_PREFIX + name: array for name, array in named.items()}

    @classmethod
    def restore(
        cls, arrays: Mapping[str, npt.NDArray[Any]], cuisines: Sequence[str], diners: int, restaurants: int
    ) -> Self | None:
        """The inverse of `arrays`, for a model of so many rows; None where there is no second stage among them.

        Raises ModelError where they do not fit together.
        """
        if _PREFIX + "trees" not in arrays:
            return None
        own = {name.removeprefix(_PREFIX): array for name, array in arrays.items() if name.startswith(_PREFIX)}
        past = Actions(own["diners"], own["restaurants"], own["at"], own["ordered"])
        figures = VenueFigures(
            own["popularity"], own["daypart_lifts"], own["cuisine_lifts"], float(own["mean_log_minutes"][0])
        )
        stage = cls(
            trees=Trees.read(own["trees"].tobytes(), FEATURES),
            figures=figures,
            cuisines=tuple(cuisines),
            history=past,
            until=int(own["until"][0]),
        )
        stage._check(diners, restaurants)
        return stage

    def _check(self, diners: int, restaurants: int) -> None:
        past, known, width = self.history, self.figures, len(DAYPARTS)
        shapes = (known.popularity.shape, known.daypart_lifts.shape, known.cuisine_lifts.shape)
        if shapes != ((restaurants,), (restaurants, width), (len(self.cuisines) + 1, width)):
            raise ModelError("the second stage is of other restaurants or cuisines")
        if len({array.shape for array in (past.diners, past.restaurants, past.at, past.ordered)}) != 1:
            raise ModelError("the second stage's history is not whole")
        if not len(past):
            return
        inside = _within(past.diners, diners) and _within(past.restaurants, restaurants)
        if not inside or (np.diff(past.diners) < 0).any() or past.at.min() < 0 or past.at.max() >= self.until:
            raise ModelError("the second stage's history is of other diners, restaurants or times")


def second_stage_of(model: Model) -> SecondStage | None:
    """The model's second stage; None for models that are served by their vectors alone."""
    found: SecondStage | None = getattr(model, "second_stage", None)
    return found


def _within(rows: npt.NDArray[Any], count: int) -> bool:
    return bool(rows.min() >= 0 and rows.max() < count)
