"""What a process knows of its markets, and the loop that keeps it fresh."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import structlog

from models.artifacts import ArtifactError, load
from services.access.keys import KeyRing
from services.ads.campaigns import CampaignStore
from services.ads.paces import PaceStore
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.events.log import EventLog
from services.features import FeatureCache, MarketState
from services.monitoring.metrics import Metrics
from services.releases.registry import ModelRegistry
from services.serving.live import LOAD_WINDOW_MINUTES, LiveMarket, live_market
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.stakeholders.policies import PolicyStore

_log = structlog.get_logger(__name__)
_LIVE_SECONDS = 30
"""How old the market's blob may be before whoever looks at it makes it anew."""


@dataclass(frozen=True)
class Stores:
    """The database's stores that serving reads."""

    catalogue: CatalogueStore
    events: EventLog
    registry: ModelRegistry
    policies: PolicyStore
    campaigns: CampaignStore
    paces: PaceStore


class ServingState:
    """The snapshots and live data of all markets; readers see whole snapshots only."""

    def __init__(self, stores: Stores, cache: FeatureCache, keys: KeyRing, metrics: Metrics, clock: Clock) -> None:
        self._stores = stores
        self._cache = cache
        self._keys = keys
        self._metrics = metrics
        self._clock = clock
        self._snapshots: Mapping[str, MarketSnapshot] = {}
        self._live: dict[str, LiveMarket] = {}

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
            fresh = await asyncio.to_thread(self._fresh_snapshots)
            await asyncio.to_thread(self._keys.refresh)
        except StorageUnavailable:
            _log.warning("refresh_skipped", reason="the database does not answer")
            fresh = dict(self._snapshots)
        for market, snapshot in fresh.items():
            age = self._clock.now() - snapshot.artifact.manifest.created_at
            self._metrics.model_age(market, age.total_seconds())
            await self._refresh_live(market, snapshot)
        self._snapshots = fresh

    async def keep_fresh(self, seconds: float) -> None:
        """Refresh for ever."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - the loop must survive whatever one round meets
                _log.error("refresh_failed", exc_info=error)

    def _fresh_snapshots(self) -> dict[str, MarketSnapshot]:
        fresh: dict[str, MarketSnapshot] = {}
        for info in self._stores.catalogue.markets():
            current = self._snapshots.get(info.market)
            champion = self._stores.registry.champion(info.market)
            if champion is None:
                continue
            version = self._stores.catalogue.version(info.market)
            policies, active = self._stores.policies.of(info.market)
            book_version = self._stores.campaigns.version(info.market)
            unchanged = (
                current is not None
                and current.artifact.version == champion.version
                and (current.catalogue_version, current.book.version) == (version, book_version)
                and (current.policies, current.active_policy) == (policies, active)
            )
            if current is not None and unchanged:
                fresh[info.market] = current
                continue
            try:
                artifact = current.artifact if current and current.artifact.version == champion.version else None
                artifact = artifact or load(Path(champion.path))
            except ArtifactError as error:
                _log.error("artifact_refused", market=info.market, version=champion.version, reason=str(error))
                if current is not None:
                    fresh[info.market] = current
                continue
            restaurants = self._stores.catalogue.restaurants(info.market)
            campaigns = self._stores.campaigns.open(info.market)
            fresh[info.market] = build_snapshot(
                info, version, restaurants, artifact, policies, active, book_version, campaigns
            )
            _log.info("snapshot_built", market=info.market, model=artifact.version, restaurants=len(restaurants))
        return fresh

    async def _refresh_live(self, market: str, snapshot: MarketSnapshot) -> None:
        """Read the market's blob; make it anew, for all processes, when it is old or of another catalogue."""
        now = self._clock.now()
        blob = await self._cache.get_market(market)
        live = None if blob is None else _live_of(blob, snapshot, now)
        if live is None:
            kept = self._live.get(market)
            if kept is not None and kept.fits(snapshot) and abs((now - kept.as_of).total_seconds()) < _LIVE_SECONDS:
                live = kept
        if live is None:
            live = await asyncio.to_thread(self._made_anew, market, snapshot, now)
            await self._cache.put_market(market, live.blob())
        self._live[market] = live.with_offers(snapshot, now)

    def _made_anew(self, market: str, snapshot: MarketSnapshot, now: datetime) -> LiveMarket:
        try:
            orders = self._stores.events.orders_since(market, now - timedelta(minutes=LOAD_WINDOW_MINUTES))
            paces = self._stores.paces.of(market)
        except StorageUnavailable:
            orders, paces = {}, {}
        return live_market(snapshot, now, orders, paces)


def _live_of(blob: MarketState, snapshot: MarketSnapshot, now: datetime) -> LiveMarket | None:
    """The blob as this snapshot reads it; None where it is old, or of another catalogue or other campaigns."""
    live = LiveMarket(
        catalogue_version=snapshot.catalogue_version,
        as_of=datetime.fromtimestamp(blob.as_of, UTC),
        open_now=blob.is_open.astype(np.bool_),
        eta_minutes=blob.eta_minutes,
        book_version=blob.book_version,
        multipliers=blob.multipliers,
        campaigns_open=blob.campaigns_open.astype(np.bool_),
    )
    fresh = abs(now.timestamp() - blob.as_of) < _LIVE_SECONDS
    same = blob.catalogue_version == str(snapshot.catalogue_version) and live.fits(snapshot)
    return live if fresh and same else None
