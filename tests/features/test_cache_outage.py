"""The cache without its server: answers go on from last copies, nobody waits long, all is well again by itself."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
import pytest_asyncio
import redis
import structlog
from structlog.testing import capture_logs

from services.features import DinerState, EmbeddedRedis, FeatureCache, MarketState
from services.features.breaker import BreakerState
from services.features.codec import RECENT_DTYPE, model_tag
from services.features.keys import diner_key


def diner(first: float, recent: int = 0) -> DinerState:
    return DinerState(np.full(32, first, dtype=np.float32), 0.0, model_tag("v1"), recent=entries(recent))


def entries(count: int) -> np.ndarray:
    made = np.zeros(count, dtype=RECENT_DTYPE)
    made["restaurant"] = np.arange(1, count + 1)
    made["at"] = 1_000 * count - np.arange(count)
    return made


async def put(cache: FeatureCache, user: str, state: DinerState) -> bool:
    return await cache.put("town", user, state, await cache.lease("town", user))


@pytest_asyncio.fixture
async def cache(own_server: EmbeddedRedis) -> AsyncIterator[FeatureCache]:
    """A cache with a request's patience that knows diner `ann`."""
    cache = FeatureCache(own_server.url, timeout_ms=100)

    async def known() -> bool:
        stored = await put(cache, "ann", diner(1.0, recent=1))
        return stored and (await cache.diner("town", "ann")).state is not None

    assert await until(known)
    yield cache
    await cache.close()


@pytest.fixture
def client(own_server: EmbeddedRedis) -> redis.Redis:
    with redis.Redis.from_url(own_server.url) as client:
        yield client


def signalled(server: EmbeddedRedis, what: signal.Signals) -> int:
    with redis.Redis.from_url(server.url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, what)
    return pid


async def until(holds: Callable[[], Awaitable[bool]]) -> bool:
    """Try again and again; the machine may be busy, so the patience is ten times what is promised."""
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.01)
    return True


async def healthy(cache: FeatureCache, user: str = "ann") -> bool:
    return not (await cache.diner("town", user)).degraded


async def assert_degraded_and_quick(cache: FeatureCache) -> None:
    """Without the breaker, 2,000 waits of 100 ms would take 200 s; with the client's defaults, hours."""
    async with asyncio.timeout(20):
        for asked in range(2_000):
            lookup = await cache.diner("town", "ann")
            assert lookup.degraded
            assert lookup.state.vector[0] == 1.0
            if asked == 20:
                assert cache.breaker_state is not BreakerState.CLOSED
        stranger = await cache.diner("town", "bob")
    assert stranger.degraded
    assert stranger.state is None


async def test_killed_and_restarted(cache, own_server):
    signalled(own_server, signal.SIGKILL)
    assert await until(lambda: degraded(cache))
    await assert_degraded_and_quick(cache)
    own_server.start()
    assert await until(lambda: healthy(cache))
    assert (await cache.diner("town", "ann")).state is None, "the new server is empty"
    assert await put(cache, "ann", diner(2.0))
    assert (await cache.diner("town", "ann")).state.vector[0] == 2.0


async def degraded(cache: FeatureCache) -> bool:
    return not await healthy(cache)


async def test_paused_and_continued(cache, own_server):
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        await assert_degraded_and_quick(cache)
        assert not await cache.ping()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await until(lambda: healthy(cache))
    assert (await cache.diner("town", "ann")).state.vector[0] == 1.0
    assert cache.breaker_state is BreakerState.CLOSED


async def test_paused_for_so_long_that_the_connection_is_given_up(cache, own_server):
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        for _ in range(25):
            assert not await healthy(cache)
            await asyncio.sleep(0.06)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await until(lambda: healthy(cache))


