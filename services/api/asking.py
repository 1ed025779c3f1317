"""From a validated query to what the recommender understands."""

from datetime import datetime
from math import inf

from data.hours import minute_of_week
from services.api.problems import NotFound, Unavailable, Unprocessable
from services.api.schemas import Context, RankingRequest, RecommendationQuery
from services.bootstrap import Services
from services.ranking.candidates import Filters
from services.serving.recommender import Ask
from services.serving.snapshot import MarketSnapshot
from services.stakeholders.policy import Policy


def snapshot_for(services: Services, market: str | None, user_id: str | None = None) -> MarketSnapshot:
    """The market asked for; else the only one; else the one whose model knows the diner."""
    snapshots = services.state.snapshots
    if not snapshots:
        raise Unavailable("no market is served yet: `tablestakes train DIR` registers a model", retry_after_seconds=5)
    if market is not None:
        if market not in snapshots:
            raise NotFound(f"there is no market {market!r}; there are {', '.join(sorted(snapshots))}")
        return snapshots[market]
    if len(snapshots) == 1:
        return next(iter(snapshots.values()))
    for snapshot in snapshots.values():
        if user_id is not None and snapshot.artifact.diner_row(user_id) is not None:
            return snapshot
    raise Unprocessable(f"query.market: name one of {', '.join(sorted(snapshots))}; this diner is not known in any")


def market_named(services: Services, market: str | None) -> str:
    """The market that a write or a report is about: it may be left out only where there is one."""
    served = services.state.snapshots
    if market is None and len(served) > 1:
        raise Unprocessable(f"market: name one of {', '.join(sorted(served))}")
    return snapshot_for(services, market).info.market


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


def ask_for(services: Services, query: RecommendationQuery, deadline: float = inf) -> Ask:
    """`GET /v1/recommendations` as an Ask."""
    snapshot = snapshot_for(services, query.market, query.user_id)
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


def ask_for_ranking(services: Services, body: RankingRequest, deadline: float = inf) -> Ask:
    """`POST /v1/rankings` as an Ask over the named restaurants."""
    snapshot = snapshot_for(services, body.market, body.user_id)
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
