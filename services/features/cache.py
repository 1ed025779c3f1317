"""The feature cache: a diner's state in one Redis round trip, and an answer also when Redis has none to give.

Every key has a time to live. Nothing here is the truth: whoever finds a diner missing takes a lease, makes the state
anew and puts it.
"""

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf
from typing import Final, TypeVar

import structlog

from services.features.breaker import BreakerState
from services.features.cluster import Cluster
from services.features.codec import (
    CodecError,
    DinerState,
    MarketState,
    RecentArray,
    decode_diner,
    decode_market,
    encode_diner,
    encode_market,
    encode_recent,
    key_hash,
    split_diner,
    with_recent,
)
from services.features.keys import all_keys, beside, diner_key, market_key, warm_up_key
from services.features.last_copies import LastCopies
from services.features.leases import Lease, Leases
from services.features.multiplexed import ErrorReplyError, PatienceError, Reply, UnavailableError
from services.features.node import Command, Node, Nodes
from services.features.scripts import (
    ADD_RECENT,
    ADD_SUMS,
    BEGIN_SUMS,
    BEGIN_WARM_UP,
    DROP,
    LEASE,
    PUT,
    WARM,
    Script,
)
from services.features.servers import Place, Servers

_log = structlog.get_logger(__name__)
_CHUNK: Final = 500
_MARKET_TTL_SECONDS: Final = 3600
_LEASE_SECONDS: Final = 10
"""A request waits for the database for a second at most; what takes longer than this is not stored."""
_GONE: Final = b"10"
"""Seconds in which an event that was stored before a diner was dropped reaches the cache."""
_WARM_UP_SECONDS: Final = 60
"""Between two chunks of a warm-up at most."""
_MARKETS: Final = 64
_MARKET_BYTES: Final = 1 << 20
_MAX_SPOILT: Final = 200_000
"""Diners of whom Redis may have missed something: some 35 MB. Who is beyond is wrong in Redis, and the log says so."""
_MAX_WRITTEN: Final = 50_000
_CLEAR_AGAIN_SECONDS: Final = 0.2
_UNSURE_SECONDS: Final = 10.0
"""What Redis has confirmed for so long may still be lost with it: replicas and files are written a little later."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False, slots=True)
class Lookup:
    """What the cache knows of a diner."""

    state: DinerState | None
    """None: not in the cache; take a lease, make it anew and `put` it."""
    degraded: bool
    """Redis did not answer (or not sensibly): `state` is this process's last copy, which may be old, or None."""
    late: bool = False
    """Degraded because the caller had no time left, which says nothing about Redis."""


