"""Who sits at the table, and how each of them fares."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.problems import NotFound, Unavailable
from services.api.scorecard_schemas import ScorecardBody, SeatBody, SeatPage
from services.api.security import READERS, require
from services.catalogue.records import MarketKey
from services.stakeholders.scorecard.card import document
from services.stakeholders.scorecard.store import DEFAULT_DAYS, MAX_DAYS, Busy, UnknownMarket
from services.stakeholders.seats import SEATS

router = APIRouter(prefix="/v1", tags=["seats"], dependencies=[Depends(require(READERS))])

_RETRY_SECONDS: Final = 2
"""Most scorecards are made by then."""


@router.get("/seats", operation_id="listSeats", responses=answers(SeatPage))
async def seats() -> SeatPage:
    """All seats: what each wants, its numbers, the dials it moves, what it never trades, and whether it signs."""
    return SeatPage(items=[SeatBody.of(seat) for seat in SEATS])


@router.get("/scorecard", operation_id="getScorecard", responses=answers(ScorecardBody, 404, 410, 422, 503))
async def scorecard(
    services: ServicesDep,
    market: Annotated[MarketKey | None, Query(description="May be left out where there is one market.")] = None,
    days: Annotated[
        int, Query(ge=1, le=MAX_DAYS, description="So many days, beside as many before them.")
    ] = DEFAULT_DAYS,
) -> ScorecardBody:
    """Every seat's numbers now, with 95 % intervals, targets, and the change from the window before.

    A number that cannot be computed is null, with the reason. A process keeps a scorecard for five seconds, or for ten
    times as long as it took to make where that is longer, and makes one at a time: meanwhile the others are answered as
    they were kept, and 503 where there is none yet. `until` says when it was made.
    """
    named = market_named(services, market)
    try:
        card = await services.in_thread(services.scorecards.of, named, days)
    except UnknownMarket:
        raise NotFound(f"there is no market {named!r}") from None
    except Busy as error:
        raise Unavailable(str(error), _RETRY_SECONDS) from None
    return ScorecardBody.model_validate(document(card))
