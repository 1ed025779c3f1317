"""The cache on a healthy server: round trips, times to live, atomic additions, and never another diner's state."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
import redis
from redis.cluster import ClusterNode
from redis.crc import key_slot

from data.columns import EventType
from services.features import DinerState, FeatureCache, MarketState
from services.features.codec import (
    MAX_RECENT,
    RECENT_DTYPE,
    CodecError,
    encode_diner,
    model_tag,
    recent_entries,
    restaurant_hash,
)
from services.features.keys import beside, diner_key, exposure_key, market_key, warm_up_key
from services.features.last_copies import LastCopies


@pytest.fixture(params=["server", "cluster"])
def redis_url(request: pytest.FixtureRequest) -> str:
    """Every test here runs on one server and on a cluster of three."""
    if request.param == "server":
        return request.getfixturevalue("shared_server")
    return request.getfixturevalue("shared_cluster").url


@pytest.fixture
def admin(request: pytest.FixtureRequest, redis_url: str) -> Iterator[Any]:
    """Plain clients on all servers, which start out empty."""
    if "cluster" in redis_url:
        spots = [(node.spot.split(":")[0], node.port) for node in request.getfixturevalue("shared_cluster").nodes]
        client: Any = redis.RedisCluster(startup_nodes=[ClusterNode(*spot) for spot in spots])
    else:
        client = redis.Redis.from_url(redis_url)
    with client:
        for each in servers(client):
            each.flushall()
            each.config_resetstat()
        yield client


@pytest_asyncio.fixture
async def cache(admin: Any, redis_url: str) -> AsyncIterator[FeatureCache]:
    cache = FeatureCache(redis_url, timeout_ms=5_000)
    yield cache
    await cache.close()


def servers(client: Any) -> list[Any]:
    """A client of each server."""
    if isinstance(client, redis.RedisCluster):
        return [client.get_redis_connection(node) for node in client.get_primaries()]
    return [client]


def diner(first: float = 0.0, recent: np.ndarray | None = None) -> DinerState:
    vector = np.full(32, first, dtype=np.float32)
    return DinerState(vector, 0.5, model_tag("v1"), 22.1, -101.0, numbered(0) if recent is None else recent)


def numbered(count: int, first: int = 1) -> np.ndarray:
    made = np.zeros(count, dtype=RECENT_DTYPE)
    made["restaurant"] = np.arange(first, first + count)
    made["at"] = 1_000 * first - np.arange(count)
    return made


async def put(cache: FeatureCache, user: str, state: DinerState, market: str = "town") -> bool:
    return await cache.put(market, user, state, await cache.lease(market, user))


async def warm(cache: FeatureCache, states: Iterable[tuple[str, DinerState]]) -> int:
    return await cache.put_many("town", states, await cache.begin_warm_up("town"))


async def restaurants(cache: FeatureCache, user: str) -> list[int]:
    lookup = await cache.diner("town", user)
    assert lookup.state is not None
    assert not lookup.degraded
    return lookup.state.recent["restaurant"].tolist()


async def test_a_diner_comes_back(cache):
    assert (await cache.diner("town", "ann")).state is None
    assert await put(cache, "ann", diner(3.0, numbered(2)))
    lookup = await cache.diner("town", "ann")
    assert not lookup.degraded
    assert lookup.state.vector.tolist() == [3.0] * 32
    assert (lookup.state.bias, lookup.state.home_lat, lookup.state.home_lon) == (0.5, 22.1, -101.0)
    assert lookup.state.model_tag == model_tag("v1")
    assert lookup.state.recent.tolist() == numbered(2).tolist()


async def test_a_lookup_is_one_command(cache, admin):
    await put(cache, "ann", diner())
    for each in servers(admin):
        each.config_resetstat()
    for _ in range(10):
        await cache.diner("town", "ann")
    stats = {name: told for each in servers(admin) for name, told in each.info("commandstats").items()}
    assert stats["cmdstat_get"]["calls"] == 10
    assert {name for name in stats if name.startswith("cmdstat_")} <= {"cmdstat_get", "cmdstat_config|resetstat"}


async def test_markets_do_not_mix(cache):
    await put(cache, "ann", diner(1.0))
    await put(cache, "ann", diner(2.0), "city")
    assert (await cache.diner("town", "ann")).state.vector[0] == 1.0
    assert (await cache.diner("city", "ann")).state.vector[0] == 2.0
    assert (await cache.diner("village", "ann")).state is None


async def test_every_key_has_a_time_to_live(admin, redis_url):
    cache = FeatureCache(redis_url, ttl_seconds=500, timeout_ms=5_000)
    await put(cache, "ann", diner())
    await warm(cache, [(f"d{number}", diner()) for number in range(20)])
    await cache.put_market("town", MarketState(np.ones(3, np.float32), np.ones(3, np.uint8), "v1", 1.0))
    admin.expire(diner_key("town", "ann"), 5)
    await cache.add_recent("town", "ann", numbered(1))
    ttls = {key: admin.ttl(key) for key in admin.scan_iter()}
    await cache.lease("town", "bob")
    ttls |= {key: admin.ttl(key) for key in admin.scan_iter(b"*:l:*")}
    await cache.close()
    assert len(ttls) == 24
    assert 0 < ttls.pop(market_key("town")) <= 3600
    assert 0 < ttls.pop(warm_up_key("town")) <= 60
    assert 0 < ttls.pop(beside(diner_key("town", "bob"))[0]) <= 10
    assert all(400 < ttl <= 500 for ttl in ttls.values()), "additions refresh it"


async def test_entries_are_put_before_the_older_ones(cache):
    await put(cache, "ann", diner(1.0, numbered(30)))
    assert await cache.add_recent("town", "ann", numbered(4, first=100))
    assert await restaurants(cache, "ann") == [100, 101, 102, 103, *range(1, 29)]
    assert await cache.add_recent("town", "ann", numbered(50, first=200))
    assert await restaurants(cache, "ann") == list(range(200, 232))
    assert (await cache.diner("town", "ann")).state.vector[0] == 1.0


async def test_a_diner_who_is_not_there_stays_out(cache, admin):
    assert await cache.add_recent("town", "ann", numbered(1))
    assert not any(each.dbsize() for each in servers(admin))
    assert (await cache.diner("town", "ann")).state is None


async def test_the_script_is_loaded_again_after_the_server_forgot_it(cache, admin):
    await put(cache, "ann", diner())
    for turn in (1, 2):
        for each in servers(admin):
            each.script_flush()
        assert await cache.add_recent("town", "ann", numbered(1, first=turn))
    assert len(await restaurants(cache, "ann")) == 2


async def test_no_addition_of_many_at_once_is_lost(cache, redis_url):
    await put(cache, "ann", diner())
    others = [FeatureCache(redis_url, timeout_ms=5_000) for _ in range(8)]

    async def add(number: int, other: FeatureCache) -> None:
        for step in range(4):
            assert await other.add_recent("town", "ann", numbered(1, first=1 + 4 * number + step))

    await asyncio.gather(*(add(number, other) for number, other in enumerate(others)))
    found = await restaurants(cache, "ann")
    for other in others:
        await other.close()
    assert sorted(found) == list(range(1, MAX_RECENT + 1))
    for number in range(8):
        own = [entry for entry in found if (entry - 1) // 4 == number]
        assert own == sorted(own, reverse=True), "each one's newest first"


ADDING = """
import asyncio, sys
from data.columns import EventType
from services.features import FeatureCache
from services.features.codec import recent_entries

