"""A real server and raw sockets: who sends or reads too slowly is cut off, and nobody else notices."""

import pickle
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from services.api.slow_clients import BoundedProtocol, protocol_of
from services.settings import Settings
from tests.api.conftest import serving
from tests.conftest import SmallCity

SECONDS = 1.0
PATIENT = 30.0
"""Until a test gives up waiting for the server to cut a client off; without deadlines it would wait for ever."""


@pytest.fixture(scope="module")
def port(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    home = tmp_path_factory.mktemp("slow") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TABLESTAKES_CLIENT_SECONDS", str(SECONDS))
        with serving(home) as (port, _):
            yield port


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENT)) as client:
        yield client


def trickle(client: socket.socket, data: bytes, pause: float = 0.1) -> bytes:
    """Send a byte at a time until the server has had enough; what it says before it closes."""
    client.settimeout(pause)
    said, deadline = b"", time.monotonic() + PATIENT
    for byte in data:
        assert time.monotonic() < deadline, "the server waits for ever"
        try:
            client.sendall(bytes([byte]))
            chunk = client.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            return said
        if not chunk:
            return said
        said += chunk
    raise AssertionError("the server took it all")


def to_the_end(client: socket.socket) -> bytes:
    said = b""
    try:
        while chunk := client.recv(65_536):
            said += chunk
    except ConnectionResetError:
        pass
    return said


def is_problem(said: bytes, status: int) -> bool:
    head, _, body = said.partition(b"\r\n\r\n")
    return (
        head.startswith(b"HTTP/1.1 %d " % status)
        and b"problem+json" in head
        and b"connection: close" in head
        and (b'"status":%d' % status in body)
    )


def test_headers_that_trickle_in_are_cut_off(client: socket.socket) -> None:
    assert is_problem(trickle(client, b"GET /health/live HTTP/1.1\r\nhost: a\r\n" + b"x-slow: y\r\n" * 500), 408)


def test_a_client_that_says_nothing_is_cut_off(client: socket.socket) -> None:
    assert is_problem(to_the_end(client), 408)


def test_a_body_that_trickles_in_is_cut_off(client: socket.socket) -> None:
    client.sendall(
        b"PUT /v1/users/u HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n"
    )

    assert is_problem(trickle(client, b"[" * 9_000), 408)


def test_blank_lines_do_not_hold_a_connection_that_was_used(client: socket.socket) -> None:
    client.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
    said = b""
    while b'"status":"ok"' not in said:  # head and body may come one after the other
        said += client.recv(65_536)
    assert b" 200 " in said

    assert is_problem(trickle(client, b"\r\n" * 500), 408)


def test_a_header_that_does_not_end_is_refused_early(client: socket.socket) -> None:
    client.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\nx-endless: ")
    sent = 0
    try:
        while sent < 50_000_000:
            client.sendall(b"y" * 65_536)
            sent += 65_536
    except OSError:
        pass

    assert sent < 20_000_000


def test_trailers_that_do_not_end_are_cut_off(client: socket.socket) -> None:
    head = b"PUT /v1/users/u HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    client.sendall(head + b"2\r\n{}\r\n0\r\nx-endless: ")
    sent = 0
    try:
        while sent < 100_000_000:
            client.sendall(b"y" * 65_536)
            sent += 65_536
    except OSError:
        pass

    assert sent < 60_000_000


def test_large_headers_that_do_end_get_the_applications_own_problem(client: socket.socket) -> None:
    client.sendall(
        b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-large: " + b"y" * 17_000 + b"\r\n\r\n"
    )
    said = to_the_end(client)

    assert said.startswith(b"HTTP/1.1 431 ")
    assert re.search(rb"x-request-id: [0-9a-f]{32}", said)


def test_who_does_not_read_the_answer_is_cut_off(port: int) -> None:
    """A few megabytes of answers are asked for at once and never read."""
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(PATIENT)
        client.connect(("127.0.0.1", port))
        asked = b"GET /docs/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nhost: a\r\n\r\n"
        client.sendall(asked * 20)
        deadline = time.monotonic() + PATIENT
        while time.monotonic() < deadline:  # the server's reset is seen by a write, without reading a byte
            time.sleep(0.2)
            try:
                client.sendall(asked)
            except (ConnectionError, BrokenPipeError):
                return
        raise AssertionError("the server waits for ever")


def test_a_client_in_time_is_not_cut_off(client: socket.socket) -> None:
    """Two requests in one packet, the second's rest a little later, on a connection that stays open."""
    client.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\nGET /health/live HTTP/1.1\r\nhost")
    time.sleep(SECONDS / 4)
    client.sendall(b": a\r\n\r\n")
    time.sleep(SECONDS / 4)
    client.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")

    assert to_the_end(client).count(b"HTTP/1.1 200 ") == 3


def test_worker_processes_get_the_same_protocol() -> None:
    """uvicorn starts further processes by sending them its configuration."""
    sent = pickle.loads(pickle.dumps(protocol_of(Settings(client_seconds=3.0))))

    assert (sent.func, sent.args[0].seconds) == (BoundedProtocol, 3.0)


def test_many_slow_clients_hold_nobody_up(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port), timeout=PATIENT) for _ in range(200)]
    try:
        for one in slow:
            one.sendall(b"GET /health/live HTTP/1.1\r\nx-slow: ")
        with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENT)) as quick:
            quick.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            assert to_the_end(quick).startswith(b"HTTP/1.1 200 ")
        assert all(is_problem(to_the_end(one), 408) for one in slow)
    finally:
        for one in slow:
            one.close()
