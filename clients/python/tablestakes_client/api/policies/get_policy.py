from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.policy_body import PolicyBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    name: str,
    *,
    market: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/policies/{name}".format(
            name=quote(str(name), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> PolicyBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = PolicyBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[PolicyBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[PolicyBody]:
    """The newest version; `ETag` is what a change has to send as `If-Match`.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[PolicyBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                name=name,
                market=market,
            )
        )
    )


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> PolicyBody:
    """The newest version; `ETag` is what a change has to send as `If-Match`.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        PolicyBody
    """
    return sync_detailed(
        name=name,
        client=client,
        market=market,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[PolicyBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                name=name,
                market=market,
            )
        )
    )


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> PolicyBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            name=name,
            client=client,
            market=market,
        )
    ).parsed