async def main(url, name):
    cache = FeatureCache(url, timeout_ms=20_000)
    sys.stdin.read(1)
    for number in range(8):
        assert await cache.add_recent("town", "ann", recent_entries([f"{name}-{number}"], [EventType.CLICK], [number]))
    await cache.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_no_addition_of_other_processes_is_lost(cache, redis_url):
    await put(cache, "ann", diner())
    names = ["a", "b", "c", "d"]
    processes = [
        subprocess.Popen([sys.executable, "-c", ADDING, redis_url, name], stdin=subprocess.PIPE) for name in names
    ]
    for process in processes:
        process.communicate(b"!", timeout=60)
    assert [process.returncode for process in processes] == [0] * 4
    wanted = {restaurant_hash(f"{name}-{number}") for name in names for number in range(8)}
    assert set(await restaurants(cache, "ann")) == wanted


async def test_a_warm_up_keeps_the_entries_that_came_meanwhile(cache):
    await put(cache, "ann", diner(1.0))
    await cache.add_recent("town", "ann", numbered(2, first=7))
    states = [("ann", diner(2.0, numbered(1, first=6))), ("bob", diner(3.0, numbered(1, first=99)))]
    assert await warm(cache, states) == 2
    assert (await cache.diner("town", "ann")).state.vector[0] == 2.0
    assert await restaurants(cache, "ann") == [7, 8, 6]
    assert await restaurants(cache, "bob") == [99]


async def test_a_warm_up_of_thousands(cache, admin):
    assert await warm(cache, ((f"d{number}", diner(number)) for number in range(1_234))) == 1_234
    assert sum(each.dbsize() for each in servers(admin)) == 1_234 + 1, "and the warm-up"
    assert (await cache.diner("town", "d1233")).state.vector[0] == 1_233.0
    assert await warm(cache, []) == 0


