from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.measurement_body import MeasurementBody
from ...models.measurement_name import MeasurementName
from ...types import UNSET, Response, Unset


def _get_kwargs(
    name: MeasurementName,
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
        "url": "/v1/measurements/{name}".format(
            name=quote(str(name), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> MeasurementBody:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = MeasurementBody.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[MeasurementBody]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    name: MeasurementName,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[MeasurementBody]:
    """The last ladder, or the last audit of fairness, of a market.

    Both train models, so nobody measures them for a request: a command does, and keeps what it found in the home.
    Until then the answer has no document and a note that says so.

    Args:
        name (MeasurementName): What can be kept.
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[MeasurementBody]: with the status and the headers
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
    name: MeasurementName,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> MeasurementBody:
    """The last ladder, or the last audit of fairness, of a market.

    Both train models, so nobody measures them for a request: a command does, and keeps what it found in the home.
    Until then the answer has no document and a note that says so.

    Args:
        name (MeasurementName): What can be kept.
        market (None | str | Unset): May be left out where there is one market.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        MeasurementBody
    """
    return sync_detailed(
        name=name,
        client=client,
        market=market,
    ).parsed


async def asyncio_detailed(
    name: MeasurementName,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> Response[MeasurementBody]:
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
    name: MeasurementName,
    *,
    client: AuthenticatedClient,
    market: None | str | Unset = UNSET,
) -> MeasurementBody:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            name=name,
            client=client,
            market=market,
        )
    ).parsed
