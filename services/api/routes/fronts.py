"""Fronts: which policies were tried, and what each of them came to. They are made by `tablestakes negotiate`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.front_schemas import FrontBody, FrontPage
from services.api.problems import NotFound
from services.api.security import READERS, require
from services.bootstrap import Services
from services.catalogue.records import MarketKey
from services.stakeholders.fronts import FrontError

router = APIRouter(prefix="/v1/fronts", tags=["negotiation"], dependencies=[Depends(require(READERS))])

FrontId = Annotated[str, Path(pattern=r"^[0-9a-f]{16,64}$")]
Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]


@router.get("", operation_id="listFronts", responses=answers(FrontPage, 404, 410, 422, 503))
async def fronts(
    services: ServicesDep, market: Market = None, limit: Annotated[int, Query(ge=1, le=20)] = 20
) -> FrontPage:
    """Fronts that are kept for a market, the newest first; that one is bargained over where none is named."""
    named = market_named(services, market)
    return FrontPage.of(named, await services.in_thread(services.fronts.newest, named, limit), services.clock.now())


@router.get("/{front_id}", operation_id="getFront", responses=answers(FrontBody, 404, 410, 422, 503))
async def front(services: ServicesDep, front_id: FrontId, market: Market = None) -> FrontBody:
    """A front with all its policies: each one's numbers with their intervals, and the seats' shares.

    Shares are those of a table at which nobody demands anything; `POST /v1/negotiations` bargains by demands.
    """
    named = market_named(services, market)
    try:
        return await services.in_thread(_front, services, named, front_id)
    except FrontError as error:
        raise NotFound(str(error)) from None


def _front(services: Services, market: str, front_id: str) -> FrontBody:
    return FrontBody.of(market, services.fronts.get(market, front_id), services.clock.now())
