"""What a log tells wrongly of what diners like, and the weights that mend it.

**Place.** What stands low is looked at less often, so an order there says more. A look at place k has probability
theta_k: feedback from there weighs 1 / theta_k, which in expectation counts what would have been chosen under a look
(inverse propensity weighting under the position-based model; Joachims, Swaminathan and Schnabel 2017).

**Delay.** Of the orders that a list brings, those are in the log that came before its end: after age a the share F(a).
A list's orders weigh 1 / F(its age), so that E[observed / F] = E[order] (inverse probability of censoring weighting).
F is lognormal, fitted by maximum likelihood to the delays seen, each truncated at its list's age.

**Groups.** Where a group's orders are logged in part, or it is let down, it has fewer of them for as many clicks. With
`balance` its orders weigh by what is expected of its clicks over what was seen, which makes an order independent of the
group given the click (reweighing: Kamiran, Calders 2012). Restaurants that earn less by their own doing gain as well:
that is for people to want.

**Features.** What `leave_out` names is no feature of diners or restaurants: no model learns from it, and none reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.optimize import minimize
from scipy.stats import norm

from data import columns as col
from data.columns import EventType
from data.dataset import Dataset
from models import calibration
from models.base import ModelError
from models.fairness.groups import NOBODY, restaurant_groups
from models.fairness.labels import shares_logged
from models.impressions import shown_between
from models.popular import PopularModel
from models.training_data import WEIGHT, build

Doubles = npt.NDArray[np.float64]

_PAST_SHARE: Final = 0.6
"""Of a period, in time, the part that the model behind theta learns from; the rest is what theta is fitted to."""
_FEWEST_DELAYS: Final = 50
_SHORTEST_SECONDS: Final = 1.0


class Corrections(BaseModel):
    """Which weights positive feedback gets, and which features there are. All off is the log as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: bool = False
    """Weigh by 1 / theta of the place from which it came."""
    delay: bool = False
    """Weigh by 1 / F(age of the list), and calibrate on lists that are old enough."""
    balance: Literal["", "kind", "district", "price level", "cuisine"] = ""
    """Groups of restaurants whose orders weigh what is expected of their clicks; empty: none."""
    leave_out: tuple[str, ...] = ()
    """Attributes of profiles and restaurants, as in `name=value`, that are no features."""
    most: float = Field(default=4.0, ge=1.0, allow_inf_nan=False)
    """The greatest weight of any kind: what is believed of one event has a limit, at the price of some bias."""


NO_CORRECTIONS: Final = Corrections()


def options_apart(
    parameters: Mapping[str, Any], corrections: Corrections = NO_CORRECTIONS
) -> tuple[dict[str, Any], Corrections]:
    """A model's own parameters, and the corrections with those that were given among them.

    Raises ModelError for a correction that there is not.

    >>> options_apart({"components": 8, "balance": "kind"})[0]
    {'components': 8}
    """
    given = {name: value for name, value in parameters.items() if name in Corrections.model_fields}
    if not given:
        return dict(parameters), corrections
    try:
        found = Corrections.model_validate({**corrections.model_dump(), **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(f"{first['loc'][0]}: {first['msg']}, not {first['input']!r}") from error
    return {name: value for name, value in parameters.items() if name not in given}, found


@dataclass(frozen=True)
class Delay:
    """How long after a list its order comes: lognormal."""

    median_seconds: float
    sigma: float
    """Of the logarithm."""

    @classmethod
    def fit(cls, seconds: Doubles, ages: Doubles) -> Self | None:
        """From delays (m,) and the ages (m,) of their lists at the log's end, both in seconds; delay <= age.

        Orders that have not come yet are not there to be counted, so each delay has the density f(d) / F(age). None
        for fewer than 50 of them.
        """
        if len(seconds) < _FEWEST_DELAYS:
            return None
        log_delays = np.log(np.maximum(seconds, _SHORTEST_SECONDS))
        log_ages = np.maximum(np.log(np.maximum(ages, _SHORTEST_SECONDS)), log_delays)

        def loss(parameters: Doubles) -> float:
            mean, sd = parameters[0], np.exp(parameters[1])
            seen = norm.logpdf(log_delays, mean, sd) - norm.logcdf(log_ages, mean, sd)
            # A weak prior on sigma: without it a log of the very young alone could be told from nothing.
            return -float(seen.mean()) + 1e-3 * float(parameters[1] ** 2)

        start = np.asarray([log_delays.mean(), np.log(max(float(log_delays.std()), 1e-2))])
        found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10}).x
        return cls(float(np.exp(found[0])), float(np.exp(found[1])))

    def share_by(self, ages: Doubles) -> Doubles:
        """F: the share of orders that have come by these ages, in seconds."""
        logs = np.log(np.maximum(ages, np.finfo(np.float64).tiny))
        return np.asarray(norm.cdf((logs - np.log(self.median_seconds)) / self.sigma))

    def maturity(self, share: float = 0.95) -> pd.Timedelta:
        """The age from which a list without an order can be taken for one that brings none."""
        return pd.Timedelta(seconds=self.median_seconds * float(np.exp(self.sigma * norm.ppf(share))))


def inverse(chances: Doubles, most: float) -> Doubles:
    """1 / chance, at most `most`."""
    return np.asarray(1.0 / np.maximum(chances, 1.0 / most))


