from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.sign_off_body import SignOffBody
from ...models.sign_off_write import SignOffWrite
from ...types import UNSET, Response, Unset


def _get_kwargs(
    name: str,
    *,
    body: SignOffWrite,
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
        "url": "/v1/policies/{name}/sign-offs".format(
            name=quote(str(name), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    body: SignOffWrite,
    market: None | str | Unset = UNSET,
) -> Response[SignOffBody]:
    """Sign a version for the seat whose key this is.

    The last signature activates the version. Where a freeze or another champion holds that back, the signature is
    kept and `held_back` says what is waited for. Signing again changes nothing.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.
        body (SignOffWrite): A seat's consent; the key says which seat.

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
                body=body,
                market=market,
            )
        )
    )


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
    body: SignOffWrite,
    market: None | str | Unset = UNSET,
) -> SignOffBody:
    """Sign a version for the seat whose key this is.

    The last signature activates the version. Where a freeze or another champion holds that back, the signature is
    kept and `held_back` says what is waited for. Signing again changes nothing.

    Args:
        name (str):
        market (None | str | Unset): May be left out where there is one market.
        body (SignOffWrite): A seat's consent; the key says which seat.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        SignOffBody
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
    body: SignOffWrite,
    market: None | str | Unset = UNSET,
) -> Response[SignOffBody]:
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
    body: SignOffWrite,
    market: None | str | Unset = UNSET,
) -> SignOffBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            name=name,
            client=client,
            body=body,
            market=market,
        )
    ).parsed
