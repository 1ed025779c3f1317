from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient
from ...errors import ProblemError
from ...models.run_detail import RunDetail
from ...types import UNSET, Response, Unset


def _get_kwargs(
    run_id: str,
    *,
    log: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["log"] = log

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/retraining/runs/{run_id}".format(
            run_id=quote(str(run_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> RunDetail:
    if not response.is_success:
        raise ProblemError(response)
    response_200 = RunDetail.from_dict(response.json())

    return response_200


def _build_response(response: httpx.Response) -> Response[RunDetail]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync_detailed(
    run_id: str,
    *,
    client: AuthenticatedClient,
    log: int | Unset = UNSET,
) -> Response[RunDetail]:
    """One run: its steps with what they found, how far it is, what came of it, and the end of its log.

    Args:
        run_id (str):
        log (int | Unset): How many of the log's last lines. By default 20.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        Response[RunDetail]: with the status and the headers
    """
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                run_id=run_id,
                log=log,
            )
        )
    )


def sync(
    run_id: str,
    *,
    client: AuthenticatedClient,
    log: int | Unset = UNSET,
) -> RunDetail:
    """One run: its steps with what they found, how far it is, what came of it, and the end of its log.

    Args:
        run_id (str):
        log (int | Unset): How many of the log's last lines. By default 20.

    Raises:
        ProblemError: the API refuses, or cannot.
        httpx.TransportError: it is not reached, or does not answer in time.

    Returns:
        RunDetail
    """
    return sync_detailed(
        run_id=run_id,
        client=client,
        log=log,
    ).parsed


async def asyncio_detailed(
    run_id: str,
    *,
    client: AuthenticatedClient,
    log: int | Unset = UNSET,
) -> Response[RunDetail]:
    """`sync_detailed` for asyncio."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                run_id=run_id,
                log=log,
            )
        )
    )


async def asyncio(
    run_id: str,
    *,
    client: AuthenticatedClient,
    log: int | Unset = UNSET,
) -> RunDetail:
    """`sync` for asyncio."""
    return (
        await asyncio_detailed(
            run_id=run_id,
            client=client,
            log=log,
        )
    ).parsed
