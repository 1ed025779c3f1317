"""Demands: what each seat insists on. Everybody at the table sees them, each seat changes its own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from services.access.roles import Role
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.negotiation_schemas import DemandBody, DemandPage
from services.api.preconditions import IfMatch, etag, seen_version
from services.api.problems import Forbidden, NotFound, PreconditionFailed
from services.api.reasons import ReasonDep
from services.api.security import DEMANDERS, READERS, require
from services.catalogue.records import MarketKey
from services.stakeholders.demands import DemandVersionMismatch
from services.stakeholders.negotiation.demand import Demand
from services.stakeholders.seats import SEATS

router = APIRouter(prefix="/v1/demands", tags=["negotiation"], dependencies=[Depends(require(READERS))])

SeatName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$", examples=["sales"])]
Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]


@router.get("", operation_id="listDemands", responses=answers(DemandPage, 404, 410, 422, 503))
async def demands(services: ServicesDep, market: Market = None) -> DemandPage:
    """What the seats of a market demand."""
    named = market_named(services, market)
    stored = await services.in_thread(services.demands.of, named)
    return DemandPage(items=[DemandBody.of(named, one) for one in stored.values()])


@router.get("/{seat}", operation_id="getDemand", responses=answers(DemandBody, 404, 410, 422, 503))
async def demand(services: ServicesDep, response: Response, seat: SeatName, market: Market = None) -> DemandBody:
    """What a seat demands; `ETag` is what a change has to send as `If-Match`."""
    named = market_named(services, market)
    stored = (await services.in_thread(services.demands.of, named)).get(seat)
    if stored is None:
        raise NotFound(f"the seat {seat!r} has demanded nothing in market {named}")
    response.headers["ETag"] = etag(stored.version)
    return DemandBody.of(named, stored)


@router.put("/{seat}", operation_id="putDemand", responses=answers(DemandBody, 400, 404, 410, 412, 413, 422, 428, 503))
async def put_demand(
    services: ServicesDep,
    response: Response,
    role: Annotated[Role, Depends(require(DEMANDERS))],
    seat: SeatName,
    body: Demand,
    market: Market = None,
    if_match: IfMatch = None,
    reason: ReasonDep = "",
) -> DemandBody:
    """Say what the caller's own seat demands; the same again keeps its version.

    Limits are held against the one-sided 95 % confidence bound of what a policy comes to. Only the seat's own key does
    it, the admin's does not. The trail keeps `X-Reason`, or else the demand's `note`, as the reason.
    """
    if seat not in {one.name for one in SEATS}:
        raise NotFound(f"there is no seat {seat!r}; there are {', '.join(one.name for one in SEATS)}")
    if seat != role.value:
        raise Forbidden(f"{role} cannot demand for {seat}: a demand takes the seat's own key")
    named = market_named(services, market)
    known = (await services.in_thread(services.demands.of, named)).get(seat)
    seen = seen_version(f"the demand of {seat}", if_match, None if known is None else known.version)
    try:
        stored = await services.in_thread(services.demands.put, named, seat, body, seen, role.value, reason)
    except DemandVersionMismatch as error:
        raise PreconditionFailed(str(error)) from None
    response.headers["ETag"] = etag(stored.version)
    return DemandBody.of(named, stored)
