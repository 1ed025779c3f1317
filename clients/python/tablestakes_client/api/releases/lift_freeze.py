from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.freeze_body import FreezeBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
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
        "url": "/v1/freeze",
        "params": params,
    }

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
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[FreezeBody]:
    """Lift what is frozen by hand or for a spent error budget; the calendar's windows stay.

    A freeze for the budget does not come back before the budget has recovered and is spent again.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[FreezeBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                market=market,
                x_reason=x_reason,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> FreezeBody:
    """Lift what is frozen by hand or for a spent error budget; the calendar's windows stay.

    A freeze for the budget does not come back before the budget has recovered and is spent again.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        FreezeBody
    """
    return sync_detailed(
        client=client,
        market=market,
        x_reason=x_reason,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[FreezeBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                market=market,
                x_reason=x_reason,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> FreezeBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
            x_reason=x_reason,
        )
    ).parsed
