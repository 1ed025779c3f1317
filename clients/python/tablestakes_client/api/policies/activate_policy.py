from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.activation import Activation
from ...models.policy_body import PolicyBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    name: str,
    *,
    body: Activation,
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
        "url": "/v1/policies/{name}/activate".format(
            name=quote(str(name), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    body: Activation,
    market: None | str | Unset = UNSET,
) -> Response[PolicyBody]:
    """Let a version make the market's lists; processes follow within a second.

    Any seat can do this with a version that all seats have signed: to go back to an earlier one, or when what held
    the last signature back is over. Only the admin can go without signatures, by an override that the trail shows
    as such.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.
        body (Activation): Which version is to be active.

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
                body=body,
                market=market,
            )
        )
    )


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
    body: Activation,
    market: None | str | Unset = UNSET,
) -> PolicyBody:
    """Let a version make the market's lists; processes follow within a second.

    Any seat can do this with a version that all seats have signed: to go back to an earlier one, or when what held
    the last signature back is over. Only the admin can go without signatures, by an override that the trail shows
    as such.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.
        body (Activation): Which version is to be active.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        PolicyBody
    """
    return sync_detailed(
        name=name,
        client=client,
        body=body,
        market=market,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    body: Activation,
    market: None | str | Unset = UNSET,
) -> Response[PolicyBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                name=name,
                body=body,
                market=market,
            )
        )
    )


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient,
    body: Activation,
    market: None | str | Unset = UNSET,
) -> PolicyBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            name=name,
            client=client,
            body=body,
            market=market,
        )
    ).parsed
