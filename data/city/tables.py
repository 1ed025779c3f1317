"""The tables of restaurants and diners: names, tags, and profiles that say something, not everything, about taste."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.city.context import day_start, opening_hours
from data.city.log import Namer
from data.city.parameters import CityParameters
from data.city.population import AGE_GROUPS, GENDERS, ORIGINS, Diners, Restaurants, Tastes
from data.city.vocabulary import CUISINES, EPITHETS, NOUNS, OWNERS, MarketName, district_name
from data.columns import Table
from data.dataset import ARROW_SCHEMAS

Floats = npt.NDArray[np.float64]
Generator = np.random.Generator

AMBIENCES = ("casual", "family", "romantic", "lively")
"""Read off the first dimensions of a restaurant's style, with noise."""


def restaurants_table(
    namer: Namer, name: MarketName, restaurants: Restaurants, rng: Generator, parameters: CityParameters
) -> pa.Table:
    """(n rows) the table of restaurants."""
    n = restaurants.lat.size
    titles, chains = _names(rng, restaurants)
    opened = [day_start(day, name.time_zone) for day in restaurants.opened_day.tolist()]
    cuisines = [
        [CUISINES[main].name] if second < 0 else [CUISINES[main].name, CUISINES[second].name]
        for main, second in zip(restaurants.cuisine.tolist(), restaurants.second_cuisine.tolist(), strict=True)
    ]
    columns = [
        namer.restaurant_ids,
        [namer.market] * n,
        titles,
        restaurants.lat,
        restaurants.lon,
        cuisines,
        restaurants.price_level,
        chains,
        [district_name(index) for index in restaurants.district.tolist()],
        opened,
        opening_hours(restaurants),
        restaurants.delivery,
        _restaurant_tags(rng, restaurants, parameters.profile_reliability),
    ]
    return _table(columns, Table.RESTAURANTS)


def diners_table(namer: Namer, diners: Diners, tastes: Tastes, rng: Generator, parameters: CityParameters) -> pa.Table:
    """(N rows) the table of diners."""
    protected = zip(
        (f"age_group={AGE_GROUPS[code]}" for code in diners.age_group.tolist()),
        (f"gender={GENDERS[code]}" for code in diners.gender.tolist()),
        (f"origin={ORIGINS[code]}" for code in diners.origin.tolist()),
        strict=True,
    )
    columns = [
        namer.diner_ids,
        [namer.market] * diners.lat.size,
        diners.lat,
        diners.lon,
        _profiles(rng, diners, tastes, parameters),
        [list(tags) for tags in protected],
    ]
    return _table(columns, Table.DINERS)


def _table(columns: list[object], table: Table) -> pa.Table:
    schema = ARROW_SCHEMAS[table]
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, kind)
        for column, kind in zip(columns, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _names(rng: Generator, restaurants: Restaurants) -> tuple[list[str], list[str | None]]:
    """(n,) names and (n,) names of chains. A branch is called after its chain and its district."""
    n = restaurants.lat.size
    pairs = rng.permutation(len(EPITHETS) * len(NOUNS))
    owners = rng.integers(0, len(OWNERS), n).tolist()
    form = rng.random(n).tolist()
    cuisines = [CUISINES[code].name.title() for code in restaurants.cuisine.tolist()]
    brands = [f"{EPITHETS[pair // len(NOUNS)]} {NOUNS[pair % len(NOUNS)]}" for pair in pairs.tolist()]
    names: list[str] = []
    chains: list[str | None] = []
    for row, chain in enumerate(restaurants.chain.tolist()):
        if chain >= 0:
            brand = f"{brands[chain % len(brands)]} {cuisines[row]}"
            names.append(f"{brand}, {district_name(int(restaurants.district[row]))}")
            chains.append(brand)
            continue
        brand = brands[(n + row) % len(brands)]
        owner = OWNERS[owners[row]]
        names.append(
            f"The {brand}"
            if form[row] < 0.4
            else f"{owner}'s {brand.split()[1]}"
            if form[row] < 0.6
            else f"{owner}'s {cuisines[row]} {brand.split()[1]}"
            if form[row] < 0.8
            else f"{brand} {cuisines[row]}"
        )
        chains.append(None)
    return names, chains


def _restaurant_tags(rng: Generator, restaurants: Restaurants, reliability: float) -> list[list[str]]:
    """Tags that show a little of the style: ambience by its first dimensions; the rest is chance and price."""
    n = restaurants.lat.size
    shown = restaurants.style[:, : len(AMBIENCES)]
    ambience = _noisy(rng, shown.astype(np.float64), reliability).argmax(axis=1)
    parking = rng.random(n) < 0.35
    alcohol = rng.random(n) < 0.2 + 0.2 * restaurants.price_level
    terrace = rng.random(n) < 0.3
    return [
        [f"ambience={AMBIENCES[kind]}", f"parking={_yes(car)}", f"alcohol={_yes(wine)}", f"terrace={_yes(outside)}"]
        for kind, car, wine, outside in zip(ambience.tolist(), parking, alcohol, terrace, strict=True)
    ]


def _profiles(rng: Generator, diners: Diners, tastes: Tastes, parameters: CityParameters) -> list[list[str]]:
    """Answers to a sign-up form: correlated with the latent traits by `profile_reliability`, some left out."""
    reliability = parameters.profile_reliability
    liking = np.einsum("nd,cd->nc", diners.taste, tastes.cuisines) + tastes.appeal
    said = _noisy(rng, liking, reliability)
    favourites = np.argsort(-said, axis=1, kind="stable")[:, :2].tolist()
    budget = _thirds(_noisy(rng, diners.log_budget, reliability), ("low", "medium", "high"))
    travels = _thirds(_noisy(rng, -diners.gamma, reliability), ("on foot", "public", "car"))
    thrift = _thirds(_noisy(rng, diners.price, reliability), ("quality first", "balanced", "price first"))
    answered = rng.random((diners.lat.size, 5)) < parameters.profile_answered
    profiles = []
    for row, (first, second) in enumerate(favourites):
        tags = (
            f"likes={CUISINES[first].name}",
            f"likes={CUISINES[second].name}",
            f"budget={budget[row]}",
            f"transport={travels[row]}",
            f"priority={thrift[row]}",
        )
        known = [tag for tag, given in zip(tags, answered[row], strict=True) if given]
        profiles.append([f"district={district_name(int(diners.district[row]))}", *known])
    return profiles


def _noisy(rng: Generator, trait: Floats, reliability: float) -> Floats:
    """What is said about a trait: standardised over the rows, with this correlation to the truth."""
    spread = trait.std(axis=0)
    centred = (trait - trait.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(reliability * centred + np.sqrt(1 - reliability**2) * rng.standard_normal(trait.shape))


def _thirds(values: Floats, names: tuple[str, str, str]) -> list[str]:
    cuts = np.quantile(values, [1 / 3, 2 / 3])
    return [names[level] for level in np.searchsorted(cuts, values).tolist()]


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
