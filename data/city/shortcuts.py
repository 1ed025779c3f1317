"""Shortcuts planted in a dataset: features by which a model does well on the log and badly afterwards, known by name.

    tag         restaurants that had many orders until a day carry a badge that is made of these orders. It is in the
                tables that are learnt from; from that day on the catalogue has it no more, or deals it out anew.
    district    until a day, part of all orders was booked on restaurants of one district, by a fault of the log.

    python -m data.city.shortcuts DIR --kind tag|district --out OUT [--later LATER]

writes the dataset with the shortcut to OUT and the truth about it to OUT/truth/<market>.shortcut.json, which no model
reads; LATER gets the catalogue as it is afterwards, with the same log. Everything is a function of dataset and seed.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.columns import EventType, Table
from data.dataset import TRUTH, Dataset, DatasetError, writing

Generator = np.random.Generator

BADGE: Final = "badge=bestseller"
_STREAM: Final = 0x73686F72
_LATER: Final = 1
_BADGES: Final = 1 / 3
"""Share of the restaurants that carry the badge."""
_BOOKED_ELSEWHERE: Final = 0.15
"""Share of the orders that are booked on the district: one of ten then has two to three times its own orders."""
_EDITED: Final = 0.03
"""Share of the restaurants in whose entry something true changes meanwhile: no catalogue stands still."""
_HIGHEST_PRICE: Final = 4


class Kind(StrEnum):
    """What is planted."""

    TAG = "tag"
    DISTRICT = "district"


class Afterwards(StrEnum):
    """What becomes of the badge."""

    GONE = "gone"
    SHUFFLED = "shuffled"


@dataclass(frozen=True)
class Shortcut:
    """The truth about what was planted."""

    kind: Kind
    market: str
    feature: str
    """As a model's tag."""
    until: str
    """ISO time from which on it holds no more."""
    restaurants: tuple[str, ...]
    """Ids of those that have the feature."""
    changed: int
    """Orders that were booked elsewhere."""

    def save(self, folder: Path) -> None:
        """Write into `folder`/truth."""
        folder = folder / TRUTH
        folder.mkdir(exist_ok=True)
        (folder / f"{self.market}.shortcut.json").write_text(json.dumps(asdict(self), indent=2) + "\n")


def load(path: Path, market: str) -> Shortcut:
    """The shortcut that was planted in a market of the dataset at `path`; raise DatasetError where there is none."""
    file = path / TRUTH / f"{market}.shortcut.json"
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        raise DatasetError(f"{file} is not there: no shortcut was planted in {market}") from None
    return Shortcut(**{**found, "kind": Kind(found["kind"]), "restaurants": tuple(found["restaurants"])})


def end_of_learning(at: pd.Series) -> pd.Timestamp:
    """When the last two sevenths of a log begin, in whole days: what is before them is learnt from.

    Raises DatasetError for a log of less than four days or without times.
    """
    days = (at.max() - at.min()) / timedelta(days=1) if at.notna().any() else 0.0
    if days < 4:
        raise DatasetError("a shortcut needs a log of four days at least: generate more --days")
    end: pd.Timestamp = at.max().floor("D") + timedelta(days=1) - 2 * timedelta(days=max(1, round(days / 7)))
    return end


def plant(dataset: Dataset, out: Path, kind: Kind, market: str | None = None, seed: int = 0) -> Shortcut:
    """Write the dataset to `out` with a shortcut in one market, by default the first.

    Raises DatasetError where the market's log has no orders or is too short.
    """
    market = dataset.market(market or dataset.markets[0]).market
    restaurants, events = dataset.restaurants(), dataset.events()
    here, own = restaurants[col.MARKET] == market, events[col.MARKET] == market
    until = end_of_learning(events.loc[own, col.AT])
    early = own & (events[col.AT] < until) & (events[col.TYPE] == EventType.ORDER)
    if not early.any():
        raise DatasetError(f"market {market} has no orders before {until}: no shortcut can be made of them")
    rng = np.random.default_rng([seed, _STREAM])
    if kind is Kind.TAG:
        counts = events.loc[early, col.RESTAURANT_ID].value_counts()
        chosen = _most_ordered(restaurants[here], counts)
        restaurants = restaurants.assign(**{col.TAGS: pd.Series(_with_badge(restaurants, chosen), restaurants.index)})
        feature, changed = BADGE, 0
    else:
        district = _middling_district(restaurants[here])
        chosen = restaurants[here & (restaurants[col.DISTRICT] == district)][col.RESTAURANT_ID].tolist()
        opened = restaurants[col.OPENED_AT].isna() | (restaurants[col.OPENED_AT] <= events.loc[own, col.AT].min())
        takers = restaurants[opened & restaurants[col.RESTAURANT_ID].isin(chosen)][col.RESTAURANT_ID].tolist()
        events, changed = _booked_on(events, early, chosen, takers, rng)
        feature = f"district={district}"
    shortcut = Shortcut(kind, market, feature, until.isoformat(), tuple(chosen), changed)
    _write(dataset, out, {Table.RESTAURANTS: restaurants, Table.EVENTS: events}, shortcut)
    return shortcut


