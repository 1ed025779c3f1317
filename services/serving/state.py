"""The markets that a process has in memory, and the loop that keeps them fresh.

A process knows all markets by a few words each (`directory`) and has the most recently asked ones in memory, whole: the
catalogue joined with the models, policies and campaigns, and the live data. A market comes in where there is room, or
with the first request for it; the least recently asked one makes room.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.access.keys import KeyRing
from services.ads.campaigns import CampaignStore
from services.ads.paces import PaceStore
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.events.log import EventLog
from services.features import FeatureCache, MarketState
from services.monitoring.metrics import Metrics
from services.releases.store import Lineup, ReleaseStore
from services.serving.directory import Directory, Listed
from services.serving.fair_share import FairShares, Ledgers
from services.serving.live import LOAD_WINDOW_MINUTES, LiveMarket, live_market
from services.serving.shelf import Shelf
from services.serving.snapshot import MarketSnapshot
from services.stakeholders.policies import PolicyStore

_log = structlog.get_logger(__name__)
_LIVE_SECONDS = 30
"""How old the market's blob may be before whoever looks at it makes it anew."""
_REFUSED_SECONDS = 1.0
"""A market that could not be brought into memory is not tried again before, however many ask for it."""


class NotMapped(Exception):
    """A market cannot be brought into memory; the message says which and why."""


@dataclass(frozen=True)
class Stores:
    """The database's stores that serving reads."""

    catalogue: CatalogueStore
    events: EventLog
    releases: ReleaseStore
    policies: PolicyStore
    campaigns: CampaignStore
    paces: PaceStore


@dataclass
class _Mapped:
    """A market in memory."""

    shelf: Shelf
    lineup: Lineup
    snapshot: MarketSnapshot
    live: LiveMarket

    @property
    def is_whole(self) -> bool:
        """Whether what serves is what is to serve; else an artifact was refused, which may be mended any time."""
        trial_is_there = self.lineup.trial is None or self.snapshot.trial is not None
        return self.snapshot.artifact.version == self.lineup.champion.version and trial_is_there


