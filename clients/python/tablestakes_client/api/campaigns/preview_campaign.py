from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.preview_body import PreviewBody
from ...models.preview_request import PreviewRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    campaign_id: str,
    *,
    body: PreviewRequest,
    market: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/campaigns/{campaign_id}/preview".format(
            campaign_id=quote(str(campaign_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> PreviewBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = PreviewBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[PreviewBody]:
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
    body: PreviewRequest,
    market: None | str | Unset = UNSET,
) -> Response[PreviewBody]:
    """What another bid would have brought in the last seven days. Writes nothing.

    Past auctions are held again from their records, so a restaurant without a campaign in the period has none.

    Args:
        campaign_id (str):
        market (None | str | Unset): May be left out where there is one market.
        body (PreviewRequest): A bid to be tried out.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[PreviewBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                campaign_id=campaign_id,
                body=body,
                market=market,
            )
        )
    )


def sync(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    body: PreviewRequest,
    market: None | str | Unset = UNSET,
) -> PreviewBody:
    """What another bid would have brought in the last seven days. Writes nothing.

    Past auctions are held again from their records, so a restaurant without a campaign in the period has none.

    Args:
        campaign_id (str):
        market (None | str | Unset): May be left out where there is one market.
        body (PreviewRequest): A bid to be tried out.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        PreviewBody
    """
    return sync_detailed(
        campaign_id=campaign_id,
        client=client,
        body=body,
        market=market,
    ).parsed


async def asyncio_detailed(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    body: PreviewRequest,
    market: None | str | Unset = UNSET,
) -> Response[PreviewBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                campaign_id=campaign_id,
                body=body,
                market=market,
            )
        )
    )


async def asyncio(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    body: PreviewRequest,
    market: None | str | Unset = UNSET,
) -> PreviewBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            campaign_id=campaign_id,
            client=client,
            body=body,
            market=market,
        )
    ).parsed
