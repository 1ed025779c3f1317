"""Who is shown for what, who is served how well, and a restaurant's own view of it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse

from models.fairness.report import CANNOT_SAY, content_security_policy, html, sentence
from services.api.asking import market_named
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.fairness_schemas import ExposureBody, FairnessBody
from services.api.forms import page_headers
from services.api.problems import NotFound, Unavailable
from services.api.security import READERS, require
from services.catalogue.records import Identifier, MarketKey
from services.stakeholders.fairness import DEFAULT_DAYS, UnknownRestaurant
from services.stakeholders.scorecard.store import MAX_DAYS, Busy, UnknownMarket

router = APIRouter(prefix="/v1", tags=["fairness"], dependencies=[Depends(require(READERS))])

_RETRY_SECONDS: Final = 3
_PAGE_ERRORS: Final = {
    status: told for status, told in answers(FairnessBody, 404, 410, 422, 503).items() if status != 200
}

Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]
Days = Annotated[int, Query(ge=1, le=MAX_DAYS, description="So many days, beside as many before them.")]


@router.get("/fairness", operation_id="getFairness", responses=answers(FairnessBody, 404, 410, 422, 503))
async def fairness(services: ServicesDep, market: Market = None, days: Days = DEFAULT_DAYS) -> FairnessBody:
    """Exposure per merit of groups of restaurants, organic and paid apart, and how well groups of diners are served.

    From the served lists and what became of them. Groups of fewer than 5 restaurants or 20 diners are not shown. A
    process keeps a report for a minute at least, and makes one at a time: 503 where there is none yet.
    """
    found = await _report(services, market, days)
    told = [{**one, "words": sentence(one)} for one in found["comparisons"]]
    return FairnessBody.model_validate({**found, "comparisons": told, "cannot_say": list(CANNOT_SAY)})


@router.get(
    "/fairness/report",
    operation_id="getFairnessReport",
    response_class=HTMLResponse,
    responses={**_PAGE_ERRORS, 200: {"content": {"text/html": {}}, "description": "The page."}},
)
async def report(services: ServicesDep, market: Market = None, days: Days = DEFAULT_DAYS) -> HTMLResponse:
    """The same as one page with pictures, for people; it needs nothing from elsewhere."""
    document = await _report(services, market, days)
    page = await services.in_thread(html, document, f"Fairness in {document['about']['market']}")
    return HTMLResponse(page, headers=page_headers(content_security_policy()))


@router.get(
    "/restaurants/{restaurant_id}/exposure",
    operation_id="getRestaurantExposure",
    responses=answers(ExposureBody, 404, 410, 422, 503),
)
async def exposure(
    services: ServicesDep,
    restaurant_id: Annotated[Identifier, Path()],
    market: Market = None,
    days: Days = DEFAULT_DAYS,
) -> ExposureBody:
    """Why a restaurant is shown as often as it is: its groups, its merit, paid and organic, against its groups'."""
    named = market_named(services, market)
    try:
        found = await services.in_thread(services.fairness.exposure, named, restaurant_id, days)
    except UnknownMarket:
        raise NotFound(f"there is no market {named!r}") from None
    except UnknownRestaurant:
        raise NotFound(f"market {named} has no restaurant {restaurant_id!r}") from None
    except Busy as error:
        raise Unavailable(str(error), _RETRY_SECONDS) from None
    return ExposureBody.model_validate(found)


async def _report(services: ServicesDep, market: str | None, days: int) -> dict[str, Any]:
    named = market_named(services, market)
    try:
        return await services.in_thread(services.fairness.of, named, days)
    except UnknownMarket:
        raise NotFound(f"there is no market {named!r}") from None
    except Busy as error:
        raise Unavailable(str(error), _RETRY_SECONDS) from None
