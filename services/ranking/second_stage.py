"""The second stage at a request: the model's trees over one market's catalogue, in the moment of each request. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from models.base import FloatArray
from models.journal import Actions, Asked, Doubles, Places, Rows
from models.second_stage.features import Past, Venues, features
from models.second_stage.stage import SecondStage


@dataclass(frozen=True, eq=False)
class Moments:
    """B requests' moments, and what those who ask did before."""

    asked: Asked
    """Its diners are those of `past`."""
    past: Past


@dataclass(frozen=True, eq=False)
class Reranker:
    """A second stage joined with a catalogue."""

    stage: SecondStage
    venues: Venues
    """In the catalogue's order."""
    row_of_learnt: Rows
    """(restaurants of the training data,) rows of the catalogue; -1: it has left."""

    @classmethod
    def of(
        cls,
        stage: SecondStage,
        learnt_rows: Rows,
        lat: npt.NDArray[np.float64],
        lon: npt.NDArray[np.float64],
        price_levels: Sequence[int | None],
        cuisines: Sequence[Sequence[str]],
        opened_at: Sequence[float | None],
    ) -> Self:
        """All (n,) in the catalogue's order.

        learnt_rows: rows of the training data, -1 for restaurants that it had not. opened_at: seconds since 1970; None:
        not known.
        """
        places = Places(
            lat=lat,
            lon=lon,
            price_levels=np.asarray([level or 0 for level in price_levels], np.float64),
            cuisines=stage.cuisine_numbers(cuisines),
            opened_at=np.asarray([np.nan if at is None else at for at in opened_at], np.float64),
        )
        row_of_learnt = np.full(len(stage.figures.popularity), -1, np.int64)
        row_of_learnt[learnt_rows[learnt_rows >= 0]] = np.flatnonzero(learnt_rows >= 0)
        return cls(stage, stage.venues(learnt_rows, places), row_of_learnt)

    def with_venue(self, row: int, price_level: int | None, cuisines: Sequence[str]) -> "Reranker":
        """The same with one restaurant's price and cuisines changed."""
        before = self.venues.places
        places = replace(before, price_levels=before.price_levels.copy(), cuisines=before.cuisines.copy())
        places.price_levels[row] = price_level or 0
        places.cuisines[row] = self.stage.cuisine_numbers([cuisines])[0]
        learnt = np.full(len(before.lat), -1, np.int64)
        there = np.flatnonzero(self.row_of_learnt >= 0)
        learnt[self.row_of_learnt[there]] = there
        return replace(self, venues=self.stage.venues(learnt, places))

    def moment(self, diner: int | None, since: Actions, at: int, minute: int, lat: float, lon: float) -> Moments:
        """Of one request.

        diner: row of the training data; None: it did not know who asks. since: what the diner did lately, in rows of
        the catalogue, -1 for restaurants that it has not; what was done before the stage was learnt is known already.
        """
        known = self._here(self.stage.actions_of(diner))
        fresh = since.where((since.at >= self.stage.until) & (since.restaurants >= 0))
        past = Actions(
            np.zeros(len(known) + len(fresh), np.int64),
            np.concatenate([known.restaurants, fresh.restaurants]),
            np.concatenate([known.at, fresh.at]),
            np.concatenate([known.ordered, fresh.ordered]),
        )
        asked = Asked(
            diners=np.zeros(1, np.int64),
            at=np.asarray([at]),
            minutes=np.asarray([minute]),
            lat=np.asarray([lat]),
            lon=np.asarray([lon]),
        )
        return Moments(asked, Past(past, self.venues.places))

    @cached_property
    def everyone(self) -> Past:
        """What all diners of the training data did, by their rows, until the stage was learnt."""
        past = self.stage.history
        diners, restaurants, at = (array.astype(np.int64) for array in (past.diners, past.restaurants, past.at))
        whole = Actions(diners, restaurants, at, past.ordered)
        return Past(self._here(whole), self.venues.places)

    def correct(
        self, moments: Moments, columns: Rows, relevance: Doubles | FloatArray, log_minutes: Doubles
    ) -> Doubles:
        """(B, S) what the second stage adds to the scores of the restaurants in `columns`."""
        return self.stage.correct(self.venues, moments.past, moments.asked, columns, relevance, log_minutes)

    def features(
        self, moments: Moments, columns: Rows, relevance: Doubles | FloatArray, log_minutes: Doubles
    ) -> Doubles:
        """(B, S, features) what `correct` looks at."""
        return features(self.venues, moments.past, moments.asked, columns, relevance, log_minutes)

    def _here(self, actions: Actions) -> Actions:
        """In rows of the catalogue, without restaurants that have left it."""
        rows = self.row_of_learnt[actions.restaurants]
        there = rows >= 0
        return Actions(actions.diners[there], rows[there], actions.at[there], actions.ordered[there])
