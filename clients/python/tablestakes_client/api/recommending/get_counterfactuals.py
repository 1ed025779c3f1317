from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.counterfactuals import Counterfactuals
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    request_id: str,
    restaurant_id: str,
    rank: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["request_id"] = request_id

    params["restaurant_id"] = restaurant_id

    params["rank"] = rank

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/explanations/counterfactuals",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> Counterfactuals:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = Counterfactuals.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[Counterfactuals]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    request_id: str,
    restaurant_id: str,
    rank: int | Unset = UNSET,
) -> Response[Counterfactuals]:
    """Where a restaurant would have stood, had one thing been otherwise in a list that was served.

    Without payment, without personalisation, without each term of the ledger; without which of the diner's own
    choices another would have been on top; and what the restaurant could have changed to stand at `rank`. Each
    answer is the list made again with the model, policy and live data of then; nothing is trained anew. It takes up
    to some seconds.

    Args:
        request_id (str):
        restaurant_id (str): Any restaurant that the market had then, in the list or not.
        rank (int | Unset): Where the restaurant would like to stand. By default 1.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[Counterfactuals]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                request_id=request_id,
                restaurant_id=restaurant_id,
                rank=rank,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    request_id: str,
    restaurant_id: str,
    rank: int | Unset = UNSET,
) -> Counterfactuals:
    """Where a restaurant would have stood, had one thing been otherwise in a list that was served.

    Without payment, without personalisation, without each term of the ledger; without which of the diner's own
    choices another would have been on top; and what the restaurant could have changed to stand at `rank`. Each
    answer is the list made again with the model, policy and live data of then; nothing is trained anew. It takes up
    to some seconds.

    Args:
        request_id (str):
        restaurant_id (str): Any restaurant that the market had then, in the list or not.
        rank (int | Unset): Where the restaurant would like to stand. By default 1.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Counterfactuals
    """
    return sync_detailed(
        client=client,
        request_id=request_id,
        restaurant_id=restaurant_id,
        rank=rank,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    request_id: str,
    restaurant_id: str,
    rank: int | Unset = UNSET,
) -> Response[Counterfactuals]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                request_id=request_id,
                restaurant_id=restaurant_id,
                rank=rank,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    request_id: str,
    restaurant_id: str,
    rank: int | Unset = UNSET,
) -> Counterfactuals:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            request_id=request_id,
            restaurant_id=restaurant_id,
            rank=rank,
        )
    ).parsed