async def test_never_there(tmp_path):
    cache = FeatureCache(f"unix://{tmp_path}/nobody.sock", timeout_ms=50)
    async with asyncio.timeout(20):
        for _ in range(100):
            lookup = await cache.diner("town", "ann")
            assert lookup.degraded
            assert lookup.state is None
        assert not await put(cache, "ann", diner(1.0))
        assert not await cache.add_recent("town", "ann", entries(1))
        assert not await cache.drop("town", "bob")
        assert not await cache.put_market("town", MarketState(np.ones(1, np.float32), np.ones(1, np.uint8), "", 0.0))
        assert await cache.put_many("town", [("cid", diner(3.0))], await cache.begin_warm_up("town")) == 0
        assert not await cache.ping()
        assert (await cache.diner("town", "ann")).state.vector[0] == 1.0, "what was put here is known here"
        assert (await cache.diner("town", "cid")).state.vector[0] == 3.0
        assert (await cache.get_market("town")).catalogue_version == ""
    await cache.close()


async def test_flushed(cache, client):
    client.flushall()
    lookup = await cache.diner("town", "ann")
    assert not lookup.degraded
    assert lookup.state is None
    assert await put(cache, "ann", diner(2.0))
    assert (await cache.diner("town", "ann")).state.vector[0] == 2.0


@pytest.mark.parametrize("spoil", ["rubbish", "truncated", "another's", "list", "empty"])
async def test_wrong_data_in_the_key_is_not_served_and_cleared_away(cache, client, spoil):
    key = diner_key("town", "ann")
    await put(cache, "bob", diner(9.0))
    blob, other = client.get(key), client.get(diner_key("town", "bob"))
    client.delete(key)
    if spoil == "list":
        client.lpush(key, "a")
    else:
        client.set(key, {"rubbish": b"\x00" * 300, "truncated": blob[:-1], "another's": other, "empty": b""}[spoil])
    lookup = await cache.diner("town", "ann")
    assert lookup.degraded
    assert lookup.state.vector[0] == 1.0, "the last copy"
    assert await until(lambda: healthy(cache))
    assert (await cache.diner("town", "ann")).state is None
    assert client.exists(key) == 0


async def test_additions_to_wrong_data_clear_it_away(cache, client):
    client.set(diner_key("town", "ann"), b"rubbish")
    assert not await cache.add_recent("town", "ann", entries(1))
    assert await until(lambda: healthy(cache))
    assert client.exists(diner_key("town", "ann")) == 0


async def test_a_diners_own_clicks_count_during_the_outage_and_are_not_undone_by_its_end(cache, own_server, client):
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        assert not await cache.add_recent("town", "ann", entries(3))
        lookup = await cache.diner("town", "ann")
        assert lookup.degraded
        assert lookup.state.recent["restaurant"].tolist() == [1, 2, 3, 1]
    finally:
        os.kill(pid, signal.SIGCONT)
    while (lookup := await cache.diner("town", "ann")).degraded:
        assert lookup.state.recent["restaurant"].tolist() == [1, 2, 3, 1], "never the old state again"
        await asyncio.sleep(0.005)
    assert lookup.state is None, "to be made anew from the events"


async def test_a_diner_dropped_during_the_outage_does_not_come_back(cache, own_server, client):
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        assert not await cache.drop("town", "ann")
        assert (await cache.diner("town", "ann")).state is None
    finally:
        os.kill(pid, signal.SIGCONT)
    while (lookup := await cache.diner("town", "ann")).degraded:
        assert lookup.state is None
        await asyncio.sleep(0.005)
    assert lookup.state is None
    assert client.exists(diner_key("town", "ann")) == 0


@pytest.mark.parametrize("change", ["addition", "drop"])
async def test_a_change_whose_caller_left_is_not_trusted(cache, client, change):
    call = cache.add_recent("town", "ann", entries(2)) if change == "addition" else cache.drop("town", "ann")
    changing = asyncio.create_task(call)
    await asyncio.sleep(0)
    changing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await changing
    assert await until(lambda: healthy(cache))
    assert client.exists(diner_key("town", "ann")) == 0


async def test_a_put_whose_caller_left_is_whole_or_nothing(cache, client):
    lease = await cache.lease("town", "ann")
    putting = asyncio.create_task(cache.put("town", "ann", diner(5.0), lease))
    await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    lookup = await cache.diner("town", "ann")
    assert not lookup.degraded
    assert lookup.state.vector[0] in (1.0, 5.0)


