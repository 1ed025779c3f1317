"""What a process knows of its markets, and the loop that keeps it fresh."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from data.dataset import MarketInfo
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
from services.serving.fair_share import FairShares, Ledgers
from services.serving.live import LOAD_WINDOW_MINUTES, LiveMarket, live_market
from services.serving.shelf import Shelf
from services.serving.snapshot import MarketSnapshot
from services.stakeholders.policies import PolicyStore

_log = structlog.get_logger(__name__)
_LIVE_SECONDS = 30
"""How old the market's blob may be before whoever looks at it makes it anew."""


@dataclass(frozen=True)
class Stores:
    """The database's stores that serving reads."""

    catalogue: CatalogueStore
    events: EventLog
    releases: ReleaseStore
    policies: PolicyStore
    campaigns: CampaignStore
    paces: PaceStore


class ServingState:
    """The snapshots and live data of all markets; readers see whole snapshots only."""

    def __init__(
        self,
        stores: Stores,
        cache: FeatureCache,
        shares: FairShares,
        keys: KeyRing,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._cache = cache
        self._shares = shares
        self._keys = keys
        self._metrics = metrics
        self._clock = clock
        self._snapshots: Mapping[str, MarketSnapshot] = {}
        self._live: dict[str, LiveMarket] = {}
        self._shelves: dict[str, Shelf] = {}
        self._moves: Mapping[str, int] = {}

    @property
    def snapshots(self) -> Mapping[str, MarketSnapshot]:
        """The markets that are served now."""
        return self._snapshots

    def live(self, market: str) -> LiveMarket:
        """Opening and delivery times; at most a refresh old."""
        return self._live[market]

    async def refresh(self) -> None:
        """Look once for new champions, catalogues, policies and keys. What cannot be read keeps its last state."""
        try:
            fresh, moves = await asyncio.to_thread(self._fresh_snapshots)
            await asyncio.to_thread(self._keys.refresh)
        except StorageUnavailable:
            _log.warning("refresh_skipped", reason="the database does not answer")
            fresh, moves = dict(self._snapshots), self._moves
        for market, snapshot in fresh.items():
            age = self._clock.now() - snapshot.artifact.manifest.created_at
            self._metrics.model_age(market, age.total_seconds())
            await self._refresh_live(market, snapshot)
        # The moves count as seen when they are served, so that a round that fails here is made again.
        self._snapshots, self._moves = fresh, moves

    async def follow_releases(self) -> None:
        """Look for promotions, trials and rollbacks alone: one small read, and a swap of pointers."""
        try:
            found = await asyncio.to_thread(self._lined_up_anew)
        except StorageUnavailable:  # the next refresh says so
            return
        if found is not None:
            self._snapshots, self._moves = found

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

    def _lined_up_anew(self) -> tuple[dict[str, MarketSnapshot], Mapping[str, int]] | None:
        """Snapshots of the markets that are served, after the last moves, and the moves; None: nothing has moved."""
        moves = self._stores.releases.moves()
        if moves == self._moves:
            return None
        lineups = self._stores.releases.lineups()
        fresh = {
            market: self._shelves[market].lined_up(lineups[market]) or snapshot if market in lineups else snapshot
            for market, snapshot in self._snapshots.items()
        }
        return fresh, moves

    def _fresh_snapshots(self) -> tuple[dict[str, MarketSnapshot], Mapping[str, int]]:
        # Read before the rest: what moves meanwhile is seen by the next look.
        moves = self._stores.releases.moves()
        lineups = self._stores.releases.lineups()
        fresh: dict[str, MarketSnapshot] = {}
        for info in self._stores.catalogue.markets():
            lineup = lineups.get(info.market)
            if lineup is None:
                continue
            shelf = self._shelves.setdefault(info.market, Shelf(info.market))
            self._rebuild_where_needed(shelf, info, lineup)
            snapshot = shelf.lined_up(lineup)
            if snapshot is not None:
                fresh[info.market] = snapshot
        return fresh, moves

    def _rebuild_where_needed(self, shelf: Shelf, info: MarketInfo, lineup: Lineup) -> None:
        """Join catalogue and models anew when catalogue, policies or campaigns have changed."""
        market = info.market
        version = self._stores.catalogue.version(market)
        policies, active = self._stores.policies.of(market)
        book_version = self._stores.campaigns.version(market)
        around = (version, policies, active, book_version)
        if shelf.around == around:
            return
        restaurants = self._stores.catalogue.restaurants(market)
        campaigns = self._stores.campaigns.open(market)
        if shelf.rebuild(info, version, restaurants, policies, active, book_version, campaigns, lineup.champion):
            shelf.around = around

    async def _refresh_live(self, market: str, snapshot: MarketSnapshot) -> None:
        """Read the market's blob; make it anew, for all processes, when it is old or of another catalogue."""
        now = self._clock.now()
        blob = await self._cache.get_market(market)
        live = None if blob is None else _live_of(blob, snapshot, now)
        if live is None:
            kept = self._live.get(market)
            fits = kept is not None and kept.fits(snapshot) and kept.asked >= snapshot.countings
            if kept is not None and fits and abs((now - kept.as_of).total_seconds()) < _LIVE_SECONDS:
                live = kept
        if live is None:
            ledgers = await self._shares.ledgers(market, snapshot.countings, now)
            live = await asyncio.to_thread(self._made_anew, market, snapshot, now, ledgers)
            await self._cache.put_market(market, live.blob())
        if snapshot.countings:
            await asyncio.to_thread(live.prepare, snapshot)
        self._live[market] = live.with_offers(snapshot, now)

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
