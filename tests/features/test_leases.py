"""No change of a diner is lost to somebody who read the diner before it, in whatever order the steps of all fall.

The database is a model, the cache's server is real. Every actor is a process with a cache of its own. Each order of the
actors' steps is played, and in the end the cache has nothing of the diner, or what the database has.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from services.features import DinerState, FeatureCache, Lease
from services.features.codec import MAX_RECENT, RECENT_DTYPE, encode_diner, encode_recent, model_tag, with_recent
from services.features.keys import beside, diner_key
from services.features.scripts import ADD_RECENT

TOWN, ANN = "town", "ann"
Steps = list[Callable[[], Awaitable[object]]]


@dataclass
class World:
    """A database of one diner, and caches of one server."""

    caches: list[FeatureCache]
    events: set[int] = field(default_factory=set)
    profile: int = 1
    """0: erased."""
    stored: int = 0
    """How often somebody's reading was."""

    def state(self) -> DinerState:
        """What the database says of the diner now; a profile of 0 is nobody's."""
        vector = np.full(4, self.profile, np.float32)
        return DinerState(vector, 0.0, model_tag("v1"), recent=entries(sorted(self.events)))

    def reader(self, cache: FeatureCache) -> Steps:
        """A request that finds the diner missing."""
        held: list[Lease] = []
        read: list[DinerState] = []

        async def lease() -> None:
            if (await cache.diner(TOWN, ANN)).state is None:
                held.append(await cache.lease(TOWN, ANN))

        async def load() -> None:
            if held:
                read.append(self.state())

        async def put() -> None:
            if held:
                self.stored += await cache.put(TOWN, ANN, read[0], held[0])

        return [lease, load, put]

    def warm_up(self, cache: FeatureCache) -> Steps:
        """A process that starts, and reads all diners who have done nothing."""
        held: list[Lease] = []
        read: list[tuple[str, DinerState]] = []

        async def begin() -> None:
            held.append(await cache.begin_warm_up(TOWN))

        async def load() -> None:
            if self.profile and not self.events:
                read.append((ANN, self.state()))

        async def put() -> None:
            self.stored += await cache.put_many(TOWN, read, held[0])

        return [begin, load, put]

    def event(self, cache: FeatureCache, number: int) -> Steps:
        """Something that the diner does."""

        async def store() -> None:
            self.events.add(number)

        async def remember() -> None:
            await cache.add_recent(TOWN, ANN, entries([number]))

        return [store, remember]

    def erasure(self, cache: FeatureCache) -> Steps:
        """The diner asks to be forgotten."""

        async def erase() -> None:
            self.events.clear()
            self.profile = 0

        async def drop() -> None:
            await cache.drop(TOWN, ANN)

        return [erase, drop]

    def new_profile(self, cache: FeatureCache) -> Steps:
        """The diner moves house."""

        async def store() -> None:
            self.profile += 1

        async def drop() -> None:
            await cache.drop(TOWN, ANN)

        return [store, drop]

    def eviction(self, admin: redis.Redis) -> Steps:
        """Redis needs the room."""

        async def evict() -> None:
            admin.delete(diner_key(TOWN, ANN))

        return [evict]


def entries(numbers: Sequence[int]) -> np.ndarray:
    made = np.zeros(len(numbers), RECENT_DTYPE)
    made["restaurant"] = made["at"] = numbers
    return made


