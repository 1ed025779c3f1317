from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.moving import Moving
from ...models.release_body import ReleaseBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    version: str,
    *,
    body: Moving,
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
        "url": "/v1/releases/{version}/withdraw".format(
            version=quote(str(version), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> ReleaseBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = ReleaseBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[ReleaseBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    version: str,
    *,
    client: AuthenticatedClient,
    body: Moving,
    market: None | str | Unset = UNSET,
) -> Response[ReleaseBody]:
    """End a trial without blame: the version waits again. Always possible.

    Args:
        version (str):
        market (None | str | Unset): May be left out where there is one market.
        body (Moving): Why.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[ReleaseBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                version=version,
                body=body,
                market=market,
            )
        )
    )


def sync(
    version: str,
    *,
    client: AuthenticatedClient,
    body: Moving,
    market: None | str | Unset = UNSET,
) -> ReleaseBody:
    """End a trial without blame: the version waits again. Always possible.

    Args:
        version (str):
        market (None | str | Unset): May be left out where there is one market.
        body (Moving): Why.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        ReleaseBody
    """
    return sync_detailed(
        version=version,
        client=client,
        body=body,
        market=market,
    ).parsed


async def asyncio_detailed(
    version: str,
    *,
    client: AuthenticatedClient,
    body: Moving,
    market: None | str | Unset = UNSET,
) -> Response[ReleaseBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                version=version,
                body=body,
                market=market,
            )
        )
    )


async def asyncio(
    version: str,
    *,
    client: AuthenticatedClient,
    body: Moving,
    market: None | str | Unset = UNSET,
) -> ReleaseBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            version=version,
            client=client,
            body=body,
            market=market,
        )
    ).parsed
