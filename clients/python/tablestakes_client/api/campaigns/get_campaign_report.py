import datetime
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.campaign_report import CampaignReport
from ...types import UNSET, Response, Unset


def _get_kwargs(
    campaign_id: str,
    *,
    market: None | str | Unset = UNSET,
    from_: datetime.date | None | Unset = UNSET,
    to: datetime.date | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    json_from_: None | str | Unset
    if isinstance(from_, Unset):
        json_from_ = UNSET
    elif isinstance(from_, datetime.date):
        json_from_ = from_.isoformat()
    else:
        json_from_ = from_
    params["from"] = json_from_

    json_to: None | str | Unset
    if isinstance(to, Unset):
        json_to = UNSET
    elif isinstance(to, datetime.date):
        json_to = to.isoformat()
    else:
        json_to = to
    params["to"] = json_to

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/campaigns/{campaign_id}/report".format(
            campaign_id=quote(str(campaign_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> CampaignReport:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = CampaignReport.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[CampaignReport]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    from_: datetime.date | None | Unset = UNSET,
    to: datetime.date | None | Unset = UNSET,
) -> Response[CampaignReport]:
    """What was sold to a campaign, what it cost, what came of it, and what it lost and why.

    Args:
        campaign_id (str):
        market (None | str | Unset): May be left out where there is one market.
        from_ (datetime.date | None | Unset): First local day; by default four weeks.
        to (datetime.date | None | Unset): Last local day; by default today.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[CampaignReport]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                campaign_id=campaign_id,
                market=market,
                from_=from_,
                to=to,
            )
        )
    )


def sync(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    from_: datetime.date | None | Unset = UNSET,
    to: datetime.date | None | Unset = UNSET,
) -> CampaignReport:
    """What was sold to a campaign, what it cost, what came of it, and what it lost and why.

    Args:
        campaign_id (str):
        market (None | str | Unset): May be left out where there is one market.
        from_ (datetime.date | None | Unset): First local day; by default four weeks.
        to (datetime.date | None | Unset): Last local day; by default today.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        CampaignReport
    """
    return sync_detailed(
        campaign_id=campaign_id,
        client=client,
        market=market,
        from_=from_,
        to=to,
    ).parsed


async def asyncio_detailed(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    from_: datetime.date | None | Unset = UNSET,
    to: datetime.date | None | Unset = UNSET,
) -> Response[CampaignReport]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                campaign_id=campaign_id,
                market=market,
                from_=from_,
                to=to,
            )
        )
    )


async def asyncio(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    from_: datetime.date | None | Unset = UNSET,
    to: datetime.date | None | Unset = UNSET,
) -> CampaignReport:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            campaign_id=campaign_id,
            client=client,
            market=market,
            from_=from_,
            to=to,
        )
    ).parsed
