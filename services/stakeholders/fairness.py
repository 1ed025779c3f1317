"""How fairly a market is served just now: its lists and what became of them, as a document for reports and routes."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, select

from data import columns as col
from models.evaluation.metrics import ginis
from models.fairness.frames import Comparison, adjusted, compare_diners, compare_exposure, crossings
from models.fairness.groups import Groups, attributes, diner_groups, restaurant_groups
from models.fairness.intervals import Figure, figure, jackknife, resampled
from models.fairness.measures import Ledger, coverage, long_tail
from services.clock import Clock
from services.database.schema import diners, markets
from services.database.transactions import reading
from services.stakeholders.policies import active_policy, version_of
from services.stakeholders.policy import FairnessPolicy
from services.stakeholders.scorecard.numbers import ndcg_by_diner, shown_in
from services.stakeholders.scorecard.reading import Span, read_window
from services.stakeholders.scorecard.store import Busy, UnknownMarket, champion_of, looks_of
from services.stakeholders.scorecard.window import LISTS, ORDERED, ORDERS, SOLD, Window

ORGANIC: Final = "exposure per merit at places that were not sold"
PAID: Final = "exposure per merit at places that were sold"
NDCG_LIVE: Final = "ndcg@10 of live orders"
ORDERS_A_LIST: Final = "orders a list"
DEFAULT_DAYS: Final = 7
_FOLDS: Final = 20
_DRAWS: Final = 400
_CHUNK: Final = 500
_KEPT_SECONDS: Final = 60.0
_MOST_KEPT: Final = 16
"""Reports and windows; those that nobody has asked for the longest go."""
_WORTH: Final = 10.0
"""A report is kept for so many times as long as it took."""
_NOT_LIVE: Final = (
    "Which diners found nothing that suits them is not told by a live log: only orders and looks are in it.",
    "Flips of one word, proxies and the completeness of the log take a model apart: `tablestakes audit fairness` does.",
)
T = TypeVar("T")


class UnknownRestaurant(Exception):
    """There is no such restaurant in the market's catalogue."""


@dataclass(frozen=True)
class _Kept:
    document: Any
    until: float