def orders(lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every order of the steps of actors, each with so many: the actor whose turn it is."""
    if not any(lengths):
        yield ()
    for actor, left in enumerate(lengths):
        if left:
            for rest in orders([*lengths[:actor], left - 1, *lengths[actor + 1 :]]):
                yield (actor, *rest)


@pytest.fixture
async def caches(shared_server: str) -> AsyncIterator[list[FeatureCache]]:
    made = [FeatureCache(shared_server, timeout_ms=20_000) for _ in range(4)]
    yield made
    for cache in made:
        await cache.close()


Cast = Callable[[World, redis.Redis], list[Steps]]
SHORT: dict[str, Cast] = {
    "reader, event": lambda w, _: [w.reader(w.caches[0]), w.event(w.caches[1], 7)],
    "reader, event in the same process": lambda w, _: [w.reader(w.caches[0]), w.event(w.caches[0], 7)],
    "reader, erasure in the same process": lambda w, _: [w.reader(w.caches[0]), w.erasure(w.caches[0])],
    "two readers, event": lambda w, _: [w.reader(w.caches[0]), w.reader(w.caches[1]), w.event(w.caches[2], 7)],
    "two readers in one process, new profile": lambda w, _: [
        w.reader(w.caches[0]),
        w.reader(w.caches[0]),
        w.new_profile(w.caches[2]),
    ],
    "reader, event, erasure": lambda w, _: [w.reader(w.caches[0]), w.event(w.caches[1], 7), w.erasure(w.caches[2])],
    "warm-up, event": lambda w, _: [w.warm_up(w.caches[0]), w.event(w.caches[1], 7)],
    "warm-up, erasure, eviction": lambda w, a: [w.warm_up(w.caches[0]), w.erasure(w.caches[1]), w.eviction(a)],
}
LONG: dict[str, Cast] = {
    "two readers, erasure": lambda w, _: [w.reader(w.caches[0]), w.reader(w.caches[1]), w.erasure(w.caches[2])],
    "warm-up, reader, event": lambda w, _: [w.warm_up(w.caches[0]), w.reader(w.caches[1]), w.event(w.caches[2], 7)],
    "two warm-ups, new profile": lambda w, _: [
        w.warm_up(w.caches[0]),
        w.warm_up(w.caches[1]),
        w.new_profile(w.caches[2]),
    ],
    "two readers, event, erasure": lambda w, _: [
        w.reader(w.caches[0]),
        w.reader(w.caches[1]),
        w.event(w.caches[2], 7),
        w.erasure(w.caches[3]),
    ],
    "two readers, two events, one of them late": lambda w, _: [
        w.reader(w.caches[0]),
        w.reader(w.caches[1]),
        w.event(w.caches[2], 7),
        w.event(w.caches[3], 5),
    ],
    "reader, warm-up, event, eviction": lambda w, a: [
        w.reader(w.caches[0]),
        w.warm_up(w.caches[1]),
        w.event(w.caches[2], 7),
        w.eviction(a),
    ],
}


async def play_all(cast: Cast, caches: list[FeatureCache], admin: redis.Redis) -> None:
    lengths = [len(steps) for steps in cast(World(caches), admin)]
    stored = 0
    for order in orders(lengths):
        admin.flushall()
        world = World(caches)
        actors = [iter(steps) for steps in cast(world, admin)]
        for actor in order:
            await next(actors[actor])()
        for cache in caches:
            lookup = await cache.diner(TOWN, ANN)
            assert not lookup.degraded
            if lookup.state is not None:
                assert encode_diner(TOWN, ANN, lookup.state) == encode_diner(TOWN, ANN, world.state()), order
        stored += world.stored
    assert stored, "where nothing comes between, what was read is stored"


@pytest.mark.parametrize("cast", SHORT)
async def test_no_change_is_lost_in_any_order(cast, caches, admin):
    await play_all(SHORT[cast], caches, admin)


@pytest.mark.long
@pytest.mark.parametrize("cast", LONG)
async def test_no_change_is_lost_in_any_order_of_many(cast, caches, admin):
    await play_all(LONG[cast], caches, admin)


async def test_the_last_copy_of_who_was_erased_meanwhile_is_gone_too(cache, admin):
    """In the process, which serves it when Redis is away."""
    lease = await cache.lease(TOWN, ANN)
    state = World([]).state()
    await cache.drop(TOWN, ANN)
    assert not await cache.put(TOWN, ANN, state, lease)
    assert len(cache._last_diners) == 0


async def test_what_another_process_changed_meanwhile_does_not_stay_as_the_last_copy(cache, shared_server, admin):
    """Redis says that what was read is old: this process must not serve it when Redis is away."""
    other = FeatureCache(shared_server, timeout_ms=5_000)
    state = World([]).state()
    lease, warm_up = await cache.lease(TOWN, ANN), await cache.begin_warm_up(TOWN)
    await other.drop(TOWN, ANN)
    assert not await cache.put(TOWN, ANN, state, lease)
    assert len(cache._last_diners) == 0
    assert await cache.put_many(TOWN, [(ANN, state)], warm_up) == 0
    assert len(cache._last_diners) == 0
    await other.close()


async def test_an_answer_from_before_does_not_bring_the_erased_back_into_the_process(cache, admin):
    await cache.put(TOWN, ANN, World([]).state(), await cache.lease(TOWN, ANN))
    asked = asyncio.create_task(cache.diner(TOWN, ANN))
    await asyncio.sleep(0)
    await cache.drop(TOWN, ANN)
    await asked
    assert len(cache._last_diners) == 0


async def test_a_lease_is_for_a_time(cache, admin):
    lease = await cache.lease(TOWN, ANN)
    admin.flushall()
    assert not await cache.put(TOWN, ANN, World([]).state(), lease)
    assert admin.dbsize() == 0


async def test_a_reader_who_never_comes_back_is_in_nobodys_way(cache, admin):
    """However often somebody comes: they share a token, else each would void the one before."""
    first = await cache.lease(TOWN, ANN)
    await cache.lease(TOWN, ANN)
    assert await cache.put(TOWN, ANN, World([]).state(), first)


async def test_a_warm_up_that_took_too_long_stores_nothing(cache, admin):
    lease = await cache.begin_warm_up(TOWN)
    admin.flushall()
    other = await cache.begin_warm_up(TOWN)
    states = [(ANN, World([]).state())]
    assert await cache.put_many(TOWN, states, lease) == 0
    assert await cache.put_many(TOWN, states, other) == 1


async def test_leases_survive_that_redis_forgets_its_scripts(cache, admin):
    for _ in range(2):
        admin.script_flush()
        lease = await cache.lease(TOWN, ANN)
        admin.script_flush()
        assert await cache.put(TOWN, ANN, World([]).state(), lease)
        admin.script_flush()
        assert await cache.drop(TOWN, ANN)


small = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 6))
wide = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 255))
tails = st.lists(small | wide, max_size=MAX_RECENT).map(lambda given: encode_recent(np.array(given, RECENT_DTYPE)))


@given(tails, tails)
def test_redis_orders_entries_as_the_process_does(admin_again, own, more):
    key = diner_key(TOWN, ANN)
    blob = encode_diner(TOWN, ANN, DinerState(np.ones(4, np.float32), 0.0, model_tag("v1"))) + own
    admin_again.delete(*beside(key))
    admin_again.set(key, blob)
    assert admin_again.eval(ADD_RECENT.text, 4, key, *beside(key), more, 60) == 1
    assert admin_again.get(key) == with_recent(blob, more)


@pytest.fixture(scope="module")
def admin_again(shared_server: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(shared_server) as client:
        yield client
