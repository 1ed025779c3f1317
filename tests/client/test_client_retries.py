"""The client's retries, against a server that refuses: within a budget, after `Retry-After`, and never of a write."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from tablestakes_client import AuthenticatedClient, ProblemError, Retrying
from tablestakes_client.api.catalogue import list_markets
from tablestakes_client.api.events import post_events
from tablestakes_client.api.health import get_liveness
from tablestakes_client.api.policies import activate_policy
from tablestakes_client.models import Activation

from tests.client.conftest import Api

PAGE = b'{"items": [], "next": null}'


class Refusing:
    """What the server does to the next requests: a status, or None to hang up. After them all is well."""

    def __init__(self) -> None:
        self.next: list[int | None] = []
        self.share = 0.0
        self.random = random.Random(1)
        self.seen: list[str] = []
        self.retry_after = "0"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        self.seen.append(f"{handler.command} {handler.path.partition('?')[0]} {body.decode()}".strip())
        status = self.next.pop(0) if self.next else (503 if self.random.random() < self.share else 200)
        if status is None:
            handler.close_connection = True
            return
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(PAGE)))
        if status == 503:
            handler.send_header("Retry-After", self.retry_after)
        handler.end_headers()
        handler.wfile.write(PAGE)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Refusing, str]]:
    """A server on a port of its own, and its address."""
    behaviour = Refusing()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one write: else each waits for the last one's acknowledgement

        def do_GET(self) -> None:
            behaviour.answer(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setattr(random, "uniform", lambda *_: 0.0)
        yield behaviour, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def client(url: str, **options: Any) -> AuthenticatedClient:
    return AuthenticatedClient(url, token="tk", httpx_args={"transport": Retrying(**options)})


@pytest.mark.parametrize("bad", [[503], [503, 503], [None], [503, None]])
def test_a_refusal_that_passes_is_not_seen(refusing: tuple[Refusing, str], bad: list[int | None]) -> None:
    behaviour, url = refusing
    behaviour.next = [*bad]
    with client(url) as patient:
        assert list_markets.sync(client=patient).items == []
    assert behaviour.seen == ["GET /v1/markets"] * (len(bad) + 1)


def test_the_third_refusal_is_told(refusing: tuple[Refusing, str]) -> None:
    behaviour, url = refusing
    behaviour.next = [503] * 3
    with client(url) as patient, pytest.raises(ProblemError) as raised:
        list_markets.sync(client=patient)
    assert (raised.value.status_code, raised.value.retry_after, raised.value.problem) == (503, 0.0, None)
    behaviour.next = [None] * 3
    with client(url) as patient, pytest.raises(httpx.TransportError):
        list_markets.sync(client=patient)
    assert len(behaviour.seen) == 6


def test_it_waits_as_long_as_it_is_told_within_reason(
    refusing: tuple[Refusing, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour, url = refusing
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    for said in ("7", "3600", "Wed, 21 Oct 2026 07:28:00 GMT"):
        behaviour.retry_after, behaviour.next = said, [503]
        with client(url, longest_wait=20.0) as patient:
            list_markets.sync(client=patient)
    assert waited == [7.0, 20.0, 0.0]


@pytest.mark.parametrize("status", [400, 404, 429, 500, 502])
def test_nothing_else_is_tried_again(refusing: tuple[Refusing, str], status: int) -> None:
    behaviour, url = refusing
    behaviour.next = [status]
    with client(url) as patient, pytest.raises(ProblemError):
        list_markets.sync(client=patient)
    assert len(behaviour.seen) == 1


def test_events_are_sent_again_whole_and_writes_are_not(refusing: tuple[Refusing, str]) -> None:
    behaviour, url = refusing
    behaviour.next = [503]
    with client(url) as patient, pytest.raises(KeyError, match="accepted"):  # this server's answer is a page
        post_events.sync(client=patient, body=[])
    assert behaviour.seen == ["POST /v1/events []"] * 2
    behaviour.next = [503]
    with client(url) as patient, pytest.raises(ProblemError, match="503"):
        activate_policy.sync("balanced", client=patient, body=Activation(version=1))
    assert len(behaviour.seen) == 3


def test_retries_are_a_tenth_of_what_is_asked_when_everything_is_refused(refusing: tuple[Refusing, str]) -> None:
    behaviour, url = refusing
    behaviour.share = 1.0
    with client(url) as patient:
        for _ in range(200):
            with pytest.raises(ProblemError):
                list_markets.sync(client=patient)
    assert 200 * 1.1 <= len(behaviour.seen) <= 200 * 1.1 + 11


def test_asyncio_is_as_patient(refusing: tuple[Refusing, str]) -> None:
    behaviour, url = refusing
    behaviour.next = [503, None]

    async def ask() -> int:
        async with client(url) as patient:
            return len((await list_markets.asyncio(client=patient)).items)

    assert asyncio.run(ask()) == 0
    assert len(behaviour.seen) == 3
    behaviour.next = [503] * 3
    with pytest.raises(ProblemError, match="503"):
        asyncio.run(ask())


def test_a_server_that_is_well_is_asked_once(api: Api) -> None:
    with client(api.url) as patient:
        assert get_liveness.sync(client=patient).status == "ok"
