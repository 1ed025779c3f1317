from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.demand import Demand
from ...models.demand_body import DemandBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    seat: str,
    *,
    body: Demand,
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
        "method": "put",
        "url": "/v1/demands/{seat}".format(
            seat=quote(str(seat), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> DemandBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = DemandBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[DemandBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    seat: str,
    *,
    client: AuthenticatedClient,
    body: Demand,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[DemandBody]:
    """Say what the caller's own seat demands; the same again keeps its version.

    Limits are held against the one-sided 95 % confidence bound of what a policy comes to. Only the seat's own key
    does it, the admin's does not. The trail keeps `X-Reason`, or else the demand's `note`, as the reason.

    Args:
        seat (str):
        market (None | str | Unset): May be left out where there is one market.
        if_match (None | str | Unset): The `ETag` that you have read; needed to change what exists.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (Demand): Of one seat.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[DemandBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                seat=seat,
                body=body,
                market=market,
                if_match=if_match,
                x_reason=x_reason,
            )
        )
    )


def sync(
    seat: str,
    *,
    client: AuthenticatedClient,
    body: Demand,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> DemandBody:
    """Say what the caller's own seat demands; the same again keeps its version.

    Limits are held against the one-sided 95 % confidence bound of what a policy comes to. Only the seat's own key
    does it, the admin's does not. The trail keeps `X-Reason`, or else the demand's `note`, as the reason.

    Args:
        seat (str):
        market (None | str | Unset): May be left out where there is one market.
        if_match (None | str | Unset): The `ETag` that you have read; needed to change what exists.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.
        body (Demand): Of one seat.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        DemandBody
    """
    return sync_detailed(
        seat=seat,
        client=client,
        body=body,
        market=market,
        if_match=if_match,
        x_reason=x_reason,
    ).parsed


async def asyncio_detailed(
    seat: str,
    *,
    client: AuthenticatedClient,
    body: Demand,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[DemandBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                seat=seat,
                body=body,
                market=market,
                if_match=if_match,
                x_reason=x_reason,
            )
        )
    )


async def asyncio(
    seat: str,
    *,
    client: AuthenticatedClient,
    body: Demand,
    market: None | str | Unset = UNSET,
    if_match: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> DemandBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            seat=seat,
            client=client,
            body=body,
            market=market,
            if_match=if_match,
            x_reason=x_reason,
        )
    ).parsed