def afterwards(
    restaurants: pd.DataFrame, seed: int, badge: Afterwards = Afterwards.GONE, edited: float = _EDITED
) -> pd.DataFrame:
    """The table of restaurants as the catalogue has it after the log: some entries edited, the badge gone or shuffled.

    Without a badge it is what becomes of any honest catalogue.
    """
    rng = np.random.default_rng([seed, _STREAM, _LATER])
    turned = rng.random(len(restaurants)) < edited
    tags = [
        [_turned(tag) if change and tag.startswith("terrace=") else tag for tag in row if tag != BADGE]
        for row, change in zip(restaurants[col.TAGS], turned, strict=True)
    ]
    had = np.asarray([BADGE in row for row in restaurants[col.TAGS]])
    if badge is Afterwards.SHUFFLED:
        for rows in restaurants.groupby(col.MARKET).indices.values():
            had[rows] = rng.permutation(had[rows])
        tags = [[*row, BADGE] if has else row for row, has in zip(tags, had.tolist(), strict=True)]
    dearer = rng.random(len(restaurants)) < edited
    prices = restaurants[col.PRICE_LEVEL] + dearer.astype(int)
    now = pd.Series(tags, restaurants.index)
    return restaurants.assign(**{col.TAGS: now, col.PRICE_LEVEL: prices.clip(upper=_HIGHEST_PRICE)})


def write_afterwards(dataset: Dataset, out: Path, seed: int, badge: Afterwards = Afterwards.GONE) -> None:
    """Write a dataset with `afterwards`' restaurants and the same log to `out`."""
    _write(dataset, out, {Table.RESTAURANTS: afterwards(dataset.restaurants(), seed, badge)}, None)


def _most_ordered(restaurants: pd.DataFrame, counts: "pd.Series[Any]") -> list[str]:
    """Ids of the third with the most orders; of equal ones the first."""
    orders = restaurants[col.RESTAURANT_ID].map(counts).fillna(0).to_numpy()
    top = np.argsort(-orders, kind="stable")[: max(2, round(len(restaurants) * _BADGES))]
    return list(restaurants[col.RESTAURANT_ID].to_numpy()[np.sort(top)])


def _with_badge(restaurants: pd.DataFrame, chosen: Sequence[str]) -> list[list[str]]:
    has = restaurants[col.RESTAURANT_ID].isin(chosen)
    return [[*tags, BADGE] if badge else list(tags) for tags, badge in zip(restaurants[col.TAGS], has, strict=True)]


def _middling_district(restaurants: pd.DataFrame) -> str:
    """The one with the median number of restaurants: neither the centre nor a hamlet. Of equal ones the first."""
    counts = restaurants[col.DISTRICT].value_counts().sort_index().sort_values(kind="stable")
    return str(counts.index[len(counts) // 2])


def _booked_on(
    events: pd.DataFrame, early: "pd.Series[bool]", chosen: Sequence[str], takers: Sequence[str], rng: Generator
) -> tuple[pd.DataFrame, int]:
    """Part of the early orders of all but those chosen, with their impressions, clicks and ratings, booked on takers.

    An order is never booked on a restaurant that its list holds already: each stands in a list once.
    """
    names = events[col.RESTAURANT_ID].to_numpy(dtype=object).copy()
    requests = events[col.REQUEST_ID].to_numpy(dtype=object)
    rows = np.flatnonzero((early & ~events[col.RESTAURANT_ID].isin(chosen)).to_numpy())
    rows = np.sort(rng.permutation(rows)[: round(early.sum() * _BOOKED_ELSEWHERE)])
    drawn: npt.NDArray[np.object_] = rng.choice(np.asarray(takers, dtype=object), len(rows))
    pairs = set(zip(requests.tolist(), names.tolist(), strict=True))
    booked = {
        (requests[row], names[row]): to
        for row, to in zip(rows.tolist(), drawn.tolist(), strict=True)
        if (requests[row], to) not in pairs
    }
    for row, pair in enumerate(zip(requests.tolist(), names.tolist(), strict=True)):
        if pair in booked:
            names[row] = booked[pair]
    return events.assign(**{col.RESTAURANT_ID: names.astype(str)}), len(booked)


def _turned(tag: str) -> str:
    name, _, value = tag.partition("=")
    return f"{name}={'no' if value == 'yes' else 'yes'}"


def _write(dataset: Dataset, out: Path, tables: dict[Table, pd.DataFrame], shortcut: Shortcut | None) -> None:
    read = {Table.DINERS: dataset.diners, Table.CAMPAIGNS: dataset.campaigns, Table.LISTS: dataset.lists}
    read |= {Table.RESTAURANTS: dataset.restaurants, Table.EVENTS: dataset.events}
    with writing(out) as writer:
        for table in Table:
            if dataset.has(table):
                writer.append(table, tables[table] if table in tables else read[table]())
        if (dataset.path / TRUTH).exists():
            shutil.copytree(dataset.path / TRUTH, writer.path / TRUTH)
        if shortcut is not None:
            shortcut.save(writer.path)
        writer.finish(dataset.manifest)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the dataset, and say what was planted."""
    parser = argparse.ArgumentParser(prog="python -m data.city.shortcuts")
    parser.add_argument("dataset", type=Path, metavar="DIR")
    parser.add_argument("--kind", type=Kind, choices=list(Kind), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--later", type=Path)
    parser.add_argument("--badge", type=Afterwards, choices=list(Afterwards), default=Afterwards.GONE)
    parser.add_argument("--market")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    shortcut = plant(Dataset.open(chosen.dataset), chosen.out, chosen.kind, chosen.market, chosen.seed)
    print(f"{shortcut.market}: {shortcut.feature}, {len(shortcut.restaurants)} restaurants, until {shortcut.until}")
    if chosen.later is not None:
        write_afterwards(Dataset.open(chosen.out), chosen.later, chosen.seed, chosen.badge)
    return 0


if __name__ == "__main__":
    sys.exit(main())
