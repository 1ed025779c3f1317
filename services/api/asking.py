"""From a validated query to what the recommender understands."""

from collections.abc import Iterable
from datetime import datetime
from math import inf
from typing import Final

from data.hours import minute_of_week
from services.api.problems import MarketRetired, NotFound, Problem, Unavailable, Unprocessable, elsewhere
from services.api.schemas import Context, RankingRequest, RecommendationQuery
from services.bootstrap import Services
from services.ranking.candidates import Filters
from services.serving.recommender import Ask
from services.serving.snapshot import MarketSnapshot
from services.serving.state import NotMapped
from services.stakeholders.policy import Policy

_NAMED: Final = 20


async def snapshot_for(services: Services, market: str | None, user_id: str | None = None) -> MarketSnapshot:
    """The market asked for; else the only one; else the one that knows the diner.

    One that is not in memory is brought in first. Raises Unavailable where there is none, or this one cannot be;
    NotFound, MarketRetired, MarketMoved, Unprocessable.
    """
    state = services.state
    if market is None:
        market = await _market_of(services, user_id)
    elif market not in state.served:
        raise _not_served(services, market)
    try:
        return await state.snapshot(market)
    except NotMapped as error:
        raise Unavailable(str(error), retry_after_seconds=1) from None


def market_named(services: Services, market: str | None) -> str:
    """The market that a write or a report is about: it may be left out only where there is one."""
    served = services.state.served
    if market is not None:
        if market not in served:
            raise _not_served(services, market)
        return market
    if not served:
        raise _none_served()
    if len(served) > 1:
        raise Unprocessable(f"market: name one of {some_of(served)}")
    return next(iter(served))


def some_of(markets: Iterable[str]) -> str:
    """The markets' keys, for a message: not more than a reader can take in."""
    named = sorted(markets)
    more = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


async def _market_of(services: Services, user_id: str | None) -> str:
    state = services.state
    if not state.served:
        raise _none_served()
    if len(state.served) == 1:
        return next(iter(state.served))
    if user_id is not None:
        for market, snapshot in state.snapshots.items():
            if snapshot.artifact.diner_row(user_id) is not None:
                return market
        if not state.has_all:
            diner = await services.in_thread(services.catalogue.find_diner, user_id)
            if diner is not None and diner.market in state.served:
                return diner.market
    raise Unprocessable(f"query.market: name one of {some_of(state.served)}; this diner is not known in any")


def _none_served() -> Problem:
    return Unavailable("no market is served yet: `tablestakes train DIR` registers a model", retry_after_seconds=5)


def _not_served(services: Services, market: str) -> Problem:
    """Why no list is made in this market."""
    listed = services.state.listed.get(market)
    if listed is not None and listed.moved_to is not None:
        return elsewhere(market, listed.moved_to)
    if listed is not None and listed.retired_at is not None:
        return MarketRetired(f"market {market!r} was retired on {listed.retired_at:%Y-%m-%d} and is not served")
    if not services.state.served:
        return _none_served()
    if listed is not None:
        return NotFound(f"market {market!r} has no model yet: `tablestakes train DIR` registers one")
    return NotFound(f"there is no market {market!r}; there are {some_of(services.state.served)}")


def filters_for(
    services: Services, snapshot: MarketSnapshot, context: Context, policy: Policy, only: list[str] | None = None
) -> Filters:
    """The request's filters, with the policy's radius around a named place."""
    radius = None if context.lat is None or only is not None else context.radius_km or policy.radius_km
    return Filters(
        lat=context.lat,
        lon=context.lon,
        radius_km=radius,
        cuisine=None if context.cuisine is None else context.cuisine.lower(),
        max_price=context.max_price,
        open_minute=_open_minute(services, snapshot, context.open_at),
        exclude=context.exclude,
        only=only,
    )


async def ask_for(services: Services, query: RecommendationQuery, deadline: float = inf) -> Ask:
    """`GET /v1/recommendations` as an Ask."""
    snapshot = await snapshot_for(services, query.market, query.user_id)
    policy = _policy(snapshot, query.policy)
    arm = snapshot.for_diner(query.user_id, query.personalised)
    return Ask(
        user_id=query.user_id,
        snapshot=arm,
        live=services.state.live(snapshot.info.market),
        policy=policy,
        filters=filters_for(services, snapshot, query, policy),
        k=query.k,
        personalised=query.personalised,
        ads=query.ads,
        instead=None if arm is snapshot else snapshot,
        reasons=query.explain != "none",
        deadline=deadline,
    )


async def ask_for_ranking(services: Services, body: RankingRequest, deadline: float = inf) -> Ask:
    """`POST /v1/rankings` as an Ask over the named restaurants."""
    snapshot = await snapshot_for(services, body.market, body.user_id)
    policy = _policy(snapshot, None)
    unknown = [name for name in body.restaurant_ids if name not in snapshot.catalogue.row_of]
    if unknown:
        raise Unprocessable(
            f"restaurant_ids: {len(unknown)} are not in market {snapshot.info.market}, the first is {unknown[0]!r}"
        )
    arm = snapshot.for_diner(body.user_id, body.personalised)
    return Ask(
        user_id=body.user_id,
        snapshot=arm,
        live=services.state.live(snapshot.info.market),
        policy=policy,
        filters=filters_for(services, snapshot, body.context, policy, body.restaurant_ids),
        k=body.k,
        personalised=body.personalised,
        instead=None if arm is snapshot else snapshot,
        reasons=body.explain != "none",
        deadline=deadline,
    )


def _policy(snapshot: MarketSnapshot, name: str | None) -> Policy:
    policy = snapshot.policies.get(name or snapshot.active_policy)
    if policy is None:
        raise NotFound(f"there is no policy {name!r}; there are {', '.join(sorted(snapshot.policies))}")
    return policy


def _open_minute(services: Services, snapshot: MarketSnapshot, open_at: datetime | str | None) -> int | None:
    if open_at is None:
        return None
    at = open_at if isinstance(open_at, datetime) else services.clock.now()
    return minute_of_week(at, snapshot.info.time_zone)
