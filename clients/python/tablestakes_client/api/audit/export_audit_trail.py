from typing import Any, cast

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    lists: bool | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["lists"] = lists

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/audit-trail/bundle",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> Any:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = cast(Any, None)
    return response_200


def _build_response(response: httpx.Response) -> Response[Any]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    lists: bool | Unset = UNSET,
) -> Response[Any]:
    """The whole trail as a zip with `verify.py`, which checks it without this program: `python -I verify.py`.

    Args:
        lists (bool | Unset): With the served lists, which hold diners' ids. By default false.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[Any]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                lists=lists,
            )
        )
    )


def sync(
    *,
    client: AuthenticatedClient,
    lists: bool | Unset = UNSET,
) -> Any:
    """The whole trail as a zip with `verify.py`, which checks it without this program: `python -I verify.py`.

    Args:
        lists (bool | Unset): With the served lists, which hold diners' ids. By default false.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Any
    """
    return sync_detailed(
        client=client,
        lists=lists,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    lists: bool | Unset = UNSET,
) -> Response[Any]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                lists=lists,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    lists: bool | Unset = UNSET,
) -> Any:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            client=client,
            lists=lists,
        )
    ).parsed