class ServingState:
    """Belongs to one event loop. Readers see whole snapshots only; one market is read from the database at a time."""

    def __init__(
        self,
        stores: Stores,
        directory: Directory,
        cache: FeatureCache,
        shares: FairShares,
        keys: KeyRing,
        metrics: Metrics,
        clock: Clock,
        most: int,
    ) -> None:
        """`most` markets are in memory; one more while it is being brought in."""
        self._stores = stores
        self._directory = directory
        self._cache = cache
        self._shares = shares
        self._keys = keys
        self._metrics = metrics
        self._clock = clock
        self._most = most
        self._mapped: OrderedDict[str, _Mapped] = OrderedDict()
        """The least recently asked first."""
        self._snapshots: Mapping[str, MarketSnapshot] = {}
        self._coming: dict[str, asyncio.Task[MarketSnapshot]] = {}
        self._refused: dict[str, tuple[Shelf, float, NotMapped]] = {}
        """Markets that could not be brought in: their shelves, when that was, and why."""
        self._due: set[str] = set()
        """Markets of which something has changed that is not in memory yet."""
        self._moves = 0
        self._turn = asyncio.Lock()

    @property
    def listed(self) -> Mapping[str, Listed]:
        """All markets by key, retired ones and those without a champion too."""
        return self._directory.listed

    @property
    def served(self) -> Mapping[str, Listed]:
        """The markets in which lists are made, by key, whether or not they are in memory."""
        return self._directory.served

    @property
    def snapshots(self) -> Mapping[str, MarketSnapshot]:
        """The markets that are in memory, by key."""
        return self._snapshots

    @property
    def has_all(self) -> bool:
        """Whether every market that is served is in memory."""
        return len(self._snapshots) == len(self._directory.served)

    async def snapshot(self, market: str) -> MarketSnapshot:
        """A served market, brought into memory if need be: once, however many ask. Raises NotMapped."""
        mapped = self._mapped.get(market)
        if mapped is None:
            return await self._brought_in(market)
        self._mapped.move_to_end(market)
        return mapped.snapshot

    def live(self, market: str) -> LiveMarket:
        """Opening and delivery times of a market that is in memory; at most a refresh old."""
        return self._mapped[market].live

    async def refresh(self) -> None:
        """Look once for new markets, champions, catalogues, policies and keys. What cannot be read stays as it was."""
        try:
            self._due |= set(await asyncio.to_thread(self._directory.look))
            await asyncio.to_thread(self._keys.refresh)
        except StorageUnavailable:
            _log.warning("refresh_skipped", reason="the database does not answer")
        self._drop([market for market in self._mapped if market not in self.served])
        for market in sorted(self._due):  # a copy: a request may add to it meanwhile
            if (one := self.listed.get(market)) is not None and one.moved_to:
                await self._cache.forget_market(market)
        for market in sorted(self._due & self._mapped.keys()):
            await self._renew(market)
        # The others are read when they are brought in; those that are coming may have been read too early.
        self._due &= self._mapped.keys() | self._coming.keys()
        await self._fill()
        await self._refresh_live()
        self._metrics.markets(served=len(self.served), in_memory=len(self._mapped))

    async def follow_releases(self) -> None:
        """Look for promotions, trials and rollbacks alone: one small read, and a swap of pointers."""
        try:
            moves = await asyncio.to_thread(self._stores.releases.clock)
            if moves != self._moves:
                async with self._turn:
                    # A copy: requests go on moving the markets that they ask for to the end.
                    await asyncio.to_thread(self._line_up_anew, dict(self._mapped))
                self._show()
                # Seen when it is served, so that a round that fails is made again.
                self._moves = moves
        except StorageUnavailable:  # the next refresh says so
            return

    async def keep_fresh(self, seconds: float, follow_seconds: float) -> None:
        """Refresh for ever, and follow the releases in between."""
        due = time.monotonic() + seconds
        while True:
            await asyncio.sleep(min(follow_seconds, seconds))
            try:
                if time.monotonic() < due:
                    await self.follow_releases()
                else:
                    await self.refresh()
                    due = time.monotonic() + seconds
            except Exception as error:  # noqa: BLE001 - the loop must survive whatever one round meets
                _log.error("refresh_failed", exc_info=error)

    # -- in and out of memory

    async def _brought_in(self, market: str) -> MarketSnapshot:
        """By the first who asks, at that one's cost; the others wait for the same."""
        coming = self._coming.get(market)
        if coming is None:
            _, tried_at, why = self._refused.get(market, (None, 0.0, None))
            if why is not None and time.monotonic() < tried_at + _REFUSED_SECONDS:
                raise why
            coming = self._coming[market] = asyncio.create_task(self._bring_in(market))
            coming.add_done_callback(lambda task: self._has_come(market, task))
        # Shielded: whoever hangs up takes nothing from those who wait on.
        return await asyncio.shield(coming)

    def _has_come(self, market: str, task: "asyncio.Task[MarketSnapshot]") -> None:
        self._coming.pop(market, None)
        if not task.cancelled():
            task.exception()  # somebody has asked: nobody may be waiting any more

    async def _bring_in(self, market: str) -> MarketSnapshot:
        async with self._turn:
            started = time.perf_counter()
            shelf = self._refused[market][0] if market in self._refused else Shelf(market)
            try:
                lineup, snapshot = await asyncio.to_thread(self._lined_up, market, shelf)
                if lineup is None or snapshot is None:
                    raise NotMapped(f"market {market!r}: no artifact of its champion can serve; the log says why")
                blob = await self._cache.get_market(market)
                live = await self._live_now(market, snapshot, None, blob)
            except Exception as error:  # noqa: BLE001 - the other markets have nothing to do with it
                why = self._why_refused(market, error)
                self._refused[market] = shelf, time.monotonic(), why
                raise why from None
            self._refused.pop(market, None)
            self._mapped[market] = mapped = _Mapped(shelf, lineup, snapshot, live)
            if not mapped.is_whole:
                self._due.add(market)
            while len(self._mapped) > self._most:
                evicted, _ = self._mapped.popitem(last=False)
                self._metrics.market_evicted()
                _log.info("market_left_memory", market=evicted, for_=market)
            self._show()
            self._metrics.market_mapped(time.perf_counter() - started)
        return snapshot

    def _why_refused(self, market: str, error: Exception) -> NotMapped:
        """What whoever asks is told; what nobody has foreseen is told in the log, once."""
        if isinstance(error, NotMapped):
            return error
        if isinstance(error, StorageUnavailable):
            return NotMapped(f"market {market!r}: {error}")
        if market not in self._refused:
            _log.error("market_refused", market=market, exc_info=error)
        return NotMapped(f"market {market!r} cannot be read; the log says why")

    def _drop(self, markets: Collection[str]) -> None:
        for market in markets:
            del self._mapped[market]
            _log.info("market_left_memory", market=market, for_="it is not served any more")
        if markets:
            self._show()

    def _show(self) -> None:
        """Let readers see what is in memory now."""
        self._snapshots = {market: self._mapped[market].snapshot for market in sorted(self._mapped)}

    async def _fill(self) -> None:
        """Bring in what there is room for, what is asked most first."""
        room = self._most - len(self._mapped)
        waiting = [market for market in self.served if market not in self._mapped]
        if room <= 0 or not waiting:
            return
        try:
            if len(waiting) > room:
                most_asked = await asyncio.to_thread(self._directory.by_use, self._clock.now())
                waiting = [market for market in most_asked if market not in self._mapped]
            for market in waiting[:room]:
                try:
                    await self._brought_in(market)
                except NotMapped as error:
                    _log.debug("market_not_mapped", market=market, reason=str(error))
        except StorageUnavailable:
            return  # the next round goes on

    # -- reading what has changed

    async def _renew(self, market: str) -> None:
        """Serve what has changed in a market that is in memory; whatever is wrong with it is its own matter alone."""
        mapped = self._mapped.get(market)
        if mapped is None:  # it made room for another since the round began
            return
        try:
            async with self._turn:
                lineup, snapshot = await asyncio.to_thread(self._lined_up, market, mapped.shelf)
                if lineup is not None and snapshot is not None:
                    # What a new policy lifts is there before it is asked for.
                    await asyncio.to_thread(mapped.live.prepare, snapshot)
                    mapped.lineup, mapped.snapshot = lineup, snapshot
        except StorageUnavailable:
            return
        except Exception as error:  # noqa: BLE001 - the other markets have nothing to do with it
            _log.error("market_refresh_failed", market=market, exc_info=error)
            return
        if mapped.is_whole:
            self._due.discard(market)
        self._show()

    def _lined_up(self, market: str, shelf: Shelf) -> tuple[Lineup | None, MarketSnapshot | None]:
        """What is to be served, and what can be; the shelf's models are joined anew where anything around changed."""
        lineup = self._stores.releases.lineups([market]).get(market)
        if lineup is None:
            return None, None
        self._rebuild_where_needed(shelf, self._directory.listed[market], lineup)
        return lineup, shelf.lined_up(lineup)

    def _rebuild_where_needed(self, shelf: Shelf, listed: Listed, lineup: Lineup) -> None:
        """Join catalogue and models anew when catalogue, policies or campaigns have changed."""
        market = listed.info.market
        version = self._stores.catalogue.version(market)
        policies, active = self._stores.policies.of(market)
        book_version = self._stores.campaigns.version(market)
        around = (version, policies, active, book_version)
        if shelf.around == around:
            return
        restaurants = self._stores.catalogue.restaurants(market)
        campaigns = self._stores.campaigns.open(market)
        if shelf.rebuild(listed.info, version, restaurants, policies, active, book_version, campaigns, lineup.champion):
            shelf.around = around

    def _line_up_anew(self, in_memory: Mapping[str, _Mapped]) -> None:
        """Follow the moves of the markets that are in memory."""
        moves = self._stores.releases.moves()
        moved = [market for market, one in in_memory.items() if moves.get(market, 0) != one.lineup.moves]
        for market, lineup in self._stores.releases.lineups(moved).items() if moved else ():
            mapped = in_memory[market]
            snapshot = mapped.shelf.lined_up(lineup)
            if snapshot is not None:
                mapped.lineup, mapped.snapshot = lineup, snapshot
            if not mapped.is_whole:
                self._due.add(market)

    # -- live data

    async def _refresh_live(self) -> None:
        """Read the blobs of the markets that are in memory, all in one round trip."""
        now = self._clock.now()
        mapped = dict(self._mapped)
        blobs = await self._cache.get_markets(list(mapped))
        for (market, one), blob in zip(mapped.items(), blobs, strict=True):
            age = now - one.snapshot.artifact.manifest.created_at
            self._metrics.model_age(market, age.total_seconds())
            try:
                one.live = await self._live_now(market, one.snapshot, one.live, blob)
            except Exception as error:  # noqa: BLE001 - the other markets have nothing to do with it
                _log.error("market_refresh_failed", market=market, exc_info=error)

    async def _live_now(
        self, market: str, snapshot: MarketSnapshot, kept: LiveMarket | None, blob: MarketState | None
    ) -> LiveMarket:
        """The market's blob; made anew, for all processes, when it is old or of another catalogue."""
        now = self._clock.now()
        live = None if blob is None else _live_of(blob, snapshot, now)
        if live is None:
            fits = kept is not None and kept.fits(snapshot) and kept.asked >= snapshot.countings
            if kept is not None and fits and abs((now - kept.as_of).total_seconds()) < _LIVE_SECONDS:
                live = kept
        if live is None:
            ledgers = await self._shares.ledgers(market, snapshot.countings, now)
            live = await asyncio.to_thread(self._made_anew, market, snapshot, now, ledgers)
            await self._cache.put_market(market, live.blob())
        if snapshot.countings:
            await asyncio.to_thread(live.prepare, snapshot)
        return live.with_offers(snapshot, now)

    def _made_anew(self, market: str, snapshot: MarketSnapshot, now: datetime, ledgers: Ledgers) -> LiveMarket:
        try:
            orders = self._stores.events.orders_since(market, now - timedelta(minutes=LOAD_WINDOW_MINUTES))
            paces = self._stores.paces.of(market)
        except StorageUnavailable:
            orders, paces = {}, {}
        return live_market(snapshot, now, orders, paces, ledgers)


def _live_of(blob: MarketState, snapshot: MarketSnapshot, now: datetime) -> LiveMarket | None:
    """The blob as this snapshot reads it; None where it is old, or of another catalogue, campaigns or controls."""
    fresh = abs(now.timestamp() - blob.as_of) < _LIVE_SECONDS
    if not fresh or blob.catalogue_version != str(snapshot.catalogue_version):
        return None
    live = LiveMarket.of_blob(blob)
    return live if live.fits(snapshot) and live.ledgers.keys() >= snapshot.countings else None