async def test_without_a_lease_nothing_is_stored_but_here(cache, own_server, client):
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        lease = await cache.lease("town", "ann")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await until(lambda: healthy(cache))
    assert not await cache.put("town", "ann", diner(7.0), lease)
    assert client.get(diner_key("town", "ann"))[48:52] == np.float32(1.0).tobytes()


async def test_who_was_dropped_while_redis_was_away_does_not_come_back_into_the_process(tmp_path):
    cache = FeatureCache(f"unix://{tmp_path}/nobody.sock", timeout_ms=50)
    lease, warm_up = await cache.lease("town", "ann"), await cache.begin_warm_up("town")
    assert not await cache.drop("town", "ann")
    assert not await cache.put("town", "ann", diner(1.0), lease)
    assert await cache.put_many("town", [("ann", diner(1.0)), ("bob", diner(2.0))], warm_up) == 0
    assert (await cache.diner("town", "ann")).state is None
    assert (await cache.diner("town", "bob")).state.vector[0] == 2.0
    await cache.close()


async def test_what_is_missed_while_the_key_is_cleared_away_is_cleared_away_again(cache, client, monkeypatch):
    key, execute = diner_key("town", "ann"), cache._execute

    async def missing_one(*given):
        replies = await execute(*given)
        cache._spoil(key)
        return replies

    cache._spoil(key)
    with monkeypatch.context() as patched:
        patched.setattr(cache, "_execute", missing_one)
        await cache._clear()
    assert list(cache._spoilt) == [key]
    await cache._clear()
    assert list(cache._spoilt) == []


async def test_all_that_redis_missed_in_however_many_markets_is_cleared_away(cache, own_server, client):
    markets, users = ("town", "city", "port"), [f"d{number}" for number in range(400)]
    lease = {market: await cache.begin_warm_up(market) for market in markets}
    for market in markets:
        assert await cache.put_many(market, [(user, diner(1.0)) for user in users], lease[market]) == 400
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        await open_and_due(cache)
        for user in users:
            for market in markets:
                assert not await cache.drop(market, user)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await until(lambda: healthy(cache))

    async def all_cleared() -> bool:
        await cache.ping()  # another diner's request
        return not cache._spoilt

    assert await until(all_cleared)
    assert client.exists(*(diner_key(market, user) for market in markets for user in users)) == 0


async def test_more_than_can_be_remembered_is_told_once(cache, monkeypatch):
    monkeypatch.setattr("services.features.cache._MAX_SPOILT", 3)
    monkeypatch.setattr("services.features.cache._log", structlog.get_logger())
    with capture_logs() as told:
        for number in range(5):
            cache._spoil(diner_key("town", f"d{number}"))
    assert list(cache._spoilt) == [diner_key("town", f"d{number}") for number in (2, 3, 4)]
    assert [one["event"] for one in told] == ["redis_stays_wrong"]


async def test_a_change_during_the_outage_voids_the_lease_of_whoever_reached_redis(cache, own_server, client):
    """The addition never got there; when Redis is back its key is cleared, and with it what others have read before."""
    other = FeatureCache(own_server.url, timeout_ms=5_000)
    client.flushall()
    lease = await other.lease("town", "ann")
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        assert not await cache.add_recent("town", "ann", entries(3))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await until(lambda: healthy(cache))
    assert not await other.put("town", "ann", diner(1.0), lease)
    await other.close()


async def test_what_a_fallen_server_may_have_forgotten_is_made_anew(cache, own_server, client):
    """It confirmed an addition and died before it was on disk, or on the replica that is the master now."""
    old = client.dump(diner_key("town", "ann"))
    assert await cache.add_recent("town", "ann", entries(3))
    signalled(own_server, signal.SIGKILL)
    assert await until(lambda: degraded(cache))
    own_server.start()
    client.restore(diner_key("town", "ann"), 60_000, old, replace=True)
    while (lookup := await cache.diner("town", "ann")).degraded:
        assert lookup.state.recent["restaurant"].tolist()[:3] == [1, 2, 3]
        await asyncio.sleep(0.005)
    assert lookup.state is None


