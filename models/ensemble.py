"""`ensemble`: several models' vectors side by side, each scaled by what its score says about the next order.

    score(u, i) = sum_m w_m s_m(u, i) / sd_m

sd_m is the standard deviation of the member's scores over the restaurants of a typical diner. The weights are learnt on
what came after: members fitted to an earlier part of the training period score the restaurants that were chosen in the
rest of it, and of all weights on a grid those are taken under which these choices have the greatest discounted gain
among the first ten. Each member alone is on the grid. Then the members are fitted to the whole period. A sum of
products is a product of longer vectors, so it is served like one.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, validate_call

from models.base import (
    FloatArray,
    IntArray,
    Interactions,
    Model,
    ModelError,
    Representations,
    TrainingData,
    factor_scores,
)
from models.ease import EaseModel
from models.explanation.parts import Parts, TakesApart, explains_exactly
from models.explanation.spoken_for import TagEffects, TellsHistory, TellsTags
from models.explanation.what_if import Forgets, Retags
from models.hybrid import LightFMModel
from models.ials import IalsModel
from models.popular import PopularModel

Doubles = npt.NDArray[np.float64]

MEMBERS: Final[dict[str, type[Model]]] = {
    model.name: model for model in (PopularModel, LightFMModel, EaseModel, IalsModel)
}
_TYPICAL_DINERS: Final = 500
_MOST_CELLS: Final = 3_000_000
"""Choices times restaurants that the weights are learnt on."""
_STEPS: Final = 8
_LIST: Final = 10


class EnsembleModel:
    """A blend of the ladder's factor models, with weights that were learnt on later choices."""

    name: ClassVar[str] = "ensemble"
    summary: ClassVar[str] = "a blend of factor models, weighed by what each says about the next order"
    rehearses: ClassVar[bool] = True

    @validate_call
    def __init__(
        self,
        members: dict[str, dict[str, Any]] | None = None,
        seed: Annotated[int, Field(ge=0, lt=2**32)] = 0,
        threads: Annotated[int, Field(ge=1, le=1024)] = 1,
    ) -> None:
        self.members = {"popular": {}, "lightfm": {}, "ease": {}} if members is None else members
        """Parameters of each."""
        if not self.members or set(self.members) - set(MEMBERS):
            raise ModelError(f"members: choose from {', '.join(MEMBERS)}")
        self.seed = seed
        self.threads = threads
        self._fitted: dict[str, Model] = self._fresh()
        self._scales: dict[str, float] = {}
        """Weight over standard deviation of each member."""

    def fit(self, data: TrainingData) -> Self:
        """Weigh the members by the rehearsal (all alike where there is none), then fit them to everything."""
        weights = dict.fromkeys(self.members, 1.0)
        if data.rehearsal is not None:
            early = {name: model.fit(data.rehearsal.earlier) for name, model in self._fresh().items()}
            weights = _weights(early, data.rehearsal.later, self.seed)
        self._fitted = {name: model.fit(data) for name, model in self._fresh().items()}
        self._scales = {name: weights[name] / _spread(model) for name, model in self._fitted.items()}
        return self

    def score(self, diners: IntArray, restaurants: IntArray | None = None) -> FloatArray:
        """Products of the long vectors."""
        return factor_scores(self.diners(), self.restaurants(), diners, restaurants)

    def diners(self) -> Representations:
        """Of the training data's diners; the weights are on this side."""
        return self._beside({name: model.diners() for name, model in self._fitted.items()}, weighed=True)

    def restaurants(self) -> Representations:
        """Of the training data's restaurants."""
        return self._beside({name: model.restaurants() for name, model in self._fitted.items()}, weighed=False)

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        """As each member has it."""
        return self._beside({name: model.new_diners(tags) for name, model in self._fitted.items()}, weighed=True)

    def new_restaurants(self, tags: Sequence[Sequence[str]]) -> Representations:
        """As each member has it."""
        return self._beside({name: model.new_restaurants(tags) for name, model in self._fitted.items()}, weighed=False)

    @property
    def exact_parts(self) -> bool:
        """Where every member's are."""
        return all(explains_exactly(model) for model in self._fitted.values())

    def diner_parts(self, row: int) -> Parts:
        """As each member has it; the weights are on this side."""
        return self._parts_beside({name: one.diner_parts(row) for name, one in self._apart().items()}, weighed=True)

    def restaurant_parts(self, row: int) -> Parts:
        """As each member has it."""
        parts = {name: one.restaurant_parts(row) for name, one in self._apart().items()}
        return self._parts_beside(parts, weighed=False)

    def new_diner_parts(self, tags: Sequence[str]) -> Parts:
        """As each member has it."""
        return self._parts_beside(
            {name: one.new_diner_parts(tags) for name, one in self._apart().items()}, weighed=True
        )

    def new_restaurant_parts(self, tags: Sequence[str]) -> Parts:
        """As each member has it."""
        parts = {name: one.new_restaurant_parts(tags) for name, one in self._apart().items()}
        return self._parts_beside(parts, weighed=False)

    def tag_effects(self) -> TagEffects:
        """As the members have it that know tags: one vector of all for each tag."""
        told = {name: one.tag_effects() for name, one in self._fitted.items() if isinstance(one, TellsTags)}
        names = tuple(sorted({tag for effects in told.values() for tag in effects.names}))
        row_of = {tag: row for row, tag in enumerate(names)}
        places = self._places()
        table = np.zeros((len(names), sum(width for _, width in places.values()) + 1), np.float32)
        for member, effects in told.items():
            rows, (before, width) = [row_of[tag] for tag in effects.names], places[member]
            table[rows, before : before + width] = effects.table[:, :-1]
            table[rows, -1] += effects.table[:, -1] * np.float32(self._scales[member])
        return TagEffects(names, table)

    def diners_seen(self) -> npt.NDArray[np.bool_]:
        """(diners,) of whom some member saw something in training; all, where no member tells."""
        seen = [model.diners_seen() for model in self._fitted.values() if isinstance(model, TellsTags)]
        return np.any(seen, axis=0) if seen else np.ones(len(self.diners().vectors), np.bool_)

    def history(self, row: int) -> tuple[IntArray, FloatArray]:
        """(m,) restaurants that a diner of the training data chose, as the members tell it that do, and what each adds.

        A restaurant that several members tell is there several times.
        """
        places = self._places()
        d = sum(width for _, width in places.values())
        liked, vectors = [np.empty(0, np.int32)], [np.empty((0, d), np.float32)]
        for member, model in self._fitted.items():
            if isinstance(model, TellsHistory):
                own, said = model.history(row)
                (before, width), placed = places[member], np.zeros((len(own), d), np.float32)
                placed[:, before : before + width] = said * np.float32(self._scales[member])
                liked.append(own)
                vectors.append(placed)
        return np.concatenate(liked), np.concatenate(vectors)

    def _places(self) -> dict[str, tuple[int, int]]:
        """Where each member's dimensions begin, and how many they are."""
        widths = [model.restaurants().vectors.shape[1] for model in self._fitted.values()]
        return dict(zip(self._fitted, zip(itertools.accumulate([0, *widths[:-1]]), widths, strict=True), strict=True))

    def chosen_by(self, row: int) -> IntArray:
        """What the members that keep it have together."""
        kept = [model.chosen_by(row) for model in self._fitted.values() if isinstance(model, Forgets)]
        return np.unique(np.concatenate([np.empty(0, np.int32), *kept]))

    def diner_without(self, row: int, restaurants: Collection[int]) -> FloatArray:
        """(d + 1,) as each member has it; those that keep no history have the diner as it is."""
        rows = {}
        for name, model in self._fitted.items():
            own = model.diner_without(row, restaurants) if isinstance(model, Forgets) else None
            rows[name] = _alone(model.diners(), row) if own is None else Representations(own[None, :-1], own[-1:])
        return _as_row(self._beside(rows, weighed=True))

    def restaurant_with(self, row: int, tags: Sequence[str]) -> FloatArray:
        """(d + 1,) as each member has it."""
        rows = {}
        for name, model in self._fitted.items():
            own = model.restaurant_with(row, tags) if isinstance(model, Retags) else None
            rows[name] = _alone(model.restaurants(), row) if own is None else Representations(own[None, :-1], own[-1:])
        return _as_row(self._beside(rows, weighed=False))

    def parameters(self) -> dict[str, Any]:
        """Those of the members, as given and as fitted, and the weights."""
        return {
            "members": self.members,
            "seed": self.seed,
            "threads": self.threads,
            "scales": self._scales,
            "fitted": {name: model.parameters() for name, model in self._fitted.items()},
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Those of the members."""
        found: dict[str, npt.NDArray[Any]] = {}
        for member, model in self._fitted.items():
            found |= {f"{member}.{name}": array for name, array in model.arrays().items()}
        return found

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From the members."""
        model = cls(parameters["members"], parameters["seed"], parameters["threads"])
        for member in model.members:
            own = {
                name.removeprefix(f"{member}."): array
                for name, array in arrays.items()
                if name.startswith(f"{member}.")
            }
            model._fitted[member] = MEMBERS[member].restore(parameters["fitted"][member], own)
        model._scales = {member: float(parameters["scales"][member]) for member in model.members}
        return model

    def _fresh(self) -> dict[str, Model]:
        made: dict[str, Model] = {}
        for name, given in self.members.items():
            seeded = {"seed": self.seed, "threads": self.threads} if name in ("lightfm", "ials") else {}
            made[name] = MEMBERS[name](**{**seeded, **given})
        return made

    def _apart(self) -> dict[str, TakesApart]:
        return {name: model for name, model in self._fitted.items() if isinstance(model, TakesApart)}

    def _parts_beside(self, members: Mapping[str, Parts], weighed: bool) -> Parts:
        """The members' parts in one long space: parts of two members make nothing together."""
        widths = [parts.vectors.shape[1] for parts in members.values()]
        found = Parts((), np.empty((0, sum(widths))), np.empty(0))
        for (name, parts), before in zip(members.items(), itertools.accumulate([0, *widths[:-1]]), strict=True):
            scale = float(np.float32(self._scales[name]))
            vectors = np.zeros((len(parts.sources), sum(widths)))
            vectors[:, before : before + parts.vectors.shape[1]] = parts.vectors * (scale if weighed else 1.0)
            sources = tuple(source._replace(member=name) for source in parts.sources)
            found = found.joined(Parts(sources, vectors, parts.biases * scale))
        return found

    def _beside(self, sides: Mapping[str, Representations], weighed: bool) -> Representations:
        """Vectors side by side; biases are weighed on both sides, since each is added once."""
        scales = {name: np.float32(self._scales[name]) for name in sides}
        vectors = [side.vectors * scales[name] if weighed else side.vectors for name, side in sides.items()]
        biases = np.stack([side.biases * scales[name] for name, side in sides.items()]).sum(axis=0)
        return Representations(np.ascontiguousarray(np.concatenate(vectors, axis=1)), biases)


def _alone(rows: Representations, row: int) -> Representations:
    return Representations(rows.vectors[row : row + 1], rows.biases[row : row + 1])


def _as_row(alone: Representations) -> FloatArray:
    return np.append(alone.vectors[0], alone.biases[0])


def _spread(model: Model) -> float:
    """Standard deviation of a typical diner's scores."""
    count = len(model.diners().vectors)
    sample = np.arange(0, count, max(1, count // _TYPICAL_DINERS), dtype=np.int32)
    return float(np.mean(np.std(model.score(sample), axis=1))) or 1.0


def _weights(early: Mapping[str, Model], later: Interactions, seed: int) -> dict[str, float]:
    """The point of the grid at which later choices stand best; the first of several."""
    diners, chosen, counts = _choices(early, later, seed)
    scores = np.stack([model.score(diners) / np.float32(_spread(model)) for model in early.values()])
    best, gain = np.zeros(len(scores)), -1.0
    for weights in _grid(len(scores)):
        blended = np.einsum("m,mbn->bn", weights.astype(np.float32), scores)
        own = blended[np.arange(len(diners)), chosen]
        above = (blended >= own[:, None]).sum(axis=1) - 1  # who stands level may stand before
        found = float(counts @ np.where(above < _LIST, 1.0 / np.log2(above + 2.0), 0.0))
        if found > gain:
            best, gain = weights, found
    return dict(zip(early, best.tolist(), strict=True))


def _choices(early: Mapping[str, Model], later: Interactions, seed: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Random later choices, as many as there is room to score all restaurants for."""
    restaurants = len(next(iter(early.values())).restaurants().vectors)
    most, pairs = max(1, _MOST_CELLS // max(restaurants, 1)), np.arange(len(later.diners))
    if len(pairs) > most:
        pairs = np.sort(np.random.default_rng(seed).choice(pairs, most, replace=False))
    return later.diners[pairs], later.restaurants[pairs], later.weights[pairs]


def _grid(members: int) -> Iterator[Doubles]:
    """All weights that are multiples of 1 / _STEPS and sum to 1."""
    for parts in itertools.product(range(_STEPS + 1), repeat=members):
        if sum(parts) == _STEPS:
            yield np.asarray(parts) / _STEPS
