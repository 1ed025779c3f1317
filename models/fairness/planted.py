"""Discrimination put into a dataset or a search on purpose, to see whether the audit finds it.

The log that a model learns from and the audit reads is changed; the city and its diners are as they were.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from data import columns as col
from data.columns import EventType, Table
from data.dataset import Dataset, writing
from models.fairness.flip import Scorer
from models.fairness.groups import kinds, tag_values
from models.fairness.search_flip import Found, Search, Words

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


def minding_who_asks(scorer: Scorer, ids: Sequence[str], texts: Mapping[str, str], people: Words) -> Search:
    """A search that takes words for people out of the query, finds what holds the rest, and ranks it for such people.

    scorer: of diners by their tags, in the order of `ids`. people: by attribute of diners, the words for them. With a
    model that is not given an attribute its words change nothing.
    """
    tag_of = {word.casefold(): f"{name}={word}" for name, words in people.items() for word in words}

    def search(query: str) -> Found:
        said = query.casefold().split()
        rest = [word for word in said if word not in tag_of]
        scores = scorer([[tag_of[word] for word in said if word in tag_of]])[0]
        rows = [at for at, one in enumerate(ids) if all(word in texts[one] for word in rest)]
        rows.sort(key=lambda at: -float(scores[at]))
        return Found(tuple(ids[at] for at in rows), tuple(float(scores[at]) for at in rows))

    return search


def _written(dataset: Dataset, path: Path, diners: pd.DataFrame, events: pd.DataFrame) -> Dataset:
    with writing(path) as writer:
        writer.append(Table.RESTAURANTS, dataset.restaurants())
        writer.append(Table.DINERS, diners)
        writer.append(Table.EVENTS, events)
        writer.finish(dataset.manifest)
    return Dataset.open(path)