class FairnessReports:
    """All methods block and raise StorageUnavailable where the database is away, UnknownMarket, and Busy."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()
        self._keeping = threading.Lock()
        self._working: set[tuple[str, str]] = set()

    def of(self, market: str, days: int = DEFAULT_DAYS) -> dict[str, Any]:
        """The last `days` days beside as many before; kept for a minute, or ten times as long as it took.

        One of a market is made at a time. Whoever asks meanwhile gets the last one, however old, or Busy where there is
        none.
        """

        def made() -> dict[str, Any]:
            now, people = self._window(market, days)
            before, _ = self._window(market, days, back=days)
            with reading(self._engine) as connection:
                policy = version_of(connection, market, *active_policy(connection, market)).policy
            return live_document(now, before, people, policy.fairness)

        found: dict[str, Any] = self._once(("report", market, str(days)), made)
        return found

    def exposure(self, market: str, restaurant_id: str, days: int = DEFAULT_DAYS) -> dict[str, Any]:
        """Why a restaurant is shown as often as it is. Raises UnknownRestaurant."""
        window: Window = self._once(("window", market, str(days)), lambda: self._window(market, days)[0])
        return exposure_document(window, restaurant_id)

    def _once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        kept = self._last(key)
        if kept is not None and time.monotonic() < kept.until:
            return kept.document  # type: ignore[no-any-return]
        work = (key[0], key[1])
        with self._keeping:
            busy = work in self._working
            self._working.add(work)
        if busy:
            kept = self._last(key)
            if kept is None:
                raise Busy(f"a report on fairness is being made, and none of {key[1]} is kept yet: ask again")
            return kept.document  # type: ignore[no-any-return]
        try:
            started = time.monotonic()
            document = make()
            took = time.monotonic() - started
            with self._keeping:
                self._kept[key] = _Kept(document, time.monotonic() + max(_KEPT_SECONDS, _WORTH * took))
                self._kept.move_to_end(key)
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
            return document
        finally:
            with self._keeping:
                self._working.remove(work)

    def _last(self, key: tuple[str, ...]) -> _Kept | None:
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _window(self, market: str, days: int, back: int = 0) -> tuple[Window, pd.DataFrame]:
        """A window that ends now, or `back` days before this hour, and the diners who are in it."""
        now = self._clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        begin = hour - timedelta(days=days + back)
        until = now if not back else hour - timedelta(days=back)
        with reading(self._engine) as connection:
            if connection.execute(select(markets.c.market).where(markets.c.market == market)).scalar() is None:
                raise UnknownMarket(market)
            version, path = champion_of(connection, market)
            window = read_window(connection, Span(market, begin, until), examination=looks_of(path), champion=version)
            return window, _people(connection, market, window.diners.index.tolist())


def _people(connection: Connection, market: str, users: Sequence[str]) -> pd.DataFrame:
    """Profile and protected attributes of these diners, in their order; of those without a profile, none."""
    rows: dict[str, tuple[list[str], list[str]]] = {}
    for first in range(0, len(users), _CHUNK):
        part = users[first : first + _CHUNK]
        statement = select(diners.c.user_id, diners.c.profile, diners.c.protected).where(
            diners.c.market == market, diners.c.user_id.in_(part)
        )
        rows.update({row.user_id: (row.profile, row.protected) for row in connection.execute(statement)})
    known = [rows.get(user, ([], [])) for user in users]
    return pd.DataFrame(
        {
            col.USER_ID: list(users),
            col.PROFILE: pd.Series([profile for profile, _ in known], dtype=object),
            col.PROTECTED: pd.Series([protected for _, protected in known], dtype=object),
        }
    )


# -- the report


def live_document(now: Window, before: Window, people: pd.DataFrame, control: FairnessPolicy) -> dict[str, Any]:
    """As `models.fairness.report` renders it. Pure.

    people: profile and protected attributes of the diners of `now`, in the order of its sums by diner. control: of the
    active policy.
    """
    exposures = _exposures(now)
    compared = adjusted([*exposures, *_qualities(now, people)])
    notes = list(_NOT_LIVE)
    if now.places.empty:
        notes.insert(0, "There were no lists in this time: nothing is measured.")
    return {
        "ok": None,
        "about": {
            "market": now.market,
            "since": f"{now.since:%Y-%m-%dT%H:%M:%SZ}",
            "until": f"{now.until:%Y-%m-%dT%H:%M:%SZ}",
            "lists": int(now.diners[LISTS].sum()),
            "diners": len(now.diners),
            "restaurants": len(now.restaurants),
        },
        "findings": None,
        "metrics": {name: found.document() for name, found in _concentration(now).items()},
        "comparisons": [one.document() for one in compared],
        "changes": _changes(exposures, _exposures(before)),
        "cost": _cost(control),
        "notes": notes,
    }


def _exposures(window: Window) -> list[Comparison]:
    if window.places.empty:
        return []
    shown, found = shown_in(window), []
    for groups in restaurant_groups(window.restaurants, pd.Timestamp(window.until)):
        for name, sold in ((ORGANIC, False), (PAID, True)):
            found.append(compare_exposure(name, Ledger.of(shown, sold=sold, groups=groups), groups, draws=_DRAWS))
    return [one for one in found if one is not None]


def _qualities(window: Window, people: pd.DataFrame) -> list[Comparison]:
    groups = diner_groups(people)
    lists, orders = (window.diners[name].to_numpy(np.float64) for name in (LISTS, ORDERS))
    parts = ndcg_by_diner(window).reindex(people[col.USER_ID], fill_value=0.0)
    gain, weight = (parts[name].to_numpy(np.float64) for name in ("gain", "weight"))
    found = [compare_diners(NDCG_LIVE, gain, one, weight, draws=_DRAWS) for one in groups]
    found += [compare_diners(ORDERS_A_LIST, orders, one, lists, draws=_DRAWS) for one in groups]
    protected = [one for one in groups if one.attribute in attributes(people[col.PROTECTED])]
    found += [compare_diners(ORDERS_A_LIST, orders, one, lists, draws=_DRAWS) for one in crossings(protected)]
    return [one for one in found if one is not None]


def _concentration(window: Window) -> dict[str, Figure]:
    """Of all exposure, sold or not; intervals by leaving out a twentieth of the diners at a time."""
    if window.places.empty:
        return {}
    shown = shown_in(window)
    there = shown.restaurant >= 0
    by_fold = np.zeros((_FOLDS, shown.restaurants))
    np.add.at(by_fold, (shown.diner[there] % _FOLDS, shown.restaurant[there]), shown.look[there])
    total = by_fold.sum(axis=0)
    filled = by_fold[by_fold.sum(axis=1) > 0.0]
    without = total - filled if len(filled) > 1 else filled[:0]  # without the only fold there is nothing to look at
    _, merit = Ledger.of(shown, sold=False).by_restaurant
    tail = long_tail(merit)
    covered = np.asarray([coverage(row) for row in without])
    return {
        "gini": jackknife(float(ginis(total[None])[0]), ginis(without), 0.0, 1.0),
        "coverage": jackknife(coverage(total), covered, 0.0, 1.0),
        "tail_share": jackknife(float(total[tail].sum() / total.sum()), without[:, tail].sum(1) / without.sum(1), 0, 1),
    }


def _changes(now: Sequence[Comparison], before: Sequence[Comparison]) -> list[str]:
    """What the least has of the greatest, now and in the window before."""
    earlier = {(one.measure, one.attribute): one for one in before}
    told = []
    for one in now:
        then = earlier.get((one.measure, one.attribute))
        if then is not None:
            apart = one.ratio.low > then.ratio.high or one.ratio.high < then.ratio.low
            last = "as before" if one.worst.name == then.worst.name else f"before it was {then.worst.name}"
            told.append(
                f"{one.measure}, by {one.attribute}: the least had {100 * one.ratio.value:.0f} % of the greatest, "
                f"before it {100 * then.ratio.value:.0f} % ({'a change' if apart else 'no certain change'}); "
                f"{one.worst.name} has the least, {last}."
            )
    return told


def _cost(control: FairnessPolicy) -> str:
    if not control.is_on:
        return "The policy does not control exposure: nothing was given up for fairness, and nothing was evened out."
    return (
        f"The policy controls exposure ({control.control}, gain {control.gain:g}). A live log cannot say what lists "
        "without the control would have earned; an invented city can: `python -m services.simulation.fair_exposure`."
    )


# -- one restaurant


def exposure_document(window: Window, restaurant_id: str) -> dict[str, Any]:
    """A restaurant's exposure, organic and paid, its merit, and both against those of its groups. Pure.

    Raises UnknownRestaurant.
    """
    catalogue = pd.Index(window.restaurants[col.RESTAURANT_ID])
    if restaurant_id not in catalogue:
        raise UnknownRestaurant(restaurant_id)
    row = int(catalogue.get_loc(restaurant_id))
    shown = shown_in(window)
    organic, paid = (Ledger.of(shown, sold=sold) for sold in (False, True))
    merit = float(organic.earned[:, [row]].sum())
    mine = window.places[window.places[col.RESTAURANT_ID] == restaurant_id]
    document = {
        "restaurant_id": restaurant_id,
        "market": window.market,
        "since": window.since,
        "until": window.until,
        "lists_sampled": int(window.places["list"].nunique()),
        "shown": len(mine),
        "sold": int(mine[SOLD].sum()),
        "orders": int(mine[ORDERED].sum()),
        "mean_position": float(mine[col.POSITION].mean()) if len(mine) else None,
        "organic_looks": float(organic.exposure[:, [row]].sum()),
        "paid_looks": float(paid.exposure[:, [row]].sum()),
        "merit": max(merit, organic.floor),
        "merit_is_floor": merit <= organic.floor,
        "groups": [
            one
            for groups in restaurant_groups(window.restaurants, pd.Timestamp(window.until))
            if (one := _beside_its_group(organic, groups, row)) is not None
        ],
    }
    return {**document, "words": _words(document)}


def _beside_its_group(organic: Ledger, groups: Groups, row: int) -> dict[str, Any] | None:
    """Its looks for each order's worth, and those of the others in its group; None where it is in none."""
    code = int(groups.codes[row])
    if code < 0 or organic.exposure.sum() == 0.0 or organic.floor == 0.0:
        return None
    labels = [None if other != code else "others" for other in groups.codes.tolist()]
    labels[row] = "own"
    pair = Groups.of(groups.attribute, labels, fewest=1)
    value, found = resampled(lambda weights: organic.per_merit(pair, weights), organic.exposure.shape[0], _DRAWS)
    place = {name: index for index, name in enumerate(pair.names)}
    own, others = (figure(float(value[place[name]]), found[:, place[name]]) for name in ("own", "others"))
    return {
        "attribute": groups.attribute,
        "group": groups.names[code],
        "members": int(groups.sizes[code]),
        "own": own.document(),
        "others": others.document(),
        "verdict": "more" if own.low > others.high else "less" if own.high < others.low else "like",
    }


def _words(document: dict[str, Any]) -> list[str]:
    told = [
        f"In {document['lists_sampled']:,} lists that were looked at it was shown {document['shown']:,} times, "
        f"{document['sold']:,} of them paid for, and ordered from {document['orders']:,} times.",
        f"Its merit, orders corrected for the places that they came from, is {document['merit']:.1f}"
        + (": a floor, for too few orders tell of it." if document["merit_is_floor"] else "."),
    ]
    if not document["shown"]:
        told.append("It was never shown: what diners would make of it is not known.")
    how = {"more": "more than", "less": "less than", "like": "as far as can be told like"}
    told += [
        f"For each order's worth it had {one['own']['value']:.1f} looks that it did not pay for, {how[one['verdict']]} "
        f"the other {one['members'] - 1} of {one['attribute']} {one['group']} ({one['others']['value']:.1f})."
        for one in document["groups"]
    ]
    return told
