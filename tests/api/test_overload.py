"""Too much at once: who is refused, what a refusal is like on the wire, and that all is well afterwards."""

import asyncio
import re
import shutil
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from loadtests.closed_loop import run_closed_loop
from loadtests.connection import LOST, Target
from loadtests.open_loop import run_open_loop
from loadtests.servers import serving as started
from loadtests.trace import Planned
from services.api.asking import ask_for
from services.api.hot_path import parse_query
from services.api.overload import Gate
from services.bootstrap import Services
from services.overload import Limiter, Priority
from tests.api.conftest import running, serving
from tests.api.release_caller import Caller
from tests.conftest import SmallCity

PATIENT = 30.0
GET = b"GET /v1/recommendations?user_id=ann HTTP/1.1\r\nhost: a\r\n\r\n"
HEALTH = b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n"
QUERY = {"user_id": "d0-000003", "k": 5}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server that lets nobody in."""
    folder = tmp_path_factory.mktemp("full")
    environment = {"TABLESTAKES_HOME": str(folder), "TABLESTAKES_MAX_BODY_BYTES": "100000"}
    command = [sys.executable, "-m", "loadtests.refusing"]
    with started(
        "full", command, log=folder / "log", environment=environment, ready_path="/health/live", core=None
    ) as s:
        yield s.target


@pytest.fixture
def client(full: Target) -> Iterator[socket.socket]:
    with closing(socket.create_connection((full.host, full.port), timeout=PATIENT)) as client:
        yield client


class Reader:
    """Answers from a socket, one after the other."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._rest = b""

    def answer(self, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0)) if has_body else 0
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return int(status.split()[1]), headers, body

    def is_closed(self) -> bool:
        return not self._rest and not self._client.recv(1)

    def _more(self) -> None:
        chunk = self._client.recv(65_536)
        assert chunk, self._rest
        self._rest += chunk


def is_refusal(answer: tuple[int, dict[str, str], bytes]) -> bool:
    status, headers, body = answer
    return status == 503 and headers["retry-after"] in "123" and b'"type":"urn:tablestakes:problem:overloaded"' in body


def test_a_refusal_is_a_problem_with_retry_after_and_the_headers_of_every_answer(client: socket.socket) -> None:
    client.sendall(GET)
    status, headers, body = Reader(client).answer()
    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert re.fullmatch("[123]", headers["retry-after"])
    assert headers["x-content-type-options"] == "nosniff"
    assert "connection" not in headers
    assert b'"status":503' in body


def test_clients_are_not_told_to_come_back_all_at_once(client: socket.socket) -> None:
    reader, seen = Reader(client), set()
    for _ in range(3):
        client.sendall(GET)
        seen.add(reader.answer()[1]["retry-after"])
    assert seen == {"1", "2", "3"}


