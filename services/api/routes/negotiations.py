"""Negotiations: settle over a front that has been evaluated, for real or to see what would happen."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from services.access.roles import Role
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.negotiation_schemas import NegotiationBody, NegotiationPage, NegotiationRequest
from services.api.problems import Conflict, Forbidden, NotFound, Unprocessable
from services.api.reasons import ReasonDep
from services.api.security import NEGOTIATORS, READERS, require
from services.bootstrap import Services
from services.catalogue.records import MarketKey
from services.stakeholders.fronts import FrontError
from services.stakeholders.negotiation.demand import DemandError
from services.stakeholders.negotiations import Negotiation
from services.stakeholders.seats import signing

router = APIRouter(prefix="/v1/negotiations", tags=["negotiation"], dependencies=[Depends(require(READERS))])

NegotiationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]


@router.post("", operation_id="startNegotiation", responses=answers(NegotiationBody, 400, 404, 410, 409, 413, 422, 503))
async def negotiate(
    services: ServicesDep,
    role: Annotated[Role, Depends(require(READERS))],
    body: NegotiationRequest,
    market: Market = None,
    reason: ReasonDep = "",
) -> NegotiationBody:
    """Find the settlement, or who blocks whom, over the policies of an evaluated front.

    Without `demands` it is by what the seats have stored, it is kept, and a settlement becomes a policy
    `settlement-…` that can be signed; the same demands over the same front are the same negotiation. With `demands` it
    is a what-if that leaves no trace, open to all who read. `evaluated` says how old the front is; `tablestakes
    negotiate` makes a new one.
    """
    if body.demands is None and role not in NEGOTIATORS:
        raise Forbidden(f"the role {role} may ask what if, with `demands`, and not negotiate for real")
    named = market_named(services, market or body.market)
    if body.market is not None and body.market != named:
        raise Unprocessable(f"market: the query says {market}, the body {body.market}: say one of them")
    try:
        return NegotiationBody.of(await services.in_thread(_negotiate, services, named, body, role, reason))
    except FrontError as error:
        raise NotFound(str(error)) from None
    except DemandError as error:
        if body.demands is None:
            raise Conflict(str(error)) from None
        raise Unprocessable(f"body.demands.{error}") from None


@router.get("", operation_id="listNegotiations", responses=answers(NegotiationPage, 404, 410, 422, 503))
async def negotiations(
    services: ServicesDep, market: Market = None, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> NegotiationPage:
    """Negotiations that were kept, the newest first."""
    named = market_named(services, market)
    found = await services.in_thread(services.negotiations.newest, named, limit)
    return NegotiationPage(items=[NegotiationBody.of(one) for one in found])


@router.get("/{negotiation_id}", operation_id="getNegotiation", responses=answers(NegotiationBody, 404, 410, 422, 503))
async def negotiation(services: ServicesDep, negotiation_id: NegotiationId, market: Market = None) -> NegotiationBody:
    """A negotiation that was kept."""
    named = market_named(services, market)
    found = await services.in_thread(services.negotiations.get, named, negotiation_id)
    if found is None:
        raise NotFound(f"market {named} has no negotiation {negotiation_id}")
    return NegotiationBody.of(found)


def _negotiate(services: Services, market: str, body: NegotiationRequest, role: Role, reason: str) -> Negotiation:
    if body.demands is None:
        return services.negotiations.settle(market, body.front_id, role.value, reason)
    seats = {seat.name for seat in signing()}
    if unknown := sorted(set(body.demands) - seats):
        raise DemandError(f"{unknown[0]}: no seat that demands; there are {', '.join(sorted(seats))}")
    return services.negotiations.what_if(market, body.front_id, body.demands, role.value)
