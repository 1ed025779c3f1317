"""The latent truth of a synthetic city, beside its tables: what an oracle knows and no model may read.

DIR/truth/<market>.safetensors   the traits of restaurants and diners, the weather
DIR/truth/<market>.json          all parameters, seed, theta
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from data.city import choice
from data.city.context import cuisine_fit, hour_dayparts
from data.city.logging_policy import scores as policy_scores
from data.city.parameters import CityParameters
from data.city.population import Diners, Restaurants
from data.city.vocabulary import DAYPART_SHARES
from data.dataset import TRUTH, DatasetError

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class CityTruth:
    """One market's truth. Rows are those of the dataset's tables of restaurants and diners of this market."""

    market: str
    seed: int
    parameters: CityParameters
    restaurants: Restaurants
    diners: Diners
    rain: npt.NDArray[np.bool_]
    """(days,) weather of the log's days."""

    @property
    def theta(self) -> npt.NDArray[np.float64]:
        """(list_length,) probability that a position is looked at."""
        return choice.examination(self.parameters.list_length, self.parameters.examination_decay)

    def utilities(
        self,
        diners: npt.NDArray[np.integer],
        restaurants: npt.NDArray[np.integer] | None = None,
        past_orders: npt.NDArray[np.integer] | None = None,
    ) -> npt.NDArray[np.float32]:
        """(B, n) V of a typical request from home: mean weather and daypart, no recent cuisine.

        The order of these is what is best for the diner. diners: (B,) rows. restaurants: (n,) rows; all by default.
        past_orders: (B, n) orders that each diner has made at each, for the habit in V; none by default.
        """
        rows = np.arange(self.restaurants.lat.size) if restaurants is None else restaurants
        offer, typical = self.restaurants.as_offers(rows), self._typical_context()[rows]
        values = np.empty((len(diners), len(rows)), np.float32)
        for first in range(0, len(diners), _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            values[part] = choice.lasting_utility(self.diners.as_tastes(diners[part]), offer) + typical
            if past_orders is not None:
                values[part] += choice.habit_utility(past_orders[part], self.parameters.habit)
        return values

    def order_scores(
        self, diners: npt.NDArray[np.integer], past_orders: npt.NDArray[np.integer], popularity: npt.NDArray[np.number]
    ) -> npt.NDArray[np.float32]:
        """(B, n) V plus log weight of the logging policy: the order in which the log's next orders are likely.

        An order needs that the policy shows the restaurant and that the diner wants it, so utility alone is not the
        best forecast of a log; this is, up to the competition inside a list. diners: (B,) rows. past_orders: (B, n)
        orders before the forecast. popularity: (n,) orders of all diners before it.
        """
        p, home, place = self.parameters, self.diners, self.restaurants
        minutes = choice.travel(home.lat[diners, None], home.lon[diners, None], place.lat, place.lon)
        score = policy_scores(
            np.asarray(popularity, np.float64), minutes, p.policy_popularity, p.policy_proximity, p.popularity_floor
        )
        score += p.order_again_bonus(place.lat.size) * (past_orders > 0)
        return self.utilities(diners, None, past_orders) + (score / p.policy_temperature).astype(np.float32)

    def of_moment(self, days: npt.NDArray[np.integer], hours: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """(B, n) what the weather of the log's days and the local hours add to the typical request of `utilities`."""
        p, place = self.parameters, self.restaurants
        fit = cuisine_fit(p.daypart)[np.maximum(hour_dayparts()[hours], 0)][:, place.cuisine]
        rain = self.rain[np.clip(days, 0, len(self.rain) - 1), None]
        return choice.context_utility(place.delivery, rain, fit, p.rain_delivery) - self._typical_context()

    def _typical_context(self) -> npt.NDArray[np.float64]:
        """(n,) mean over weather and dayparts of the context's part of utility."""
        p = self.parameters
        fit = np.asarray(DAYPART_SHARES) @ cuisine_fit(p.daypart)
        return np.asarray(p.rain * p.rain_delivery * self.restaurants.delivery + fit[self.restaurants.cuisine])

    def save(self, folder: Path) -> None:
        """Write the two files into `folder`/truth; the same truth gives the same bytes."""
        folder = folder / TRUTH
        folder.mkdir(exist_ok=True)
        arrays = {"rain": self.rain}
        for side, values in (("restaurants", self.restaurants), ("diners", self.diners)):
            arrays |= {f"{side}.{field.name}": getattr(values, field.name) for field in fields(values)}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, _tensors(folder, self.market))
        facts = {
            "market": self.market,
            "seed": self.seed,
            "theta": self.theta.tolist(),
            "parameters": self.parameters.model_dump(),
        }
        _facts(folder, self.market).write_text(json.dumps(facts, indent=2) + "\n")

    @classmethod
    def load(cls, path: Path, market: str) -> Self:
        """Read the truth of a market of the dataset at `path`; raise DatasetError where there is none."""
        folder = path / TRUTH
        try:
            facts = json.loads(_facts(folder, market).read_text())
            arrays = load_file(_tensors(folder, market))
        except FileNotFoundError:
            raise DatasetError(
                f"{path} has no truth of the market {market!r}: only what `tablestakes generate` made has it."
            ) from None
        sides = [
            {field.name: arrays[f"{side}.{field.name}"] for field in fields(kind)}
            for side, kind in (("restaurants", Restaurants), ("diners", Diners))
        ]
        return cls(
            market,
            facts["seed"],
            CityParameters.model_validate(facts["parameters"]),
            Restaurants(**sides[0]),
            Diners(**sides[1]),
            arrays["rain"],
        )


def load(path: Path, market: str) -> CityTruth:
    """The truth of a market of the dataset at `path`; raise DatasetError where there is none."""
    return CityTruth.load(path, market)


def _tensors(folder: Path, market: str) -> Path:
    return folder / f"{market}.safetensors"


def _facts(folder: Path, market: str) -> Path:
    return folder / f"{market}.json"
