from typing import Any

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.explanation import Explanation
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    request_id: str,
    restaurant_id: str,
    against: None | str | Unset = UNSET,
    against_average: bool | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["request_id"] = request_id

    params["restaurant_id"] = restaurant_id

    json_against: None | str | Unset
    if isinstance(against, Unset):
        json_against = UNSET
    else:
        json_against = against
    params["against"] = json_against

    params["against_average"] = against_average

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/explanations",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> Explanation:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = Explanation.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[Explanation]:
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
    against: None | str | Unset = UNSET,
    against_average: bool | Unset = UNSET,
) -> Response[Explanation]:
    """Why a restaurant stood where it stood in a list that was served.

    Its ledger is as it was logged; the relevance in it is taken apart with the model, catalogue and diner of then.
    Gone (410) where one of these is not kept any more.

    Args:
        request_id (str):
        restaurant_id (str):
        against (None | str | Unset): Another restaurant of the list to compare with.
        against_average (bool | Unset): Compare with the average candidate of that request, where `against`
            names no other. By default false.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[Explanation]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                request_id=request_id,
                restaurant_id=restaurant_id,
                against=against,
                against_average=against_average,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    request_id: str,
    restaurant_id: str,
    against: None | str | Unset = UNSET,
    against_average: bool | Unset = UNSET,
) -> Explanation:
    """Why a restaurant stood where it stood in a list that was served.

    Its ledger is as it was logged; the relevance in it is taken apart with the model, catalogue and diner of then.
    Gone (410) where one of these is not kept any more.

    Args:
        request_id (str):
        restaurant_id (str):
        against (None | str | Unset): Another restaurant of the list to compare with.
        against_average (bool | Unset): Compare with the average candidate of that request, where `against`
            names no other. By default false.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Explanation
    """
    return sync_detailed(
        client=client,
        request_id=request_id,
        restaurant_id=restaurant_id,
        against=against,
        against_average=against_average,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    request_id: str,
    restaurant_id: str,
    against: None | str | Unset = UNSET,
    against_average: bool | Unset = UNSET,
) -> Response[Explanation]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                request_id=request_id,
                restaurant_id=restaurant_id,
                against=against,
                against_average=against_average,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    request_id: str,
    restaurant_id: str,
    against: None | str | Unset = UNSET,
    against_average: bool | Unset = UNSET,
) -> Explanation:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            request_id=request_id,
            restaurant_id=restaurant_id,
            against=against,
            against_average=against_average,
        )
    ).parsed