async def test_a_put_replaces_all_but_entries(cache):
    await put(cache, "ann", diner(1.0, numbered(3)))
    await put(cache, "ann", diner(2.0, numbered(1, first=9)))
    assert await restaurants(cache, "ann") == [9, 1, 2, 3]
    assert (await cache.diner("town", "ann")).state.vector[0] == 2.0


async def test_a_dropped_diner_is_gone_everywhere(cache, admin, redis_url):
    other = FeatureCache(redis_url, timeout_ms=5_000)
    await put(cache, "ann", diner())
    assert (await other.diner("town", "ann")).state is not None
    assert await cache.drop("town", "ann")
    assert not admin.exists(diner_key("town", "ann"))
    for each in (cache, other):
        assert (await each.diner("town", "ann")).state is None
    assert len(other._last_diners) == 0, "the other process's last copy goes with its next look"
    await other.close()


async def test_the_markets_state_comes_back(cache, admin):
    assert await cache.get_market("town") is None
    state = MarketState(np.array([5.0, 7.5], np.float32), np.array([1, 0], np.uint8), "cat-1", 12.5)
    assert await cache.put_market("town", state)
    read = await cache.get_market("town")
    assert (read.eta_minutes.tolist(), read.is_open.tolist()) == ([5.0, 7.5], [1, 0])
    assert (read.catalogue_version, read.as_of) == ("cat-1", 12.5)
    assert await cache.get_market("city") is None
    admin.set(market_key("town"), b"rubbish")
    assert await cache.get_market("town") is None


async def test_a_state_without_a_blob_is_the_callers_mistake(cache, admin):
    with pytest.raises(CodecError):
        await put(cache, "ann", DinerState(np.array([np.nan], np.float32), 0.0, bytes(8)))
    with pytest.raises(CodecError):
        await cache.add_recent("town", "ann", np.zeros(1, np.uint64))
    assert not admin.exists(diner_key("town", "ann"))


async def test_a_value_under_the_wrong_key_is_never_taken(cache, admin):
    admin.set(diner_key("town", "ann"), encode_diner("town", "bob", diner(9.0)))
    lookup = await cache.diner("town", "ann")
    assert lookup.state is None
    assert lookup.degraded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a}:d:x", "y"), ("a", "x}:d:y")),
        (("a%7D", "y"), ("a}", "y")),
        (("a}", "y"), ("a", "y")),
        (("a%257D", "y"), ("a%7D", "y")),
        (("a", "b"), ("a", "B")),
        (("", "{a}"), ("{a}", "")),
        (("", "a"), ("%", "a")),
    ],
)
def test_no_two_diners_share_a_key(one, other):
    assert diner_key(*one) != diner_key(*other)


def test_a_markets_keys_lie_on_one_node_of_a_cluster():
    for market in ("town", "San Luis Potosí", "a}b", "100%", ""):
        keys = [diner_key(market, "ann"), diner_key(market, "{bob}"), market_key(market), warm_up_key(market)]
        keys += [*beside(diner_key(market, "ann")), exposure_key(market, "kind")]
        tags = {key[key.index(b"{") + 1 : key.index(b"}")] for key in keys}
        assert len(tags) == 1
        assert tags != {b""}
        assert len({key_slot(key) for key in keys}) == 1


async def test_many_diners_at_once_get_their_own(cache):
    await warm(cache, [(f"d{number}", diner(number)) for number in range(300)])
    lookups = await asyncio.gather(*(cache.diner("town", f"d{number}") for number in range(300)))
    assert [lookup.state.vector[0] for lookup in lookups] == list(range(300))


async def test_ping(cache):
    assert await cache.ping()


def test_entries_of_events_find_their_restaurants():
    made = recent_entries(["r1"], [EventType.CLICK], [7.0])
    assert made["restaurant"][0] == restaurant_hash("r1")


class TestLastCopies:
    def test_the_least_recently_used_makes_room(self):
        copies = LastCopies(2)
        copies.keep(b"a", b"1")
        copies.keep(b"b", b"2")
        copies.get(b"a")
        copies.keep(b"c", b"3")
        assert [copies.get(key) for key in (b"a", b"b", b"c")] == [b"1", None, b"3"]

    def test_nothing_is_kept_where_nothing_may_be(self):
        copies = LastCopies(0)
        copies.keep(b"a", b"1")
        assert len(copies) == 0

    def test_what_is_too_large_is_not_kept_nor_is_what_it_replaces(self):
        copies = LastCopies(2, max_blob_bytes=3)
        copies.keep(b"a", b"123")
        copies.keep(b"a", b"1234")
        assert copies.get(b"a") is None

    def test_what_is_dropped_is_gone(self):
        copies = LastCopies(2)
        copies.keep(b"a", b"1")
        copies.drop(b"a")
        copies.drop(b"a")
        assert copies.get(b"a") is None
