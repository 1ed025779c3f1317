from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.freeze_body import FreezeBody
from ...models.freeze_write import FreezeWrite
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: FreezeWrite,
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
        "method": "put",
        "url": "/v1/freeze",
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> FreezeBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = FreezeBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[FreezeBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: FreezeWrite,
    market: None | str | Unset = UNSET,
) -> Response[FreezeBody]:
    """Freeze a market until some time, or change reason and end of that.

    Frozen: nothing is promoted, tried or shadowed, by nobody; training goes on and its versions wait; policy dials
    move inside the approved bounds only; a rollback is always possible.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        body (FreezeWrite): A freeze by hand.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[FreezeBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                body=body,
                market=market,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    body: FreezeWrite,
    market: None | str | Unset = UNSET,
) -> FreezeBody:
    """Freeze a market until some time, or change reason and end of that.

    Frozen: nothing is promoted, tried or shadowed, by nobody; training goes on and its versions wait; policy dials
    move inside the approved bounds only; a rollback is always possible.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        body (FreezeWrite): A freeze by hand.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        FreezeBody
    """
    return sync_detailed(
        client=client,
        body=body,
        market=market,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: FreezeWrite,
    market: None | str | Unset = UNSET,
) -> Response[FreezeBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                body=body,
                market=market,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: FreezeWrite,
    market: None | str | Unset = UNSET,
) -> FreezeBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
            market=market,
        )
    ).parsed
