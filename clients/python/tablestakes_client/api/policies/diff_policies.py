from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.difference_page import DifferencePage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    name: str,
    before: int,
    after: int,
    *,
    market: None | str | Unset = UNSET,
    against: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_market: None | str | Unset
    if isinstance(market, Unset):
        json_market = UNSET
    else:
        json_market = market
    params["market"] = json_market

    json_against: None | str | Unset
    if isinstance(against, Unset):
        json_against = UNSET
    else:
        json_against = against
    params["against"] = json_against

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/policies/{name}/versions/{before}/diff/{after}".format(
            name=quote(str(name), safe=""),
            before=quote(str(before), safe=""),
            after=quote(str(after), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> DifferencePage:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = DifferencePage.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[DifferencePage]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    name: str,
    before: int,
    after: int,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    against: None | str | Unset = UNSET,
) -> Response[DifferencePage]:
    """What a change of versions changes: each dial, from what, to what, in words with units.

    Args:
        name (str):
        before (int):
        after (int):
        market (None | str | Unset): May be left out where there is one market.
        against (None | str | Unset): Another policy, whose version `after` is.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[DifferencePage]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                name=name,
                before=before,
                after=after,
                market=market,
                against=against,
            )
        )
    )


def sync(
    name: str,
    before: int,
    after: int,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    against: None | str | Unset = UNSET,
) -> DifferencePage:
    """What a change of versions changes: each dial, from what, to what, in words with units.

    Args:
        name (str):
        before (int):
        after (int):
        market (None | str | Unset): May be left out where there is one market.
        against (None | str | Unset): Another policy, whose version `after` is.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        DifferencePage
    """
    return sync_detailed(
        name=name,
        before=before,
        after=after,
        client=client,
        market=market,
        against=against,
    ).parsed


async def asyncio_detailed(
    name: str,
    before: int,
    after: int,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    against: None | str | Unset = UNSET,
) -> Response[DifferencePage]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                name=name,
                before=before,
                after=after,
                market=market,
                against=against,
            )
        )
    )


async def asyncio(
    name: str,
    before: int,
    after: int,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
    against: None | str | Unset = UNSET,
) -> DifferencePage:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            name=name,
            before=before,
            after=after,
            client=client,
            market=market,
            against=against,
        )
    ).parsed
