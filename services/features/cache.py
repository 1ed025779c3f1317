"""The feature cache: a diner's state in one Redis round trip, and an answer also when Redis has none to give.

Every key has a time to live. Nothing here is the truth: whoever finds a diner missing makes the state anew and puts it.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from services.features.breaker import REFUSED, BreakerState, CircuitBreaker
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
    renewed,
    split_diner,
    with_recent,
)
from services.features.keys import diner_key, market_key
from services.features.last_copies import LastCopies
from services.features.multiplexed import ErrorReplyError, MultiplexedConnection, PatienceError, Reply, UnavailableError
from services.features.scripts import ADD_RECENT, ADD_SUMS, BEGIN_SUMS, RENEW

_PATIENCE_SECONDS: Final = 2.0
"""For what no request waits on: warm-up, the market's blob, clearing away."""
_CHUNK: Final = 500
_MARKET_TTL_SECONDS: Final = 3600
_MARKETS: Final = 64
_MARKET_BYTES: Final = 1 << 20
_MAX_SPOILT: Final = 10_000


@dataclass(frozen=True, eq=False, slots=True)
class Lookup:
    """What the cache knows of a diner."""

    state: DinerState | None
    """None: not in the cache; make it anew and `put` it."""
    degraded: bool
    """Redis did not answer (or not sensibly): `state` is this process's last copy, which may be old, or None."""
    late: bool = False
    """Degraded because the caller had no time left, which says nothing about Redis."""


