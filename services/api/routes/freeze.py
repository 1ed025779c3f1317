"""The freeze: hold releases off, say for how long and why, and see what that costs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.access.roles import Role
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.problems import Unprocessable
from services.api.reasons import ReasonDep
from services.api.release_schemas import BudgetBody, CalendarBody, FreezeBody, FreezeReason, FreezeWrite, ReleaseBody
from services.api.security import READERS, RELEASERS, RULE_WRITERS, require
from services.bootstrap import Services
from services.catalogue.records import MarketKey
from services.releases.bounds import ApprovedBounds
from services.releases.calendar import Calendar
from services.releases.overview import ndcg_of, price_of, queue_of

router = APIRouter(prefix="/v1/freeze", tags=["releases"], dependencies=[Depends(require(READERS))])

Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]
Releaser = Annotated[Role, Depends(require(RELEASERS))]
RuleWriter = Annotated[Role, Depends(require(RULE_WRITERS))]


@router.get("", operation_id="getFreeze", responses=answers(FreezeBody, 404, 410, 422, 503))
async def freeze(services: ServicesDep, market: Market = None) -> FreezeBody:
    """Whether a market is frozen and why, which challengers wait, what the standstill costs, and the error budget."""
    return await _answer(services, market_named(services, market))


@router.put("", operation_id="putFreeze", responses=answers(FreezeBody, 400, 404, 410, 413, 422, 503))
async def put_freeze(services: ServicesDep, role: Releaser, body: FreezeWrite, market: Market = None) -> FreezeBody:
    """Freeze a market until some time, or change reason and end of that.

    Frozen: nothing is promoted, tried or shadowed, by nobody; training goes on and its versions wait; policy dials move
    inside the approved bounds only; a rollback is always possible.
    """
    named = market_named(services, market)
    if body.until <= services.clock.now():
        raise Unprocessable("body.until: this time is over; name one that comes")
    await services.in_thread(services.freezes.freeze, named, body.reason, body.until, role.value)
    return await _answer(services, named)


@router.delete("", operation_id="liftFreeze", responses=answers(FreezeBody, 404, 410, 422, 503))
async def lift_freeze(services: ServicesDep, role: Releaser, reason: ReasonDep, market: Market = None) -> FreezeBody:
    """Lift what is frozen by hand or for a spent error budget; the calendar's windows stay.

    A freeze for the budget does not come back before the budget has recovered and is spent again.
    """
    named = market_named(services, market)
    await services.in_thread(services.freezes.lift, named, role.value, reason)
    return await _answer(services, named)


@router.get("/bounds", operation_id="getFreezeBounds", responses=answers(ApprovedBounds, 404, 410, 422, 503))
async def bounds(services: ServicesDep, market: Market = None) -> ApprovedBounds:
    """How far policy dials may move while the market is frozen; one that is not named may not move at all."""
    return await services.in_thread(services.freezes.bounds, market_named(services, market))


@router.put("/bounds", operation_id="putFreezeBounds", responses=answers(ApprovedBounds, 400, 404, 410, 413, 422, 503))
async def put_bounds(
    services: ServicesDep, role: RuleWriter, body: ApprovedBounds, reason: ReasonDep, market: Market = None
) -> ApprovedBounds:
    """Approve bounds beforehand. They bind in a freeze only."""
    named = market_named(services, market)
    return await services.in_thread(services.freezes.put_bounds, named, body, role.value, reason)


@router.get("/calendar", operation_id="getFreezeCalendar", responses=answers(CalendarBody, 404, 410, 422, 503))
async def calendar(services: ServicesDep, market: Market = None) -> CalendarBody:
    """The hours of the market's week in which nothing is released."""
    found = await services.in_thread(services.freezes.calendar, market_named(services, market))
    return CalendarBody(windows=list(found.root))


@router.put(
    "/calendar", operation_id="putFreezeCalendar", responses=answers(CalendarBody, 400, 404, 410, 413, 422, 503)
)
async def put_calendar(
    services: ServicesDep, role: RuleWriter, body: CalendarBody, reason: ReasonDep, market: Market = None
) -> CalendarBody:
    """Replace the windows. They follow the market's own clock, past midnight and through changes of the hour."""
    named = market_named(services, market)
    windows = Calendar(tuple(body.windows))
    stored = await services.in_thread(services.freezes.put_calendar, named, windows, role.value, reason)
    return CalendarBody(windows=list(stored.root))


async def _answer(services: Services, market: str) -> FreezeBody:
    freezes = await services.in_thread(services.freezes.active, market)
    releases = await services.in_thread(services.releases.releases, market)
    approved = await services.in_thread(services.freezes.bounds, market)
    windows = await services.in_thread(services.freezes.calendar, market)
    budget = await services.in_thread(services.minutes.budget, market, services.settings.objectives)
    return FreezeBody(
        market=market,
        frozen=bool(freezes),
        freezes=[FreezeReason.of(each) for each in freezes],
        queue=[ReleaseBody.of(release, ndcg_of(release.version)) for release in queue_of(releases)],
        price=price_of(releases, services.clock.now()),
        bounds=approved,
        calendar=list(windows.root),
        error_budget=BudgetBody.of(budget),
    )
