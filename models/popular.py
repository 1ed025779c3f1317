"""`popular`: what the neighbourhood orders, lately."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, validate_call

from models.base import FloatArray, IntArray, Interactions, Representations, TrainingData, factor_scores
from models.explanation.parts import Kind, Parts, Source

POPULARITY_HALF_LIFE_DAYS: Final = 14.0
_HOME = "home_district="
_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


def decayed_counts(interactions: Interactions, rows: int, half_life_days: float) -> FloatArray:
    """(rows,) weights of all interactions with each restaurant, halved for every half-life of age."""
    fading = interactions.weights * np.exp2(-interactions.ages_days / half_life_days)
    return np.bincount(interactions.restaurants, weights=fading, minlength=rows).astype(np.float32)


class PopularModel:
    """Share of a district's recent orders, shrunk towards the market's.

    As vectors: a diner is the district (one-hot) that they live in, a restaurant its log share in each district. The
    last dimension is the market as a whole, for diners whose home is not known.
    """

    name: ClassVar[str] = "popular"
    summary: ClassVar[str] = "most ordered in the diner's district, recent orders first"

    @validate_call
    def __init__(self, half_life_days: _Positive = POPULARITY_HALF_LIFE_DAYS, shrinkage: _Positive = 20.0) -> None:
        self.half_life_days = half_life_days
        self.shrinkage = shrinkage
        self._districts: tuple[str, ...] = ()
        self._log_shares = np.empty((0, 0), np.float32)
        self._homes = np.empty(0, np.int32)

    def fit(self, data: TrainingData) -> Self:
        """Count."""
        acts, n, districts = data.interactions, len(data.restaurant_ids), len(data.districts)
        fading = acts.weights * np.exp2(-acts.ages_days / self.half_life_days)
        homes = data.diner_districts[acts.diners]
        market = np.bincount(acts.restaurants, weights=fading, minlength=n) + 1.0 / max(n, 1)
        market_share = market / market.sum()
        known = homes >= 0
        cells = acts.restaurants[known].astype(np.int64) * districts + homes[known]
        counts = np.bincount(cells, weights=fading[known], minlength=n * districts).reshape(n, districts)
        shrunk = counts + self.shrinkage * market_share[:, None]
        shares = shrunk / shrunk.sum(axis=0, keepdims=True)
        self._log_shares = np.log(np.column_stack([shares, market_share])).astype(np.float32)
        self._districts = data.districts
        self._homes = data.diner_districts
        return self

    def score(self, diners: IntArray, restaurants: IntArray | None = None) -> FloatArray:
        """Log shares of the diners' districts."""
        return factor_scores(self.diners(), self.restaurants(), diners, restaurants)

    def diners(self) -> Representations:
        """One-hot districts."""
        return self._living_in(self._homes)

    def restaurants(self) -> Representations:
        """Log shares by district."""
        return Representations(self._log_shares, np.zeros(len(self._log_shares), np.float32))

    def new_diners(self, tags: Sequence[Sequence[str]]) -> Representations:
        """The home district among the tags decides."""
        return self._living_in(np.asarray([self._home(row) for row in tags], np.int32))

    def new_restaurants(self, tags: Sequence[Sequence[str]]) -> Representations:
        """Nobody has ordered there yet: the lower quartile of what there is."""
        typical = np.quantile(self._log_shares, 0.25, axis=0).astype(np.float32)
        return Representations(np.tile(typical, (len(tags), 1)), np.zeros(len(tags), np.float32))

    @property
    def exact_parts(self) -> bool:
        """True: a share is a count."""
        return True

    def diner_parts(self, row: int) -> Parts:
        """The market's taste, and what the home district changes in it."""
        return self._parts(int(self._homes[row]))

    def restaurant_parts(self, row: int) -> Parts:
        """Itself: how often it was ordered from, in each district."""
        return Parts.whole(np.append(self._log_shares[row], np.float32(0.0)))

    def new_diner_parts(self, tags: Sequence[str]) -> Parts:
        """The home district among the tags decides."""
        return self._parts(self._home(tags))

    def new_restaurant_parts(self, tags: Sequence[str]) -> Parts:
        """What is taken for a restaurant where nobody has ordered yet."""
        return Parts.whole(np.append(self.new_restaurants([tags]).vectors[0], np.float32(0.0)), Kind.TYPICAL)

    def restaurant_with(self, row: int, tags: Sequence[str]) -> FloatArray:  # noqa: ARG002 - counts know no tags
        """(d + 1,) the restaurant itself: tags change no counts."""
        return np.append(self._log_shares[row], np.float32(0.0))

    def _parts(self, home: int) -> Parts:
        market = np.zeros((1, len(self._districts) + 2))
        market[0, -2] = 1.0
        if home < 0:
            return Parts.of([Source(Kind.TYPICAL)], market)
        change = -market
        change[0, home] += 1.0
        lives = Source(Kind.TAG, f"{_HOME}{self._districts[home]}")
        return Parts.of([Source(Kind.TYPICAL), lives], np.concatenate([market, change]))

    def _home(self, tags: Sequence[str]) -> int:
        """The district that the tags name; -1: none."""
        index = {f"{_HOME}{name}": position for position, name in enumerate(self._districts)}
        return next((index[tag] for tag in tags if tag in index), -1)

    def parameters(self) -> dict[str, Any]:
        """Half-life, shrinkage, and the districts' names."""
        return {
            "half_life_days": self.half_life_days,
            "shrinkage": self.shrinkage,
            "districts": list(self._districts),
        }

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Log shares and homes."""
        return {"log_shares": self._log_shares, "homes": self._homes}

    @classmethod
    def restore(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From the counts."""
        model = cls(parameters["half_life_days"], parameters["shrinkage"])
        model._districts = tuple(parameters["districts"])
        model._log_shares, model._homes = arrays["log_shares"], arrays["homes"]
        return model

    def _living_in(self, homes: IntArray) -> Representations:
        width = len(self._districts) + 1
        vectors = np.zeros((len(homes), width), np.float32)
        vectors[np.arange(len(homes)), np.where(homes >= 0, homes, width - 1)] = 1.0
        return Representations(vectors, np.zeros(len(homes), np.float32))
