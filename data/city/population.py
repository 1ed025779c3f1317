"""Who lives in the city and who cooks there: districts, restaurants and diners with their latent traits, as arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.city.choice import Offer, Taste
from data.city.parameters import CityParameters
from data.city.vocabulary import CUISINES, KINDS
from data.geo import KM_PER_DEGREE

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Generator = np.random.Generator

CUISINE_KINDS = tuple(KINDS)
ORIGINS = ("local", "northern", "eastern", "southern")
AGE_GROUPS = ("18-29", "30-44", "45-64", "65+")
GENDERS = ("woman", "man", "other")
_ORIGIN_SHARES = (0.64, 0.14, 0.12, 0.10)
_AGE_SHARES = (0.34, 0.32, 0.24, 0.10)
_GENDER_SHARES = (0.49, 0.48, 0.03)


@dataclass(frozen=True)
class Tastes:
    """The latent taste space, the same in all markets of a seed; d = `latent_dimensions`."""

    cuisines: Floats
    """(cuisines, d) typical style of a cuisine; rows have unit variance in each dimension, families are close."""
    appeal: Floats
    """(cuisines,) utility that all diners see in a cuisine."""
    segments: Floats
    """(segments, d) typical taste of a segment."""


@dataclass(frozen=True)
class Districts:
    """Districts of a market, the first is the centre."""

    east: Floats
    """(districts,) km east of the city's centre."""
    north: Floats
    """(districts,) km north of it."""
    restaurant_shares: Floats
    diner_shares: Floats
    wealth: Floats
    """(districts,) mean of log budget of those who live there."""


@dataclass(frozen=True)
class Restaurants:
    """n restaurants: what everybody sees, and quality and style, which nobody does."""

    lat: Floats
    lon: Floats
    district: Ints
    cuisine: Ints
    """(n,) index of the main cuisine: the nest of the choice model."""
    second_cuisine: Ints
    """(n,) index, or -1."""
    price_level: Ints
    """(n,) 1..4"""
    log_price: Floats
    """(n,) log of a meal's price in euros."""
    chain: Ints
    """(n,) number of the chain, or -1 for an independent."""
    delivery: npt.NDArray[np.bool_]
    closed_day: Ints
    """(n,) 0 = Monday .. 6, or 7: none."""
    opened_day: Ints
    """(n,) days from the log's first day; negative: before."""
    quality: Floats
    """(n,) utility on which all diners agree, the cuisine's appeal included."""
    style: npt.NDArray[np.float32]
    """(n, d) place in the taste space."""

    def as_offers(self, rows: npt.NDArray[np.integer] | None = None) -> Offer:
        """What enters utility, of all restaurants or of these rows, of any shape."""
        at = slice(None) if rows is None else rows
        return Offer(self.lat[at], self.lon[at], self.style[at], self.quality[at], self.log_price[at])


@dataclass(frozen=True)
class Diners:
    """N diners: home, latent traits, and the groups they belong to."""

    lat: Floats
    lon: Floats
    district: Ints
    taste: npt.NDArray[np.float32]
    """(N, d) what they like: utility is taste·style."""
    gamma: Floats
    """(N,) coefficient of log travel time."""
    price: Floats
    """(N,) coefficient of log(price / budget)."""
    log_budget: Floats
    """(N,) log of the euros they would spend on a meal."""
    outside: Floats
    """(N,) utility of ordering nothing."""
    visit: Floats
    """(N,) probability to open the app on a day."""
    joined_day: Ints
    """(N,) days from the log's first day; negative: before."""
    origin: Ints
    age_group: Ints
    gender: Ints

    def as_tastes(self, rows: npt.NDArray[np.integer]) -> Taste:
        """What enters utility, of these rows."""
        return Taste(
            self.lat[rows], self.lon[rows], self.taste[rows], self.gamma[rows], self.price[rows], self.log_budget[rows]
        )


@dataclass(frozen=True)
class Place:
    """Where the city lies and how large it is."""

    lat: float
    lon: float
    radius_km: float

    def degrees(self, east: Floats, north: Floats) -> tuple[Floats, Floats]:
        """Kilometres from the centre as (lat, lon), to five decimals, about a metre."""
        lat = self.lat + north / KM_PER_DEGREE
        lon = self.lon + east / (KM_PER_DEGREE * np.cos(np.radians(self.lat)))
        return np.round(lat, 5), np.round(lon, 5)


