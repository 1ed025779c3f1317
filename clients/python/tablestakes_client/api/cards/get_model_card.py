from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.model_card import ModelCard
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    market: None | str | Unset = UNSET,
    version: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    json_version: None | str | Unset
    if isinstance(version, Unset):
        json_version = UNSET
    else:
        json_version = version
    params["version"] = json_version

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/model-card",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ModelCard:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = ModelCard.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[ModelCard]:
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
    version: None | str | Unset = UNSET,
) -> Response[ModelCard]:
    """What a version is, what it has learnt from, how well it does overall and by group, and what it does not know.

    As JSON, Markdown or a page of HTML that needs nothing else. A part that was not measured is null, and
    `not_measured` says why. `changes` compares with the last champion before it. Without a market it is found by
    the version.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        version (None | str | Unset): By default the market's champion. A `+` that arrives as a blank is read as
            `+`.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[ModelCard]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                market=market,
                version=version,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    version: None | str | Unset = UNSET,
) -> ModelCard:
    """What a version is, what it has learnt from, how well it does overall and by group, and what it does not know.

    As JSON, Markdown or a page of HTML that needs nothing else. A part that was not measured is null, and
    `not_measured` says why. `changes` compares with the last champion before it. Without a market it is found by
    the version.

    Args:
        market (None | str | Unset): May be left out where there is one market.
        version (None | str | Unset): By default the market's champion. A `+` that arrives as a blank is read as
            `+`.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        ModelCard
    """
    return sync_detailed(
        client=client,
        market=market,
        version=version,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    version: None | str | Unset = UNSET,
) -> Response[ModelCard]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                market=market,
                version=version,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    version: None | str | Unset = UNSET,
) -> ModelCard:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            market=market,
            version=version,
        )
    ).parsed
