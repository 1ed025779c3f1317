"""What `services/server.py` listens several times for: uvloop lets in one connection a turn for each socket."""

import asyncio
import socket
import time

import pytest
import uvloop

CONNECTIONS = 48


async def turns_until_all_are_in(sockets: int) -> int:
    """Turns of a busy loop until all connections that wait have been let in."""
    loop, made, turns = asyncio.get_running_loop(), 0, 0
    done: asyncio.Future[int] = loop.create_future()

    class Counting(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal made
            made += 1
            transport.close()

    def busy() -> None:
        nonlocal turns
        turns += 1
        time.sleep(0.002)
        if made < CONNECTIONS:
            loop.call_soon(busy)
        else:
            done.set_result(turns)

    listening = socket.create_server(("127.0.0.1", 0))
    doors = [listening, *(listening.dup() for _ in range(sockets - 1))]
    servers = [await loop.create_server(Counting, sock=door, backlog=256) for door in doors]
    clients = [socket.create_connection(listening.getsockname()[:2]) for _ in range(CONNECTIONS)]
    loop.call_soon(busy)
    try:
        return await asyncio.wait_for(done, 30)
    finally:
        for each in (*servers, *clients):
            each.close()


@pytest.mark.parametrize("sockets", [1, 16])
def test_a_socket_lets_in_one_connection_a_turn(sockets: int) -> None:
    turns = uvloop.run(turns_until_all_are_in(sockets))
    assert CONNECTIONS / sockets <= turns <= CONNECTIONS / sockets + 10