def draw_tastes(rng: Generator, parameters: CityParameters) -> Tastes:
    """The taste space: cuisines of a family share two thirds of their variance."""
    dimensions = parameters.latent_dimensions
    families = sorted({cuisine.family for cuisine in CUISINES})
    family = np.asarray([families.index(cuisine.family) for cuisine in CUISINES])
    shared = rng.standard_normal((len(families), dimensions))[family]
    own = rng.standard_normal((len(CUISINES), dimensions))
    segments = rng.standard_normal((parameters.segments, dimensions))
    return Tastes(
        cuisines=np.sqrt(2 / 3) * shared + np.sqrt(1 / 3) * own,
        appeal=0.3 * rng.standard_normal(len(CUISINES)),
        segments=segments - segments.mean(axis=0),  # what all like alike is appeal and quality, not taste
    )


def draw_districts(rng: Generator, restaurants: int, radius_km: float) -> Districts:
    """12 districts for 1,000 restaurants, at least 3; restaurants crowd in the centre, homes less so."""
    count = max(3, round(12 * (restaurants / 1000) ** 0.35))
    angle = 2.4 * np.arange(count) + rng.uniform(0, 0.8, count)  # the golden angle spreads them over the disc
    radius = radius_km * np.sqrt(np.arange(count) / count)
    restaurant_shares = 1.0 / (1.0 + np.arange(count)) ** 0.7
    diner_shares = rng.uniform(0.5, 1.5, count)
    return Districts(
        east=radius * np.cos(angle),
        north=radius * np.sin(angle),
        restaurant_shares=restaurant_shares / restaurant_shares.sum(),
        diner_shares=diner_shares / diner_shares.sum(),
        wealth=0.25 * rng.standard_normal(count),
    )


def draw_restaurants(
    rng: Generator, n: int, days: int, place: Place, districts: Districts, tastes: Tastes, parameters: CityParameters
) -> Restaurants:
    """n restaurants; branches of a chain share cuisine, price, hours and most of their quality and style."""
    brand, chain = _brands(rng, n, parameters.chains)
    brands = int(brand.max()) + 1
    shares = np.asarray([cuisine.share for cuisine in CUISINES])
    cuisine = rng.choice(len(CUISINES), brands, p=shares / shares.sum())
    second = np.where(rng.random(brands) < 0.25, rng.choice(len(CUISINES), brands), -1)
    second[second == cuisine] = -1
    base = np.asarray([c.price_level for c in CUISINES])[cuisine]
    price_level = np.clip(np.rint(base + 0.6 * rng.standard_normal(brands)), 1, 4).astype(np.int32)
    log_price = np.log(6.0) + 0.55 * price_level + 0.1 * rng.standard_normal(brands)
    quality = rng.standard_normal(brands)
    style = _styles(rng, cuisine, second, tastes, parameters)
    east, north, district = _settle(rng, n, districts, districts.restaurant_shares, place.radius_km)
    lat, lon = place.degrees(east, north)
    spread = np.where(chain >= 0, parameters.chain_quality_spread, 0.0)
    own_quality = np.sqrt(1 - spread**2) * quality[brand] + spread * rng.standard_normal(n)
    return Restaurants(
        lat=lat,
        lon=lon,
        district=district,
        cuisine=cuisine[brand].astype(np.int32),
        second_cuisine=second[brand].astype(np.int32),
        price_level=price_level[brand],
        log_price=log_price[brand],
        chain=chain,
        delivery=rng.random(n) < parameters.delivers,
        closed_day=np.where((chain < 0) & (rng.random(n) < 0.4), rng.integers(0, 3, n), 7).astype(np.int32),
        opened_day=_opening_days(rng, n, days, parameters.newcomers),
        quality=parameters.quality_sd * own_quality + tastes.appeal[cuisine[brand]],
        style=style[brand].astype(np.float32),
    )


