"""Who advertises in the city, and what they offer: campaigns for places in the list."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data import columns as col
from data.city.context import day_start
from data.city.log import Namer, numbered
from data.city.parameters import CityParameters
from data.city.population import Restaurants
from data.city.vocabulary import MarketName
from data.columns import Billing, Table
from data.dataset import ARROW_SCHEMAS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CHAIN_WEIGHT = 2.0
"""A branch of a chain is so many times as likely to advertise as an independent of the same quality."""
_CLICKS_A_REQUEST = 0.05
"""Billed clicks that a request is reckoned to bring all campaigns together, for the size of their budgets."""
_CLICKS_AN_ORDER = 5.0
"""And so many fewer orders."""
_TOTAL_DAYS = (30, 180)
"""A total budget pays for a number of full days in this range."""


@dataclass(frozen=True)
class Advertisers:
    """m restaurants that advertise, one campaign each."""

    restaurants: Ints
    """(m,) rows, rising."""
    per_order: npt.NDArray[np.bool_]
    """(m,) billed by the order; otherwise by the click."""
    bids: Ints
    """(m,) minor units for a billed event."""
    daily_budgets: Ints
    """(m,) minor units for a local day."""
    total_budgets: Ints


def draw_advertisers(
    rng: np.random.Generator, restaurants: Restaurants, diners: int, price_scale: float, parameters: CityParameters
) -> Advertisers:
    """The parameters' share of the restaurants: chains and those of middling quality more often than others.

    The best need no advertising and the worst cannot pay for it: the weight is a normal density over standardised
    quality. Bids are log-normal; a daily budget pays for a log-normal multiple of what an equal share of the clicks
    would cost at the bid, so that some bind and others do not. `price_scale`: the currency's units for a euro.
    """
    p, n = parameters, restaurants.quality.size
    count = round(p.advertisers * n)
    rows = _drawn(rng, restaurants, count)
    per_order = rng.random(count) < p.advertisers_per_order
    median = np.where(per_order, p.bid_order, p.bid_click) * price_scale
    bids = _whole(median * np.exp(p.bid_sd * rng.standard_normal(count)))
    clicks = diners * p.visits_per_day * _CLICKS_A_REQUEST / max(count, 1)
    events = np.where(per_order, clicks / _CLICKS_AN_ORDER, clicks)
    multiple = p.daily_budget * np.exp(p.daily_budget_sd * rng.standard_normal(count))
    # A budget below one bid could not pay for a single event.
    daily = np.maximum(_whole(bids * events * multiple), bids)
    return Advertisers(rows, per_order, bids, daily, daily * rng.integers(*_TOTAL_DAYS, count))


def campaigns_table(
    namer: Namer, name: MarketName, advertisers: Advertisers, restaurants: pa.Table, opened_day: npt.NDArray[np.integer]
) -> pa.Table:
    """(m rows) the table of campaigns; a chain pays for its branches, an independent for itself.

    `restaurants`: the market's table. `opened_day` (n,): those that open during the log advertise from that day on.
    """
    rows = advertisers.restaurants.tolist()
    names, chains = (restaurants[column].to_pylist() for column in (col.NAME, col.CHAIN))
    days = [int(opened_day[row]) for row in rows]
    columns = [
        numbered(f"c{namer.number}-", np.arange(1, len(rows) + 1), 5),
        pa.array([namer.market] * len(rows), pa.string()),
        namer.restaurant_ids.take(pa.array(advertisers.restaurants)),
        pa.array([chains[row] or names[row] for row in rows], pa.string()),
        pa.array(advertisers.bids),
        pa.array([str(Billing.ORDER if one else Billing.CLICK) for one in advertisers.per_order], pa.string()),
        pa.array(advertisers.daily_budgets),
        pa.array(advertisers.total_budgets),
        pa.array([day_start(day, name.time_zone) if day >= 0 else None for day in days], pa.timestamp("us", tz="UTC")),
        pa.nulls(len(rows), pa.timestamp("us", tz="UTC")),
    ]
    return pa.Table.from_arrays(columns, schema=ARROW_SCHEMAS[Table.CAMPAIGNS])


def _drawn(rng: np.random.Generator, restaurants: Restaurants, count: int) -> Ints:
    """Rows drawn without replacement with these weights (Gumbel-top-k)."""
    quality = restaurants.quality
    standard = (quality - quality.mean()) / max(float(quality.std()), 1e-9)
    log_weights = -0.5 * standard**2 + np.where(restaurants.chain >= 0, np.log(_CHAIN_WEIGHT), 0.0)
    order = np.argsort(-(log_weights + rng.gumbel(size=quality.size)), kind="stable")
    return np.sort(order[:count])


def _whole(amounts: Floats) -> Ints:
    return np.maximum(np.rint(amounts), 1.0).astype(np.int64)
