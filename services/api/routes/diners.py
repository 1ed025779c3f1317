"""Diners: profile, everything that is held about one, erasure."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from services.access.roles import Role
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.problems import Conflict, NotFound, elsewhere
from services.api.reasons import ReasonDep
from services.api.schemas import DinerBody, DinerPage, DinerRecord, DinerWrite, Erased, EventBody
from services.api.security import DINER_APP, READERS_OF_DINERS, require
from services.bootstrap import Held, Services
from services.catalogue.records import Diner, Identifier, MarketKey

router = APIRouter(prefix="/v1/users", tags=["diners"])

UserId = Annotated[Identifier, Path()]


@router.get(
    "",
    operation_id="listUsers",
    dependencies=[Depends(require(READERS_OF_DINERS))],
    responses=answers(DinerPage, 404, 410, 422, 503),
)
async def users(
    services: ServicesDep,
    market: Annotated[MarketKey | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=128, description="Beginning of the id.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[Identifier | None, Query(description="The last answer's `next`.")] = None,
) -> DinerPage:
    """A market's diners, by id. Protected attributes are not in the list."""
    named = market_named(services, market)
    listed = await services.in_thread(services.catalogue.diners, named, cursor, limit + 1, q or "")
    following = listed[limit - 1].user_id if len(listed) > limit else None
    return DinerPage(items=[_body(diner, protected=False) for diner in listed[:limit]], next=following)


@router.put(
    "/{user_id}",
    operation_id="putUser",
    dependencies=[Depends(require(DINER_APP))],
    responses=answers(DinerBody, 400, 404, 410, 409, 413, 422, 503),
)
async def put_user(services: ServicesDep, user_id: UserId, body: DinerWrite) -> DinerBody:
    """Store a diner's profile; the next list uses it."""
    market_named(services, body.market)
    known = await services.in_thread(services.catalogue.find_diner, user_id)
    if known is not None and known.market != body.market:
        raise Conflict(f"diner {user_id!r} lives in market {known.market}; erase the diner there first")
    record = Diner(user_id=user_id, **body.model_dump())
    stored = await services.in_thread(services.catalogue.put_diner, record)
    await services.cache.drop(body.market, user_id)
    return _body(stored)


@router.get(
    "/{user_id}",
    operation_id="getUser",
    dependencies=[Depends(require(DINER_APP))],
    responses=answers(DinerRecord, 404, 410, 422, 503),
)
async def get_user(services: ServicesDep, user_id: UserId) -> DinerRecord:
    """Everything that is held about a diner: profile, events, and how many lists were served."""
    held = await _held(services, user_id)
    listed = [
        EventBody(
            event_id=event.event_id,
            type=event.type,
            restaurant_id=event.restaurant_id,
            request_id=event.request_id,
            order_id=event.order_id,
            at=event.at,
            value=event.value,
        )
        for event in held.events
    ]
    return DinerRecord(**_body(held.diner).model_dump(), events=listed, served_lists=held.served_lists)


@router.delete(
    "/{user_id}",
    operation_id="eraseUser",
    responses=answers(Erased, 404, 410, 422, 503),
)
async def erase_user(
    services: ServicesDep, role: Annotated[Role, Depends(require(DINER_APP))], user_id: UserId, reason: ReasonDep
) -> Erased:
    """Erase a diner: profile, events, served lists, cache. The next model is trained without them.

    The audit trail keeps that it was done, under a pseudonym.
    """
    held = await _held(services, user_id)
    erased = await services.erase(held.diner.market, user_id, role, reason)
    return Erased(user_id=user_id, events=erased.events, served_lists=erased.served_lists, exports=erased.exports)


async def _held(services: Services, user_id: str) -> Held:
    """What is held about a diner, in a market that is here. Raises NotFound, MarketMoved."""
    held = await services.held(user_id)
    if held is None:
        raise NotFound(f"nothing is held about diner {user_id!r}")
    listed = services.state.listed.get(held.diner.market)
    if listed is not None and listed.moved_to is not None:
        raise elsewhere(held.diner.market, listed.moved_to)
    return held


def _body(diner: Diner, protected: bool = True) -> DinerBody:
    fields = diner.model_dump()
    if not protected:
        fields["protected"] = []
    return DinerBody.model_validate(fields)