class FeatureCache:
    """The one door to Redis. Belongs to one event loop; safe for many tasks, any of which may be cancelled at any time.

    Neither reads nor writes raise because Redis is away; writes say whether Redis has confirmed. A change that Redis
    may have missed makes its blob of that diner wrong: such keys are cleared away when Redis is back, so that the next
    request makes them anew.
    """

    def __init__(
        self,
        redis: str | Servers,
        *,
        timeout_ms: float = 20.0,
        ttl_seconds: int = 14 * 24 * 3600,
        last_copies: int = 20_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`redis`: where it is, or a URL for `Servers.parse`. `timeout_ms` bounds each wait on a diner's behalf;
        `last_copies` diners are remembered in the process.

        `clock` gives seconds that never go back. Nothing is connected before the first call. ValueError for a bad URL.
        """
        servers = Servers.parse(redis) if isinstance(redis, str) else redis
        self._spoilt: OrderedDict[bytes, object] = OrderedDict()
        self._overflowed = False

        def node(place: Place) -> Node:
            return Node(place, timeout_ms / 1000.0, clock, self._spoilt, self._answered, self._lost)

        self._nodes: Nodes = (
            Cluster(servers, node, self._lost, 2.0 * timeout_ms / 1000.0)
            if servers.place is None
            else node(servers.place)
        )
        self._clock = clock
        self._ttl = b"%d" % ttl_seconds
        self._last_diners = LastCopies(last_copies)
        self._last_markets = LastCopies(_MARKETS, max_blob_bytes=_MARKET_BYTES)
        self._leases = Leases()
        self._written: deque[tuple[float, bytes]] = deque(maxlen=_MAX_WRITTEN)
        self._clearing: asyncio.Task[None] | None = None

    @property
    def breaker_state(self) -> BreakerState:
        """Closed: Redis answers. For readiness and metrics."""
        return self._nodes.breaker_state

    async def diner(self, market: str, user_id: str, patience: float = inf) -> Lookup:
        """The diner's state by one command in one round trip. Never raises because of Redis.

        Waits for `timeout_ms` at most, twice that where the connection has to be made first, and never longer than
        `patience` seconds.
        """
        key, owner = diner_key(market, user_id), key_hash(market, user_id)
        try:
            blob = await self._nodes.call(key, b"GET", key, patience=patience)
            if key in self._spoilt:  # asked all the same: somebody has to find out that Redis is back
                return self._last_copy(key, owner)
            if blob is None:
                self._last_diners.drop(key)  # nothing there is an answer too: the diner may have been erased
                return Lookup(None, degraded=False)
            assert isinstance(blob, bytes)
            state = decode_diner(blob, owner)
        except UnavailableError:
            return self._last_copy(key, owner)
        except PatienceError:
            return self._last_copy(key, owner, late=True)
        except (ErrorReplyError, CodecError):
            self._spoil(key)
            return self._last_copy(key, owner)
        self._last_diners.keep(key, blob)
        return Lookup(state, degraded=False)

    async def lease(self, market: str, user_id: str) -> Lease:
        """To be taken before the database is read, for `put`. Never raises because of Redis."""
        lease = self._leases.give()
        lease_key, *_ = beside(diner_key(market, user_id))
        try:
            token = await self._script(LEASE, [lease_key], secrets.token_bytes(8), b"%d" % _LEASE_SECONDS)
        except (UnavailableError, ErrorReplyError):
            return lease
        assert isinstance(token, bytes)
        lease.token = token
        return lease

    async def put(self, market: str, user_id: str, state: DinerState, lease: Lease) -> bool:
        """Store the diner as read under the lease; recent entries that the cache has already are kept.

        False where the diner has changed since the lease was taken, where another was faster, or Redis is away. It need
        not be told later: Redis stores only what is still right. Raises CodecError for a state that has no blob.
        """
        key, blob = diner_key(market, user_id), encode_diner(market, user_id, state)
        if key in lease.changed:
            return False
        self._last_diners.keep(key, blob)
        if not lease.token:
            return False
        lease_key, *_ = beside(key)
        try:
            stored = await self._script(PUT, [key, lease_key], lease.token, *split_diner(blob), self._ttl)
        except (UnavailableError, ErrorReplyError):
            return False
        if not stored:
            self._last_diners.drop(key)
        elif key not in lease.changed:
            self._spoilt.pop(key, None)
        return bool(stored)

    async def begin_warm_up(self, market: str) -> Lease:
        """A lease on all diners of a market, for `put_many`; to be taken before the database is read."""
        lease = self._leases.give()
        lease.token = secrets.token_bytes(8)
        key = warm_up_key(market)
        begin = (b"EVAL", BEGIN_WARM_UP.text, b"1", key, lease.token, b"%d" % _WARM_UP_SECONDS)
        if await self._execute(key, begin) is None:
            lease.token = b""
        return lease

    async def put_many(self, market: str, states: Iterable[tuple[str, DinerState]], lease: Lease) -> int:
        """Warm-up: store (user id, state) pairs, pipelined; recent entries that the cache has of a diner are kept, and
        diners who have changed since the warm-up began are left as they are.

        Says how many Redis has stored; stops when Redis goes away. Raises CodecError for a state that has no blob.
        """
        stored = 0
        for chunk in _chunks((diner_key(market, user), encode_diner(market, user, state)) for user, state in states):
            unchanged = {key: blob for key, blob in chunk if key not in lease.changed}
            for key, blob in unchanged.items():
                old = self._last_diners.get(key)
                self._last_diners.keep(key, with_recent(blob, split_diner(old)[1]) if old else blob)
            if not lease.token:
                continue
            replies = await self._execute(warm_up_key(market), *self._warm(market, unchanged, lease.token))
            if replies is None:
                break
            for key, reply in zip(unchanged, replies[1:], strict=True):
                if reply:
                    stored += 1
                else:
                    self._last_diners.drop(key)
        return stored

    def _warm(self, market: str, blobs: Mapping[bytes, bytes], token: bytes) -> Iterator[Command]:
        yield (b"SCRIPT", b"LOAD", WARM.text)
        for key, blob in blobs.items():
            keys = (b"2", key, warm_up_key(market))
            yield (b"EVALSHA", WARM.sha, *keys, token, *split_diner(blob), self._ttl, b"%d" % _WARM_UP_SECONDS)

    async def add_recent(self, market: str, user_id: str, entries: RecentArray) -> bool:
        """Add entries to the diner's recent ones in one atomic step; the MAX_RECENT newest stay, each once.

        To be called when the events are in the database. A diner who is not in the cache stays out. Raises CodecError
        for an array that is not (m,) RECENT_DTYPE.
        """
        key, more = diner_key(market, user_id), encode_recent(entries)
        self._leases.change(key)
        self._add_to_last_copy(key, more)
        try:
            return await self._change(key, ADD_RECENT, more, self._ttl)
        finally:  # an older answer may have come meanwhile
            self._add_to_last_copy(key, more)

    async def drop(self, market: str, user_id: str) -> bool:
        """Forget the diner, in this process and in Redis; where Redis is away, as soon as it is back.

        To be called when the database has forgotten the diner, or knows a new profile.
        """
        key = diner_key(market, user_id)
        self._leases.change(key)
        self._last_diners.drop(key)
        try:
            return await self._change(key, DROP, _GONE)
        finally:  # an older answer may have come meanwhile
            self._last_diners.drop(key)

    async def forget_market(self, market: str) -> bool:
        """Remove all that Redis has of a market; False where Redis is away, and the times to live have to do it."""
        key, cursor = market_key(market), b"0"
        self._last_markets.drop(key)
        while True:
            replies = await self._execute(key, (b"SCAN", cursor, b"MATCH", all_keys(market), b"COUNT", b"1000"))
            if replies is None or not isinstance(replies[0], list):
                return False
            cursor, found = replies[0]
            if found and await self._execute(key, (b"UNLINK", *found)) is None:
                return False
            if cursor == b"0":
                return True

    async def get_market(self, market: str) -> MarketState | None:
        """The market's state, or the last copy where Redis is away (`as_of` says how old); None: there is none."""
        key, owner = market_key(market), key_hash(market)
        replies = await self._execute(key, (b"GET", key))
        blob = self._last_markets.get(key) if replies is None else replies[0]
        if not isinstance(blob, bytes):
            return None
        try:
            state = decode_market(blob, owner)
        except CodecError:
            return None
        self._last_markets.keep(key, blob)
        return state

    async def get_markets(self, markets: Sequence[str]) -> list[MarketState | None]:
        """The same of many markets, in their order; what lies on one server is asked for in one go."""
        return await asyncio.gather(*map(self.get_market, markets))

    async def put_market(self, market: str, state: MarketState) -> bool:
        """Store the market's state for an hour. Raises CodecError for a state that has no blob."""
        key, blob = market_key(market), encode_market(market, state)
        self._last_markets.keep(key, blob)
        return await self._execute(key, (b"SET", key, blob, b"EX", b"%d" % _MARKET_TTL_SECONDS)) is not None

    async def sums(self, key: bytes) -> dict[str, float] | None:
        """Named sums, empty where they have not begun; None where Redis is away or has them wrong."""
        replies = await self._execute(key, (b"HGETALL", key))
        if replies is None or not isinstance(replies[0], list):
            return None
        named = iter(replies[0])
        try:
            return {name.decode(): float(value) for name, value in zip(named, named, strict=True)}
        except ValueError:
            return None

    async def begin_sums(self, key: bytes, since: float, sums: Mapping[str, float], ttl_seconds: int) -> bool:
        """Let sums begin with these, unless they have begun; False where Redis is away."""
        given = _encoded(ttl_seconds, repr(since), *_named(sums))
        return await self._execute(key, (b"EVAL", BEGIN_SUMS.text, b"1", key, *given)) is not None

    async def add_sums(
        self, key: bytes, process: str, number: int, since: float, sums: Mapping[str, float], ttl_seconds: int
    ) -> bool | None:
        """Add a process's batch, the `number`th, to sums in one atomic step, once however often it is sent.

        since: when the batch began. False where there are no sums to add to; None where Redis is away: send it again.
        """
        seen = key + f":{process}".encode()
        given = _encoded(ttl_seconds, repr(since), number, *_named(sums))
        replies = await self._execute(key, (b"EVAL", ADD_SUMS.text, b"2", key, seen, *given))
        return None if replies is None else replies[0] != -1

    async def ping(self) -> bool:
        """Whether Redis answers; at once when the breaker is open and no probe is due."""
        return await self._nodes.ping()

    async def trouble(self) -> str:
        """What keeps the cache from working: no answer, no master, no right; empty where nothing does. For people."""
        key = diner_key("tablestakes-doctor", "nobody")
        try:
            await self._nodes.call(key, b"GET", key)
            await self._script(DROP, [key, *beside(key)], b"1")
            drop = (b"EVALSHA", DROP.sha, b"4", key, *beside(key), b"1")
            await self._nodes.execute(key, [(b"SCRIPT", b"LOAD", DROP.text), drop])
        except (UnavailableError, ErrorReplyError) as error:
            return str(error)
        return "" if await self.ping() else "not every server answers"

    async def close(self) -> None:
        """Close all connections."""
        if self._clearing is not None:
            self._clearing.cancel()
            await asyncio.wait([self._clearing])
        await self._nodes.close()

    async def _script(self, script: Script, keys: list[bytes], *given: bytes) -> Reply:
        """Run a script on keys of one slot. Raises UnavailableError and ErrorReplyError."""
        arguments = (b"%d" % len(keys), *keys, *given)
        try:
            return await self._nodes.call(keys[0], b"EVALSHA", script.sha, *arguments)
        except ErrorReplyError as error:
            if error.kind != "NOSCRIPT":
                raise
        return await self._nodes.call(keys[0], b"EVAL", script.text, *arguments)

    async def _change(self, key: bytes, script: Script, *given: bytes) -> bool:
        """Change one diner's key; whatever goes wrong, the key does not stay as it is."""
        try:
            await self._script(script, [key, *beside(key)], *given)
        except (UnavailableError, ErrorReplyError):
            self._spoil(key)
            return False
        except BaseException:  # cancelled: nobody knows whether Redis has it
            self._spoil(key)
            raise
        self._written.append((self._clock(), key))
        return True

    async def _execute(self, key: bytes, *commands: Command) -> list[Reply] | None:
        """Commands on keys beside this one in one round trip; None where Redis is away or refuses one of them."""
        try:
            return await self._nodes.execute(key, commands)
        except (UnavailableError, ErrorReplyError):
            return None

    def _last_copy(self, key: bytes, owner: bytes, late: bool = False) -> Lookup:
        blob = self._last_diners.get(key)
        return Lookup(decode_diner(blob, owner) if blob else None, degraded=True, late=late)

    def _add_to_last_copy(self, key: bytes, more: bytes) -> None:
        own = self._last_diners.get(key)
        if own is not None:
            self._last_diners.keep(key, with_recent(own, more))

    def _spoil(self, key: bytes) -> None:
        """Remember that Redis has this diner wrong."""
        self._spoilt[key] = object()
        if len(self._spoilt) > _MAX_SPOILT:
            self._spoilt.popitem(last=False)
            if not self._overflowed:
                self._overflowed = True
                why = f"it has missed changes of more than {_MAX_SPOILT:,} diners: empty it (FLUSHDB) when it is back"
                _log.error("redis_stays_wrong", reason=why)

    def _lost(self) -> None:
        """Another server answers than before, or the same after a fall: the last changes may not have reached it."""
        oldest = self._clock() - _UNSURE_SECONDS
        for at, key in self._written:
            if at >= oldest:
                self._spoil(key)
        self._written.clear()

    def _answered(self) -> None:
        """Redis is there: what it has wrong can be cleared away."""
        if self._clearing is None:
            self._clearing = asyncio.get_running_loop().create_task(self._clear())

    async def _clear(self) -> None:
        """Remove from Redis what it has wrong; what is spoilt anew meanwhile stays marked."""
        try:
            all_cleared = True
            # By markets a part at a time: to sort all of them would stop the event loop.
            for chunk in _chunks(list(self._spoilt.items())):
                by_market: dict[bytes, dict[bytes, object]] = {}
                for key, mark in chunk:
                    by_market.setdefault(beside(key)[1], {})[key] = mark
                for market, marks in by_market.items():
                    all_cleared &= await self._clear_in(market, marks)
            self._overflowed = self._overflowed and bool(self._spoilt)
            if not all_cleared:  # a server that answers would have this tried all the time for one that does not
                await asyncio.sleep(_CLEAR_AGAIN_SECONDS)
        finally:
            self._clearing = None

    async def _clear_in(self, market: bytes, marks: Mapping[bytes, object]) -> bool:
        """Clear keys of one market away, whose key of warm-ups is given."""
        drops = ((b"EVALSHA", DROP.sha, b"4", key, *beside(key), _GONE) for key in marks)
        if await self._execute(market, (b"SCRIPT", b"LOAD", DROP.text), *drops) is None:
            return False
        for key, mark in marks.items():
            if self._spoilt.get(key) is mark:
                del self._spoilt[key]
        return True


def _named(sums: Mapping[str, float]) -> Iterator[str]:
    """Names and numbers in turn, as a script takes them."""
    for name, value in sums.items():
        yield from (name, repr(float(value)))


def _encoded(*given: str | int) -> Command:
    return tuple(str(one).encode() for one in given)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    items = iter(items)
    while chunk := list(islice(items, _CHUNK)):
        yield chunk
