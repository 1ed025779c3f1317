"""A stage for bad days over the small city."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.chaos.stage import Stage
from loadtests.homes import Home
from tests.conftest import SmallCity


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """For sockets, whose paths have to be short: pytest's own folders are too deep."""
    with tempfile.TemporaryDirectory(prefix="tschaos-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def stage(small_city: SmallCity, folder: Path) -> Stage:
    """The short forms."""
    (folder / "short").mkdir()
    return Stage(Home(small_city.home, small_city.dataset), folder / "short", quick=True)


@pytest.fixture(scope="session")
def long_stage(small_city: SmallCity, folder: Path) -> Stage:
    """The full forms."""
    (folder / "long").mkdir()
    return Stage(Home(small_city.home, small_city.dataset), folder / "long")
