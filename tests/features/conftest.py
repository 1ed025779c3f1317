"""Real servers for the cache's tests: one shared by those that only talk to it, a fresh one for those that break it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import redis

from loadtests.redis_servers import RedisCluster, running_cluster
from services.features import EmbeddedRedis, FeatureCache


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis"), max_memory_mb=64) as server:
        yield server.url


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """Three masters."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def admin(shared_server: str) -> Iterator[redis.Redis]:
    """A plain client on the shared server, which starts out empty."""
    with redis.Redis.from_url(shared_server) as client:
        client.flushall()
        client.config_resetstat()
        yield client


@pytest_asyncio.fixture
async def cache(admin: redis.Redis, shared_server: str) -> AsyncIterator[FeatureCache]:
    cache = FeatureCache(shared_server, timeout_ms=5_000)
    yield cache
    await cache.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "own", max_memory_mb=64) as server:
        yield server
