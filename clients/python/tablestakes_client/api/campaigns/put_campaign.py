from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.campaign_body import CampaignBody
from ...models.campaign_write import CampaignWrite
from ...types import UNSET, Response, Unset


def _get_kwargs(
    campaign_id: str,
    *,
    body: CampaignWrite,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match

    if not isinstance(x_reason, Unset):
        headers["X-Reason"] = x_reason

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/v1/campaigns/{campaign_id}".format(
            campaign_id=quote(str(campaign_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

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
    body: CampaignWrite,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[CampaignBody]:
    """Add a campaign, change it, or open it again after it was closed; lists follow within a second.

    A restaurant has one campaign at a time: schedules that overlap are a conflict.

    Args:
        campaign_id (str):
        if_match (None | str | Unset): The `ETag` that you have read; needed to change what exists.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (CampaignWrite): What a payer offers for a place of a restaurant; the path names the campaign's id.

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
                body=body,
                if_match=if_match,
                x_reason=x_reason,
            )
        )
    )


def sync(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    body: CampaignWrite,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> CampaignBody:
    """Add a campaign, change it, or open it again after it was closed; lists follow within a second.

    A restaurant has one campaign at a time: schedules that overlap are a conflict.

    Args:
        campaign_id (str):
        if_match (None | str | Unset): The `ETag` that you have read; needed to change what exists.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (CampaignWrite): What a payer offers for a place of a restaurant; the path names the campaign's id.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        CampaignBody
    """
    return sync_detailed(
        campaign_id=campaign_id,
        client=client,
        body=body,
        if_match=if_match,
        x_reason=x_reason,
    ).parsed


async def asyncio_detailed(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    body: CampaignWrite,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[CampaignBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                campaign_id=campaign_id,
                body=body,
                if_match=if_match,
                x_reason=x_reason,
            )
        )
    )


async def asyncio(
    campaign_id: str,
    *,
    client: AuthenticatedClient,
    body: CampaignWrite,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> CampaignBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            campaign_id=campaign_id,
            client=client,
            body=body,
            if_match=if_match,
            x_reason=x_reason,
        )
    ).parsed
