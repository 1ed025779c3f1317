"""From a question to an answer: look the diner up, rank, log what was served."""

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from data.hours import minute_of_week
from services.ads.book import Offers
from services.clock import Clock
from services.events.served import ServedLog
from services.features import DinerState, FeatureCache
from services.identifiers import RequestIds
from services.monitoring.metrics import Metrics
from services.overload import Turns
from services.ranking.auction import ShownList, run_auction, shown_list
from services.ranking.candidates import Filters, allowed
from services.ranking.catalogue import BoolArray
from services.ranking.rank import RankedLists, Requests, rank
from services.ranking.recency import action_weights, fold_in
from services.ranking.second_stage import Moments
from services.serving.diners import NO_ENTRIES, DinerLoader, RecentActions, choices_of, recent_actions
from services.serving.fair_share import FairShares, ListLedgers
from services.serving.live import LiveMarket
from services.serving.replay_inputs import Explain
from services.serving.served_document import served_record
from services.serving.shadow import ShadowScorer, ShadowTask, sampled
from services.serving.snapshot import MarketSnapshot
from services.stakeholders.policy import Policy

DEGRADED: Final[Mapping[str, str]] = {
    "feature-cache-away": "The feature cache does not answer: this list is made from the process's last copy.",
    "fairness-away": "What groups of restaurants have had is not known: nobody is lifted in this list.",
    "profile-away": "The database does not answer: this list is made without a profile.",
    "features-late": "The time was up: this list is made from the process's last copy, or without a profile.",
    "second-stage-skipped": "The time was up: the model's second stage adds nothing to this list.",
    "ads-skipped": "The time was up: no place of this list was put up for sale.",
    "reasons-skipped": "The time was up: this list comes without its reasons.",
}
SKIPS: Final = frozenset({"second-stage-skipped", "ads-skipped", "reasons-skipped"})
"""What is left out of a list when the time is up; whoever makes the list again leaves it out too."""
_MOST_LOADS: Final = 64
"""Loads under way for callers who may have left; beyond it none is begun, or a slow database would pile them up."""


@dataclass(frozen=True)
class Ask:
    """A request for a list, already validated."""

    user_id: str
    snapshot: MarketSnapshot
    live: LiveMarket
    policy: Policy
    filters: Filters
    k: int
    personalised: bool = True
    ads: bool = True
    """False: no place of this list is sold."""
    instead: MarketSnapshot | None = None
    """The champion, where a canary is asked: it answers should the canary fail."""
    reasons: bool = False
    """Reasons are asked for."""
    deadline: float = inf
    """By `time.perf_counter`: when nobody waits for the answer any more."""
    skipped: frozenset[str] = frozenset()
    """Of SKIPS."""

    @property
    def offers(self) -> Offers | None:
        """What is bid for places of this list; None where nothing is."""
        offers = self.live.offers if self.ads and "ads-skipped" not in self.skipped else None
        # While a refresh swaps snapshots, the live data can be of the next one already.
        return offers if offers is not None and offers.book is self.snapshot.book else None


@dataclass(frozen=True, eq=False)
class Answer:
    """One ranked list with what is needed to present and to explain it."""

    request_id: str
    at: datetime
    ask: Ask
    shown: ShownList
    ranked: RankedLists
    """The list without payment, and all that was scored for it."""
    degraded: Sequence[str]
    stages: Mapping[str, float]
    """Seconds in each stage."""
    state: DinerState | None = None
    """What was known of the diner; None: nobody's profile was used."""