class FeatureCache:
    """The one door to Redis. Belongs to one event loop; safe for many tasks, any of which may be cancelled at any time.

    Neither reads nor writes raise because Redis is away; writes say whether Redis has confirmed. A write that Redis may
    have missed makes its blob of that diner wrong: such keys are cleared away when Redis is back, so that the next
    request makes them anew.
    """

    def __init__(
        self,
        redis_url: str,
        *,
        timeout_ms: float = 20.0,
        ttl_seconds: int = 14 * 24 * 3600,
        last_copies: int = 20_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout_ms` bounds each wait on a diner's behalf; `last_copies` diners are remembered in the process.

        `clock` gives seconds that never go back. Nothing is connected before the first call. ValueError for a bad URL.
        """
        self._diners = MultiplexedConnection(redis_url, timeout_seconds=timeout_ms / 1000.0)
        # The client's own defaults are ten retries and five seconds: 3.2 s for one GET from a dead server.
        self._bulk = Redis.from_url(
            redis_url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
            decode_responses=False,
        )
        self._ttl = ttl_seconds
        self._last_diners = LastCopies(last_copies)
        self._last_markets = LastCopies(_MARKETS, max_blob_bytes=_MARKET_BYTES)
        self._breaker = CircuitBreaker(clock)
        self._spoilt: OrderedDict[bytes, object] = OrderedDict()
        self._clearing: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[bool] | None = None

    @property
    def breaker_state(self) -> BreakerState:
        """Closed: Redis answers. For readiness and metrics."""
        return self._breaker.state

    async def diner(self, market: str, user_id: str, patience: float = inf) -> Lookup:
        """The diner's state by one command in one round trip. Never raises because of Redis.

        Waits for `timeout_ms` at most, twice that where the connection has to be made first, and never longer than
        `patience` seconds.
        """
        key, owner = diner_key(market, user_id), key_hash(market, user_id)
        try:
            blob = await self._call(b"GET", key, patience=patience)
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

    async def put(self, market: str, user_id: str, state: DinerState) -> bool:
        """Store the diner as given. Raises CodecError for a state that has no blob."""
        key, blob = diner_key(market, user_id), encode_diner(market, user_id, state)
        self._last_diners.keep(key, blob)
        stored = await self._write(key, b"SET", key, blob, b"EX", b"%d" % self._ttl)
        if stored:
            self._spoilt.pop(key, None)
        return stored

    async def put_many(self, market: str, states: Iterable[tuple[str, DinerState]]) -> int:
        """Warm-up: store (user id, state) pairs, pipelined; recent entries that the cache has of a diner are kept.

        Says how many Redis has confirmed; stops when Redis goes away. Raises CodecError for a state that has no blob.
        """
        stored = 0
        for chunk in _chunks((diner_key(market, user), encode_diner(market, user, state)) for user, state in states):
            for key, blob in chunk:
                old = self._last_diners.get(key)
                self._last_diners.keep(key, renewed(blob, old) if old else blob)
            renew = (("EVALSHA", RENEW.sha, 1, key, *split_diner(blob), self._ttl) for key, blob in chunk)
            if await self._execute(("SCRIPT LOAD", RENEW.text), *renew) is None:
                break
            stored += len(chunk)
        return stored

    async def add_recent(self, market: str, user_id: str, entries: RecentArray) -> bool:
        """Put entries, newest first, before the diner's recent ones in one atomic step; the first MAX_RECENT stay.

        A diner who is not in the cache stays out. Raises CodecError for an array that is not (m,) RECENT_DTYPE.
        """
        key, newer = diner_key(market, user_id), encode_recent(entries)
        own = self._last_diners.get(key)
        if own is not None:
            self._last_diners.keep(key, with_recent(own, newer))
        return await self._write(key, b"EVALSHA", ADD_RECENT.sha, b"1", key, newer, b"%d" % self._ttl)

    async def drop(self, market: str, user_id: str) -> bool:
        """Forget the diner, in this process and in Redis; where Redis is away, as soon as it is back."""
        key = diner_key(market, user_id)
        self._last_diners.drop(key)
        return await self._write(key, b"UNLINK", key)

    async def get_market(self, market: str) -> MarketState | None:
        """The market's state, or the last copy where Redis is away (`as_of` says how old); None: there is none."""
        return (await self.get_markets([market]))[0]

    async def get_markets(self, markets: Sequence[str]) -> list[MarketState | None]:
        """The same of many markets in one round trip, in their order."""
        keys = [market_key(market) for market in markets]
        replies = await self._execute(*(("GET", key) for key in keys)) if keys else []
        blobs = [self._last_markets.get(key) for key in keys] if replies is None else replies
        return [self._market(market, key, blob) for market, key, blob in zip(markets, keys, blobs, strict=True)]

    def _market(self, market: str, key: bytes, blob: object) -> MarketState | None:
        if not isinstance(blob, bytes):
            return None
        try:
            state = decode_market(blob, key_hash(market))
        except CodecError:
            return None
        self._last_markets.keep(key, blob)
        return state

    async def put_market(self, market: str, state: MarketState) -> bool:
        """Store the market's state for an hour. Raises CodecError for a state that has no blob."""
        key, blob = market_key(market), encode_market(market, state)
        self._last_markets.keep(key, blob)
        return await self._execute(("SET", key, blob, "EX", _MARKET_TTL_SECONDS)) is not None

    async def sums(self, key: bytes) -> dict[str, float] | None:
        """Named sums, empty where they have not begun; None where Redis is away or has them wrong."""
        replies = await self._execute(("HGETALL", key))
        if replies is None or not isinstance(replies[0], dict):
            return None
        try:
            return {name.decode(): float(value) for name, value in replies[0].items()}
        except ValueError:
            return None

    async def begin_sums(self, key: bytes, since: float, sums: Mapping[str, float], ttl_seconds: int) -> bool:
        """Let sums begin with these, unless they have begun; False where Redis is away."""
        given = [str(ttl_seconds), repr(since), *_named(sums)]
        return await self._execute(("EVAL", BEGIN_SUMS.text, 1, key, *given)) is not None

    async def add_sums(
        self, key: bytes, process: str, number: int, since: float, sums: Mapping[str, float], ttl_seconds: int
    ) -> bool | None:
        """Add a process's batch, the `number`th, to sums in one atomic step, once however often it is sent.

        since: when the batch began. False where there are no sums to add to; None where Redis is away: send it again.
        """
        seen = key + f":{process}".encode()
        given = [str(ttl_seconds), repr(since), str(number), *_named(sums)]
        replies = await self._execute(("EVAL", ADD_SUMS.text, 2, key, seen, *given))
        return None if replies is None else replies[0] != -1

    async def ping(self) -> bool:
        """Whether Redis answers; at once when the breaker is open and no probe is due."""
        return await self._asked(self._breaker.enter())

    async def close(self) -> None:
        """Close all connections."""
        for task in (self._clearing, self._probing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await self._diners.close()
        await self._bulk.aclose()

    async def _call(self, *command: bytes, patience: float = inf) -> Reply:
        """A command on the shared connection, if the breaker lets it.

        Raises UnavailableError, ErrorReplyError, and PatienceError after `patience` seconds.
        """
        if patience <= 0.0:
            raise PatienceError
        ticket = self._breaker.enter()
        if ticket == REFUSED:
            raise UnavailableError("the circuit breaker is open")
        if self._breaker.state is BreakerState.HALF_OPEN:
            # No diner waits to find out that Redis is still away: the probe goes by itself, this call without.
            self._probing = asyncio.get_running_loop().create_task(self._asked(ticket))
            raise UnavailableError("the circuit breaker is open, a probe is on its way")
        return await self._try(ticket, command, patience)

    async def _asked(self, ticket: int) -> bool:
        """Whether Redis answers a PING with this ticket, within the patience of a diner's call."""
        if ticket == REFUSED:
            return False
        try:
            return await self._try(ticket, (b"PING",)) == b"PONG"
        except (UnavailableError, ErrorReplyError):
            return False

    async def _try(self, ticket: int, command: tuple[bytes, ...], patience: float = inf) -> Reply:
        """The command, and a word to the breaker of how it went."""
        try:
            reply = await self._diners.call(*command, patience=patience)
        except UnavailableError:
            self._breaker.failed(ticket)
            raise
        except ErrorReplyError:  # an error is an answer too
            self._answered(ticket)
            raise
        except PatienceError as error:  # says nothing of Redis yet; were it forgotten, impatience would hide an outage
            if error.asking is not None:
                error.asking.add_done_callback(lambda asking: self._ended(ticket, asking))
            raise
        except BaseException:
            self._breaker.gave_up(ticket)
            raise
        self._answered(ticket)
        return reply

    def _ended(self, ticket: int, asking: asyncio.Future[Reply]) -> None:
        """A call has ended that its caller did not wait for."""
        if asking.cancelled():
            self._breaker.gave_up(ticket)
        elif isinstance(asking.exception(), UnavailableError):
            self._breaker.failed(ticket)
        else:
            self._answered(ticket)

    def _answered(self, ticket: int) -> None:
        """Redis is there: what it has wrong can be cleared away."""
        self._breaker.succeeded(ticket)
        if self._spoilt and self._clearing is None:
            self._clearing = asyncio.get_running_loop().create_task(self._clear())

    async def _write(self, key: bytes, *command: bytes) -> bool:
        """Change one diner's key; whatever goes wrong, the key does not stay as it is."""
        try:
            try:
                await self._call(*command)
            except ErrorReplyError as error:
                if not str(error).startswith("NOSCRIPT"):
                    raise
                await self._call(b"EVAL", ADD_RECENT.text, *command[2:])
        except (UnavailableError, ErrorReplyError):
            self._spoil(key)
            return False
        except BaseException:  # cancelled: nobody knows whether Redis has it
            self._spoil(key)
            raise
        return True

    async def _execute(self, *commands: tuple[bytes | str | int, ...]) -> list[object] | None:
        """Run commands in one round trip, if the breaker lets it; None where Redis is away or refuses one of them."""
        ticket = self._breaker.enter()
        if self._breaker.state is BreakerState.HALF_OPEN:
            # A probe must not take as long as the patience here: the breaker would be kept from closing.
            ticket = self._breaker.enter() if await self._asked(ticket) else REFUSED
        if ticket == REFUSED:
            return None
        pipeline = self._bulk.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        try:
            replies: list[object] = await pipeline.execute()
        except ResponseError:  # it is there and will not: full, or the key is of another type
            self._answered(ticket)
            return None
        except (RedisError, OSError):
            self._breaker.failed(ticket)
            return None
        except BaseException:
            self._breaker.gave_up(ticket)
            raise
        self._breaker.succeeded(ticket)
        return replies

    def _last_copy(self, key: bytes, owner: bytes, late: bool = False) -> Lookup:
        blob = self._last_diners.get(key)
        return Lookup(decode_diner(blob, owner) if blob else None, degraded=True, late=late)

    def _spoil(self, key: bytes) -> None:
        """Remember that Redis has this diner wrong."""
        self._spoilt[key] = object()
        if len(self._spoilt) > _MAX_SPOILT:
            self._spoilt.popitem(last=False)

    async def _clear(self) -> None:
        """Remove from Redis what it has wrong; what is spoilt anew meanwhile stays marked."""
        try:
            while marks := dict(islice(self._spoilt.items(), _CHUNK)):
                if await self._execute(*(("UNLINK", key) for key in marks)) is None:
                    return
                for key, mark in marks.items():
                    if self._spoilt.get(key) is mark:
                        del self._spoilt[key]
        finally:
            self._clearing = None


def _named(sums: Mapping[str, float]) -> Iterator[str]:
    """Names and numbers in turn, as a script takes them."""
    for name, value in sums.items():
        yield from (name, repr(float(value)))


def _chunks(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[list[tuple[bytes, bytes]]]:
    pairs = iter(pairs)
    while chunk := list(islice(pairs, _CHUNK)):
        yield chunk
