from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.erased import Erased
from ...types import UNSET, Response, Unset


def _get_kwargs(
    user_id: str,
    *,
    x_reason: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_reason, Unset):
        headers["X-Reason"] = x_reason

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/v1/users/{user_id}".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> Erased:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = Erased.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[Erased]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    user_id: str,
    *,
    client: AuthenticatedClient,
    x_reason: str | Unset = UNSET,
) -> Response[Erased]:
    """Erase a diner: profile, events, served lists, cache. The next model is trained without them.

    The audit trail keeps that it was done, under a pseudonym.

    Args:
        user_id (str):
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[Erased]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                user_id=user_id,
                x_reason=x_reason,
            )
        )
    )


def sync(
    user_id: str,
    *,
    client: AuthenticatedClient,
    x_reason: str | Unset = UNSET,
) -> Erased:
    """Erase a diner: profile, events, served lists, cache. The next model is trained without them.

    The audit trail keeps that it was done, under a pseudonym.

    Args:
        user_id (str):
        x_reason (str | Unset): Why, for the audit trail: up to 500 characters, those beyond ASCII percent-
            encoded as UTF-8.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Erased
    """
    return sync_detailed(
        user_id=user_id,
        client=client,
        x_reason=x_reason,
    ).parsed


async def asyncio_detailed(
    user_id: str,
    *,
    client: AuthenticatedClient,
    x_reason: str | Unset = UNSET,
) -> Response[Erased]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                user_id=user_id,
                x_reason=x_reason,
            )
        )
    )


async def asyncio(
    user_id: str,
    *,
    client: AuthenticatedClient,
    x_reason: str | Unset = UNSET,
) -> Erased:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            user_id=user_id,
            client=client,
            x_reason=x_reason,
        )
    ).parsed
