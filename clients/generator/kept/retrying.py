"""Trying again without making it worse: a transport of httpx that retries within a budget."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator

import httpx

_REPEATABLE_POSTS = ("/v1/events", "/v1/rankings")
"""An event counts once however often it comes, and a ranking changes nothing."""


class Retrying(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Tries again after 503 and after broken connections, when `Retry-After` has passed, as far as its budget reaches.

    Every request earns `share` of a retry, `most` can be saved; a retry that is not paid for is not made, so that an
    API that is refusing is asked for 1 + `share` times as much at most, and not for `tries` times. Only what may be
    repeated is: reading, events and rankings. What writes is left to the caller, who knows what the answer would mean.

    One is for one client: `AuthenticatedClient(..., httpx_args={"transport": Retrying()})`. Safe to use from threads.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
        *,
        tries: int = 3,
        share: float = 0.1,
        most: float = 10.0,
        longest_wait: float = 30.0,
    ) -> None:
        """Transports of one's own are for certificates, proxies and the like; `longest_wait` is in seconds."""
        self._transport = transport or httpx.HTTPTransport()
        self._async_transport = async_transport or httpx.AsyncHTTPTransport()
        self._tries, self._share, self._most, self._longest = tries, share, most, longest_wait
        self._saved, self._lock = most, threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.TransportError as the transport inside does."""
        for attempt in self._attempts(request):
            try:
                response = self._transport.handle_request(request)
            except httpx.TransportError:
                if not self._pays(attempt):
                    raise
                time.sleep(self._wait(attempt, None))
                continue
            if response.status_code != 503 or not self._pays(attempt):
                return response
            response.close()
            time.sleep(self._wait(attempt, response))
        raise AssertionError("the last attempt returns or raises")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The same for asyncio."""
        for attempt in self._attempts(request):
            try:
                response = await self._async_transport.handle_async_request(request)
            except httpx.TransportError:
                if not self._pays(attempt):
                    raise
                await asyncio.sleep(self._wait(attempt, None))
                continue
            if response.status_code != 503 or not self._pays(attempt):
                return response
            await response.aclose()
            await asyncio.sleep(self._wait(attempt, response))
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._async_transport.aclose()

    def _attempts(self, request: httpx.Request) -> Iterator[int]:
        """How many attempts are left after each."""
        with self._lock:
            self._saved = min(self._saved + self._share, self._most)
        repeatable = request.method in ("GET", "HEAD") or request.url.path.endswith(_REPEATABLE_POSTS)
        return iter(range(self._tries - 1, -1, -1) if repeatable else (0,))

    def _pays(self, left: int) -> bool:
        with self._lock:
            if left == 0 or self._saved < 1.0:
                return False
            self._saved -= 1.0
            return True

    def _wait(self, left: int, response: httpx.Response | None) -> float:
        """Seconds: what the API asks for, and a random while that grows, lest all come back at once."""
        try:
            asked = float(response.headers.get("retry-after", "0")) if response is not None else 0.0
        except ValueError:
            asked = 0.0
        return min(asked, self._longest) + random.uniform(0.0, 0.1 * 2 ** (self._tries - 1 - left))