def corrected(dataset: Dataset, market: str, positives: pd.DataFrame, corrections: Corrections) -> pd.DataFrame:
    """`positive_feedback` of one period with its weights corrected; nothing after its last row is looked at.

    What has no list, or a list without places, keeps its weight; so does everything where theta or the delay cannot be
    fitted, and the orders of groups that have too few clicks.
    """
    of_lists = corrections.place or corrections.delay
    if not (of_lists or corrections.balance) or positives.empty or positives[col.AT].isna().any():
        return positives
    end = positives[col.AT].max()
    weight = positives[WEIGHT].to_numpy(np.float64)
    if corrections.balance:
        weight = weight * _balance(dataset, market, positives, corrections)
    if not of_lists:
        return positives.assign(**{WEIGHT: weight.astype(np.float32)})
    lists = _lists_of(dataset, market, positives, end)
    if corrections.place:
        theta = examination(dataset, market, positives)
        if theta is not None:
            weight = weight * _over_looks(lists, theta, corrections.most)
    if corrections.delay:
        delay, ages = _delay(positives, lists, end)
        if delay is not None:
            weight = weight * np.where(np.isnan(ages), 1.0, inverse(delay.share_by(ages), corrections.most))
    return positives.assign(**{WEIGHT: weight.astype(np.float32)})


def over_looks(dataset: Dataset, market: str, positives: pd.DataFrame, theta: Doubles, most: float) -> Doubles:
    """(m,) 1 / theta of the place from which each of these came, at most `most`; 1 for what has no place in a list."""
    return _over_looks(_lists_of(dataset, market, positives, positives[col.AT].max()), theta, most)


def examination(dataset: Dataset, market: str, positives: pd.DataFrame) -> Doubles | None:
    """(K,) theta from this period alone: what `popular`, learnt from its first part, leaves to the place in the rest.

    None where the period has no impressions to tell it from.
    """
    begin, end = positives[col.AT].min(), positives[col.AT].max()
    middle = begin + _PAST_SHARE * (end - begin)
    past = build(dataset, market, positives[positives[col.AT] < middle], dataset.manifest.repeats)
    if not len(past.interactions.diners):
        return None
    shown = shown_between(dataset, market, PopularModel().fit(past), past, middle, end, seed=0)
    if shown is None or not shown.can_calibrate:
        return None
    return np.asarray(calibration.fit(shown).examination)


def fit_delay(dataset: Dataset, market: str, positives: pd.DataFrame) -> Delay | None:
    """The delay of this period's orders; None where too few have a list."""
    end = positives[col.AT].max()
    return _delay(positives, _lists_of(dataset, market, positives, end), end)[0]


def maturity(dataset: Dataset, market: str, positives: pd.DataFrame, corrections: Corrections) -> pd.Timedelta:
    """How long a list waits for its order before it counts as one without; no time where delays are not corrected."""
    delay = fit_delay(dataset, market, positives) if corrections.delay else None
    return pd.Timedelta(0) if delay is None else delay.maturity()


def _over_looks(lists: pd.DataFrame, theta: Doubles, most: float) -> Doubles:
    place = lists[col.POSITION].to_numpy(np.float64, na_value=np.nan)
    at = np.minimum(np.nan_to_num(place, nan=1.0).astype(np.int64), len(theta)) - 1
    return np.asarray(np.where(np.isnan(place), 1.0, inverse(theta[at], most)))


def _balance(dataset: Dataset, market: str, positives: pd.DataFrame, corrections: Corrections) -> Doubles:
    """(m,) factors: of an order, what its group's clicks would bring over what they brought; 1 for all else."""
    end, restaurants = positives[col.AT].max(), dataset.restaurants(market)
    groups = next((one for one in restaurant_groups(restaurants, end) if one.attribute == corrections.balance), None)
    if groups is None:  # the catalogue has no such column
        return np.ones(len(positives))
    shares = np.append(shares_logged(dataset, market, groups, end), 1.0)  # the last is of who is in no group
    factors = np.clip(1.0 / np.maximum(shares, 1e-12), 1.0 / corrections.most, corrections.most)
    rows = pd.Index(restaurants[col.RESTAURANT_ID]).get_indexer(pd.Index(positives[col.RESTAURANT_ID]))
    code = np.where(rows >= 0, groups.codes[np.maximum(rows, 0)], NOBODY)
    ordered = (positives[col.TYPE] == EventType.ORDER).to_numpy()
    return np.asarray(np.where(ordered, factors[code], 1.0))


def _lists_of(dataset: Dataset, market: str, positives: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """A row for each positive: place and time of the impression that it came from, null where there is none."""
    columns = [col.REQUEST_ID, col.RESTAURANT_ID, col.POSITION, col.AT]
    shown = dataset.events(market, [EventType.IMPRESSION], columns, until=end)
    keys = [col.REQUEST_ID, col.RESTAURANT_ID]
    shown = shown[shown[col.REQUEST_ID].isin(positives[col.REQUEST_ID].dropna())].drop_duplicates(keys)
    return positives[keys].merge(shown, how="left", on=keys)


def _delay(positives: pd.DataFrame, lists: pd.DataFrame, end: pd.Timestamp) -> tuple[Delay | None, Doubles]:
    """(the fitted delay, (m,) ages of the lists in seconds, NaN for what is no order or has no list)."""
    began = lists[col.AT].to_numpy()
    took = (positives[col.AT].to_numpy() - began) / np.timedelta64(1, "s")
    ages = (end.tz_convert("UTC").tz_localize(None).to_datetime64() - _plain(lists[col.AT])) / np.timedelta64(1, "s")
    order = (positives[col.TYPE] == EventType.ORDER).to_numpy() & np.isfinite(ages)
    delay = Delay.fit(took[order].astype(np.float64), ages[order])
    return delay, np.where(order, ages, np.nan)


def _plain(times: pd.Series) -> npt.NDArray[np.datetime64]:
    return np.asarray(times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]"))
