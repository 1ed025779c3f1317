"""The nodes of a Redis Cluster: which has a key, and who has it when a node is lost or a slot has moved.

The map of slots is read at the first call, and again whenever a node does not answer or says that a slot has moved
(https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/). A node has its own breaker: the markets
that lie on others do not wait for one that is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from math import inf
from typing import Final, TypeVar

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from services.features.breaker import BreakerState
from services.features.multiplexed import ErrorReplyError, Reply, UnavailableError, packed
from services.features.node import Command, Node
from services.features.servers import Address, Servers

_ASKING: Final = packed((b"ASKING",))
_AGAIN_SECONDS: Final = 0.1
"""Between two looks at the map."""

T = TypeVar("T")
Spot = tuple[str, int]
"""Host and port."""
NodeAt = Callable[[Address], Node]


class Cluster:
    """All masters of a cluster, as `services.features.node.Nodes`."""

    def __init__(self, servers: Servers, make: NodeAt, moved: Callable[[], None], first_seconds: float) -> None:
        """`make` a node that is at an address; `moved` is called when slots have another master than before.

        A call waits for the first map for `first_seconds` at most.
        """
        self._seeds = servers.nodes
        self._address = servers.address
        self._make = make
        self._moved = moved
        self._first_seconds = first_seconds
        self._nodes: dict[Spot, Node] = {}
        self._owners: list[Spot | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._known = False
        self._looking: asyncio.Task[None] | None = None
        self._next_look = -inf
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def breaker_state(self) -> BreakerState:
        """Closed: all masters answer."""
        states = [self._nodes[spot].breaker_state for spot in self._masters()]
        return next((state for state in states if state is not BreakerState.CLOSED), BreakerState.CLOSED)

    async def call(self, key: bytes, *command: bytes, patience: float = inf) -> Reply:
        """As in `Nodes`."""
        loop = asyncio.get_running_loop()
        due = loop.time() + patience

        def ask(node: Node, before: bytes) -> Awaitable[Reply]:
            return node.call(key, *command, patience=due - loop.time(), before=before)

        return await self._routed(key, ask, patience)

    async def execute(self, key: bytes, commands: Sequence[Command]) -> list[Reply]:
        """As in `Nodes`; all keys of the commands are in the slot of this one."""

        def ask(node: Node, before: bytes) -> Awaitable[list[Reply]]:
            return node.execute(key, commands, before)

        return await self._routed(key, ask, inf)

    async def ping(self) -> bool:
        """Whether all masters answer."""
        if not self._known:
            await self._first_map(inf)
        answers = await asyncio.gather(*(self._nodes[spot].ping() for spot in self._masters()))
        if not all(answers):
            self._look()
        return self._known and None not in self._owners and all(answers)

    async def close(self) -> None:
        """Close all connections."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await asyncio.gather(*self._closing, *(node.close() for node in self._nodes.values()))

    async def _routed(self, key: bytes, ask: Callable[[Node, bytes], Awaitable[T]], patience: float) -> T:
        """What the key's node answers, or the one that it names instead."""
        if not self._known:
            await self._first_map(patience)
        slot = key_slot(key)
        spot = self._owners[slot]
        if spot is None:
            self._look()
            raise UnavailableError("no node of the cluster has this key's slot")
        try:
            return await ask(self._nodes[spot], b"")
        except UnavailableError:
            self._look()
            raise
        except ErrorReplyError as error:
            if error.kind not in ("MOVED", "ASK"):
                raise
            other, before = _named(str(error), spot[0]), _ASKING if error.kind == "ASK" else b""
        node = self._node(other)
        if not before:
            self._owners[slot] = other
            self._moved()
            self._look()
        try:
            return await ask(node, before)
        except ErrorReplyError as error:
            if error.kind not in ("MOVED", "ASK"):
                raise
            self._look()
            raise UnavailableError("the key's slot is moving") from None

    async def _first_map(self, patience: float) -> None:
        """Wait for the map, which goes on being read when the caller has no time left."""
        self._look()
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=min(patience, self._first_seconds))
        if not self._known:
            raise UnavailableError("no node of the cluster answers")

    def _look(self) -> None:
        """Read the map anew, in the background; one at a time, and not all the time."""
        loop = asyncio.get_running_loop()
        if self._looking is None and loop.time() >= self._next_look:
            self._looking = loop.create_task(self._read_map())
            self._looking.add_done_callback(self._looked)

    def _looked(self, looking: asyncio.Task[None]) -> None:
        self._looking, self._next_look = None, looking.get_loop().time() + _AGAIN_SECONDS

    async def _read_map(self) -> None:
        """Ask one node after the other, those of the last map before those of the settings."""
        for spot in dict.fromkeys([*self._masters(), *self._nodes, *self._seeds]):
            try:
                owners = _owners(await self._node(spot).slots(), spot[0])
            except (UnavailableError, ErrorReplyError):
                continue
            self._take(owners)
            return

    def _take(self, owners: list[Spot | None]) -> None:
        before, self._owners = self._owners, owners
        first, self._known = not self._known, True
        masters = set(self._masters())
        for spot in masters:
            self._node(spot)
        for spot in set(self._nodes) - masters:
            task = asyncio.get_running_loop().create_task(self._nodes.pop(spot).close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if not first and before != owners:
            self._moved()

    def _masters(self) -> Iterator[Spot]:
        return (spot for spot in dict.fromkeys(self._owners) if spot is not None)

    def _node(self, spot: Spot) -> Node:
        if spot not in self._nodes:
            self._nodes[spot] = self._make(self._address.at(*spot))
        return self._nodes[spot]


def _owners(reply: Reply, asked: str) -> list[Spot | None]:
    """The master of each slot, from CLUSTER SLOTS of the host `asked`. Raises ErrorReplyError for another reply."""
    owners: list[Spot | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
    try:
        assert isinstance(reply, list)
        for first, last, (host, port, *_), *_replicas in reply:
            spot = ((host or b"").decode() or asked, int(port))
            owners[first : last + 1] = [spot] * (last + 1 - first)
    except (AssertionError, TypeError, ValueError, AttributeError):
        raise ErrorReplyError("not the reply to CLUSTER SLOTS") from None
    return owners


def _named(error: str, asked: str) -> Spot:
    """The node in `MOVED slot host:port`; without a host, it is that which was asked."""
    try:
        host, _, port = error.split()[2].rpartition(":")
        return host or asked, int(port)
    except (IndexError, ValueError):
        raise UnavailableError(f"not an answer of a cluster: {error}") from None
