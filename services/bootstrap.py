"""The composition root: the one place where the parts are built and put together."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from services.access.keys import KeyRing, ensure_keys
from services.access.rates import RateLimits
from services.access.roles import Role
from services.ads.campaigns import CampaignStore
from services.ads.paces import PaceStore
from services.ads.report import AdReports
from services.audit.anchors import ServedAnchors
from services.audit.pseudonyms import ensure_secret, pseudonym
from services.audit.trail import AuditTrail, ChainCheck
from services.cards.store import Cards
from services.catalogue.records import Diner
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.database.errors import StorageUnavailable
from services.events.commit import GroupCommit
from services.events.log import Erasure, Event, EventLog
from services.events.served import ServedLog
from services.features import EmbeddedRedis, FeatureCache, Servers
from services.features.breaker import BreakerState
from services.features.embedded import EmbeddedRedisError
from services.features.servers import RedisMisconfigured
from services.lessons.runs import LessonRuns
from services.monitoring.metrics import Metrics
from services.overload import Turns
from services.releases.freeze import FreezeStore
from services.releases.minutes import ServingMinutes
from services.releases.store import ReleaseStore
from services.retraining.runs import RunStore
from services.serving.counts import ServingCounts, resident_mib
from services.serving.diners import DinerLoader, entries_of
from services.serving.directory import Directory
from services.serving.explainer import Explainer
from services.serving.fair_share import FairShares
from services.serving.recommender import Recommender
from services.serving.replay import Replayer
from services.serving.shadow import ShadowScorer
from services.serving.state import ServingState, Stores
from services.settings import Settings
from services.stakeholders.demands import DemandStore
from services.stakeholders.fairness import FairnessReports
from services.stakeholders.fronts import FrontStore
from services.stakeholders.negotiations import NegotiationStore
from services.stakeholders.policies import PolicyStore
from services.stakeholders.scorecard.store import Scorecards
from services.stakeholders.sign_offs import SignOffStore

_log = structlog.get_logger(__name__)
_REDIS_CHECK_SECONDS = 1.0
_CHECK_SECONDS = 1.0
_COUNT_SECONDS = 2.0
_SHARE_SECONDS = 1.0
_ANCHOR_SECONDS = 5.0
_CANCEL_SECONDS = 1.0
_OBSERVE_SECONDS = 1.0
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Held:
    """What is kept about a diner."""

    diner: Diner
    events: Sequence[Event]
    served_lists: int


@dataclass(eq=False)
class Services:
    """What routes work with."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    keys: KeyRing
    rates: RateLimits
    catalogue: CatalogueStore
    campaigns: CampaignStore
    reports: AdReports
    policies: PolicyStore
    sign_offs: SignOffStore
    demands: DemandStore
    fronts: FrontStore
    negotiations: NegotiationStore
    releases: ReleaseStore
    freezes: FreezeStore
    minutes: ServingMinutes
    retraining: RunStore
    lessons: LessonRuns
    scorecards: Scorecards
    cards: Cards
    fairness: FairnessReports
    trail: AuditTrail
    chain: ChainCheck
    event_log: EventLog
    events: GroupCommit
    served: ServedLog
    anchors: ServedAnchors
    replayer: Replayer
    explainer: Explainer
    cache: FeatureCache
    diners: DinerLoader
    state: ServingState
    shares: FairShares
    recommender: Recommender
    counts: ServingCounts
    shadow: ShadowScorer
    secret: bytes = field(repr=False)
    """Makes the diners' pseudonyms in the trail."""
    ready: bool = field(default=False)
    """Markets are loaded and warm."""

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking work (the database) beside the event loop."""
        return await asyncio.to_thread(work, *args, **kwargs)

    async def remember(self, market: str, user_id: str, events: Sequence[Event]) -> None:
        """Add what a diner just did to the cached state, so that the next list follows it."""
        await self.cache.add_recent(market, user_id, entries_of(events))

    async def held(self, user_id: str) -> Held | None:
        """Everything that is kept about a diner, who may have no profile; None where there is nothing."""
        await self.in_thread(self.served.flush)
        known = await self.in_thread(self.catalogue.find_diner, user_id)
        # What is kept of a market that has moved away comes last: it is not the one to be asked.
        listed = sorted(self.state.listed.values(), key=lambda each: each.moved_to is not None)
        for market in [known.market] if known else [each.info.market for each in listed]:
            events = await self.in_thread(self.event_log.of_diner, market, user_id)
            lists = await self.in_thread(self.served.count_of_diner, market, user_id)
            if known or events or lists:
                return Held(known or Diner(user_id=user_id, market=market), events, lists)
        return None

    async def erase(self, market: str, user_id: str, role: Role, reason: str = "") -> Erasure:
        """Remove everything that is held about a diner. The trail says that it was done, under a pseudonym."""

        def witness(connection: Connection, erased: Erasure) -> None:
            subject = pseudonym(self.secret, user_id)
            found: dict[str, Any] = {"events": erased.events, "served_lists": erased.served_lists}
            if erased.exports:
                found["exports"] = erased.exports
            if erased.root:
                found["root"] = erased.root
            document = {"before": found, "after": None}
            self.trail.record(
                connection,
                role=role.value,
                action="diner.erase",
                market=market,
                subject=subject,
                document=document,
                reason=reason,
            )

        await self.in_thread(self.served.flush)
        erased = await self.in_thread(self.event_log.erase, market, user_id, witness)
        await self.in_thread(self.catalogue.delete_diner, market, user_id)
        await self.cache.drop(market, user_id)
        return erased

    async def checks(self) -> dict[str, str]:
        """What answers: `ok` or what is wrong, by part."""
        checks = {"feature_cache": "ok" if await self.cache.ping() else "away"}
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self.in_thread(self.catalogue.markets)
            checks["database"] = "ok"
        except (StorageUnavailable, TimeoutError):
            checks["database"] = "away"
        checks["markets"] = "ok" if self.state.snapshots else "none: train a model first"
        return checks

    def observe(self) -> None:
        """Tell the metrics where this process stands."""
        self.metrics.process(
            served_waiting=self.served.waiting,
            served_dropped=self.served.dropped,
            events_waiting=self.events.waiting,
            breaker_open=self.cache.breaker_state is not BreakerState.CLOSED,
            memory_bytes=resident_mib() * 2**20,
            cpu_seconds=time.process_time(),
        )

    async def warm_up(self) -> None:
        """Load the markets and put some of their diners into the feature cache.

        As many in all however many markets there are: who is not among them is made at the first request.
        """
        await self.state.refresh()
        most = self.settings.warm_up_diners // max(1, len(self.state.snapshots))
        for market, snapshot in self.state.snapshots.items():
            count = 0
            lease = await self.cache.begin_warm_up(market)
            pages = self.diners.pages(snapshot, most)
            while (page := await self.in_thread(next, pages, None)) is not None:
                await self.cache.put_many(market, page, lease)
                count += len(page)
            _log.info("feature_cache_warmed", market=market, diners=count)
        self.ready = True


@contextlib.asynccontextmanager
async def open_services(settings: Settings, metrics: Metrics, clock: Clock, turns: Turns) -> AsyncIterator[Services]:
    """Open everything, warm up, keep fresh; close in the opposite order."""
    async with contextlib.AsyncExitStack() as stack:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        embedded = None if settings.redis_url else stack.enter_context(EmbeddedRedis(settings.home / "redis"))
        servers = configured_redis(settings) if embedded is None else Servers.parse(embedded.url)
        engine = open_database(settings.resolved_database_url)
        stack.callback(engine.dispose)
        await asyncio.to_thread(migrate, engine)
        await asyncio.to_thread(ensure_keys, engine, settings.keys_file)
        secret = await asyncio.to_thread(ensure_secret, engine, settings.pseudonym_secret_file)
        services = _assemble(settings, metrics, clock, turns, engine, servers, secret)
        stack.push_async_callback(services.cache.close)
        stack.callback(services.shadow.close)
        stack.callback(_anchor_the_rest, services.anchors)
        stack.callback(services.served.close)
        stack.push_async_callback(services.events.close)
        # After the loop that sends them has ended, wherever that was: this is not cancelled.
        stack.push_async_callback(services.shares.flush)
        await services.warm_up()
        loops = (
            services.state.keep_fresh(settings.refresh_seconds, settings.follow_releases_seconds),
            _keep_running(embedded, services.cache),
            _keep_counts(services.counts),
            _keep_shares(services.shares),
            _keep_anchored(services.anchors),
            _keep_observed(services),
        )
        for loop in loops:
            stack.push_async_callback(_cancelled, asyncio.create_task(loop))
        yield services


def _assemble(
    settings: Settings, metrics: Metrics, clock: Clock, turns: Turns, engine: Engine, servers: Servers, secret: bytes
) -> Services:
    cache = FeatureCache(
        servers,
        timeout_ms=settings.redis_timeout_ms,
        ttl_seconds=settings.diner_ttl_hours * 3600,
        last_copies=settings.last_copy_diners,
    )
    keys = KeyRing(engine)
    catalogue, event_log = CatalogueStore(engine), EventLog(engine, clock)
    served = ServedLog(engine, settings.served_log_buffer)
    trail = AuditTrail(engine, clock)
    campaigns, policies = CampaignStore(engine, trail, clock), PolicyStore(engine, trail, clock)
    demands, fronts = DemandStore(engine, trail, clock), FrontStore(engine, trail)
    releases = ReleaseStore(engine, trail, clock)
    stores = Stores(catalogue, event_log, releases, policies, campaigns, PaceStore(engine))
    diners = DinerLoader(catalogue, event_log, clock)
    replayer = Replayer(engine, policies)
    shadow = ShadowScorer(engine)
    shares = FairShares(cache, served, clock)
    return Services(
        settings=settings,
        clock=clock,
        metrics=metrics,
        keys=keys,
        rates=RateLimits(settings.rate_app_per_second, settings.rate_seats_per_second, settings.rate_burst_seconds),
        catalogue=catalogue,
        campaigns=campaigns,
        reports=AdReports(engine, clock),
        policies=policies,
        sign_offs=SignOffStore(engine, trail, clock, policies),
        demands=demands,
        fronts=fronts,
        negotiations=NegotiationStore(engine, trail, clock, fronts, demands, policies),
        releases=releases,
        freezes=FreezeStore(engine, trail, clock),
        minutes=ServingMinutes(engine, clock),
        retraining=RunStore(engine, trail, clock),
        lessons=LessonRuns(engine, clock),
        scorecards=Scorecards(engine, clock, settings.objectives),
        cards=Cards(engine, clock),
        fairness=FairnessReports(engine, clock),
        trail=trail,
        chain=ChainCheck(trail, clock),
        event_log=event_log,
        events=GroupCommit(event_log),
        served=served,
        anchors=ServedAnchors(engine, trail),
        replayer=replayer,
        explainer=Explainer(replayer, catalogue),
        cache=cache,
        diners=diners,
        state=ServingState(stores, Directory(engine), cache, shares, keys, metrics, clock, settings.markets_in_memory),
        shares=shares,
        recommender=Recommender(cache, diners, served, shares, shadow, turns, metrics, clock),
        counts=ServingCounts(engine, clock, settings.slo_slow_ms / 1000.0),
        shadow=shadow,
        secret=secret,
    )


def configured_redis(settings: Settings) -> Servers:
    """Where the settings say that Redis is. Raises RedisMisconfigured that says what is wrong with it."""
    try:
        return Servers.parse(
            settings.redis_url,
            ca_file=settings.redis_ca_file,
            cert_file=settings.redis_cert_file,
            key_file=settings.redis_key_file,
            password_file=settings.redis_password_file,
        )
    except ValueError as error:
        raise RedisMisconfigured(f"TABLESTAKES_REDIS_URL: {error}") from None


async def _keep_running(embedded: EmbeddedRedis | None, cache: FeatureCache) -> None:
    """Start the embedded Redis again should it have crashed."""
    while embedded is not None:
        await asyncio.sleep(_REDIS_CHECK_SECONDS)
        if not await cache.ping():
            try:
                await asyncio.to_thread(embedded.start)
            except EmbeddedRedisError as error:
                _log.warning("embedded_redis_not_started", reason=str(error))


async def _keep_counts(counts: ServingCounts) -> None:
    """Write the counts of answers every other second, and once more in the end."""
    ends = False
    counts.begin()
    while not ends:
        try:
            await asyncio.sleep(_COUNT_SECONDS)
        except asyncio.CancelledError:
            ends = True
        cells = counts.taken()
        if not await asyncio.to_thread(counts.write, cells):
            counts.put_back(cells)


async def _keep_shares(shares: FairShares) -> None:
    """Send what was counted of exposure every second."""
    while True:
        await asyncio.sleep(_SHARE_SECONDS)
        await shares.flush()


async def _keep_anchored(anchors: ServedAnchors) -> None:
    """Let the audit trail answer for what was served, a minute later at most."""
    while True:
        await asyncio.sleep(_ANCHOR_SECONDS)
        try:
            await asyncio.to_thread(anchors.anchor_if_due)
        except StorageUnavailable as error:
            _log.warning("anchors_wait", reason=str(error))


def _anchor_the_rest(anchors: ServedAnchors) -> None:
    try:
        anchors.anchor()
    except StorageUnavailable as error:
        _log.warning("anchors_wait", reason=str(error))


async def _keep_observed(services: Services) -> None:
    """With several processes, whichever is asked for the metrics shows what the others have said."""
    while True:
        services.observe()
        await asyncio.sleep(_OBSERVE_SECONDS)


async def _cancelled(task: asyncio.Task[None]) -> None:
    """End a task, however often that takes.

    redis-py sends through `asyncio.wait_for`, which before Python 3.12 forgets a cancellation that comes in the instant
    in which the inner call is done.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CANCEL_SECONDS)
