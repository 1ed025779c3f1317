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
            unchanged = (
                current is not None
                and current.artifact.version == champion.version
                and current.catalogue_version == version
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
            fresh[info.market] = build_snapshot(info, version, restaurants, artifact, policies, active)
            _log.info("snapshot_built", market=info.market, model=artifact.version, restaurants=len(restaurants))
        return fresh

    async def _refresh_live(self, market: str, snapshot: MarketSnapshot) -> None:
        """Read the market's blob; make it anew, for all processes, when it is old or of another catalogue."""
        now = self._clock.now()
        blob = await self._cache.get_market(market)
        if (
            blob is not None
            and blob.catalogue_version == str(snapshot.catalogue_version)
            and abs(now.timestamp() - blob.as_of) < _LIVE_SECONDS
            and len(blob.is_open) == snapshot.catalogue.size
        ):
            as_of = datetime.fromtimestamp(blob.as_of, UTC)
            self._live[market] = LiveMarket(
                snapshot.catalogue_version, as_of, blob.is_open.astype(np.bool_), blob.eta_minutes
            )
            return
        kept = self._live.get(market)
        age = _LIVE_SECONDS if kept is None else abs((now - kept.as_of).total_seconds())
        if kept is not None and kept.catalogue_version == snapshot.catalogue_version and age < _LIVE_SECONDS:
            return
        try:
            since = now - timedelta(minutes=LOAD_WINDOW_MINUTES)
            orders = await asyncio.to_thread(self._stores.events.orders_since, market, since)
        except StorageUnavailable:
            orders = {}
        live, version = live_market(snapshot, now, orders), snapshot.catalogue_version
        self._live[market] = live
        state = MarketState(live.eta_minutes, live.open_now.astype(np.uint8), str(version), live.as_of.timestamp())
        await self._cache.put_market(market, state)