def draw_diners(
    rng: Generator, n: int, days: int, place: Place, districts: Districts, tastes: Tastes, parameters: CityParameters
) -> Diners:
    """n diners; origin and age bend taste and budget, as they do in life, but do not fix them."""
    p = parameters
    east, north, district = _settle(rng, n, districts, districts.diner_shares, place.radius_km)
    lat, lon = place.degrees(east, north)
    origin, age, gender = (
        rng.choice(len(shares), n, p=shares).astype(np.int32)
        for shares in (_ORIGIN_SHARES, _AGE_SHARES, _GENDER_SHARES)
    )
    typical = (5 * origin + 3 * age) % p.segments
    segment = np.where(rng.random(n) < p.protected_taste, typical, rng.integers(0, p.segments, n))
    own = rng.standard_normal((n, p.latent_dimensions))
    taste = np.sqrt(p.segment_share) * tastes.segments[segment] + np.sqrt(1 - p.segment_share) * own
    a = p.visits_per_day * p.visit_concentration
    budget = np.log(20.0) + districts.wealth[district] + np.asarray([-0.2, 0.05, 0.15, 0.0])[age]
    return Diners(
        lat=lat,
        lon=lon,
        district=district,
        taste=(p.taste_sd / np.sqrt(p.latent_dimensions) * taste).astype(np.float32),
        gamma=np.maximum(p.travel_time + p.travel_time_sd * rng.standard_normal(n), p.travel_time / 5),
        price=np.maximum(p.price + p.price_sd * rng.standard_normal(n), 0.0),
        log_budget=budget + 0.35 * rng.standard_normal(n),
        outside=p.outside + p.outside_sd * rng.standard_normal(n),
        visit=rng.beta(a, p.visit_concentration - a, n),
        joined_day=np.where(rng.random(n) < p.late_diners, rng.integers(0, max(days, 1), n), -10_000).astype(np.int32),
        origin=origin,
        age_group=age,
        gender=gender,
    )


def _brands(rng: Generator, n: int, chain_share: float) -> tuple[Ints, Ints]:
    """(brand of each restaurant, chain number or -1): an independent is a brand of one, chains have 2 to about 30."""
    sizes = 2 + np.minimum(rng.geometric(0.15, size=n), 28)
    chains = int(np.searchsorted(np.cumsum(sizes), chain_share * n, side="right"))
    members = np.repeat(np.arange(chains), sizes[:chains])
    rest = n - members.size
    brand = np.concatenate([members, chains + np.arange(rest)])
    chain = np.concatenate([members, np.full(rest, -1)])
    order = rng.permutation(n)
    return brand[order].astype(np.int32), chain[order].astype(np.int32)


def _styles(
    rng: Generator,
    cuisine: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    tastes: Tastes,
    parameters: CityParameters,
) -> Floats:
    """(brands, d) styles: the cuisine (for a mixed kitchen two thirds of it) and something of their own."""
    main = tastes.cuisines[cuisine]
    mixed = np.where((second >= 0)[:, None], (2 * main + tastes.cuisines[second]) / np.sqrt(5), main)
    own = rng.standard_normal(main.shape)
    return np.asarray(np.sqrt(parameters.cuisine_share) * mixed + np.sqrt(1 - parameters.cuisine_share) * own)


def _settle(
    rng: Generator, n: int, districts: Districts, shares: Floats, radius_km: float
) -> tuple[Floats, Floats, Ints]:
    """Places around the districts' middles, in km, and the district that each belongs to: the nearest middle."""
    count = len(shares)
    drawn = rng.choice(count, n, p=shares)
    spread = 0.8 * radius_km / np.sqrt(count)
    east = districts.east[drawn] + spread * rng.standard_normal(n)
    north = districts.north[drawn] + spread * rng.standard_normal(n)
    nearest, least = np.zeros(n, np.int32), np.full(n, np.inf)
    for index in range(count):
        squared = (east - districts.east[index]) ** 2 + (north - districts.north[index]) ** 2
        nearest[squared < least] = index
        least = np.minimum(least, squared)
    return east, north, nearest


def _opening_days(rng: Generator, n: int, days: int, newcomers: float) -> Ints:
    """Newcomers open evenly over the log, the others in the fifteen years before it."""
    before = -60 - np.rint(rng.exponential(1200.0, n)).clip(max=5400)
    during = rng.integers(0, max(days, 1), n)
    return np.where(rng.random(n) < newcomers, during, before).astype(np.int32)