class Recommender:
    """Makes lists. Never fails for a cache or a database that is away: it says `degraded` instead."""

    def __init__(
        self,
        cache: FeatureCache,
        diners: DinerLoader,
        served: ServedLog,
        shares: FairShares,
        shadow: ShadowScorer,
        turns: Turns,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._diners = diners
        self._served = served
        self._shares = shares
        self._shadow = shadow
        self._turns = turns
        self._metrics = metrics
        self._clock = clock
        self._ids = RequestIds()
        self._loading: set[asyncio.Task[tuple[DinerState, bool]]] = set()
        """Loads that nobody may be waiting for any more; a loop keeps no hold of its tasks."""

    async def recommend(self, ask: Ask) -> Answer:
        """The best `ask.k` restaurants; `log` has to be told when they are sent.

        When the policy's latency budget is spent or the deadline has come, what is still to come and can be done
        without is left out: the diner's state as it is now, the second stage, the auction, reasons, in this order.
        """
        started = time.perf_counter()
        budget = ask.policy.latency_budget_ms
        due = ask.deadline if budget == 0.0 else min(ask.deadline, started + budget / 1000.0)
        degraded: list[str] = []
        state = await self._state(ask, due, degraded) if ask.personalised else None
        if ask.policy.fairness.is_on and ask.live.lifts(ask.snapshot, ask.policy.fairness) is None:
            degraded.append("fairness-away")
        await self._turns.come()
        looked_up = time.perf_counter()
        if looked_up >= due and ask.snapshot.catalogue.reranker is not None:
            ask = _without_stage(ask, "second-stage-skipped", degraded)
        request_id, at = self._ids.new(), self._clock.now()
        ranked = ranked_lists(ask, state, at, request_id)
        ranked_at = time.perf_counter()
        if ranked_at >= due and ask.offers is not None:
            ask = _without_stage(ask, "ads-skipped", degraded)
        shown = sold_list(ask, ranked)
        done = time.perf_counter()
        if done >= due and ask.reasons:
            ask = _without_stage(ask, "reasons-skipped", degraded)
        stages = {"features": looked_up - started, "ranking": ranked_at - looked_up, "ads": done - ranked_at}
        answer = Answer(request_id, at, ask, shown, ranked, degraded, stages, state)
        trial = ask.snapshot.trial
        if trial is not None and not trial.shown and sampled(request_id, trial.share):
            self._offer_to_shadow(answer, trial.snapshot)
        return answer

    def _offer_to_shadow(self, answer: Answer, snapshot: MarketSnapshot) -> None:
        """Let the version on trial rank the same request, with the same noise, when there is time."""
        ask, state = replace(answer.ask, snapshot=snapshot), answer.state

        def ranked() -> npt.NDArray[np.int64]:
            own = None if state is None else _of_model(state, snapshot, ask.user_id)
            if state is not None and own is None:
                own, _ = self._diners.load(snapshot, ask.user_id)
            return np.asarray(ranked_lists(ask, own, answer.at, answer.request_id).rows[0])

        task = ShadowTask(snapshot.info.market, snapshot.trial_number, answer.ranked.rows[0], ranked)
        self._shadow.offer(task)

    async def _state(self, ask: Ask, due: float, degraded: list[str]) -> DinerState:
        """The diner's state from the cache, or made anew where the cache has none for this model."""
        market, snapshot = ask.snapshot.info.market, ask.snapshot
        lookup = await self._cache.diner(market, ask.user_id, due - time.perf_counter() if due < inf else inf)
        if lookup.degraded:
            degraded.append("features-late" if lookup.late else "feature-cache-away")
        known = None if lookup.state is None else _of_model(lookup.state, snapshot, ask.user_id)
        if known is not None:
            self._metrics.cache("last_copy" if lookup.degraded else "hit")
            return known
        self._metrics.cache("miss")
        loading = self._load(ask, put=not lookup.degraded)
        if due == inf:
            state, complete = await loading
        elif (loaded := await self._in_time(loading, due)) is not None:
            state, complete = loaded
        else:
            if not lookup.late:
                degraded.append("features-late")
            return self._diners.learnt(snapshot, ask.user_id)
        if not complete:
            degraded.append("profile-away")
        return state

    async def _load(self, ask: Ask, put: bool) -> tuple[DinerState, bool]:
        """The state made anew, and whether it is complete; then the cache gets it, unless the diner has changed."""
        market = ask.snapshot.info.market
        lease = await self._cache.lease(market, ask.user_id) if put else None
        state, complete = await self._diners.loaded(ask.snapshot, ask.user_id)
        if complete and lease is not None:
            await self._cache.put(market, ask.user_id, state, lease)
        return state, complete

    async def _in_time(
        self, loading: Coroutine[Any, Any, tuple[DinerState, bool]], due: float
    ) -> tuple[DinerState, bool] | None:
        """What was loaded; None where the time is up before. A load that has begun goes on, for the next request."""
        left = due - time.perf_counter()
        if left <= 0.0 or len(self._loading) >= _MOST_LOADS:
            loading.close()
            return None
        task = asyncio.get_running_loop().create_task(loading)
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(task), left)
        return None

    def log(self, answer: Answer, explain: Explain, body: bytes) -> None:
        """Keep what was served, with all that it takes to make the body again."""
        for reason in answer.degraded:
            self._metrics.degraded(reason)
        for stage, seconds in answer.stages.items():
            self._metrics.stage(stage, seconds)
        ask = answer.ask
        market, model_version = ask.snapshot.info.market, ask.snapshot.artifact.version
        self._metrics.answer(market, model_version, ask.policy.name, ask.policy.version)
        ledgers: ListLedgers = {}
        if ask.snapshot.countings:
            ledgers = self._shares.count(ask, answer.ranked, answer.shown, answer.at)
        self._served.record(
            request_id=answer.request_id,
            market=market,
            user_id=ask.user_id,
            at=answer.at,
            policy=ask.policy.name,
            policy_version=ask.policy.version,
            model_version=model_version,
            record=lambda: served_record(answer, explain, body, ledgers),
        )


