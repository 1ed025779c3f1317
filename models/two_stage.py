"""`lightfm+lambdamart`: LightFM finds a shortlist, LambdaMART orders it in the moment of the request.

The second stage is rehearsed: a first stage fitted to an earlier part of the training period scores what was shown in
the rest of it, and the trees learn what to add. Then LightFM is fitted to the whole period. So the trees have only seen
scores of what their first stage had not seen, as they will when they serve.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, validate_call

from models.base import FloatArray, IntArray, Model, Representations, TrainingData
from models.explanation.parts import Parts
from models.explanation.spoken_for import TagEffects
from models.hybrid import LightFMModel
from models.second_stage.learning import TreeSettings, learn
from models.second_stage.stage import SecondStage

_FIRST: Final = "first_"


class LightFMLambdaMartModel:
    """LightFM, and a second stage where there was something to rehearse it on; without, LightFM alone."""

    name: ClassVar[str] = "lightfm+lambdamart"
    summary: ClassVar[str] = "hybrid matrix factorisation, its shortlist ordered by boosted trees in the moment"
    rehearses: ClassVar[bool] = True

    @validate_call
    def __init__(
        self,
        first: dict[str, Any] | None = None,
        trees: TreeSettings = TreeSettings(),  # noqa: B008 - frozen
        seed: Annotated[int, Field(ge=0, lt=2**31)] = 0,
        threads: Annotated[int, Field(ge=1, le=1024)] = 1,
    ) -> None:
        self.first = first or {}
        """Parameters of LightFM."""
        self.trees = trees
        self.seed = seed
        self.threads = threads
        self._first_stage = self._fresh()
        self._second_stage: SecondStage | None = None

    def fit(self, data: TrainingData) -> Self:
        """Rehearse, then learn from everything; raise ModelError where there is nothing to learn from."""
        rehearsal = data.rehearsal
        self._second_stage = None
        if rehearsal is not None:
            early = self._fresh().fit(rehearsal.earlier)
            self._second_stage = learn(early, rehearsal, self.trees, self.seed, self.threads)
        self._first_stage = self._fresh().fit(data)
        return self

    def fit_from(self, data: TrainingData, start: Model, diners: IntArray, restaurants: IntArray) -> Self:
        """The same, the first stage of the whole period from where `start` stood; the trees are always grown anew."""
        self.fit(data)
        before = start._first_stage if isinstance(start, LightFMLambdaMartModel) else start
        self._first_stage = self._fresh().fit_from(data, before, diners, restaurants)
        return self

    @property
    def second_stage(self) -> SecondStage | None:
        """What the trees and the moment add; None where nothing was rehearsed."""
        return self._second_stage

    def score(self, diners: IntArray, restaurants: IntArray | None = None) -> FloatArray:
        """The first stage's: what can be said without a moment."""
        return self._first_stage.score(diners, restaurants)

    def diners(self) -> Representations:
        """Of the training data's diners, in the first stage."""
        return self._first_stage.diners()

    def restaurants(self) -> Representations:
        """Of the training data's restaurants, in the first stage."""
        return self._first_stage.restaurants()

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        """From tags alone, in the first stage."""
        return self._first_stage.new_diners(tags)

    def new_restaurants(self, tags: Sequence[Sequence[str]]) -> Representations:
        """From tags alone, in the first stage."""
        return self._first_stage.new_restaurants(tags)

    @property
    def exact_parts(self) -> bool:
        """Those of the first stage."""
        return self._first_stage.exact_parts

    def diner_parts(self, row: int) -> Parts:
        """Of a diner of the training data, in the first stage."""
        return self._first_stage.diner_parts(row)

    def restaurant_parts(self, row: int) -> Parts:
        """Of a restaurant of the training data, in the first stage."""
        return self._first_stage.restaurant_parts(row)

    def new_diner_parts(self, tags: Sequence[str]) -> Parts:
        """From tags alone, in the first stage."""
        return self._first_stage.new_diner_parts(tags)

    def new_restaurant_parts(self, tags: Sequence[str]) -> Parts:
        """From tags alone, in the first stage."""
        return self._first_stage.new_restaurant_parts(tags)

    def tag_effects(self) -> TagEffects:
        """What restaurants of the same tags have in common, in the first stage."""
        return self._first_stage.tag_effects()

    def diners_seen(self) -> npt.NDArray[np.bool_]:
        """(diners,) of whom something was seen in training, in the first stage."""
        return self._first_stage.diners_seen()

    def restaurant_with(self, row: int, tags: Sequence[str]) -> FloatArray:
        """(d + 1,) a restaurant of the training data with other tags, in the first stage."""
        return self._first_stage.restaurant_with(row, tags)

    def parameters(self) -> dict[str, Any]:
        """Of both stages, and the names that their arrays are of."""
        return {
            "first": self.first,
            "trees": self.trees.model_dump(),
            "seed": self.seed,
            "threads": self.threads,
            "first_stage": self._first_stage.parameters(),
            "cuisines": list(self._second_stage.cuisines) if self._second_stage else [],
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Of both stages."""
        own = {_FIRST + name: array for name, array in self._first_stage.arrays().items()}
        return own if self._second_stage is None else own | self._second_stage.arrays()

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From what was learnt; raise ModelError where the second stage is not whole or of another model."""
        model = cls(**{name: parameters[name] for name in ("first", "trees", "seed", "threads")})
        own = {name.removeprefix(_FIRST): array for name, array in arrays.items() if name.startswith(_FIRST)}
        model._first_stage = LightFMModel.restore(parameters["first_stage"], own)
        sizes = (len(model.diners().vectors), len(model.restaurants().vectors))
        model._second_stage = SecondStage.restore(arrays, parameters["cuisines"], *sizes)
        return model

    def _fresh(self) -> LightFMModel:
        return LightFMModel(**{"seed": self.seed, "threads": self.threads, **self.first})
