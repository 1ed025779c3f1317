"""A diner's state while the database hangs: few requests wait to find out, and what they get says it is in part."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.serving.diners import DinerLoader
from services.serving.snapshot import MarketSnapshot
from tests.api.conftest import running
from tests.conftest import SmallCity


@pytest.fixture(scope="module")
def snapshot(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketSnapshot]:
    home = tmp_path_factory.mktemp("hung") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    with running(home) as client:
        yield client.app.state.services.state.snapshots[small_city.market]


class Catalogue:
    """A catalogue that waits until it is let go, or fails at once."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.asked = 0

    def diner(self, _market: str, _user_id: str) -> None:
        self.asked += 1
        assert self.goes_on.wait(30)


class Events:
    def recent(self, *_: Any) -> list[Any]:
        return []


async def test_few_wait_for_a_database_that_hangs_and_all_is_well_when_it_goes_on(snapshot: MarketSnapshot) -> None:
    catalogue = Catalogue()
    loader = DinerLoader(catalogue, Events(), Clock(), patience=0.1)  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(30):
            for _ in range(3):
                state, complete = await loader.loaded(snapshot, "stranger")
                assert not complete
                assert state.vector.shape == snapshot.nobody.vectors[0].shape
            asked = catalogue.asked
            # At once, many at a time: nobody else goes to the database.
            outcomes = await asyncio.gather(*(loader.loaded(snapshot, f"s{number}") for number in range(200)))
            assert not any(complete for _, complete in outcomes)
            assert catalogue.asked <= asked + 1
    finally:
        catalogue.goes_on.set()
    async with asyncio.timeout(30):
        while not (await loader.loaded(snapshot, "stranger"))[1]:
            await asyncio.sleep(0.05)


async def test_a_database_that_is_away_is_not_asked_by_everybody(snapshot: MarketSnapshot) -> None:
    class Away(Catalogue):
        def diner(self, _market: str, _user_id: str) -> None:
            self.asked += 1
            raise StorageUnavailable("away")

    catalogue = Away()
    loader = DinerLoader(catalogue, Events(), Clock(), patience=60.0)  # type: ignore[arg-type]
    for number in range(100):
        assert not (await loader.loaded(snapshot, f"s{number}"))[1]
    assert catalogue.asked == 3
