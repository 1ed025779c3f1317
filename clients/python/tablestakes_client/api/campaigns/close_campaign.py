from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.campaign_body import CampaignBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    campaign_id: str,
    *,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match

    if not isinstance(x_reason, Unset):
        headers["X-Reason"] = x_reason

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/v1/campaigns/{campaign_id}".format(
            campaign_id=quote(str(campaign_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> CampaignBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = CampaignBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[CampaignBody]:
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
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[CampaignBody]:
    """Close a campaign: nothing is sold to it any more. It stays, for what it sold is still billed and reported.

    Args:
        campaign_id (str):
        market (None | str | Unset): May be left out where there is one market.
        if_match (None | str | Unset): The `ETag` that you have read; needed to change what exists.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[CampaignBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                campaign_id=campaign_id,
                market=market,
                if_match=if_match,
                x_reason=x_reason,
            )
        )
    )


def sync(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> CampaignBody:
    """Close a campaign: nothing is sold to it any more. It stays, for what it sold is still billed and reported.

    Args:
        campaign_id (str):
        market (None | str | Unset): May be left out where there is one market.
        if_match (None | str | Unset): The `ETag` that you have read; needed to change what exists.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        CampaignBody
    """
    return sync_detailed(
        campaign_id=campaign_id,
        client=client,
        market=market,
        if_match=if_match,
        x_reason=x_reason,
    ).parsed


async def asyncio_detailed(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[CampaignBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                campaign_id=campaign_id,
                market=market,
                if_match=if_match,
                x_reason=x_reason,
            )
        )
    )


async def asyncio(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> CampaignBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            campaign_id=campaign_id,
            client=client,
            market=market,
            if_match=if_match,
            x_reason=x_reason,
        )
    ).parsed
