"""Event intake: durable before the answer, idempotent, and one bad event never loses the good ones."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from data.columns import EventType
from services.api.dependencies import ServicesDep
from services.api.examples import EVENT, answers
from services.api.problems import BadRequest, TooLarge, Unavailable, elsewhere, field_errors
from services.api.schemas import EventReceipt, EventWrite, Rejection
from services.api.security import DINER_APP, require
from services.bootstrap import Services
from services.database.errors import StorageUnavailable
from services.events.log import Event, Outcome
from services.ranking.recency import ACTION_WEIGHTS

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[Depends(require(DINER_APP))])

_NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_AHEAD_SECONDS: Final = 86_400
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/EventWrite"},
                        {"type": "array", "items": {"$ref": "#/components/schemas/EventWrite"}},
                    ]
                },
                "example": EVENT,
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


@router.post(
    "/events",
    operation_id="postEvents",
    status_code=202,
    openapi_extra=_BODY,
    responses=answers(EventReceipt, 400, 413, 503, success=202),
)
async def events(services: ServicesDep, request: Request) -> EventReceipt:
    """Take one event, an array, or NDJSON (one JSON object a line).

    202 means that the accepted events are on disk. An event that was taken before counts as a duplicate; the same
    `event_id` with another content is rejected.
    """
    sent = _parse(await request.body(), request.headers.get("content-type", ""))
    if len(sent) > services.settings.max_event_batch:
        raise TooLarge(f"{len(sent):,} events; send {services.settings.max_event_batch:,} at most at a time")
    try:
        good, rejected = await _validated(services, sent)
        outcomes = await services.events.append([event for _, event in good]) if good else []
    except StorageUnavailable:
        raise Unavailable("the events could not be stored; send them again") from None
    accepted = [event for (_, event), outcome in zip(good, outcomes, strict=True) if outcome is Outcome.STORED]
    rejected += [
        Rejection(index=index, problem=f"event_id {event.event_id!r} was used before with another content")
        for (index, event), outcome in zip(good, outcomes, strict=True)
        if outcome is Outcome.CONFLICT
    ]
    duplicates = sum(outcome is Outcome.DUPLICATE for outcome in outcomes)
    await _remember(services, accepted)
    services.metrics.events("accepted", len(accepted))
    services.metrics.events("duplicate", duplicates)
    services.metrics.events("rejected", len(rejected))
    rejected.sort(key=lambda rejection: rejection.index)
    return EventReceipt(accepted=len(accepted), duplicates=duplicates, rejected=rejected)


def _parse(body: bytes, content_type: str) -> list[Any]:
    """The events as sent; a line of NDJSON that is no JSON stays in place as the error that it is."""
    if content_type.split(";")[0].strip().lower() in _NDJSON:
        return list(_lines(body))
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error.msg} at byte {error.pos}") from None
    return parsed if isinstance(parsed, list) else [parsed]


def _lines(body: bytes) -> Iterator[Any]:
    for line in body.splitlines():
        if line.strip():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield BadRequest(f"the line is not JSON: {error.msg}")


async def _validated(services: Services, sent: list[Any]) -> tuple[list[tuple[int, Event]], list[Rejection]]:
    bodies: list[tuple[int, EventWrite]] = []
    rejected: list[Rejection] = []
    for index, item in enumerate(sent):
        try:
            bodies.append((index, _body(services, item)))
        except ValidationError as error:
            errors = field_errors(error.errors(include_url=False, include_input=False))
            problem = "; ".join(f"{entry['where']}: {entry['problem']}".removeprefix(": ") for entry in errors[:3])
            rejected.append(Rejection(index=index, problem=problem))
        except BadRequest as problem:
            rejected.append(Rejection(index=index, problem=problem.detail))
    located = await _located(services, [body for _, body in bodies])
    good: list[tuple[int, Event]] = []
    for index, body in bodies:
        try:
            good.append((index, _event(body, _market(services, body, located))))
        except BadRequest as problem:
            rejected.append(Rejection(index=index, problem=problem.detail))
    return good, rejected


def _body(services: Services, item: Any) -> EventWrite:
    if isinstance(item, BadRequest):
        raise item
    body = EventWrite.model_validate(item)
    if (body.at - services.clock.now()).total_seconds() > _AHEAD_SECONDS:
        raise BadRequest("at: the time lies more than a day ahead")
    return body


def _event(body: EventWrite, market: str) -> Event:
    return Event(
        event_id=body.event_id,
        type=EventType(body.type),
        market=market,
        user_id=body.user_id,
        restaurant_id=body.restaurant_id,
        request_id=body.request_id,
        order_id=body.order_id,
        at=body.at,
        value=body.value,
    )


async def _located(services: Services, bodies: list[EventWrite]) -> Mapping[str, Sequence[str]]:
    """Markets of the restaurants whose markets are not all in memory, from the database in one read.

    Such are retired markets too: what happened before stays true, and orders of then are still paid for or cancelled.
    Raises StorageUnavailable.
    """
    state = services.state
    everywhere = state.has_all and len(state.served) == len(state.listed)
    wanted = {
        body.restaurant_id
        for body in bodies
        if not (everywhere if body.market is None else body.market in state.snapshots)
    }
    return await services.in_thread(services.catalogue.located, wanted) if wanted else {}


def _market(services: Services, body: EventWrite, located: Mapping[str, Sequence[str]]) -> str:
    """The market of an event; of several that have the restaurant one that is served, the first by key.

    Raises BadRequest where it has moved away, and Unavailable while it is on its way to here.
    """
    state, restaurant_id = services.state, body.restaurant_id
    if body.market is not None:
        if body.market not in state.listed:
            raise BadRequest(f"market: there is no market {body.market!r}")
        _refuse_elsewhere(services, body.market)
        there = located.get(restaurant_id, ())
        snapshot = state.snapshots.get(body.market)
        if body.market not in there and (snapshot is None or restaurant_id not in snapshot.catalogue.row_of):
            raise BadRequest(f"restaurant_id: {restaurant_id!r} is not in market {body.market}")
        return body.market
    in_memory = [market for market, one in state.snapshots.items() if restaurant_id in one.catalogue.row_of]
    known = sorted({*in_memory, *located.get(restaurant_id, ())} & state.listed.keys())
    if not known:
        raise BadRequest(f"restaurant_id: no market has a restaurant {restaurant_id!r}")
    here = [market for market in known if state.listed[market].moved_to is None]
    if not here:
        _refuse_elsewhere(services, known[0])
    return next((market for market in here if market in state.served), here[0])


def _refuse_elsewhere(services: Services, market: str) -> None:
    """An event of a market that is elsewhere belongs there: here nobody would learn from it, or bill it."""
    moved_to = services.state.listed[market].moved_to
    if moved_to:
        raise BadRequest(f"market: {market!r} has moved to {moved_to}: send its events there")
    if moved_to is not None:
        raise elsewhere(market, moved_to)


async def _remember(services: Services, accepted: list[Event]) -> None:
    """Let the diners' next lists know. A diner who is not in the cache reads the log at the next request."""
    by_diner: dict[tuple[str, str], list[Event]] = {}
    for event in accepted:
        if event.type in ACTION_WEIGHTS:
            by_diner.setdefault((event.market, event.user_id), []).append(event)
    await asyncio.gather(*(services.remember(market, user, done) for (market, user), done in by_diner.items()))
