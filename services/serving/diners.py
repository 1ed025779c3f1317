"""A diner's state, made from the model, the profile and the event log when the feature cache has none."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from data.columns import EventType
from models.base import Representations
from models.journal import Actions
from models.training_data import diner_tags
from services.catalogue.records import Diner
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.events.log import Event, EventLog
from services.features import DinerState
from services.features.breaker import REFUSED, CircuitBreaker
from services.features.codec import EVENT_CODES, MAX_RECENT, RecentArray, in_order, recent_entries
from services.ranking.recency import ACTION_WEIGHTS
from services.serving.snapshot import MarketSnapshot

REMEMBERED: Final = timedelta(days=14)
"""How far back the event log is read for the fold-in; the weight of anything older has faded."""

_WEIGHTS_BY_CODE: Final = {EVENT_CODES[kind]: weight for kind, weight in ACTION_WEIGHTS.items()}
_DISMISSED: Final = EVENT_CODES[EventType.DISMISS]
_LAST_WORDS: Final = (_DISMISSED, EVENT_CODES[EventType.ORDER])
_CHOICES: Final = (EVENT_CODES[EventType.CLICK], EVENT_CODES[EventType.ORDER])
_PAGE: Final = 2_000
NO_ENTRIES: Final = recent_entries([], [], [])


class DinerLoader:
    """Builds diner states; blocking but for `loaded`, so call it from a thread."""

    def __init__(self, catalogue: CatalogueStore, events: EventLog, clock: Clock, patience: float = 1.0) -> None:
        """`patience`: seconds that a request waits for the database at most."""
        self._catalogue = catalogue
        self._events = events
        self._clock = clock
        self._patience = patience
        self._breaker = CircuitBreaker(
            time.monotonic, max_failures=3, failing_seconds=2 * patience, probe_seconds=patience
        )

    async def loaded(self, snapshot: MarketSnapshot, user_id: str) -> tuple[DinerState, bool]:
        """`load` for a request, in a thread. Of a database that hangs few requests find out, and none for long."""
        ticket = self._breaker.enter()
        if ticket == REFUSED:
            return self.learnt(snapshot, user_id), False
        try:
            async with asyncio.timeout(self._patience):
                state, complete = await asyncio.to_thread(self.load, snapshot, user_id)
        except TimeoutError:
            state, complete = self.learnt(snapshot, user_id), False
        except BaseException:
            self._breaker.gave_up(ticket)
            raise
        (self._breaker.succeeded if complete else self._breaker.failed)(ticket)
        return state, complete

    def load(self, snapshot: MarketSnapshot, user_id: str) -> tuple[DinerState, bool]:
        """The state, and whether it is complete: False where the database was away and only the model was asked."""
        market = snapshot.info.market
        try:
            diner = self._catalogue.diner(market, user_id)
            since = self._clock.now() - REMEMBERED
            recent = newest_entries(self._events, market, user_id, since)
        except StorageUnavailable:
            return self.learnt(snapshot, user_id), False
        return self._state(snapshot, user_id, diner, recent), True

    def learnt(self, snapshot: MarketSnapshot, user_id: str) -> DinerState:
        """What the model alone knows of the diner; asks nobody."""
        return self._state(snapshot, user_id, None, NO_ENTRIES)

    def pages(self, snapshot: MarketSnapshot, limit: int) -> Iterator[list[tuple[str, DinerState]]]:
        """States of up to `limit` diners for the warm-up.

        Diners who did something lately are left out: they come with their actions at their first request.
        """
        market, after = snapshot.info.market, None
        busy = set(self._events.active_diners(market, self._clock.now() - REMEMBERED))
        while limit > 0:
            diners = self._catalogue.diners(market, after, min(limit, _PAGE))
            if not diners:
                return
            after, limit = diners[-1].user_id, limit - len(diners)
            yield [
                (diner.user_id, self._state(snapshot, diner.user_id, diner, NO_ENTRIES))
                for diner in diners
                if diner.user_id not in busy
            ]

    def _state(self, snapshot: MarketSnapshot, user_id: str, diner: Diner | None, recent: RecentArray) -> DinerState:
        learnt = _represent(snapshot, user_id, diner)
        return DinerState(
            vector=learnt.vectors[0],
            bias=float(learnt.biases[0]),
            home_lat=np.nan if diner is None or diner.home_lat is None else diner.home_lat,
            home_lon=np.nan if diner is None or diner.home_lon is None else diner.home_lon,
            model_tag=snapshot.model_tag,
            recent=recent,
        )


def _represent(snapshot: MarketSnapshot, user_id: str, diner: Diner | None) -> Representations:
    """What the model learnt of the diner; else what the profile says; else nobody."""
    artifact = snapshot.artifact
    row = artifact.diner_row(user_id)
    if row is not None:
        return Representations(artifact.diners.vectors[row : row + 1], artifact.diners.biases[row : row + 1])
    if diner is not None:
        home = snapshot.districts.name_at(diner.home_lat, diner.home_lon)
        if tags := diner_tags(diner.profile, home):
            return artifact.model.new_diners([tags])
    return snapshot.nobody


def entries_of(events: Sequence[Event]) -> RecentArray:
    """Events as the feature cache keeps them, whatever order they are given in."""
    entries = recent_entries(
        [event.restaurant_id for event in events],
        [event.type for event in events],
        [event.at.timestamp() for event in events],
    )
    return in_order(entries)


def newest_entries(log: EventLog, market: str, user_id: str, since: datetime) -> RecentArray:
    """The entries that the cache would have, had it seen all events: the newest MAX_RECENT that differ.

    Two events can be one entry, and those of one second go by type and restaurant; so as many events as entries are too
    few where the last of them shares its second with one that was not read. Raises StorageUnavailable.
    """
    limit = MAX_RECENT + 1
    while True:
        events = log.recent(market, user_id, since, limit, ACTION_WEIGHTS.keys())
        entries = entries_of(events)
        if len(events) < limit:
            return entries
        if len(entries) == MAX_RECENT and int(events[-1].at.timestamp()) < entries["at"][-1]:
            return entries
        limit *= 4


@dataclass(frozen=True, eq=False)
class RecentActions:
    """What a diner did lately, in rows of the catalogue; m actions, newest first."""

    rows: npt.NDArray[np.int64]
    """(m,) -1: the restaurant has left the catalogue."""
    weights: npt.NDArray[np.float64]
    """(m,) by type of action, in orders."""
    ages_hours: npt.NDArray[np.float64]
    """(m,)"""
    dismissed: npt.NDArray[np.int64]
    """Rows that the diner does not want to see: dismissed, and not ordered from since."""


def choices_of(recent: RecentArray, row_of_hash: Mapping[int, int]) -> Actions:
    """The clicks and orders among recent entries, in rows of the catalogue (-1: it has left), for the second stage."""
    chosen = recent[np.isin(recent["type"], _CHOICES)]
    rows = [row_of_hash.get(key, -1) for key in chosen["restaurant"].tolist()]
    return Actions(
        diners=np.zeros(len(rows), np.int64),
        restaurants=np.asarray(rows, np.int64),
        at=chosen["at"].astype(np.int64),
        ordered=chosen["type"] == EVENT_CODES[EventType.ORDER],
    )


def recent_actions(state: DinerState, row_of_hash: Mapping[int, int], at: datetime) -> RecentActions:
    """The actions in a diner's cached state."""
    recent = state.recent
    rows = [row_of_hash.get(key, -1) for key in recent["restaurant"].tolist()]
    codes = recent["type"].tolist()
    last_word: dict[int, int] = {}
    for row, code in zip(rows, codes, strict=True):
        if row >= 0 and code in _LAST_WORDS:
            last_word.setdefault(row, code)
    return RecentActions(
        rows=np.asarray(rows, np.int64),
        weights=np.asarray([_WEIGHTS_BY_CODE.get(code, 0.0) for code in codes]),
        ages_hours=(at.timestamp() - recent["at"]) / 3600.0,
        dismissed=np.asarray([row for row, code in last_word.items() if code == _DISMISSED], np.int64),
    )
