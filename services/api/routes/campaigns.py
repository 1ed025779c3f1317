"""Campaigns: who pays for which restaurant's places, and what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Final, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BeforeValidator

from data.dataset import MarketInfo
from services.access.roles import Role
from services.ads.campaigns import (
    CampaignConflict,
    CampaignNotFound,
    StoredCampaign,
    UnknownRestaurant,
    VersionMismatch,
)
from services.ads.report import CampaignReport, PeriodError, report_csv
from services.api.asking import market_named, snapshot_for
from services.api.campaign_schemas import CampaignBody, CampaignPage, CampaignWrite, PreviewBody, PreviewRequest
from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.preconditions import IfMatch, etag, seen_version
from services.api.problems import Conflict, NotFound, PreconditionFailed, Unprocessable
from services.api.reasons import ReasonDep
from services.api.security import CAMPAIGNS, READERS, require
from services.bootstrap import Services
from services.catalogue.records import Identifier, MarketKey
from services.exact import no_number_for_a_time
from services.serving.preview import preview

Day = Annotated[date, BeforeValidator(no_number_for_a_time)]
router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], dependencies=[Depends(require(READERS))])

CampaignId = Annotated[Identifier, Path()]
Market = Annotated[MarketKey | None, Query(description="May be left out where there is one market.")]
Sales = Annotated[Role, Depends(require(CAMPAIGNS))]
_REPORT: Final = answers(CampaignReport, 404, 410, 422, 503)
_REPORT[200]["content"] = {"text/csv": {"schema": {"type": "string", "description": "One line a day."}}}


@router.get("", operation_id="listCampaigns", responses=answers(CampaignPage, 404, 410, 422, 503))
async def campaigns(
    services: ServicesDep,
    market: Market = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[Identifier | None, Query(description="The last answer's `next`.")] = None,
) -> CampaignPage:
    """A market's campaigns by id, closed ones too."""
    info = _market(services, market)
    listed = await services.in_thread(services.campaigns.page, info.market, cursor, limit + 1)
    following = listed[limit - 1].campaign.campaign_id if len(listed) > limit else None
    return CampaignPage(items=[CampaignBody.of(stored) for stored in listed[:limit]], next=following)


@router.get("/{campaign_id}", operation_id="getCampaign", responses=answers(CampaignBody, 404, 410, 422, 503))
async def campaign(
    services: ServicesDep, response: Response, campaign_id: CampaignId, market: Market = None
) -> CampaignBody:
    """One campaign; `ETag` is what a change has to send as `If-Match`."""
    stored = await _stored(services, _market(services, market), campaign_id)
    return _answer(response, stored)


@router.put(
    "/{campaign_id}",
    operation_id="putCampaign",
    responses=answers(CampaignBody, 400, 404, 410, 409, 412, 413, 422, 428, 503),
)
async def put_campaign(
    services: ServicesDep,
    response: Response,
    role: Sales,
    campaign_id: CampaignId,
    body: CampaignWrite,
    if_match: IfMatch = None,
    reason: ReasonDep = "",
) -> CampaignBody:
    """Add a campaign, change it, or open it again after it was closed; lists follow within a second.

    A restaurant has one campaign at a time: schedules that overlap are a conflict.
    """
    market = _market(services, body.market).market
    known = await services.in_thread(services.campaigns.get, market, campaign_id)
    version = seen_version(f"campaign {campaign_id!r}", if_match, known.version if known else None)
    with _problems():
        stored = await services.in_thread(
            services.campaigns.put, body.campaign(campaign_id, market), version, role.value, reason
        )
    return _answer(response, stored)


@router.delete(
    "/{campaign_id}",
    operation_id="closeCampaign",
    responses=answers(CampaignBody, 404, 410, 412, 422, 428, 503),
)
async def close_campaign(
    services: ServicesDep,
    response: Response,
    role: Sales,
    campaign_id: CampaignId,
    market: Market = None,
    if_match: IfMatch = None,
    reason: ReasonDep = "",
) -> CampaignBody:
    """Close a campaign: nothing is sold to it any more. It stays, for what it sold is still billed and reported."""
    known = await _stored(services, _market(services, market), campaign_id)
    seen_version(f"campaign {campaign_id!r}", if_match, known.version)
    with _problems():
        stored = await services.in_thread(
            services.campaigns.close, known.campaign.market, campaign_id, known.version, role.value, reason
        )
    return _answer(response, stored)


@router.get(
    "/{campaign_id}/report",
    operation_id="getCampaignReport",
    response_model=CampaignReport,
    responses=_REPORT,
)
async def campaign_report(
    services: ServicesDep,
    campaign_id: CampaignId,
    market: Market = None,
    first: Annotated[Day | None, Query(alias="from", description="First local day; by default four weeks.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Last local day; by default today.")] = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> CampaignReport | Response:
    """What was sold to a campaign, what it cost, what came of it, and what it lost and why."""
    info = _market(services, market)
    stored = await _stored(services, info, campaign_id)
    try:
        report = await services.in_thread(services.reports.report, stored, info, first, last)
    except PeriodError as error:
        raise Unprocessable(f"query.from, query.to: {error}") from None
    if form == "json":
        return report
    disposition = {"Content-Disposition": 'attachment; filename="campaign-report.csv"'}
    return Response(report_csv(report), headers=disposition, media_type="text/csv; charset=utf-8")


@router.post(
    "/{campaign_id}/preview",
    operation_id="previewCampaign",
    response_model=PreviewBody,
    responses=answers(PreviewBody, 400, 404, 410, 409, 413, 422, 503),
    dependencies=[Depends(require(CAMPAIGNS))],
)
async def preview_campaign(
    services: ServicesDep, campaign_id: CampaignId, body: PreviewRequest, market: Market = None
) -> Response:
    """What another bid would have brought in the last seven days. Writes nothing.

    Past auctions are held again from their records, so a restaurant without a campaign in the period has none.
    """
    info = _market(services, market)
    stored = await _stored(services, info, campaign_id)
    campaign = stored.campaign
    budget = campaign.daily_budget if body.daily_budget is None else body.daily_budget
    snapshot = await snapshot_for(services, info.market)
    found = await services.in_thread(
        preview, services.served, snapshot, campaign, body.bid, budget, services.clock.now()
    )
    if found is None:
        raise Conflict(f"market {info.market} sells no places under its active policy {snapshot.active_policy!r}")
    return Response(orjson.dumps(found, option=orjson.OPT_UTC_Z), media_type="application/json")


def _market(services: Services, market: str | None) -> MarketInfo:
    return services.state.served[market_named(services, market)].info


async def _stored(services: Services, info: MarketInfo, campaign_id: str) -> StoredCampaign:
    stored = await services.in_thread(services.campaigns.get, info.market, campaign_id)
    if stored is None:
        raise NotFound(f"market {info.market} has no campaign {campaign_id!r}")
    return stored


def _answer(response: Response, stored: StoredCampaign) -> CampaignBody:
    response.headers["ETag"] = etag(stored.version)
    return CampaignBody.of(stored)


@contextmanager
def _problems() -> Iterator[None]:
    """What the store refuses, as the problem that the client sees."""
    try:
        yield
    except CampaignNotFound as error:
        raise NotFound(str(error)) from None
    except CampaignConflict as error:
        raise Conflict(str(error)) from None
    except VersionMismatch as error:
        raise PreconditionFailed(str(error)) from None
    except UnknownRestaurant as error:
        raise Unprocessable(f"body.restaurant_id: {error}") from None
