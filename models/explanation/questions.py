"""One case as SHAP and LIME are asked about it: rows of numbers, a function of them, and what is put in their place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from models.base import Model, ModelError
from models.evaluation.requests import Requests
from models.explanation.fidelity import LIST, Game, pair_game
from models.explanation.grouped import IDENTITY, feature_of
from models.explanation.parts import Kind, Parts, Source, TakesApart
from models.second_stage.stage import SecondStage

Doubles = npt.NDArray[np.float64]
Ask = Callable[[Doubles], Doubles]
"""(N, m) rows -> (N,) what the model gives."""

SHAP_BACKGROUND: Final = 25
LIME_BACKGROUND: Final = 100


@dataclass(frozen=True, eq=False)
class Question:
    """One case as the libraries are asked about it."""

    game: Game
    """What is explained exactly; its parts are the columns."""
    ask: Ask
    row: Doubles
    """(m,)"""
    background: Doubles
    """(B, m) what SHAP puts in the place of what is absent."""
    training: Doubles
    """(T, m) what LIME learns its perturbations from."""
    categorical: bool
    """Columns are codes, not quantities."""


def their_game(question: Question) -> Game:
    """The game that SHAP's background plays: what is absent is replaced by the background's rows, and their mean taken.

    With the exact values' shares and weights, which are those of another game unless the background is empty.
    """

    def worth(present: npt.NDArray[np.bool_]) -> Doubles:
        rows = np.where(present[:, None, :], question.row, question.background)
        given = question.ask(rows.reshape(-1, rows.shape[2]))
        return np.asarray(given.reshape(rows.shape[:2]).mean(axis=1))

    return replace(question.game, worth=worth)


def on_and_off(game: Game) -> Question:
    """The game itself: 1 where a part is there, 0 where it is not; LIME takes each away half of the time."""
    m = len(game.shapley)
    return Question(
        game=game,
        ask=lambda rows: game.worth(rows > 0.5),
        row=np.ones(m),
        background=np.zeros((1, m)),
        training=np.stack([np.zeros(m), np.ones(m)]),
        categorical=True,
    )


def by_attribute(parts: Parts, attributes: Sequence[str]) -> tuple[Parts, list[str]]:
    """Parts of one attribute as one, empty where a row has none of it, and what the row has of each."""
    number = {name: at for at, name in enumerate(attributes)}
    which = np.asarray([number[feature_of(source)] for source in parts.sources])
    member = (which == np.arange(len(attributes))[:, None]).astype(np.float64)
    has = [" ".join(s.tag for s in parts.sources if feature_of(s) == name) for name in attributes]
    sources = tuple(Source(Kind.TAG, name) for name in attributes)
    return Parts(sources, member @ parts.vectors, member @ parts.biases), has


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of one side with a column for each attribute."""

    attributes: tuple[str, ...]
    rows: tuple[Parts, ...]
    """Of each row, a part for each attribute."""
    has: npt.NDArray[np.object_]
    """(n, attributes) what each row has of it."""

    @classmethod
    def of(cls, rows: Sequence[Parts]) -> "Table":
        """Of rows as the model takes them apart. An identity is like no other."""
        attributes = tuple(sorted({feature_of(source) for parts in rows for source in parts.sources}))
        grouped = [by_attribute(parts, attributes) for parts in rows]
        has = np.asarray([own for _, own in grouped], object).reshape(len(rows), len(attributes))
        if IDENTITY in attributes:
            has[:, attributes.index(IDENTITY)] = [str(row) for row in range(len(rows))]
        return cls(attributes, tuple(parts for parts, _ in grouped), has)

    def coded(self, own: int) -> tuple[list[Doubles], npt.NDArray[np.int64]]:
        """Of each column the (values, d + 1) vectors with biases, and (n, attributes) codes into them; 0 is `own`'s."""
        values, codes = [], np.empty(self.has.shape, np.int64)
        for column in range(len(self.attributes)):
            kinds = [self.has[own, column], *sorted(set(self.has[:, column]) - {self.has[own, column]})]
            codes[:, column] = [kinds.index(kind) for kind in self.has[:, column]]
            first = [own, *(int(np.flatnonzero(codes[:, column] == code)[0]) for code in range(1, len(kinds)))]
            vectors = [np.append(self.rows[row].vectors[column], self.rows[row].biases[column]) for row in first]
            values.append(np.stack(vectors))
        return values, codes


def _with_background(diners: Table, places: Table, case: int, who: int) -> Question:
    """The pair of the case-th diner and restaurant, the other rows of the tables as background."""
    (of_diner, left), (of_place, right) = diners.coded(case), places.coded(case)
    codes, width = np.concatenate([left, right], axis=1).astype(np.float64), len(of_diner)

    def ask(rows: Doubles) -> Doubles:
        chosen = rows.astype(np.int64)
        person, place = (
            sum((values[chosen[:, first + at]] for at, values in enumerate(side)), np.zeros(side[0].shape[1]))
            for side, first in ((of_diner, 0), (of_place, width))
        )
        together = np.einsum("nd,nd->n", person[:, :-1], place[:, :-1])
        return np.asarray(together + person[:, -1] + place[:, -1])

    others = np.delete(codes, case, axis=0)
    return Question(
        game=pair_game(diners.rows[case], places.rows[case], who),
        ask=ask,
        row=codes[case],
        background=others[:SHAP_BACKGROUND],
        training=np.concatenate([codes[case][None], others[:LIME_BACKGROUND]]),
        categorical=True,
    )


@dataclass(frozen=True, eq=False)
class Pairs:
    """Known diners, each with a restaurant."""

    model: TakesApart
    diners: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]

    @classmethod
    def of(cls, model: Model, diners: npt.NDArray[np.integer], seed: int) -> Self:
        """Of each diner one of the ten restaurants that the model puts first; raise ModelError for one of no parts."""
        if not isinstance(model, TakesApart):
            raise ModelError(f"{model.name} does not say what its rows are made of: there is nothing to compare with")
        rng, scores = np.random.default_rng(seed), model.score(np.asarray(diners, np.int32))
        first = np.argsort(-scores, axis=1, kind="stable")[:, :LIST]
        places = np.asarray([rng.choice(row) for row in first], np.int64)
        return cls(model, diners.astype(np.int64), places)

    def games(self, count: int) -> list[Game]:
        """The first so many as games."""
        return [
            pair_game(self.model.diner_parts(diner), self.model.restaurant_parts(place), diner)
            for diner, place in zip(self.diners[:count].tolist(), self.places[:count].tolist(), strict=True)
        ]

    def with_background(self, count: int) -> list[Question]:
        """The first so many, each with all others as its background."""
        diners = Table.of([self.model.diner_parts(row) for row in self.diners.tolist()])
        places = Table.of([self.model.restaurant_parts(row) for row in self.places.tolist()])
        return [_with_background(diners, places, case, int(self.diners[case])) for case in range(count)]


def any_candidates(requests: Requests, seed: int) -> Requests:
    """The requests with any of the restaurants that were open and near for the one that was ordered from."""
    lots = np.random.default_rng(seed).random(requests.candidates.shape)
    return replace(requests, chosen=np.where(requests.candidates, lots, -1.0).argmax(axis=1))


def of_rows(stage: SecondStage, rows: Doubles, games: Sequence[Game]) -> list[Question]:
    """The second stage at the first of the rows (B, width), one for each game; the rows after them are background."""
    others = rows[len(games) :]
    return [
        Question(game, stage.trees.sums, row, others[:SHAP_BACKGROUND], others, categorical=False)
        for game, row in zip(games, rows, strict=False)
    ]