def _without_stage(ask: Ask, code: str, degraded: list[str]) -> Ask:
    degraded.append(code)
    return replace(ask, skipped=ask.skipped | {code})


def _of_model(state: DinerState, snapshot: MarketSnapshot, user_id: str) -> DinerState | None:
    """The diner's state with this model's vector; None where that takes the database: a diner whom it has not learnt.

    All but vector and bias is the same for every model, and a diner whom a model has learnt is a row of it. So the
    cache's one blob a diner serves any number of models, and a promotion needs no look-up that a request would wait on.
    """
    if state.model_tag == snapshot.model_tag:
        return state
    row = snapshot.artifact.diner_row(user_id)
    if row is None:
        return None
    learnt = snapshot.artifact.diners
    return replace(state, vector=learnt.vectors[row], bias=float(learnt.biases[row]), model_tag=snapshot.model_tag)


def ranked_lists(ask: Ask, state: DinerState | None, at: datetime, request_id: str) -> RankedLists:
    """The list without payment."""
    requests = requests_of(ask, state, at, request_id)
    temperature = ask.policy.exploration if ask.personalised else 0.0
    return rank(ask.snapshot.catalogue, requests, ask.k, ask.policy.shortlist, temperature)


def sold_list(ask: Ask, ranked: RankedLists) -> ShownList:
    """The list with what its auction sold."""
    offers, selling = ask.offers, ask.snapshot.selling[ask.policy.name]
    if offers is None or selling is None:
        return shown_list(ranked, 0, None)
    return shown_list(ranked, 0, run_auction(ranked.shortlists, 0, ask.k, offers, selling))


def requests_of(ask: Ask, state: DinerState | None, at: datetime, request_id: str) -> Requests:
    """What is ranked: all that the answer depends on beside the snapshot. `state` None: nobody's profile is used."""
    snapshot, policy, filters = ask.snapshot, ask.policy, ask.filters
    mask = allowed(snapshot.catalogue, filters)
    moved = None
    if state is None:
        vector, bias = snapshot.nobody.vectors[0], float(snapshot.nobody.biases[0])
        home_lat = home_lon = np.nan
    else:
        vector, bias, home_lat, home_lon = state.vector, state.bias, state.home_lat, state.home_lon
        if len(state.recent):
            actions = recent_actions(state, snapshot.row_of_hash, at)
            moved = _fold_in(snapshot, actions, policy)
            mask = _without(snapshot, mask, actions)
    lat, lon = (home_lat, home_lon) if filters.lat is None else (filters.lat, filters.lon)
    return Requests(
        vectors=vector[None],
        biases=np.asarray([bias], np.float32),
        fold_ins=None if moved is None else moved[None],
        lat=np.asarray([lat], np.float64),
        lon=np.asarray([lon], np.float64),
        allowed=None if mask is None else mask[None],
        gumbel=_gumbel(request_id, policy.shortlist) if policy.exploration > 0.0 else None,
        moments=_moments(ask, state, at, lat, lon),
        lifts=ask.live.lifts(snapshot, policy.fairness),
    )


def _fold_in(snapshot: MarketSnapshot, actions: RecentActions, policy: Policy) -> npt.NDArray[np.float32] | None:
    if policy.recency_gain == 0.0:
        return None
    weights = action_weights(actions.weights, actions.ages_hours, policy.recency_gain, policy.recency_half_life_hours)
    return fold_in(snapshot.catalogue, actions.rows, weights)


def _moments(ask: Ask, state: DinerState | None, at: datetime, lat: float | None, lon: float | None) -> Moments | None:
    """The moment for the model's second stage; without a profile it is anybody's."""
    snapshot = ask.snapshot
    reranker = snapshot.catalogue.reranker
    if reranker is None or "second-stage-skipped" in ask.skipped:
        return None
    row = None if state is None else snapshot.artifact.diner_row(ask.user_id)
    since = choices_of(NO_ENTRIES if state is None else state.recent, snapshot.row_of_hash)
    here = (np.nan, np.nan) if lat is None or lon is None else (lat, lon)
    # Features look at what was done before a second; what the diner has done in this one has been done.
    return reranker.moment(row, since, int(at.timestamp()) + 1, minute_of_week(at, snapshot.info.time_zone), *here)


def _without(snapshot: MarketSnapshot, mask: BoolArray | None, actions: RecentActions) -> BoolArray | None:
    """What the diner dismissed is not shown again for as long as it is remembered."""
    if not len(actions.dismissed):
        return mask
    mask = np.ones(snapshot.catalogue.size, np.bool_) if mask is None else mask
    mask[actions.dismissed] = False
    return mask


def _gumbel(request_id: str, size: int) -> npt.NDArray[np.float64]:
    """Noise that the request's id alone determines, so that a list can be made again."""
    return np.random.default_rng(int(request_id, 16)).gumbel(size=(1, size))
