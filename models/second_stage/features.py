"""What the second stage looks at: one function for training, evaluation and serving.

    relevance      the first stage's score, of a fit that has not seen this moment
    log_minutes    log travel time from where the diner is; the market's mean where that is not known
    price          1..4; 0: not known
    price_gap      price less the mean price of the diner's own earlier orders; 0 where either is not known
    own_orders     the diner's earlier orders there
    own_days       days since the last of them; NEVER_DAYS: none
    own_clicks     the diner's earlier clicks there
    click_days     days since the last of them
    cuisine_days   days since the diner last ordered the restaurant's cuisine
    diner_orders   the diner's earlier orders anywhere
    popularity     log of the restaurant's recent orders, older ones counting less
    daypart_lift   log of how much more of the cuisine's and the restaurant's orders fall into this daypart than of all
    days_open      days since it opened; NEVER_DAYS: long ago or not known

Nothing of it depends on which other restaurants are candidates, so a pair in a moment has the same features anywhere.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from models.base import FloatArray
from models.journal import DAYPARTS, Actions, Asked, Counted, Doubles, Places, Rows, daypart_of

FEATURES: Final = (
    "relevance",
    "log_minutes",
    "price",
    "price_gap",
    "own_orders",
    "own_days",
    "own_clicks",
    "click_days",
    "cuisine_days",
    "diner_orders",
    "popularity",
    "daypart_lift",
    "days_open",
)
NEVER_DAYS: Final = 365.0
"""More days than this are not told apart."""
_SECONDS_PER_DAY: Final = 86_400.0
_LEAST_POPULARITY: Final = 0.5
_CUISINE_WEIGHT: Final = 20.0
"""How many orders the cuisine's dayparts weigh against the restaurant's own."""
_MARKET_WEIGHT: Final = 50.0
"""How many orders the market's dayparts weigh against the cuisine's."""


@dataclass(frozen=True, eq=False)
class Venues:
    """n restaurants as the second stage knows them at some moment."""

    places: Places
    popularity: Doubles
    """(n,) log."""
    daypart_lifts: Doubles
    """(n, dayparts)"""
    mean_log_minutes: float
    """Stands for a way that is not known."""


class Past:
    """What diners did, looked up as of a time. Built once for a whole log, or for one diner at a request."""

    def __init__(self, actions: Actions, places: Places) -> None:
        """actions: their restaurants are rows of `places`."""
        self._n = len(places.lat)
        self._cuisines = int(places.cuisines.max(initial=-1)) + 1
        ordered = actions.where(actions.ordered)
        self._orders = Counted(ordered.diners * self._n + ordered.restaurants, ordered.at)
        clicked = actions.where(~actions.ordered)
        self._clicks = Counted(clicked.diners * self._n + clicked.restaurants, clicked.at)
        of = places.cuisines[ordered.restaurants]
        named = of >= 0
        self._by_cuisine = Counted(ordered.diners[named] * self._cuisines + of[named], ordered.at[named])
        prices = places.price_levels[ordered.restaurants]
        self._by_diner = Counted(ordered.diners, ordered.at)
        order = np.lexsort((ordered.at, ordered.diners))
        self._spent = np.concatenate([[0.0], np.cumsum(prices[order])])
        self._priced = np.concatenate([[0], np.cumsum(prices[order] > 0.0)])

    def own(self, asked: Asked, columns: Rows) -> tuple[Doubles, Doubles, Doubles, Doubles]:
        """(B, S) orders, days since the last, clicks, and days since the last, of each restaurant by who asks."""
        keys = asked.diners[:, None] * self._n + columns
        at = np.broadcast_to(asked.at[:, None], columns.shape)
        orders, last_order = self._orders.before(keys, at)
        clicks, last_click = self._clicks.before(keys, at)
        return (
            orders.astype(np.float64),
            _days(at, last_order, orders),
            clicks.astype(np.float64),
            _days(at, last_click, clicks),
        )

    def cuisine_days(self, asked: Asked, cuisines: Rows) -> Doubles:
        """(B, S) days since who asks last ordered these cuisines, (B, S)."""
        at = np.broadcast_to(asked.at[:, None], cuisines.shape)
        keys = asked.diners[:, None] * self._cuisines + np.maximum(cuisines, 0)
        count, last = self._by_cuisine.before(keys, at)
        return _days(at, last, np.where(cuisines >= 0, count, 0))

    def usual(self, asked: Asked) -> tuple[Doubles, Doubles]:
        """(B,) number of orders, and their mean price level; 0 where none has one."""
        first, last = self._by_diner.span(asked.diners, asked.at)
        priced = self._priced[last] - self._priced[first]
        mean = (self._spent[last] - self._spent[first]) / np.maximum(priced, 1)
        return (last - first).astype(np.float64), mean


def _days(at: Rows, last: Rows, count: Rows) -> Doubles:
    """Days since; NEVER_DAYS where it did not happen, or is as long ago."""
    days = np.minimum((at - last) / _SECONDS_PER_DAY, NEVER_DAYS)
    return np.asarray(np.where(count > 0, days, NEVER_DAYS))


def features(
    venues: Venues, past: Past, asked: Asked, columns: Rows, relevance: Doubles | FloatArray, log_minutes: Doubles
) -> Doubles:
    """(B, S, len(FEATURES)) of the restaurants in `columns`, (B, S), for B requests.

    relevance: (B, S) the first stage's scores. log_minutes: (B, S) log travel times, NaN where they are not known.
    """
    places = venues.places
    orders, mean_price = past.usual(asked)
    own_orders, own_days, own_clicks, click_days = past.own(asked, columns)
    prices = places.price_levels[columns]
    known = (prices > 0.0) & (mean_price > 0.0)[:, None]
    opened = (asked.at[:, None] - places.opened_at[columns]) / _SECONDS_PER_DAY
    found = np.empty((*columns.shape, len(FEATURES)))
    found[..., 0] = relevance
    found[..., 1] = np.where(np.isnan(log_minutes), venues.mean_log_minutes, log_minutes)
    found[..., 2] = prices
    found[..., 3] = np.where(known, prices - mean_price[:, None], 0.0)
    found[..., 4] = own_orders
    found[..., 5] = own_days
    found[..., 6] = own_clicks
    found[..., 7] = click_days
    found[..., 8] = past.cuisine_days(asked, places.cuisines[columns])
    found[..., 9] = orders[:, None]
    found[..., 10] = venues.popularity[columns]
    found[..., 11] = venues.daypart_lifts[columns, daypart_of(asked.minutes)[:, None]]
    found[..., 12] = np.clip(np.nan_to_num(opened, nan=NEVER_DAYS), 0.0, NEVER_DAYS)
    return found


@dataclass(frozen=True, eq=False)
class VenueFigures:
    """What is learnt of restaurants from orders up to a moment; rows are those of the training data."""

    popularity: Doubles
    """(n,) log of decayed orders."""
    daypart_lifts: Doubles
    """(n, dayparts)"""
    cuisine_lifts: Doubles
    """(cuisines, dayparts) for a restaurant of which nothing is known."""
    mean_log_minutes: float

    @classmethod
    def learn(
        cls, actions: Actions, minutes: Rows, places: Places, until: int, half_life_days: float, mean: float
    ) -> Self:
        """From the orders among `actions`, at local minutes of the week (m,), before `until`."""
        chosen = actions.ordered & (actions.at < until)
        rows, days = actions.restaurants[chosen], (until - actions.at[chosen]) / _SECONDS_PER_DAY
        n, width = len(places.lat), len(DAYPARTS)
        fading = np.bincount(rows, weights=np.exp2(-days / half_life_days), minlength=n)
        counts = np.bincount(rows * width + daypart_of(minutes[chosen]), minlength=n * width).reshape(n, width)
        cuisines = int(places.cuisines.max(initial=-1)) + 1
        shares = (counts.sum(axis=0) + 1.0) / (counts.sum() + width)
        of_cuisine = np.zeros((cuisines + 1, width))  # the last is that of restaurants without one
        np.add.at(of_cuisine, places.cuisines, counts)
        weight = of_cuisine.sum(axis=1, keepdims=True) + _MARKET_WEIGHT
        by_cuisine = (of_cuisine + _MARKET_WEIGHT * shares) / weight
        own = counts + _CUISINE_WEIGHT * by_cuisine[places.cuisines]
        own /= counts.sum(axis=1, keepdims=True) + _CUISINE_WEIGHT
        return cls(np.log(_LEAST_POPULARITY + fading), np.log(own / shares), np.log(by_cuisine / shares), mean)

    def venues(self, places: Places) -> Venues:
        """With the places that this was learnt of."""
        return Venues(places, self.popularity, self.daypart_lifts, self.mean_log_minutes)
