from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.sign_off_body import SignOffBody
from ...types import UNSET, Response, Unset


def _get_kwargs(
    name: str,
    *,
    market: None | str | Unset = UNSET,
    version: int | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    json_version: int | None | Unset
    if isinstance(version, Unset):
        json_version = UNSET
    else:
        json_version = version
    params["version"] = json_version

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/policies/{name}/sign-offs".format(
            name=quote(str(name), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> SignOffBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = SignOffBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[SignOffBody]:
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
    version: int | None | Unset = UNSET,
) -> Response[SignOffBody]:
    """Who has signed a version, and who has to yet.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.
        version (int | None | Unset): By default the newest.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[SignOffBody]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                name=name,
                market=market,
                version=version,
            )
        )
    )


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    version: int | None | Unset = UNSET,
) -> SignOffBody:
    """Who has signed a version, and who has to yet.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.
        version (int | None | Unset): By default the newest.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        SignOffBody
    """
    return sync_detailed(
        name=name,
        client=client,
        market=market,
        version=version,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    version: int | None | Unset = UNSET,
) -> Response[SignOffBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                name=name,
                market=market,
                version=version,
            )
        )
    )


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    version: int | None | Unset = UNSET,
) -> SignOffBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            name=name,
            client=client,
            market=market,
            version=version,
        )
    ).parsed
