"""The diner's choice: what is looked at, opened and ordered. Pure functions over arrays, noise is an argument.

Utility (after Athey, Blei, Donnelly, Ruiz, Schmidt 2018) of restaurant i for diner u at visit t:

    V_uit = quality_i + taste_u·style_i - gamma_u log(minutes_ui) - p_u log(price_i / budget_u)
            + habit · log2(1 + past orders_ui) - variety · recent_u,cuisine(i)
            + rain_t · rain_delivery · delivers_i + fit(cuisine_i, daypart_t)

The diner looks at position k with probability theta_k, and orders the restaurant of the greatest V + noise among those
looked at, or none if V_0 + noise is greater. The noise has the generalised extreme value distribution of the nested
logit with cuisines as nests, which gives, with I_g = log sum_{i in g} exp(V_i / mu) over those looked at,

    P(i) = P(g) exp(V_i / mu) / exp(I_g),    P(g) = exp(mu I_g) / (exp(V_0) + sum_h exp(mu I_h)),    0 < mu <= 1.

mu = 1 is the multinomial logit. A third model, the cascade (Craswell, Zoeter, Taylor, Ramsey 2008), is of another kind:
the diner goes down the list, orders the first restaurant with V + noise > V_0 + its own outside noise, and looks at
nothing below it; with p_k = 1 / (1 + exp(V_0 - V_k)) the probability of an order at position k is
theta_k p_k prod_{j<k} (1 - p_j).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from data.city.noise import Keys, gumbel, log_positive_stable, mix, uniform
from data.geo import Coordinates, distance_km, log_travel_time

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.integer]

_NEST, _RESTAURANT, _OUTSIDE, _EXAMINE, _ALTERNATIVE = 1, 2, 3, 4, 5


class Taste(NamedTuple):
    """What of a diner enters utility; B diners."""

    lat: Floats
    lon: Floats
    taste: npt.NDArray[np.float32]
    """(B, d)"""
    gamma: Floats
    price: Floats
    log_budget: Floats


class Offer(NamedTuple):
    """What of a restaurant enters utility, the same shape everywhere: (n,) for all diners, (B, n) for each its own."""

    lat: Floats
    lon: Floats
    style: npt.NDArray[np.float32]
    """(n, d) or (B, n, d)"""
    quality: Floats
    log_price: Floats


class Outcome(NamedTuple):
    """What B diners did with lists of K."""

    examined: Bools
    """(B, K) looked at."""
    clicked: Bools
    """(B, K) opened; the one ordered is among them."""
    ordered: npt.NDArray[np.int64]
    """(B,) column of the order, or -1: the outside option."""
    utility: Floats
    """(B, K) V + noise, what the diner felt; the same whatever else was shown."""
    surplus: Floats
    """(B,) by how much the order was better than none, noise included; 0 without an order."""


def lasting_utility(diner: Taste, offer: Offer) -> Floats:
    """(B, n) the part of V that does not change from visit to visit: quality, taste, travel from home, price."""
    rows = [value[:, None] for value in (diner.lat, diner.lon, diner.gamma, diner.price, diner.log_budget)]
    lat, lon, gamma, price, log_budget = rows
    pairs = "bd,bnd->bn" if offer.style.ndim == 3 else "bd,nd->bn"
    liking = np.einsum(pairs, diner.taste, offer.style)
    minutes = travel(lat, lon, offer.lat, offer.lon)
    return np.asarray(offer.quality + liking - gamma * minutes - price * (offer.log_price - log_budget))


def travel(lat: Coordinates, lon: Coordinates, to_lat: Coordinates, to_lon: Coordinates) -> Floats:
    """log of the minutes from door to door; arguments broadcast."""
    return log_travel_time(distance_km(lat, lon, to_lat, to_lon))


def habit_utility(orders: npt.NDArray[np.number], habit: float) -> Floats:
    """Gain from `orders` earlier orders at the restaurant: `habit` for each doubling of one plus their number."""
    return np.asarray(habit * np.log2(1.0 + orders))


def variety_utility(days_since: Floats, same_cuisine: Bools, variety: float, variety_days: float) -> Floats:
    """Loss (B, K) from recent orders of the same cuisine: -variety · max over remembered orders of exp(-days / tau).

    days_since: (B, H) days since each remembered order, inf where there is none. same_cuisine: (B, K, H).
    """
    recency = np.exp(-days_since / variety_days)[:, None, :]
    return np.asarray(-variety * np.max(np.where(same_cuisine, recency, 0.0), axis=2, initial=0.0))


def context_utility(delivers: Bools, rain: Bools | bool, fit: Floats, rain_delivery: float) -> Floats:
    """Weather x delivery and daypart x cuisine; arguments broadcast, `fit` is in units of utility."""
    return np.asarray(rain_delivery * (delivers & rain) + fit)


def examination(length: int, decay: float) -> Floats:
    """(length,) theta_k = exp(-decay (k - 1)): the probability that position k is looked at."""
    return np.asarray(np.exp(-decay * np.arange(length)))


def choice_probabilities(
    utilities: Floats, nests: Indices, outside: Floats, nest_correlation: float, examined: Bools | None = None
) -> tuple[Floats, Floats]:
    """Nested logit in closed form: ((B, K) probabilities of the restaurants, (B,) of the outside option).

    utilities: (B, K) V. nests: (B, K) nest of each, any integers. outside: (B,) V_0. `nest_correlation` (mu) in (0, 1].
    examined: (B, K) which are in the choice set; all by default.
    """
    mu = nest_correlation
    scaled = utilities / mu
    if examined is not None:
        scaled = np.where(examined, scaled, -np.inf)
    top = np.maximum(scaled.max(axis=1, initial=-np.inf), outside / mu)[:, None]
    weights = np.exp(scaled - top)
    together = nests[:, :, None] == nests[:, None, :]
    nest_sums = np.einsum("bij,bj->bi", together, weights)
    sizes = np.einsum("bij,bj->bi", together, (weights > 0).astype(np.float64))
    safe = np.where(nest_sums > 0, nest_sums, 1.0)
    # each nest is met once a member, so a member brings its nest's mass divided by their number
    mass = np.sum(np.where(weights > 0, safe**mu / np.maximum(sizes, 1.0), 0.0), axis=1)
    alone = np.exp(outside - mu * top[:, 0])
    total = (alone + mass)[:, None]
    return np.where(weights > 0, safe ** (mu - 1.0) * weights / total, 0.0), alone / total[:, 0]


def choice_noise(visits: Keys, restaurants: Indices, nests: Indices, nest_correlation: float) -> tuple[Floats, Floats]:
    """Noise ((B, K) of the restaurants, (B,) of the outside option) that makes argmax of V + noise a nested logit.

    It belongs to (visit, restaurant), not to a position: the same restaurant brings the same noise in any list.
    noise_i = mu (log S_g + G_i) with G Gumbel and S_g positive stable of index mu, one a nest: their joint
    distribution is exp(-sum_g (sum_{i in g} exp(-x_i / mu))^mu).
    """
    own = gumbel(mix(visits[:, None], _RESTAURANT, restaurants))
    shared = log_positive_stable(mix(visits[:, None], _NEST, nests), nest_correlation)
    return nest_correlation * (shared + own), gumbel(mix(visits, _OUTSIDE))


def decide(
    visits: Keys,
    restaurants: Indices,
    nests: Indices,
    utilities: Floats,
    outside: Floats,
    theta: Floats,
    nest_correlation: float,
    click_margin: float,
) -> Outcome:
    """What each diner does with the list shown, by the nested logit.

    visits: (B,) keys of the visits. restaurants, nests, utilities: (B, K); a place with restaurant -1 is empty.
    outside: (B,) V_0. theta: (K,) examination probabilities.
    """
    noise, outside_noise = choice_noise(visits, restaurants, nests, nest_correlation)
    positions = np.arange(restaurants.shape[1])
    examined = (uniform(mix(visits[:, None], _EXAMINE, positions)) < theta) & (restaurants >= 0)
    felt = utilities + noise
    considered = np.where(examined, felt, -np.inf)
    best = considered.argmax(axis=1)
    ahead = considered.max(axis=1) - (outside + outside_noise)
    ordered = np.where(ahead > 0.0, best, -1)
    clicked = examined & ((felt > (outside - click_margin)[:, None]) | (positions == ordered[:, None]))
    return Outcome(examined, clicked, ordered, felt, np.maximum(ahead, 0.0))


def decide_in_cascade(
    visits: Keys, restaurants: Indices, utilities: Floats, outside: Floats, theta: Floats, click_margin: float
) -> Outcome:
    """The same by the cascade. Noise belongs to (visit, restaurant) here too, how far the diner goes to the visit."""
    keys = visits[:, None]
    felt = utilities + gumbel(mix(keys, _RESTAURANT, restaurants))
    ahead = felt - (outside[:, None] + gumbel(mix(keys, _ALTERNATIVE, restaurants)))
    positions = np.arange(restaurants.shape[1])
    within = (uniform(mix(visits, _EXAMINE))[:, None] < theta) & (restaurants >= 0)
    good = within & (ahead > 0.0)
    ordered = np.where(good.any(axis=1), good.argmax(axis=1), -1)
    examined = within & ((ordered < 0)[:, None] | (positions <= ordered[:, None]))
    clicked = examined & ((felt > (outside - click_margin)[:, None]) | (positions == ordered[:, None]))
    surplus = np.where(ordered >= 0, np.take_along_axis(ahead, np.maximum(ordered, 0)[:, None], axis=1)[:, 0], 0.0)
    return Outcome(examined, clicked, ordered, felt, surplus)


def cascade_probabilities(utilities: Floats, outside: Floats, reach: Floats) -> tuple[Floats, Floats]:
    """((B, K) probabilities of an order at each position, (B,) of none) by the cascade.

    utilities: (B, K) V, -inf in empty places. outside: (B,) V_0. reach: (B, K) or (K,) probability that the diner
    would go that far if nothing was ordered before, falling.
    """
    chance = expit(utilities - outside[:, None])
    missed = np.cumprod(1.0 - chance, axis=1)
    orders = reach * chance * np.concatenate([np.ones((len(chance), 1)), missed[:, :-1]], axis=1)
    return np.asarray(orders), np.asarray(1.0 - orders.sum(axis=1))
