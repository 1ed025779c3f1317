"""A Redis of its own."""

from collections.abc import Iterator

import pytest

from services.features import EmbeddedRedis


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path_factory.mktemp("fairness") / "redis", max_memory_mb=64) as server:
        yield server