async def test_a_probe_whose_caller_left_does_not_keep_the_breaker_open(cache, own_server):
    pid = signalled(own_server, signal.SIGSTOP)
    while cache.breaker_state is BreakerState.CLOSED:
        await cache.diner("town", "ann")
    await asyncio.sleep(0.25)
    probe = asyncio.create_task(cache.ping())
    await asyncio.sleep(0.01)
    assert cache.breaker_state is BreakerState.HALF_OPEN
    probe.cancel()
    os.kill(pid, signal.SIGCONT)
    assert await until(lambda: healthy(cache))


async def open_and_due(cache: FeatureCache) -> None:
    """Until the breaker has opened and the time for a probe has come."""
    while cache.breaker_state is BreakerState.CLOSED:
        await cache.diner("town", "ann")
    await asyncio.sleep(0.25)


async def test_no_diner_waits_for_the_probe(cache, own_server):
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        await open_and_due(cache)
        # It has an answer before the event loop has turned once: a probe takes many turns.
        asked = asyncio.create_task(cache.diner("town", "ann"))
        await asyncio.sleep(0)
        assert asked.done()
        assert asked.result().degraded
        assert cache.breaker_state is BreakerState.HALF_OPEN
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await until(lambda: healthy(cache))


async def test_patient_work_does_not_keep_the_breaker_from_closing(cache, own_server):
    """The market's blob is waited for two seconds; as the probe it would keep every diner from Redis for as long."""
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        await open_and_due(cache)
        patient = asyncio.create_task(cache.get_market("town"))
        async with asyncio.timeout(1.5):
            assert await patient is None
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_full_server_refuses_writes_and_is_not_taken_for_one_that_is_away(cache, client):
    assert await put(cache, "bob", diner(1.0))
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    for _ in range(30):
        assert not await cache.put_market("town", MarketState(np.ones(1, np.float32), np.ones(1, np.uint8), "", 0.0))
    assert cache.breaker_state is BreakerState.CLOSED
    assert await healthy(cache, "bob")


async def test_a_warm_up_stops_when_the_server_goes(cache, own_server):
    def states():
        for number in range(5_000):
            if number == 1_000:
                signalled(own_server, signal.SIGKILL)
            yield f"d{number}", diner(number)

    async with asyncio.timeout(20):
        assert await cache.put_many("town", states(), await cache.begin_warm_up("town")) < 5_000


async def test_closing_in_the_middle_of_an_outage(own_server):
    cache = FeatureCache(own_server.url, timeout_ms=50)
    await put(cache, "ann", diner(1.0))
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        asking = asyncio.create_task(cache.diner("town", "ann"))
        await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await cache.close()
            await asking
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_an_impatient_caller_gets_the_last_copy_and_blames_nobody(cache, own_server):
    for _ in range(30):
        assert (await cache.diner("town", "ann", patience=0.0)).late
    assert cache.breaker_state is BreakerState.CLOSED
    assert not (await cache.diner("town", "ann", patience=60.0)).degraded


async def test_impatient_callers_do_not_hide_that_redis_hangs(cache, own_server):
    pid = signalled(own_server, signal.SIGSTOP)
    try:
        async with asyncio.timeout(20):
            lookup = await cache.diner("town", "ann", patience=0.001)
            assert lookup.late
            assert lookup.state.vector[0] == 1.0
            for _ in range(20):
                lookup = await cache.diner("town", "ann", patience=0.001)
                assert lookup.degraded
            while cache.breaker_state is BreakerState.CLOSED:  # by what those calls come to that nobody waits for
                await asyncio.sleep(0.01)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await until(lambda: healthy(cache))


async def test_an_impatient_caller_opens_the_connection_too(own_server):
    cache = FeatureCache(own_server.url, timeout_ms=2_000)
    async with asyncio.timeout(20):
        while (await cache.diner("town", "ann", patience=0.05)).degraded:
            pass
    await cache.close()
