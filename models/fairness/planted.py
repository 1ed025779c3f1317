"""Discrimination put into a dataset on purpose, to see whether the audit finds it.

The log that a model learns from and the audit reads is changed; the city and its diners are as they were.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from data import columns as col
from data.columns import EventType, Table
from data.dataset import Dataset, writing
from models.fairness.groups import kinds, tag_values

PROXY: Final = "channel"
"""The attribute of the profile that tells more than it should."""


def half_logged(dataset: Dataset, path: Path, group: str, seed: int, share: float = 0.5) -> Dataset:
    """Of the orders at one group of restaurants only this share is in the log: all else counts them at that weight.

    group: a kind (`independent`, `chain`) or a district.
    """
    rng, restaurants, events = np.random.default_rng(seed), dataset.restaurants(), dataset.events()
    ours = (kinds(restaurants, None) == group) | (restaurants[col.DISTRICT] == group)
    theirs = (events[col.TYPE] == EventType.ORDER) & events[col.RESTAURANT_ID].isin(
        restaurants[col.RESTAURANT_ID][ours]
    )
    lost = theirs.to_numpy() & (rng.random(len(events)) >= share)
    return _written(dataset, path, dataset.diners(), events[~lost])


def leaking(dataset: Dataset, path: Path, attribute: str, seed: int, reliability: float = 0.9) -> Dataset:
    """The profile gets a word that tells a protected attribute of this share of the diners, and nothing of the rest."""
    rng, diners = np.random.default_rng(seed), dataset.diners()
    values = tag_values(diners[col.PROTECTED], attribute)
    names = sorted({value for value in values if value is not None})
    told = rng.random(len(diners)) < reliability
    luck = rng.integers(0, len(names), len(diners))
    words = [
        f"{PROXY}={names.index(value) if tells and value is not None else chance}"
        for value, tells, chance in zip(values, told.tolist(), luck.tolist(), strict=True)
    ]
    diners[col.PROFILE] = [[*profile, word] for profile, word in zip(diners[col.PROFILE], words, strict=True)]
    return _written(dataset, path, diners, dataset.events())


def _written(dataset: Dataset, path: Path, diners: pd.DataFrame, events: pd.DataFrame) -> Dataset:
    with writing(path) as writer:
        writer.append(Table.RESTAURANTS, dataset.restaurants())
        writer.append(Table.DINERS, diners)
        writer.append(Table.EVENTS, events)
        writer.finish(dataset.manifest)
    return Dataset.open(path)