@pytest.mark.parametrize(
    "request_",
    [
        GET,
        GET.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"),
        GET.replace(b"/v1/recommendations?user_id=ann", b"http://a/v1/recommendations"),
        b"GET /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(HEALTH) + HEALTH,
        b"POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n[1,2]",
        b"POST /v1/events HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1,2]\r\n0\r\n\r\n",
        b"PUT /v1/freeze HTTP/1.1\r\nhost: a\r\nContent-Length: 0\r\n\r\n",
        b"DELETE /v1/freeze HTTP/1.1\r\nhost: a\r\n\r\n",
        b"OPTIONS /v1/freeze HTTP/1.1\r\nhost: a\r\n\r\n",
    ],
    ids=lambda value: value.split(b"\r\n")[0].decode(),
)
@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_one_answer_a_request_and_the_connection_goes_on(client: socket.socket, request_: bytes, pieces: int) -> None:
    """However it comes in; what stands in a body is no request."""
    reader = Reader(client)
    for _ in range(3):
        size = -(-len(request_) // pieces)
        for at in range(0, len(request_), size):
            client.sendall(request_[at : at + size])
            time.sleep(0.005 if pieces > 1 else 0.0)
        assert is_refusal(reader.answer())
    client.sendall(HEALTH)
    assert reader.answer()[0] == 200


@pytest.mark.parametrize(
    "length", [b"content-length: %d" % len(GET), b"Transfer-Encoding: chunked"], ids=["counted", "chunked"]
)
def test_a_body_that_reads_like_a_request_is_none_however_it_comes_in(client: socket.socket, length: bytes) -> None:
    chunked = b"hunked" in length
    parts = [
        b"GET /v1/events HTTP/1.1\r\nhost: a\r\n" + length + b"\r\n\r\n",
        *([b"%x\r\n" % len(GET)] if chunked else []),
        GET,
        *([b"\r\n0\r\n\r\n"] if chunked else []),
        HEALTH,
    ]
    for part in parts:
        client.sendall(part)
        time.sleep(0.05)
    reader = Reader(client)
    assert is_refusal(reader.answer())
    assert reader.answer()[0] == 200
    client.sendall(HEALTH)
    assert reader.answer()[0] == 200


def test_a_request_behind_one_that_is_being_answered_waits_for_its_turn(real: Target, small_city: SmallCity) -> None:
    key = f"authorization: Bearer {small_city.keys['app']}\r\n\r\n".encode()
    listed = b"GET /v1/recommendations?user_id=a&k=100&explain=full HTTP/1.1\r\nhost: a\r\n" + key
    with closing(socket.create_connection((real.host, real.port), timeout=PATIENT)) as client:
        for _ in range(20):
            client.sendall(listed)
            client.sendall(HEALTH)
        reader = Reader(client)
        bodies = [reader.answer()[2] for _ in range(40)]
    assert all(b'"items"' in one for one in bodies[::2])
    assert all(b'"checks"' in one for one in bodies[1::2])


def test_pipelined_requests_are_answered_in_their_order(client: socket.socket) -> None:
    client.sendall((GET + HEALTH + GET + GET + HEALTH) * 3)
    reader = Reader(client)
    assert [reader.answer()[0] for _ in range(15)] == [503, 200, 503, 503, 200] * 3


def test_a_head_gets_no_body(client: socket.socket) -> None:
    client.sendall(GET.replace(b"GET", b"HEAD"))
    reader = Reader(client)
    status, headers, _ = reader.answer(has_body=False)
    assert (status, headers["connection"], int(headers["content-length"]) > 0) == (503, "close", True)
    assert reader.is_closed()


@pytest.mark.parametrize(
    "request_", [GET.replace(b"HTTP/1.1", b"HTTP/1.0"), GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")]
)
def test_who_wants_the_connection_closed_gets_it_closed(client: socket.socket, request_: bytes) -> None:
    client.sendall(request_)
    reader = Reader(client)
    answer = reader.answer()
    assert is_refusal(answer)
    assert answer[1]["connection"] == "close"
    assert reader.is_closed()


def test_who_waits_for_a_word_before_the_body_is_refused_without_it(client: socket.socket) -> None:
    client.sendall(b"POST /v1/events HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 50\r\n\r\n")
    reader = Reader(client)
    assert is_refusal(reader.answer())
    assert reader.is_closed()


def test_a_body_that_is_too_large_is_not_read_to_its_end(client: socket.socket) -> None:
    client.sendall(b"POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\n\r\n")
    client.settimeout(PATIENT)
    sent = 0
    try:
        while sent < 50_000_000:
            sent += client.send(bytes(65_536))
    except OSError:
        return
    raise AssertionError("all of it was read")


def test_who_asks_and_asks_and_reads_nothing_is_cut_off(full: Target) -> None:
    with closing(socket.create_connection((full.host, full.port), timeout=PATIENT)) as client:
        try:
            for _ in range(2_000):
                client.sendall(GET * 100)
        except OSError:
            return
    raise AssertionError("the server goes on and on")


@pytest.mark.long
def test_a_refused_connection_is_kept_while_it_is_used_and_closed_when_it_is_not(client: socket.socket) -> None:
    reader = Reader(client)
    for _ in range(5):
        client.sendall(GET)
        assert is_refusal(reader.answer())
        time.sleep(2)
    client.settimeout(PATIENT)
    assert reader.is_closed()


def gate_of(call: Caller) -> Gate:
    gate: Gate = call.client.app.gate  # type: ignore[attr-defined]
    return gate


@pytest.fixture
def call(fresh_home: Path, small_city: SmallCity) -> Iterator[Caller]:
    with running(fresh_home, overload_lag_ms=1_000) as client:
        yield Caller(client, dict(small_city.keys))


def test_diners_go_before_explanations_and_these_before_reports(call: Caller) -> None:
    def statuses() -> list[int]:
        listed = call("app", "GET", "/v1/recommendations", params=QUERY)
        explained = call("app", "GET", "/v1/explanations", params={"request_id": "none", "restaurant_id": "none"})
        reported = call("ml", "GET", "/v1/lessons")
        return [
            listed.status_code,
            explained.status_code,
            reported.status_code,
            call.client.get("/health/live").status_code,
        ]

    limiter = gate_of(call).limiter = Limiter(target_seconds=1.0, start=64, least=64, most=64)
    seen = [statuses()]
    for more in (16, 16, 32):
        for _ in range(more):
            limiter.enter(Priority.FIRST)
        seen.append(statuses())
    assert seen == [[200, 404, 200, 200], [200, 404, 503, 200], [200, 503, 503, 200], [503, 503, 503, 200]]
    gate_of(call).report()
    told = call.client.get("/metrics").text
    assert 'tablestakes_overload_refused_total{priority="last",reason="busy"} 3.0' in told
    assert 'tablestakes_requests_total{route="refused",status="503"} 6.0' in told


def test_what_has_been_answered_is_in_flight_no_more_whatever_the_answer(call: Caller) -> None:
    call("app", "GET", "/v1/recommendations", params=QUERY)
    call("app", "GET", "/v1/recommendations")
    call("app", "GET", "/nowhere")
    call("app", "POST", "/v1/events", content=b"{")
    call.client.get("/v1/lessons")
    assert gate_of(call).limiter.in_flight == 0


def test_a_request_whose_time_is_up_is_refused_and_counted(call: Caller) -> None:
    for path in ("/v1/recommendations?user_id=ann", "/v1/lessons", "/v1/explanations"):
        late = call("app", "GET", path, headers={"X-Request-Timeout-Ms": "0"})
        assert (late.status_code, late.headers["content-type"]) == (503, "application/problem+json")
        assert "time" in late.json()["detail"]
    assert gate_of(call).limiter.in_flight == 0
    gate_of(call).report()
    assert 'refused_total{priority="first",reason="late"} 1.0' in call.client.get("/metrics").text


def test_without_a_lag_to_keep_nobody_is_refused(fresh_home: Path) -> None:
    with running(fresh_home, overload_lag_ms=0) as client:
        assert client.app.gate is None  # type: ignore[attr-defined]
        assert client.get("/health/live").status_code == 200


def test_every_operation_may_answer_503(call: Caller) -> None:
    paths: dict[str, Any] = call.client.get("/openapi.json").json()["paths"]
    without = [path for path, methods in paths.items() for one in methods.values() if "503" not in one["responses"]]
    assert without == ["/health/live"]


@pytest.fixture(scope="module")
def real(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server in a process of its own."""
    home = tmp_path_factory.mktemp("overload") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    with serving(home) as (port, _):
        yield Target("127.0.0.1", port)


def test_three_times_the_capacity_is_answered_all_the_same(real: Target, small_city: SmallCity) -> None:
    """Every request gets an answer, lists or 503 with Retry-After; health answers, and afterwards all is well."""
    headers = {"authorization": f"Bearer {small_city.keys['app']}"}
    path = "/v1/recommendations?user_id=d0-000003&k=20&explain=full"
    capacity = run_closed_loop(real, [real.request(path, headers=headers)], seconds=1.0).throughput
    count = int(3 * capacity * 3)
    trace = [Planned(number / (3 * capacity), path) for number in range(count)]
    healthy, done = [], threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            healthy.append(httpx2.get(f"http://{real.host}:{real.port}/health/live", timeout=PATIENT).status_code)

    looking = threading.Thread(target=look)
    looking.start()
    kept: list[bytes] = []
    result = run_open_loop(
        real, trace, headers=headers, drain_seconds=PATIENT, keep=lambda _, answer: kept.append(answer)
    )
    done.set()
    looking.join(PATIENT)

    assert result.unanswered == 0
    assert result.statuses[LOST] == 0
    assert set(result.statuses) <= {200, 503}
    assert result.statuses[200] > 0
    assert all(b"\r\nretry-after: " in answer for answer in kept if answer.startswith(b"HTTP/1.1 503"))
    assert set(healthy) == {200}
    deadline = time.monotonic() + PATIENT
    calm = [0]
    while calm != [200] * 20 and time.monotonic() < deadline:
        answers = [
            httpx2.get(f"http://{real.host}:{real.port}{path}", headers=headers, timeout=PATIENT) for _ in range(20)
        ]
        calm = [answer.status_code for answer in answers]
    assert calm == [200] * 20


def test_requests_that_cannot_be_read_leave_nothing_in_flight(real: Target, small_city: SmallCity) -> None:
    for _ in range(100):
        with closing(socket.create_connection((real.host, real.port), timeout=PATIENT)) as client:
            client.sendall(b"GET http://[::1 HTTP/1.1\r\nhost: a\r\n\r\n")
            assert client.recv(65_536).startswith(b"HTTP/1.1 400")
    headers = {"authorization": f"Bearer {small_city.keys['app']}"}
    address = f"http://{real.host}:{real.port}"
    assert httpx2.get(f"{address}/v1/lessons", headers=headers, timeout=PATIENT).status_code == 200
    told = ""
    deadline = time.monotonic() + PATIENT
    while "overload_in_flight 0.0" not in told and time.monotonic() < deadline:
        told = httpx2.get(f"{address}/metrics", timeout=PATIENT).text
    assert "overload_in_flight 0.0" in told


def test_many_may_come_in_at_once(real: Target) -> None:
    """The loop lets in one new connection a turn for each socket that listens; there are several."""
    inode = next(
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{real.port:04X}") and line.split()[3] == "0A"
    )
    listening = [
        entry
        for entry in Path("/proc").glob("[0-9]*/fd/*")
        if _target(entry) == f"socket:[{inode}]" and b"services.cli" in _command(entry.parent.parent)
    ]
    assert len(listening) >= 16


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:
        return ""


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_eight_lists_have_a_turn_of_the_loop_and_the_others_wait(fresh_home: Path) -> None:
    made: list[int] = []

    async def asked(services: Services) -> None:
        ask = await ask_for(services, parse_query(b"user_id=d0-000003&k=5"))
        await services.recommender.recommend(ask)  # the diner is in the cache then
        turn = 0

        async def one() -> None:
            await services.recommender.recommend(ask)
            made.append(turn)

        asking = [asyncio.create_task(one()) for _ in range(40)]
        while not all(task.done() for task in asking):
            await asyncio.sleep(0)
            turn += 1
        await asyncio.wait(asking)

    with running(fresh_home) as client:
        client.portal.call(asked, client.app.state.services)  # type: ignore[union-attr, attr-defined]
    assert len(made) == 40
    assert max(Counter(made).values()) <= 8
