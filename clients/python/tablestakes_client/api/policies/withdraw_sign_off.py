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
    version: int,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_reason, Unset):
        headers["X-Reason"] = x_reason

    params: dict[str, Any] = {}

    params["version"] = version

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/v1/policies/{name}/sign-offs".format(
            name=quote(str(name), safe=""),
        ),
        "params": params,
    }

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
    version: int,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[SignOffBody]:
    """Take back the signature of the seat whose key this is, while the version is not active.

    Args:
        name (str):
        version (int):
        market (None | str | Unset): May be left out where there is one market.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.

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
                version=version,
                market=market,
                x_reason=x_reason,
            )
        )
    )


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
    version: int,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> SignOffBody:
    """Take back the signature of the seat whose key this is, while the version is not active.

    Args:
        name (str):
        version (int):
        market (None | str | Unset): May be left out where there is one market.
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        SignOffBody
    """
    return sync_detailed(
        name=name,
        client=client,
        version=version,
        market=market,
        x_reason=x_reason,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    version: int,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> Response[SignOffBody]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                name=name,
                version=version,
                market=market,
                x_reason=x_reason,
            )
        )
    )


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient,
    version: int,
    market: None | str | Unset = UNSET,
    x_reason: str | Unset = UNSET,
) -> SignOffBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            name=name,
            client=client,
            version=version,
            market=market,
            x_reason=x_reason,
        )
    ).parsed
