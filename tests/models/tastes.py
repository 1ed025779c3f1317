"""A market of arrays in which diners keep to one cuisine and to their own district."""

import numpy as np

from models.base import FeatureTable, Interactions, TrainingData, encode_tags

DISTRICTS = ("north", "south", "west")
CUISINES = ("pizza", "ramen", "tacos", "thai")
CHOICES = 4


def market_of_tastes(diners: int = 300, restaurants: int = 48, seed: int = 5) -> TrainingData:
    """The last diner and the last restaurant have no interactions."""
    rng = np.random.default_rng(seed)
    homes, tastes = rng.integers(len(DISTRICTS), size=diners), rng.integers(len(CUISINES), size=diners)
    places, cuisines = np.arange(restaurants) % len(DISTRICTS), np.arange(restaurants) // 3 % len(CUISINES)
    liking = 3.0 * (tastes[:, None] == cuisines) + 1.5 * (homes[:, None] == places)
    liking += rng.gumbel(size=liking.shape)
    liking[:, -1] = -np.inf
    chosen = np.argsort(-liking, axis=1)[:-1, :CHOICES]
    return TrainingData(
        market="tastes",
        diner_ids=tuple(f"d{row}" for row in range(diners)),
        restaurant_ids=tuple(f"r{row}" for row in range(restaurants)),
        diner_features=_features([[f"home_district={DISTRICTS[home]}"] for home in homes]),
        restaurant_features=_features(
            [
                [f"cuisine={CUISINES[cuisine]}", f"district={DISTRICTS[place]}"]
                for cuisine, place in zip(cuisines, places, strict=True)
            ]
        ),
        diner_districts=homes.astype(np.int32),
        restaurant_districts=places.astype(np.int32),
        districts=DISTRICTS,
        interactions=Interactions(
            diners=np.repeat(np.arange(diners - 1), CHOICES).astype(np.int32),
            restaurants=chosen.ravel().astype(np.int32),
            weights=rng.uniform(0.5, 2.0, chosen.size).astype(np.float32),
            ages_days=rng.uniform(0.0, 28.0, chosen.size).astype(np.float32),
        ),
        snapshot="tastes",
    )


def _features(rows: list[list[str]]) -> FeatureTable:
    names = tuple(sorted({tag for row in rows for tag in row}))
    return FeatureTable(names, encode_tags(rows, names))
